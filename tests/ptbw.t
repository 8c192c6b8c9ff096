#!/bin/sh
# ptbw.t - the token broker: the tableau, the client, the report, and the
# examples of its contract
. "$(dirname "$0")/lib.sh"
tab=$(printf '\t')

# --- the examples ---
t 'two of seven' 0 '0 1' '' ptbw -m -J7 ptbw -R2 sh -c 'echo $ptbw_list'
t 'as arguments' 0 '0 1' '' ptbw -m -J7 ptbw -A -R2 echo
t 'the report' 0 "ptbw: master has 6 tokens, max length 1 (total space 12)
 Master tokens from the internal function: iota
 Index${tab}Lock${tab}Tokens (request in groups of 2)
     0${tab}0${tab}0
     1${tab}0${tab}1
     2${tab}0${tab}2
     3${tab}0${tab}3
     4${tab}0${tab}4
     5${tab}0${tab}5" '' ptbw -m -J3 -R2 ptbw -
t 'exit 45' 45 '' '' ptbw -m sh -c 'exit 45'
t 'a pool of two from one of four' 0 '~ptbw: master has 2 tokens*' '' \
    ptbw -m -J4 ptbw -m -J2 -t - ptbw
printf 'A\nB\n' >f.cl
ptbw -m -N "$T/w/s" -t f.cl : &
wait_until test -S s
t 'a persistent pool' 0 A '' ptbw -t "$T/w/s" -Q -A echo
wait

# --- the tableau ---
t 'iota: as there are processors' 0 "~*has $((1 + 7 * $(cpus) / 4)) tokens*" '' ptbw -m ptbw
if command -v taskset >/dev/null; then
	t 'iota: those it may run on' 0 '~*has 2 tokens*' '' taskset -c 0 ptbw -m ptbw
else
	skip 'iota: those it may run on' 'no taskset'
fi
# quota N D: a control group with time for N/D processors, of the kind there is
at=/sys/fs/cgroup
quota() {
	if [ -e $at/cgroup.controllers ]; then
		echo +cpu >$at/cgroup.subtree_control
		mkdir "$at/wk$$" && echo "$1 $2" >"$at/wk$$/cpu.max" && group=$at/wk$$
	else
		mkdir "$at/cpu/wk$$" && echo "$1" >"$at/cpu/wk$$/cpu.cfs_quota_us" &&
		    echo "$2" >"$at/cpu/wk$$/cpu.cfs_period_us" && group=$at/cpu/wk$$
	fi
} 2>/dev/null
if [ "$(cpus)" -gt 1 ] && quota 50000 100000; then
	mkdir "$group/inner"
	for g in "$group" "$group/inner"; do
		t "iota: no more than its quota: ${g##*/}" 0 '~*has 2 tokens*' '' \
		    sh -c 'echo $$ >"$0/cgroup.procs" && exec ptbw -m ptbw' "$g"
		t "xapply -P0: no more than its quota: ${g##*/}" 0 "1${nl}2" '' sh -c '
		    echo $$ >"$0/cgroup.procs" && xapply -P0 "mkdir run && sleep 0.1 && rmdir run && echo %1" 1 2' "$g"
	done
	rmdir "$group/inner" "$group"
else
	skip 'iota: no more than its quota' 'no control group can be made here, or one processor'
fi
t 'iota: -J' 0 '~*has 5 tokens*groups of 1*' '' ptbw -m -J5 ptbw
t 'iota: -R' 0 '~*has 5 tokens*groups of 5*' '' ptbw -m -R5 ptbw
t 'iota: -J and -R' 0 '~*has 10 tokens*groups of 5*' '' ptbw -m -J2 -R5 ptbw
t '-J below 1 counts as 1' 0 '~*has 3 tokens*' '' ptbw -m -J-7 -R3 ptbw
t '-J0 counts as 1' 0 '~*has 1 tokens*' '' ptbw -m -J0 ptbw
printf '# gpus\ngpu0\n\n#two\ngpu 1' >g
t 'a file: lines in order, no last newline, an empty one' 0 'gpu0 -- gpu 1' '' \
    ptbw -m -t g sh -c 'echo $(ptbw -A echo) -$(ptbw -A echo)- $(ptbw -A echo)'
