#!/bin/sh
# xlog.t - the joblog of xapply: which task is done, two runs with one log, what
# a run that was killed leaves in it, and whose output is out
. "$(dirname "$0")/lib.sh"
. "$here/tasks.sh"

# of_before PARAMETER...: the log of a run of : by an xapply of before; one that
# ends in 1 has failed
cat >"$T/bin/of_before" <<'END'
#!/bin/sh
printf 'Seq\tStart\tRuntime\tExitval\tSignal\tXid\tCommand\n'
xapply --joblog now : "$@"
sed 1d now | while IFS='	' read -r n _ start run _ _ _ _ command hash; do
	xid=${command#: }
	code=0
	case $xid in *1) code=1 ;; esac
	printf '%s\t%s\t%s\t%s\t0\t%s\t%s\t%s\n' "$n" "$start" "$run" "$code" "$xid" \
	    "$command" "${hash#\# }"
done
rm now
END
# of_parallel CODE...: of jobs that ended so, the last one first
cat >"$T/bin/of_parallel" <<'END'
#!/bin/sh
printf 'Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n'
i=$#
for code; do
	printf '%s\t:\t1376577364.974\t     0.008\t0\t7\t%s\t0\techo\ta %s\n' "$i" "$code" "$i"
	i=$((i - 1))
done
END
chmod +x "$T/bin/of_before" "$T/bin/of_parallel"

# --- which task it was ---
long=$(printf '%063d' 0)
n '--resume: tasks that differ behind 63 bytes' '1b
2c' "xapply --joblog j : ${long}a >/dev/null
    xapply --resume --joblog j 'echo 1%(1,\$)' ${long}b
    xapply --resume --joblog j 'echo 2%(1,\$)' ${long}a ${long}b ${long}c"
n '--resume: tasks that differ in another parameter' '3
y' 'xapply -2 --joblog j : a 1 a 2; xapply -2 --resume --joblog j "echo %2;%0" a 1 a 3
    xapply -3 --joblog j : a b x; xapply -3 --resume --joblog j "echo %3;%0" a b y'
n '--resume: parameters do not run into each other' 'b' '
    xapply -2 --joblog j : ab c; xapply -2 --resume --joblog j "echo %(2,1);%0" a bc'
n '--resume: -u, tasks that differ' 'c' 'xapply -u --joblog j : a b
    xapply -u --resume --joblog j "echo %1" a c'
n '--resume: -f, lines that differ' '2' 'printf "x\nx\n" >f; printf "1\n1\n" >g
    xapply -f -2 --joblog j : f g; printf "1\n2\n" >g
    xapply -f -2 --resume --joblog j "echo %2;%0" f g'
n '--resume: a list in another order' 'd 1
e 0
f' 'xapply --joblog j : a b c
    xapply --resume --joblog j "echo %1 %u" c d a b; xapply --resume --joblog j "echo %1 %u" e b a c d
    printf "%s\n" d c b f a e >f; xapply -f --resume --joblog j echo f'
n '--resume: a list in another order, from a file' 'd' 'printf "a\nb\nc\n" | xapply -f --joblog j : -
    printf "c\nb\na\nd\n" | xapply -f --resume --joblog j echo -'
n '--resume-failed: a list in another order' 'b 0' 'xapply --no-fail --joblog j "test %1 != b" a b c
    xapply --resume-failed --joblog j "echo %1 %u" b c a; xapply --resume-failed --joblog j "echo %1 %u" b c a'
n '--resume: of tasks that are the same each counts' 'a
a' 'xapply --joblog j : a b a; xapply --resume --joblog j echo a a a
    printf "a\na\na\na\n" >f; xapply -f --resume --joblog j echo f'
n '--resume: alike but for their number' '0 2' 'xapply --joblog j : x x x; sed -i "2d;4d" j
    echo $(xapply --resume --joblog j "echo %u%0" x x x)'
n '--resume: alike but for their number, in a file' '0 2' 'printf "x\nx\nx\n" >f; xapply -f --joblog j : f; sed -i "2d;4d" j
    echo $(xapply -f --resume --joblog j "echo %u%0" f)'
