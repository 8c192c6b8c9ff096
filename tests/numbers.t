#!/bin/sh
# numbers.t - descriptors that commands inherit have numbers that scripts, and
# programs that are told of descriptors by number, do not use
. "$(dirname "$0")/lib.sh"

# what a script does with its own descriptors, and whether its token stays
cat >script <<'END'
for n in 3 4 5 6 7 8 9; do
	eval "exec $n>file"
	eval "exec $n>&-"
done
ptbw -T0 true 2>/dev/null && echo 'the token is free' || echo held
END
for options in '' -k -A; do
	t "ptbw $options: a script that uses all numbers of one digit" 0 held '' \
	    ptbw -m -J1 ptbw $options sh script
done
sed 's/ 9;/;/' script >script8
t 'ptbw -x: those up to 8' 0 held '' ptbw -m -J1 ptbw -x sh script8
t 'ptbw -x: the one that is there to be closed' 0 free '' ptbw -m -J1 ptbw -x \
    sh -c 'eval "exec $ptbw_fd>&-"; ptbw -T9 echo free'
t 'ptbw -x: when all of one digit are open' 0 yes '' sh -c '
    ptbw -m -J1 ptbw -x sh -c "test \$ptbw_fd -gt 9 && echo yes" 3<script \
	4<script 5<script 6<script 7<script 8<script 9<script'
t 'ptbw of a borrowed pool' 0 held '' ptbw -m -J1 ptbw -m -J1 -t - ptbw sh script
t 'xapply' 0 "held${nl}held" '' ptbw -m -J1 xapply -t - 'sh script' a b
t 'xapply of a borrowed pool' 0 held '' ptbw -m -J1 ptbw -m -J1 -t - \
    xapply -t - 'sh script' a
t 'xapply within xapply' 0 "held${nl}held" '' ptbw -m -J1 xapply -t - \
    'xapply -t - "sh script" a' a
t 'xapply -m' 0 held '' ptbw -m -J1 xapply -m -t - 'sh script' a
if [ -d /proc/self/fd ]; then
	# those that we were started with, and that of the directory
	ls /proc/self/fd >ours
	for c in ptbw 'ptbw -k' 'xapply -t -' 'xapply -m -t -' 'xclate x' \
	    'xclate -l x' wrapw 'ptbw -m' 'xclate -m' 'wrapw -m'; do
		set -- ptbw -m wrapw -m
		case $c in
		xapply*) set -- "$@" $c 'ls /proc/self/fd #' x ;;
		xclate\ x | *-l*) set -- xclate -m $c ls /proc/self/fd ;;
		*) set -- "$@" $c ls /proc/self/fd ;;
		esac
		"$@" >theirs 2>&1
		lower=$(sort ours ours theirs | uniq -u | awk '$1 < 60')
		[ -s theirs ] && [ -z "$lower" ]
		result $? "$c: nothing inherited below 60" "$(cat ours theirs)"
	done
else
	skip 'nothing inherited below 60' 'no /proc/self/fd'
fi
for limit in 64 50 30 15; do
	t "a limit of $limit descriptors" 0 'held 0' '' sh -c '
		ulimit -n $1; ptbw -m -J1 ptbw sh -c "
			test \$ptbw_fd -ge 10 && ptbw -T0 true 2>/dev/null ||
			    echo held \$ptbw_list"' - "$limit"
	t "a limit of $limit descriptors: xapply" 0 'a b' '' sh -c '
		ulimit -n $1; echo $(ptbw -m -J1 xapply -t - "echo %1" a b)' \
		- "$limit"
done
if make --version 2>/dev/null | grep -q GNU; then
	printf 'all: a b\na b:\n\t@echo $@\n' >Makefile
	t 'a stray make is told of a jobserver that is not there' 0 'a b' - sh -c '
	    echo $(MAKEFLAGS=" -j --jobserver-auth=3,4" ptbw -m -J1 ptbw \
	    make 2>/dev/null)'
else
	skip 'a stray make' 'no GNU make'
fi
finish