t 'a file: the report' 0 "ptbw: master has 3 tokens, max length 5 (total space 12)
 Master tokens from file: g
 Index${tab}Lock${tab}Tokens (request in groups of 1)
     0${tab}0${tab}gpu0
     1${tab}0${tab}
     2${tab}0${tab}gpu 1" '' ptbw -m -t g ptbw
t 'bytes are kept as they are' 0 "$(printf 'a\tb\001\377')" '' sh -c '
    printf "a\tb\001\377\n" >bytes; ptbw -m -t bytes ptbw -A printf %s'
t 'from stdin' 0 'x y' '' sh -c '
    printf "x\ny\n" | ptbw -m -t /dev/stdin ptbw -R2 -A echo'
t 'a file that is not there' 66 '' 'ptbw: no: No such file or directory' \
    ptbw -m -t no true
t 'from stdin that is a socket' 0 'a b' '' sh -c '
    peer listen sock "s:a\nb\n" c & until test -S sock; do :; done
    peer plug sock ptbw -m -t /dev/stdin ptbw -R2 -A echo'
t 'a directory' 66 '' 'ptbw: .: Is a directory' ptbw -m -t . true
: >empty
t 'an empty file' 65 '' 'ptbw: empty: no tokens, the file is empty' \
    ptbw -m -t empty true
echo '# one' >comments
t 'only comments' 65 '' 'ptbw: comments: no tokens, only comments' \
    ptbw -m -t comments true
t 'a NUL' 65 '' 'ptbw: nul: line 2 holds a NUL byte' \
    sh -c 'printf "a\nb\0c\n" >nul; ptbw -m -t nul true'
t 'fewer than -R' 65 '' 'ptbw: g: has 3 tokens, a group (-R) needs 4' \
    ptbw -m -R4 -t g true
t 'fewer than suggested' 0 '' 'ptbw: token count 3 less than suggested (8)' \
    ptbw -m -J8 -t g true
t 'fewer than suggested, quiet' 0 '' '' ptbw -mq -J8 -t g true
t 'more than suggested' 0 '~*has 3 tokens*' '' ptbw -m -J2 -t g ptbw
t 'no suggestion, no remark' 0 '' '' ptbw -m -t g true

# --- borrowing ---
t 'borrow with a depth' 0 b '' sh -c '
    echo a >a; echo b >b; ptbw -m -t b ptbw -m -t a ptbw -m -1 -t - ptbw -A echo'
t 'borrow by a path' 0 'a' '' sh -c '
    echo a >a; echo b >b; ptbw -m -t a ptbw -m -t b sh -c "
	ptbw -m -t \$ptbw_1 ptbw -A echo"'
t 'nothing to borrow from' 66 '' 'ptbw: no enclosing diversion: no ptbw is around this (ptbw -m command starts one, -t names one)' \
    ptbw -m -t - true
t 'by default as many as there are CPUs, or fewer' 0 '~*has 1 tokens*' '' \
    ptbw -m -J1 ptbw -m -t - ptbw
t 'R fewer each time' 0 '~*has 4 tokens*' - \
    ptbw -m -J5 ptbw -m -J4 -R2 -t - ptbw
t 'with a remark' 0 '' 'ptbw: token count 4 less than suggested (8)' \
    ptbw -m -J5 ptbw -m -J4 -R2 -t - true
t 'down to one group' 0 '~*has 3 tokens*' - \
    ptbw -m -J5 ptbw -m -J4 -R3 -t - ptbw
t 'smaller than one group' 65 '' '~ptbw: */sta0: has 2 tokens, a group (-R) needs 3' \
    ptbw -m -J2 ptbw -m -R3 -t - true