n '--resume: a log without the hash' 'c 2
b 0' 'of_before a b | cut -f 1-7 >k
    xapply --resume --joblog k "echo %1 %u" a b c; xapply --resume --joblog k "echo %1 %u" b b c'
n '--resume: more than one thousand' '1001' 'xapply --joblog j : $(seq 1000); xapply --resume --joblog j echo $(seq 1001 -1 1)'

# --- its form ---
n 'the fields of GNU parallel, and one that no heading names' '9 10 : 0 0 : a\tb # 16' 'xapply --joblog j : "a	b"
    tail -n 1 j | { IFS="	"; read -r n host _ _ sent received _ _ command more; IFS=" "
	printf "%s " $(head -n 1 j | tr "\t" "\n" | wc -l) $(tail -n 1 j | tr "\t" "\n" | wc -l) $host $sent $received
	printf "%s %s %s\n" "$command" "${more%% *}" $(printf %s "${more#* }" | wc -c); }'
# what GNU parallel takes for a line, and what it runs again: all from there on
n 'GNU parallel takes each line' '3' 'xapply --no-fail -P2 --joblog j "%1" "exit 3" true "kill -9 \$\$" 2>/dev/null
    sed 1d j | grep -c -E "^[0-9]+[[:space:]]+[^[:space:]]+[[:space:]]+([-0-9. ]+[[:space:]]+){6}."'
n 'and what it would run again is the command' '<a b><c>' 'xapply --joblog j "show \"a b\" %1 >/dev/null" c
    sed 1d j | cut -f 9- | sed "s, >/dev/null,," | sh'
for o in -m -l '-k --retries 2' '-m --results r'; do
	n "bytes of output that is collated: $o" 4 "xapply --no-fail $o --joblog j 'printf 1234;
	    test 1 = %1' 2 >/dev/null; sed 1d j | cut -f 6"
done
n 'of what is not they are not known' 0 'xapply --joblog j "printf 1234" a >/dev/null; sed 1d j | cut -f 6'
n 'bytes of output: with --stderr of both' 9 'xapply -P2 -m --stderr --joblog j \
    "printf 1234; printf 12345 >&2;%0" a >/dev/null; sed 1d j | cut -f 6'
n 'xclate and xapply: the same heading' same 'xapply --joblog j true a; xclate -m --joblog k true
    test "$(sed 1q j)" = "$(sed 1q k)" && echo same'
for o in --resume --resume-failed; do
	n "$o: a log of before, in its form from then on" 'c 2
d 0
7 8 8 8 8' "of_before a b >j; xapply $o --joblog j 'echo %1 %u' a b c
	    xapply $o --joblog j 'echo %1 %u' d b a c; echo \$(sed 's/[^	]//g' j | awk '{ print length + 1 }')"
done
n '--resume: and what had failed there' '1 c' 'of_before a "b 1" >j
    xapply --resume-failed --joblog j "echo 1 %1" a "b 1" c | grep -v b
    xapply --resume-failed --joblog j "echo 2 %1" a "b 1" c'
n '--resume: a log of GNU parallel says which by number' 'c
d' 'of_parallel 0 3 >j; xapply --resume --joblog j echo a b c; xapply --resume --joblog j echo a b c d'
n '--resume-failed: the same' 'b
d' 'of_parallel 0 -1 0 >j; xapply --resume-failed --joblog j echo a b c; xapply --resume-failed --joblog j echo a b c d'

# --- what a run that was killed leaves ---
for torn in '3	:	17' '3' '3	:	1764000000.000	0.001	0	0	0	0	c' \
    '3	:	1764000000.000	0.001	0	0	0	0	: c	# 01ab'; do
	n "--resume, again and again, after '$torn'" '1 2 3' '
	    xapply --joblog j : a b; printf "%s" "'"$torn"'" >>j
	    o=$(for i in 1 2 3; do xapply --resume --joblog j "echo $i:%1" a b c || exit; done)
	    test "$o" = 1:c && wc -l <j | grep -q 4 && echo $(sed 1d j | cut -f 1)'
	n "--resume, after '$torn' and a line that follows it" '1:c' '
	    xapply --joblog j : a b; printf "%s\n" "'"$torn"'" >>j
	    xapply --joblog k : x x x d; sed -n 5p k >>j
	    for i in 1 2 3; do xapply --resume --joblog j "echo $i:%1" a b c d || exit; done'
