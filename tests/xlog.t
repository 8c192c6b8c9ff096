#!/bin/sh
# xlog.t - the joblog of xapply: which task is done, two runs with one log, what
# a run that was killed leaves in it, and whose output is out
. "$(dirname "$0")/lib.sh"
. "$here/tasks.sh"

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
b 0' 'xapply --joblog j : a b; cut -f 1-7 j >k
    xapply --resume --joblog k "echo %1 %u" a b c; xapply --resume --joblog k "echo %1 %u" b b c'
n '--resume: more than one thousand' '1001' 'xapply --joblog j : $(seq 1000); xapply --resume --joblog j echo $(seq 1001 -1 1)'
n 'the log has the fields of GNU parallel that it had' '1 7 8' 'xapply --joblog j : "a	b"
    echo $(tail -n 1 j | cut -f 1) $(head -n 1 j | tr "\t" "\n" | wc -l) $(tail -n 1 j | tr "\t" "\n" | wc -l)'

# --- what a run that was killed leaves ---
for torn in '3	17' '3' '3	1764000000.000	0.001	0	0	c' '3	1764000000.000	0.001	0	0	c	: c	01ab'; do
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
    echo $(sed 1d j | cut -f 4) $(sed 1d j | wc -l)'

finish