t 'the source is inherited, three levels down' 0 "~*Master tokens from file: g
*" '' ptbw -m -t g ptbw -m -qJ3 -t - ptbw -m -qJ2 -t - ptbw -m -qJ1 -t - ptbw
t 'iota as well' 0 '~*from the internal function: iota*' '' \
    ptbw -m -J2 ptbw -m -J2 -t - ptbw
t 'borrowed tokens are held of the outer pool' 0 2 '' ptbw -m -J4 \
    ptbw -m -J2 -t - sh -c 'ptbw -1 - | grep -c "	[1-9][0-9]*	[0-9]$"'
t 'and come back' 0 '0 1 2 3' '' ptbw -m -J4 sh -c '
    ptbw -m -J2 -t - true; ptbw -T0 -R4 sh -c "echo \$ptbw_list" | tr 23 23 |
	tr " " "\n" | sort | xargs'
t 'a borrowing master ended by its second TERM leaves them to its clients' 0 \
    '75 0' - ptbw -m -J1 sh -c '
    ptbw -m -J1 -t - sh -c "trap \": >told\" TERM
	ptbw sh -c \": >up; until test -e go; do sleep 0.01; done\" &
	until test -e end; do sleep 0.01; done" & p=$!
    until test -e up; do sleep 0.01; done
    kill $p; until test -e told; do :; done
    while kill $p 2>/dev/null; do sleep 0.1; done; wait $p
    ptbw -T0.2 true; a=$?
    : >go; : >end; ptbw true; echo $a $?'
ptbw -m -N "$T/w/s" -J2 : &
wait_until test -S s
t '-m -Q: the outer persistent master quits afterwards' 0 hi '' \
    ptbw -mQ -t "$T/w/s" -J1 echo hi
wait
check 'it did' test ! -e s

# --- the client ---
t 'one token by default' 0 0 '' ptbw -m -J7 ptbw -A echo
t 'names joined by newlines' 0 '0
1
2' '' ptbw -m -J7 ptbw -R3 sh -c 'echo "$ptbw_list"'
t '-R0: no tokens, no ptbw_list' 0 'unset' '' env ptbw_list=old \
    ptbw -m -J1 ptbw -R0 sh -c 'echo ${ptbw_list-unset}'
t '-R0 needs no master' 0 fine '' ptbw -R0 echo fine
t '-R0 -A adds nothing' 0 x '' ptbw -m ptbw -R0 -A echo x
t 'more than the pool holds' 73 '' \
    '~ptbw: */sta0: cannot allocate 3 tokens, the pool has 2' \
    ptbw -m -J2 ptbw -R3 true
t 'also with -T0' 73 '' '~*cannot allocate*' ptbw -m -J2 ptbw -T0 -R3 true
t '-T0 does not wait' 75 '' '~ptbw: */sta0: timed out waiting for 1 token' \
    ptbw -m -J1 ptbw ptbw -T0 true
t '-T0 takes what is free' 0 '0 1' '' ptbw -m -J2 ptbw -T0 -R2 -A echo
t '-T0: all or nothing' 75 '' '~*waiting for 2 tokens' ptbw -m -J2 ptbw ptbw -T0 -R2 true
t '-T gives up' 75 '' '~*waiting for 1 token' ptbw -m -J1 ptbw ptbw -T 0.1 true
t '-T in time' 0 got '' ptbw -m -J1 sh -c '
    ptbw sh -c ": >h; until test -e w; do sleep 0.01; done" &
    until test -e h; do :; done; ptbw -T 15 echo got & : >w; wait'
