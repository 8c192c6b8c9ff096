#!/bin/sh
# xlost.t - what xapply must not lose without a word: whichever call fails, the
# output is whole, or the exit code and a message say that it is not
. "$(dirname "$0")/lib.sh"
. "$here/tasks.sh"

strace -qq -o /dev/null -e inject=close:error=EIO:when=999 true 2>/dev/null
traced=$?

# sweep NAME COUNT WHAT COMMAND: fail each of the first calls in xapply alone,
# below a collator; the command has three lines of output
sweep() {
	if [ "$traced" -ne 0 ]; then
		skip "$1" 'no strace that can make calls fail'
		return
	fi
	: >"$T/asked"
	i=0 bad=
	while [ "$i" -lt "$2" ] && [ -z "$bad" ]; do
		i=$((i + 1))
		rm -f code err
		peer limit 60 xclate -m sh -c "strace -qq -o /dev/null \
		    -e inject=$3:when=$i $4 2>err; echo \$? >code" >out 2>>err </dev/null
		read -r code <code
		lines=$(grep -c '[abc]$' out)
		case $code,$lines,$(wc -c <err) in
		0,3,*) ;;
		0,* | *,0) bad="$3, call $i: exit $code, $lines lines, $(cat err)" ;;
		esac
	done
	[ -z "$bad" ]
	result $? "$1" "$bad"
}

for o in -m '-m --tag' -l '-m --stderr'; do
	for e in EIO ENOMEM; do
		sweep "output that cannot be read: $o, $e" 12 "read:error=$e" \
		    "xapply -P2 $o 'echo %1; echo .;%0' a b c"
	done
done
printf 'a\nb\nc\n' >abc
sweep 'lines of a file that cannot be read' 12 read:error=EIO \
    "xapply -m -f 'echo %1;%0' $T/w/abc"

# standard input has the parameters, and tasks must not read them
if [ "$traced" -ne 0 ]; then
	skip 'no /dev/null for the tasks' 'no strace that can make calls fail'
else
	t 'no /dev/null for the tasks' 71 '' '~xapply: /dev/null: *' sh -c 'strace -qq -o /dev/null \
	    -P /dev/null -e inject=open,openat:error=EMFILE xapply -f cat - <abc'
fi

finish