done
n '--resume after half a heading, again and again' '1:a' 'printf "Seq	Sta" >j
    for i in 1 2; do xapply --resume --joblog j "echo $i:%1" a || exit; done'
x 'what is no joblog stays as it was' 65 '' '~xapply: j: line 1 *' 'printf "precious" >j
    xapply --resume --joblog j : a; c=$?; test "$(cat j)" = precious && exit $c'
n '-n --resume leaves the log alone' 'echo c' 'xapply --joblog j : a b; printf "3	17" >>j; cp j k
    xapply -n --resume --joblog j echo a b c; cmp j k'
x 'a log that cannot be read' 66 '' '~xapply: d: *' 'mkdir d; xapply -n --resume --joblog d echo a'

# --- two runs ---
for o in '' --resume; do
	n "two runs with one log${o:+, $o}" '1 4 ok' '
	    xapply --joblog j '$o' -P2 "%1" ": >up; await go" "await go" & p=$!; await up
	    xapply --joblog j '$o' -P2 "%1" ": x" ": y"; : >go; wait $p
	    echo $(grep -c ^Seq j) $(grep -c "^[12]	" j) $(xapply --resume --joblog j "echo %1;%0" "await go" ": y" ": x" ": >up; await go")ok'
done
n 'two runs: neither repairs what the other may be writing' '1 5' '
    xapply --joblog j ": >up; await go;%0" a & p=$!; await up
    printf "1	17" >>j; xapply --resume --joblog j : b; : >go; wait $p
    xapply --resume --joblog j : a b c d; echo $(grep -c ^Seq j) $(xapply --resume --joblog j echo a b c d; grep -c "^[0-9]" j)' 
n 'after the other run the log is made anew' '2' 'xapply --joblog j : a b c & wait; xapply --joblog j : a; wc -l <j | tr -d " "'

# --- whose output is out ---
if test -c /dev/full; then
	for o in -m -k -l -mk --tag --stderr '-m --squeeze' '-k --retries 2' '-m -T 60'; do
		x "a full disk: $o" 0 '1
2' '-' "xapply $o --joblog j 'echo %1%0' 1 2 >/dev/full && exit 1
		    test \$(wc -l <j) -eq 1 || cat j
		    xapply $o --resume --joblog j 'echo %1%0' 1 2 | grep -o '[12]\$'"
	done
else
	skip 'a full disk' 'no /dev/full'
fi
for o in -k '-k --tag' '-k -P3 -J4' '-k --retries 2' '-k --results r'; do
	n "the master is killed: $o" '1 2 3' "
	    xapply -P2 $o --joblog j 'echo %1; test %1 != 1 || await go; : >up%1;%0' 1 2 3 >o 2>e & p=\$!
	    await up2 up3; kill -9 \$p; wait \$p 2>/dev/null; : >go; await up1
	    sed 1d j >&2; echo \$(xapply $o --resume --joblog j 'echo %1%0' 1 2 3 | grep -o '[123]\$')"
	rm -rf "$TMPDIR"/*
done
for o in -m -k '-m -s' '-m --retries 2' '-k -P0' '-m --results r'; do
	n "all is well: $o" '3' "xapply $o --joblog j 'echo %1%0' 1 2 3 >/dev/null; sed 1d j | wc -l | tr -d ' '"
done
n 'who fails is in the log, with the output of the last attempt' '1 1' 'xapply --no-fail -k --retries 3 --joblog j "echo out; exit 1;%0" a >o
    echo $(sed 1d j | cut -f 7) $(sed 1d j | wc -l)'

finish