# (seconds here are what it means, nothing that is waited for)
for times in '2 3 0' '4 3 2'; do
    set -- $times
    t "-T $1, when all stood still for $2 s meanwhile" 0 0 '' sh -c '
    rm -f h2 w2; ptbw -m -N "$PWD/still" -J1 : & m=$!; until test -S still; do sleep 0.01; done
    ptbw -t still -x sh -c ": >h2; until test -e w2; do sleep 0.01; done" & h=$!
    until test -e h2; do sleep 0.01; done; ptbw -t still -T $1 -A echo & c=$!
    until ptbw -t still -v - | sed "1,/Waiting/d" | grep -q .; do sleep 0.01; done
    kill -STOP $c $h $m; sleep $2; kill -CONT $c $h $m; sleep $3; : >w2
    wait $c; r=$?; kill $m; wait $m; exit $r' - $times
done
t 'after -T the place in the queue is gone' 0 '75  Waiting	Tokens	Seconds' '' \
    ptbw -m -J1 ptbw sh -c '
    ptbw -T 0.05 true 2>/dev/null; echo "$? $(ptbw -v - | sed -n "/Waiting/,\$p")"'
t 'round robin' 0 '0 1 2 0 1' '' ptbw -m -J3 sh -c '
    for i in 1 2 3 4 5; do printf "%s " $(ptbw -A echo); done | sed "s/ $//"'
t 'two at a time, in order of taking' 0 '0 1/2 0/1 2' '' ptbw -m -J3 sh -c '
    echo $(ptbw -A -R2 echo)/$(ptbw -A -R2 echo)/$(ptbw -A -R2 echo)'
t '-v says who gave what' 0 '~*	Seconds	Since
     0	[1-9]*	0	[0-9]*	??:??:??
     1	0	1	-	-
 Waiting	Tokens	Seconds' '' ptbw -m -J2 ptbw ptbw -v -
t '-v lists who waits, the oldest first' 0 'in order' '' ptbw -m -J2 ptbw sh -c '
    ptbw -R2 true & a=$!
    until ptbw -v - | grep -q "^ *$a	2	"; do :; done
    ptbw true & b=$!
    until ptbw -v - | grep -q "^ *$b	1	"; do :; done
    set -- $(ptbw -v - | sed -n "/Waiting/,\$p" | sed "1d; s/	.*//")
    [ "$*" = "$a $b" ] && echo in order'
t 'an empty name is an argument, too' 0 '1 <>' '' ptbw -m -t g sh -c '
    ptbw true; ptbw -A sh -c "echo \$# \"<\$1>\"" x'

# --- when a token is free again ---
t 'background processes keep neither token nor master' 0 0 '' ptbw -m -J1 sh -c '
    ptbw sh -c "until test -e bg; do sleep 0.01; done &"; ptbw -A echo; : >bg'
t '-k: they keep the token' 0 '75 0' '' ptbw -m -J1 sh -c '
    ptbw -k sh -c "until test -e bg2; do sleep 0.01; done &"
    ptbw -T0.1 true 2>/dev/null; a=$?; : >bg2; ptbw true; echo $a $?'
t '-x: one process' 0 same '' ptbw -m sh -c '
    ptbw -x sh -c "echo \$\$ >b" & echo $! >a; wait; cmp a b && echo same'
t '-x: closing $ptbw_fd gives the token back early' 0 0 '' ptbw -m -J1 ptbw -x sh -c '
    eval "exec $ptbw_fd>&-"; ptbw -A echo'
t 'killed with -x: free at once' 0 0 - ptbw -m -J1 sh -c '
    ptbw -x sleep 15 & until ptbw -v - | grep -q "0	$!	"; do :; done
    kill -9 $!; ptbw -A echo'
t 'a client killed: its command keeps the token' 0 '75 0' - ptbw -m -J1 sh -c '
    ptbw sh -c ": >up3; until test -e go3; do sleep 0.01; done" & p=$!
    until test -e up3; do :; done; kill -9 $p
    ptbw -T0.2 true 2>/dev/null; a=$?; : >go3; ptbw true; echo $a $?'
