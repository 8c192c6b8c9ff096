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

# --- what a master has taken, and does not write ---

# The sections of a master that looks at them go through a pipe of its own: that
# a client has written its section does not say that anybody has it.
for o in '' --newline '--tagstring T' '--ci github' '--results r' '--json --fail'; do
	for c in '' -l '-P3 --tag'; do
		n "a full disk has no output: xclate $o, xapply $c" '74 1
a b c' "xclate -m $o -O '>/dev/full' xapply -m $c --joblog j 'echo %1' a b c 2>/dev/null
		    echo \$? \$(wc -l <j)
		    echo \$(xapply --resume --joblog j 'echo %1' a b c)"
	done
done
for o in -k '--results r' '-k --results r' '-k -l'; do
	n "nor has one of a run of its own: xapply $o" '74 1
a b c' "xapply -m $o --joblog j 'echo %1' a b c >/dev/full 2>/dev/null; echo \$? \$(wc -l <j)
	    echo \$(xapply --resume --joblog j 'echo %1' a b c)"
done
n 'nor have the files of --results that cannot be' '74 0
b' 'mkdir -p r/b; xapply -P1 --results r --joblog j "echo %1" a b c >/dev/null 2>&1
    echo $? $(grep -c "echo b" j); xapply --resume --joblog j "echo %1" a b c | grep b'
for c in 'echo a | xclate a' 'xclate a echo a' 'xclate -s a echo a' \
    'echo a | xclate -l a' 'echo a | xclate -T t a'; do
	x "and who writes one hears of it: $c" 0 74 '~*xclate: section a: the master could not write all of it*' \
	    "xclate -m --newline -O '>/dev/full' sh -c '$c; echo \$? >c'; cat c"
	x "but not of one that is written: $c" 0 - '' \
	    "xclate -m --newline sh -c '$c'"
done
x 'the status of a command that has one' 0 5 - \
    "xclate -m --newline -O '>/dev/full' sh -c 'xclate a sh -c \"echo a; exit 5\"; echo \$? >c'; cat c"

# killed COMMAND: it is a client that has said "a" when its master is stopped,
# and says "b" in vain
cat >"$T/bin/killed" <<'END'
#!/bin/sh
xclate -m --newline -u ./s -O '>o' : 2>/dev/null & master=$!
until test -S s; do sleep 0.01; done
env xcl_link=1 xcl_1="$PWD/s" "$@" & q=$!
until test -s o; do sleep 0.01; done
kill -STOP $master
: >go
await said
# there is nothing to wait for but what must not happen
i=0
while [ $i -lt 50 ] && kill -0 $q 2>/dev/null; do i=$((i + 1)); sleep 0.01; done
kill -9 $master
wait $q
c=$?
cat o
exit $c
END
chmod +x "$T/bin/killed"
cat >"$T/bin/task" <<'END'
#!/bin/sh
echo a
await go
echo b
: >said
END
chmod +x "$T/bin/task"
for c in 'xclate a task' 'xclate -l a task' 'sh -c "task | xclate a"'; do
	x "a master that is killed: $c" 76 a '~*: the master is gone, section a *' "killed $c"
done
for c in '' -l -P2; do
	n "and with a joblog: xapply $c" '76 1
a b' "killed xapply -m $c --joblog j 'task;%0' a >/dev/null 2>&1; echo \$? \$(wc -l <j)
	    echo \$(xapply --resume --joblog j 'task;%0' a)"
done

finish