t 'order: an older request for more is not overtaken' 0 'big small' '' \
    ptbw -m -J2 sh -c '
    mkfifo q
    ptbw sh -c ": >up4; read _ <q" &
    until test -e up4; do :; done
    ptbw -R2 sh -c "echo big >>order" & b=$!
    until ptbw -v - | grep -q "^ *$b	2	"; do :; done
    ptbw sh -c "echo small >>order" & s=$!
    until ptbw -v - | grep -q "^ *$s	1	"; do :; done
    ptbw -T0 true 2>/dev/null && echo overtook
    echo >q; wait; echo $(cat order)'
t 'one who leaves the queue frees the way' 0 'small' - ptbw -m -J2 ptbw sh -c '
    ptbw -R2 true & b=$!
    until ptbw -v - | grep -q "^ *$b	2	"; do :; done
    ptbw echo small & s=$!
    until ptbw -v - | grep -q "^ *$s	1	"; do :; done
    kill -9 $b; wait'
t '-Q and -k' 0 '' '' sh -c '
    ptbw -m -N $PWD/s : & until test -S s; do :; done; ptbw -t $PWD/s -Qk true; wait'
t '-kQ does not spend the tie' 0 '75 0' - ptbw -m -J1 sh -c '
    ptbw -m -J1 -t - -N $PWD/inner : & m=$!
    until test -S inner; do :; done
    ptbw -t $PWD/inner -kQ sh -c "until test -e go9; do sleep 0.01; done &"
    kill -9 $m; wait $m; rm inner
    ptbw -T0.1 true; a=$?; : >go9; ptbw true; echo $a $?'
t 'a master killed: its waiting client says so' 69 '' '~*the master is gone*' sh -c '
    ptbw -m -J1 -N $PWD/k : & m=$!
    until test -S k; do :; done
    ptbw -t $PWD/k sh -c ": >up11; until test -e go11; do sleep 0.01; done" & h=$!
    until test -e up11; do :; done
    ptbw -t $PWD/k true & p=$!
    until ptbw -t $PWD/k -v - | grep -q "^ *$p	1	"; do :; done
    kill -9 $m; wait $p; r=$?; : >go11; wait $h; rm k; exit $r'
t 'control characters of names are visible in messages' 66 '' \
    'ptbw: no^[[1m^Jsuch: No such file or directory' \
    ptbw -m -t "$(printf 'no\033[1m\nsuch')" true
printf 'a\n' >"$(printf 'x\ny')"
t 'and in the second line of the report' 0 '~*
 Master tokens from file: x^Jy
*' '' ptbw -m -t "$(printf 'x\ny')" ptbw
t 'six pools deep, those in the middle killed: the token stays held' 0 '75 0' - \
    ptbw -m -J1 sh -c '
    for i in 1 2 3 4 5; do
	ptbw_link=$i ptbw -m -J1 -t - -N $PWD/deep$i : & eval m$i=\$!
	eval export ptbw_$((i + 1))=$PWD/deep$i
	until test -S deep$i; do :; done
    done
    ptbw -t $PWD/deep5 sh -c ": >up9; until test -e go10; do sleep 0.01; done" & c=$!
    until test -e up9; do :; done
    kill -9 $c $m2 $m4 $m1 $m3 $m5
    wait $m1 $m2 $m3 $m4 $m5; rm deep*
    ptbw_link=1 ptbw -T0.1 true; a=$?
    : >go10; ptbw_link=1 ptbw true; echo $a $?'
t '-T0 with a stopped master does not hang' 75 '' - sh -c '
    ptbw -m -N $PWD/st : & m=$!
    until test -S st; do :; done
    kill -STOP $m; ptbw -t $PWD/st -T0 true; r=$?; kill -CONT $m; kill $m
    wait $m; exit $r'
awk 'BEGIN { for (i = 0; i < 200; i++) { printf "%d", i
    for (j = 0; j < 1000; j++) printf "0123456789"; print "" } }' >big
t 'two MiB of names at once' 0 200 '' ptbw -m -t big ptbw -m -q -R200 -t - \
    sh -c 'ptbw -v - | grep -c 0123456789'
finish
