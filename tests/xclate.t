#!/bin/sh
# xclate.t - what rows.t and wire.t do not have: options, ways to work, ends
. "$(dirname "$0")/lib.sh"

x() {           # x NAME CODE OUT ERR SCRIPT: in a directory of its own
	name=$1
	rm -rf x && mkdir x
	t "$name" "$2" "$3" "$4" sh -c "cd x || exit
$5"
}
# arrived N: wait until N clients have said who they are (each look counts)
cat >"$T/arrived" <<'END'
#!/bin/sh
looks=$(cat looks 2>/dev/null || echo 0)
until peer connect "${xcl_1:-s}" 'r:0.8\0' 's:look\0' \
    "r:$(($1 + looks))\n" 2>/dev/null; do
	looks=$((looks + 1))
done
echo $((looks + 1)) >looks
END
chmod +x "$T/arrived"
PATH=$T:$PATH
m() {           # m NAME OUT OPTIONS SCRIPT: inside a master
	x "$1" 0 "$2" '' "xclate -m $3 sh -c '$4'"
}

# --- the command line ---
for o in w I E D Y c e g l b 'S sh' -stderr-last; do
	x "-$o does not go with -m" 64 '' '~xclate: -* does not go with -m*
usage: see xclate -h' "xclate -m -$o true"
	x "-m does not go with -$o" 64 '' '~xclate: *' "xclate -$o -m true"
done
for o in A d 'i -' 'N -' 'O -' 'p 1' r 'W -' k '-order-from 1' -fail \
    '-halt now' '-results r' '-joblog l' -json -bar -progress -quiet-success '-ci github' \
    '-turn-timeout 1'; do
	x "-$o needs -m" 64 '' '~xclate: -* goes with -m only*' "xclate -$o a"
done
for o in '-=' '-1 -2' '--tag=x' '--halt later' '--halt now,fail=0' \
    '--ci jenkins' '--turn-timeout x' '--order-from x' '-u ""' '-a ab' \
    '-k --order-from 1' '-p 0'; do
	x "usage: -m $o" 64 '' '~xclate: *
usage: see xclate -h' "xclate -m $o true"
done
for o in '-E -e' '-E --stderr-last' '-e --stderr-last' '-I -c' '-g -l'; do
	x "usage: $o" 64 '' '~xclate: * does not go with *' "xclate $o a true"
done
x 'a bundle, an attached argument' 0 '[a]
hi' '' "xclate -mT'[%x]' sh -c 'echo hi | xclate -sqT[%x] a'"
x 'the last one wins' 0 'b
hi' '' "xclate -m -T a -T b sh -c 'echo hi | xclate x'"
x 'master options before -m' 0 hi '' "xclate -O '>o' -m sh -c 'echo hi | xclate x'; cat o"
x '-h acts where it stands' 0 '~usage: xclate *' '' 'xclate -h -='
x '-V acts where it stands' 0 '~xclate: wrapkit*xcl*0.8*no current div*' '' 'xclate -V -='
x '-V -v greets each master' 0 '~*1: /*/1 (protocol 0.8) ?target?' '' \
    "xclate -m -W '>&1' sh -c 'xclate -vV'"
x 'and leaves no record' 0 '' '' \
    "xclate -m -N '>n' -W /dev/null sh -c 'xclate -vV'; cat n"
x '-n says what would be done' 0 '' '~xclate: -O: *
xclate: utility: echo hi' "xclate -m -n -O '>o' echo hi; test ! -e o"
x '-n in a client' 0 '' 'xclate: command: echo hi' 'xclate -n a echo hi'
x 'a word in $XCLATE in front of real ones' 65 '' '~xclate: $XCLATE: *' \
    'XCLATE="-m sh" xclate true'

# --- sizes ---
for e in 1k 2k '(2+3)*2k' 0x400 010 1.5k 1K 8/2 10%4 k '2*3-1' 0; do
	x "-L '$e'" 0 hi '' "xclate -m -L '$e' sh -c 'echo hi | xclate -L \"$e\" x'"
done
for e in '' '1k;' 2x 1/0 1%0 -1 '1-2' '(1' '1)' 9999999999g abc; do
	x "-L '$e'" 65 '' '~xclate: -L *' "xclate -m -L '$e' touch started; test -e started && exit 0
	xclate -L '$e' a"
done
x '-L ? shows the units and goes on' 0 '~*k*1024*hi' '' \
    "xclate -L '?' -m sh -c 'echo hi | xclate a'"

# --- titles ---
m 'an unknown escape stays' 'q%qr
a' '-T q%qr' 'echo a | xclate x'
x 'the time in a title' 0 same '' "xclate -m -T %t sh -c 'echo a | xclate a' >o
    grep -q '^20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-9:]*\$' o && echo same"
m 'another escape character' '[a] 100%
hi' '-a @ -T "[@x] 100%"' 'echo hi | xclate -a @ a'
x 'an unset variable is said' 0 '<>
a' 'xclate: %{NOSUCH}: the variable is not set' "xclate -m -T '<%{NOSUCH}>' sh -c 'echo a | xclate x'"
x 'an xid with a newline' 65 '' '~xclate: a^Jb: *' 'xclate "a
b" </dev/null'
x 'an xid with a control character' 65 '' '~xclate: *' 'xclate "$(printf "a\033b")" </dev/null'
x 'which is found before the command starts' 65 '' '~xclate: *' \
    'xclate "$(printf "a\rb")" touch started; r=$?; test ! -e started && exit $r'

# --- exit codes of clients ---
x 'the code of the command' 7 '' '' 'xclate -m xclate -c x sh -c "exit 7"'
x 'a command ended by a signal' 137 '' '' 'xclate -m xclate -c x sh -c "kill -9 \$\$"'
for o in -c -I -s -g -l --tag; do
	x "command not found, $o" 127 '' '~xclate: nosuch: *' "xclate -m xclate $o x nosuch </dev/null"
	x "not executable, $o" 126 '' '~xclate: ./plain: *' ": >plain; xclate -m xclate $o x ./plain </dev/null"
	x "a script whose interpreter is not there, $o" 127 '' '~xclate: ./bad: *' \
	    "printf '#!/no/such\n' >bad; chmod +x bad; xclate -m xclate $o x ./bad </dev/null"
	x "code 9, $o" 9 out '' "xclate -m xclate $o --tagstring= x sh -c 'echo out; exit 9' </dev/null | tr -d '\t'
	exit 9"
done
x 'a slash means a path' 0 yes '' 'mkdir sub; printf "#!/bin/sh\necho yes\n" >sub/p
	chmod +x sub/p; xclate -m xclate -c x sub/p'

# --- the output fails ---
if [ -c /dev/full ]; then
	for o in '' -g -l -s -w; do
		x "a full disk, $o" 74 '' '~xclate: section x: output: No space*' \
		    "xclate -m -O /dev/full -W /dev/full sh -c 'seq 100000 | xclate $o x 2>&3' 3>&2"
	done
	x 'a full disk is in the record' 0 '74,x@' '' \
	    "xclate -mr -N '>n' -O /dev/full sh -c 'echo | xclate x 2>/dev/null; :'; tr '\0' @ <n"
	x 'a full disk under a command: it says so itself' 1 '' - \
	    'xclate -m -O /dev/full xclate -c x sh -c "echo hi || exit 1"'
	x 'a full disk before the command: the title' 74 '' '~xclate: section x: *' \
	    'xclate -m -T t -O /dev/full xclate -c x touch started'
	x 'a full disk behind a master that looks' 74 '' '~xclate: collated output: *' \
	    "xclate -m --newline -O /dev/full sh -c 'echo | xclate x'"
	x 'a full widow output' 74 '' '~xclate: widow output: *' \
	    "xclate -m -W /dev/full sh -c 'echo hi; :'"
	x 'a full notify stream' 74 hi '~xclate: notify stream: *' \
	    "xclate -m -N /dev/full sh -c 'echo hi | xclate x'"
	# the last record is lost at the very moment the run ends
	mkfifo go
	xclate -m -N /dev/full sh -c 'echo $$ >u
	    xclate x sh -c ": >on; read a <go"; :' 2>/dev/null &
	wait_until test -e on
	kill -STOP $!
	echo >go
	wait_until sh -c 'peer state "$(cat u)" | grep -q Z'
	kill -CONT $!
	wait $!
	result $(($? != 74)) 'a full notify stream at the last moment'
	rm -f go on u
	x 'a full job log' 74 hi '~xclate: /dev/full: *' \
	    "xclate -m --joblog /dev/full sh -c 'echo hi | xclate x'"
else
	skip 'full disks' 'no /dev/full'
fi
x 'a reader that left ends clients, not the master' 5 '' '' \
    "xclate -m -O '|:' sh -c 'yes | xclate a; test \$? -eq 141 || exit 1; exit 5'"
x 'where SIGPIPE is ignored it is an error' 74 '' '~xclate: section a: *' \
    "trap '' PIPE; xclate -m -O '|:' sh -c 'yes 2>/dev/null | xclate a'"
x 'closed standard descriptors' 0 '' '' \
    'xclate -m sh -c "echo hi | xclate a; xclate b echo ho <&-" >&- 2>&- <&-'
x 'stdin that cannot be read' 74 '' '~xclate: standard input: *' \
    "xclate -m sh -c 'xclate a <.'"

# --- ways to work ---
m 'group: nobody waits for a slow one' 'b
1
2' '' 'mkfifo f; { echo 1; cat f; } | xclate -g a & echo b | xclate b; echo 2 >f; wait'
m 'group, a command: it starts at once' 'b
1
2' '' 'mkfifo f; xclate -g a sh -c "echo 1; cat f" & echo b | xclate b; echo 2 >f; wait'
x 'lines of two, tagged' 0 'a	1
b	1
a	2' '' "xclate -m -O '>o' sh -c 'mkfifo f g; exec 3<>f 4<>g
    xclate -l --tag a cat f 3>&- 4>&- & xclate -l --tag b cat g 3>&- 4>&- &
    has() { until test \"\$(wc -l <o)\" -eq \$1; do sleep .01; done; }
    echo 1 >&3; has 1; echo 1 >&4; has 2; echo 2 >&3; has 3; exec 3>&- 4>&-
    wait'; cat o"
m 'lines: the last one may be unfinished' 'abc' '' 'printf abc | xclate -l a'
m 'lines: nothing in, nothing out' '' '-T t -H h' 'xclate -l a </dev/null'
x 'lines: one record' 0 'a@' '' "xclate -m -N '>n' sh -c 'for i in 1 2 3; do echo \$i; sleep .05; done | xclate -l a' >/dev/null; tr '\0' @ <n"
# The output is nearly full and not read; x asks for a turn in the middle of a
# line, and finds the rest of it with its turn.
cat >"$T/within" <<'END'
#!/bin/sh
mkfifo f g
xclate -I holder sh -c 'cat h; : >written; cat g' & holder=$!
exec 4>g
until test -e written; do sleep 0.1; done
xclate -l -b -L 1 x <f 4>&- & x=$!
exec 3>f
head -c 200000 long >&3        # more than the fifo holds: it is at work
arrived 2
until peer state $x | grep -q '^S'; do sleep 0.1; done
kill -STOP $x
tail -c +200001 long >&3
exec 4>&-
wait $holder
kill -CONT $x
exec 3>&-
echo other | xclate other &
arrived 3
: >go
wait
END
chmod +x "$T/within"
for o in -I -E; do
	x "lines: with $o a descriptor more comes with each turn" 0 same '' "
	    xclate -m xclate $o -l a seq 20000 </dev/null >o; seq 20000 | cmp - o && echo same"
done
x 'a utility that stops at once is continued' 0 'hi hi hi hi hi hi hi hi hi hi ' '' \
    "for i in 1 2 3 4 5 6 7 8 9 10; do xclate -m sh -c 'kill -STOP \$\$; echo hi | xclate a'; done | tr '\\n' ' '"
x 'stderr last: what is beyond the cap' 0 same '' "(echo o; seq 100000) >want
    xclate -m xclate -c --stderr-last a sh -c 'seq 100000 >&2; echo o' >o; cmp want o && echo same"
x 'stderr last: no room for it' 0 'o 1 more
74 74' '~xclate: section a: no room for its standard error, *' "ulimit -f 100; trap '' XFSZ
    { xclate -m --fail -r -N '>n' xclate -c --stderr-last a sh -c 'seq 300000 >&2; echo o'; echo \$? >c; } |
	awk 'NR < 3 { printf \"%s \", \$0 } END { print (NR > 9000 ? \"more\" : NR) }'
    tr '\\0,' '\\n ' <n | sed 's/ .*//' | tr '\\n' ' '; cat c"
x 'a turn for lines is not given back within one' 0 same '' '
    { yes h | head -c 59999; echo; } >h
    { head -c 230000 /dev/zero | tr "\\0" x; echo; } >long
    { cat h long; echo other; } >want
    xclate -m within </dev/null | { until test -e go; do sleep 0.1; done; cat; } |
        cmp - want && echo same'
x 'lines and a line that does not fit' 0 same '' "(echo a; head -c 300000 /dev/zero | tr '\0' x; echo; echo z) >want
    for o in '' -b '-b -L 1'; do
	xclate -m sh -c \"cat want | xclate -l \$o x\" | cmp - want || exit
    done; echo same"
x 'lines: the turn is given up though stdout is closed' 0 'hi
b' '' "xclate -m -O '>o' sh -c 'mkfifo f
    xclate -l a sh -c \"echo hi; exec >&-; read _ <f\" &
    until test -s o; do sleep .01; done; echo b | xclate b; : >f; wait'; cat o"
m 'a tag in front of each line' 'T	a
T	b' '' 'printf "a\nb" | xclate --tagstring T x'
m 'a tag of the master' 'x 0	a
y 1	b' '--tagstring "%x %s"' 'echo a | xclate x; echo b | xclate y'
m 'a newline at the end' 'a
h' '-H h' 'printf a | xclate --newline x'
m 'a newline at the end, by the master' 'a
b' '--newline' 'printf a | xclate x; printf b | xclate y'
m 'stderr in the section' '[x]
o
e' '-T "[%x]"' 'xclate -ce x sh -c "echo o; echo e >&2"'
m 'stderr in a captured section' '[x]
o
e' '-s -T "[%x]"' 'xclate -e x sh -c "echo o; echo e >&2"'
m 'stderr behind stdout' '[x]
o
e' '-T "[%x]"' 'xclate --stderr-last x sh -c "echo e >&2; echo o"'
m 'stderr alone' 'e' '-s' 'xclate --stderr-last x sh -c "echo e >&2"'
m 'no stdin' '0' '' 'echo in | xclate -c x wc -c | tr -d " "'
x 'a waiting producer is not held up' 0 'done' '' "xclate -m -O '>o' sh -c '
    mkfifo f; cat f | xclate front & exec 3>f; echo 1 >&3
    until test -s o; do sleep .01; done
    { seq 100000; echo done >&2; : >go; } 3>&- | xclate behind 3>&- &
    until test -e go; do sleep .01; done; exec 3>&-; wait' 2>&1"
x 'unless asked to' 0 held '' "xclate -m -O '>o' sh -c '
    mkfifo f; cat f | xclate front & exec 3>f; echo 1 >&3
    until test -s o; do sleep .01; done
    (exec 3>&-; seq 100000; : >go) | xclate -b behind 3>&- &
    sleep .4; test -e go || echo held >&2; exec 3>&-; wait' 2>&1"
for o in '' -s -g -l --newline --tagstring= --stderr-last; do
	x "-D with $o" 0 same '' "d=\$PWD; xclate -m sh -c 'cd /; xclate $o -cD x pwd' | tr -d '\t' >got
	    test \"\$(cat got)\" = \"\$d\" && echo same"
	x "a session of its own, $o" 0 same '' "xclate -m xclate $o -cY x sh -c 'test \$(peer sid \$\$) = \$\$ && echo same' | tr -d '\t'"
done

# --- order ---
m 'in the order of arrival' '1
2
3' -k 'mkfifo f; { cat f; echo 1; } | xclate a & arrived 1
    echo 2 | xclate b & arrived 2; echo 3 | xclate c & arrived 3; : >f; wait'
m 'whose word was here first, however many come at once' '' -k \
    'nice -n 5 peer sequence $xcl_1 20000'
m 'who leaves without a turn is skipped' '2' -k 'mkfifo f; cat f | xclate -s a & arrived 1; echo 2 | xclate b & arrived 2; : >f; wait'
m 'who is killed is skipped' '2' -k 'mkfifo f; exec 3<>f; xclate a <f & p=$!; arrived 1
    echo 2 | xclate b & arrived 2; kill -9 $p; wait' 2>/dev/null
m 'who writes elsewhere is not waited for' 'x' -k 'xclate -w a sh -c "echo x | xclate b" </dev/null'
m 'by number, from the given one' '1
2
10' '--order-from 1' 'echo 10 | xclate 10 & echo 2 | xclate 2 & arrived 2; echo 1 | xclate 1; for i in 3 4 5 6 7 8 9; do xclate -s $i </dev/null; done; wait'
m 'numbers that do not come are not waited for in the end' '5
6
7' '--order-from 0' 'echo 5 | xclate 5 & echo 6 | xclate 6 & echo 7 | xclate 7 & arrived 3'
m 'low and repeated numbers' '5' '--order-from 5' 'for i in 7 3 8 9 1 1 30 40; do xclate -s $i </dev/null; done; echo 5 | xclate 5'

# --- records ---
x 'JSON' 0 '~{"socket":"/*/1"}
{"xid":"a","seq":0,"start":1*.*,"turn":1*.*,"end":1*.*,"bytes":3,"status":0}
{"xid":"b?"c","seq":1,"start":*,"turn":null,"end":*,"bytes":0,"status":0}' '' \
    "xclate -mA --json -N '>n' sh -c 'echo hi | xclate a; xclate -s b\\\"c </dev/null' >/dev/null; cat n"
x 'a job log' 0 '~Seq	Host	Starttime	JobRuntime	Send	Receive	Exitval	Signal	Command
1	:	1*	0	2	0	0	a
2	:	1*	0	0	3	0	b
3	:	1*	0	0	0	9	c' '' "xclate -m --joblog j sh -c '
    echo 1 | xclate a; xclate -c b sh -c \"exit 3\"; xclate -c c sh -c \"kill -9 \\\$\\\$\"; :' >/dev/null; cat j"
x 'results' 0 'a|b' '' "xclate -m --results r sh -c 'echo a | xclate x/y; echo b | xclate ..' >/dev/null
    test \$(ls -A r | wc -l) = 2 && echo \"\$(cat r/x%2Fy)|\$(cat r/%2E*)\""
x 'results: the same name again' 0 'a
b' '' "for i in 1 2; do xclate -m --results r sh -c 'echo a | xclate x; echo b | xclate x' >/dev/null; done; cat r/x"
x 'results: not into a fifo' 74 'x
y' '~xclate: results of section a in r: *' "mkdir r; mkfifo r/a; xclate -m --results r sh -c 'echo x | xclate a; echo y | xclate b'"
x 'results: not through a link' 74 x '~xclate: results of section a in r: *' "mkdir r; ln -s ../gotcha r/a; xclate -m --results r sh -c 'echo x | xclate a'; c=\$?; test ! -e gotcha && exit \$c"
x 'results: a place where none can be' 73 '' '~xclate: --results /dev/null/r: *' 'xclate -m --results /dev/null/r true'
x 'a job log that cannot be' 73 '' '~xclate: --joblog /no/log: *' 'xclate -m --joblog /no/log true'
x 'progress, not on a terminal: a summary' 0 a '~xclate: 1 section done in 0:0[0-9], 0 failed' \
    "xclate -m --bar sh -c 'echo a | xclate a; sleep .2'"

# --- only what failed ---
some="printf 'out a\\nmore a' | xclate a; xclate -c b sh -c 'echo out b; exit 3'
    xclate -c c echo out c; xclate -c d sh -c 'echo out d; exit 9'; :"
for o in '' -k '-s -q' '--newline' '--results r' '--joblog j' '--progress' "-T ''"; do
	t "--quiet-success $o: only those that failed are shown" 0 "out b${nl}out d" \
	    '~xclate: 4 sections done in 0:0[0-9], 2 failed: b (exit 3), d (exit 9)' \
	    sh -c "rm -rf r j; xclate -m --quiet-success $o sh -c \"\$1\"" sh "$some"
done
t 'and with -g and their titles' 0 "<b>${nl}out b${nl}end${nl}<d>${nl}out d${nl}end" - \
    xclate -m --quiet-success -T '<%x>' -H end sh -c "$some"
t 'and folds, and tags' 0 "::group::b${nl}b	out b${nl}::endgroup::${nl}::group::d${nl}d	out d${nl}::endgroup::" - \
    xclate -m --quiet-success --ci github --tag sh -c "$some"
t '--quiet-success --fail' 3 "out b${nl}out d" '~xclate: 4 sections done in *, 2 failed: b (exit 3), d (exit 9)' \
    xclate -m --quiet-success --fail sh -c "$some"
t '--quiet-success, and all is well' 0 '' '~xclate: 1 section done in 0:0[0-9], 0 failed' \
    xclate -m --quiet-success xclate -c a echo a
t '--quiet-success, and there is none' 0 '' '~xclate: 0 sections done in 0:0[0-9], 0 failed' \
    xclate -m --quiet-success true
for o in -l -g '' '-L 1k' '-L 1k -b'; do
	t "--quiet-success: a long section, in pieces: xclate $o" 0 '400000 x' - sh -c \
	    "xclate -m --quiet-success sh -c 'for i in 0 7; do xclate -c $o \$i sh -c \"
	    for n in 1 2 3 4; do head -c 99999 /dev/zero | tr \\\\\\\\000 x; echo; sleep 0.05; done; exit \\\$1\" sh \$i; done; :' | tr -d '\n' |
	    sed 's/^x*\$/&/' | { wc -c; } | sed 's/ *399996/400000 x/'"
done
x 'results have all of them' 0 'out c' - "xclate -m --quiet-success --results r sh -c '$(printf %s "$some" | sed "s/'/\"/g")' >/dev/null; cat r/c"
t 'the reports, too' 0 'a@b@c@d@' - sh -c 'xclate -m --quiet-success -N ">&1" -O /dev/null sh -c "$1" | tr "\0" @' sh "$some"
t 'xapply -l and --quiet-success' 2 "out 1${nl}out 3" - \
    xclate -m -k --quiet-success xapply -m -l -P2 'echo out %1; test %1 = 2 -o %1 = 4' 1 2 3 4
x 'a reader that has gone is no message' 0 '141' '' "
    (xclate -m --tag sh -c 'seq 100000 | xclate a'; echo \$? >c) | head -n 1 >/dev/null; cat c"
t 'a section whose time is up has failed' 0 "begun" '~*xclate: 1 section done in *, 1 failed: a (exit *)' sh -c \
    'xclate -m --quiet-success --turn-timeout 0.3 sh -c "xclate -c a sh -c \"echo begun; exec sleep 9\" 2>/dev/null; :"'

# --- failures ---
x '--fail' 9 '' 'xclate: 2 of 2 sections failed: a (exit 9), b (exit 8)' "xclate -m --fail sh -c 'xclate -c a sh -c \"exit 9\"; xclate -c b sh -c \"exit 8\"; :'"
x 'without it' 0 '' '' "xclate -m sh -c 'xclate -c a sh -c \"exit 9\"; :'"
x 'the code of the utility goes first' 3 '' 'xclate: 1 of 1 sections failed: a (exit 9)' "xclate -m --fail sh -c 'xclate -c a sh -c \"exit 9\"; exit 3'"
x '--halt --fail: who did it is named once' 1 '' 'xclate: halt: 1 section failed: a (exit 1)' \
    "xclate -m --fail --halt soon sh -c 'xclate a false'"
x '--halt now' 9 '' '~xclate: halt: 1 section failed: a (exit 9)' "xclate -m --halt now sh -c '
    xclate -c a sh -c \"exit 9\"; exec sleep 60'"
x '--halt now,fail=2' 8 '' '~*halt: 2 sections failed: b (exit 9)' "xclate -m --halt now,fail=2 sh -c '
    xclate -c a sh -c \"exit 8\"; xclate -c b sh -c \"exit 9\"; exec sleep 60'"
x '--halt now: who waits is sent away' 9 '' '~*the master is gone*' "xclate -m --halt now sh -c '
    mkfifo f; xclate -c a sh -c \": >turn; cat f; exit 9\" &
    until test -e turn; do sleep .01; done; echo w | xclate w & arrived 2; : >f; wait'"
x '--halt soon: who is there goes on, others do not' 9 'w' '~*halt*gone*' "xclate -m --halt soon sh -c '
    mkfifo f; xclate -c a sh -c \"cat f; exit 9\" & arrived 1; echo w | xclate w & arrived 2; : >f; wait; echo z | xclate z; :'"
for o in 'now,success=1|0|1 section succeeded: b (exit 0)' 'now,done=1|9|1 section done: a (exit 9)' \
    'soon,done=2|0|2 sections done: b (exit 0)' 'soon,success=1|0|1 section succeeded: b (exit 0)'; do
	IFS='|' read -r rule c says <<-END
	$o
	END
	x "--halt $rule" "$c" '' "~xclate: halt: $says*" "xclate -m --halt $rule sh -c '
	    xclate -c a sh -c \"exit 9\"; xclate -c b true; case $rule in now*) exec sleep 60 ;; esac'"
done
x '--halt never' 0 b '' "xclate -m --halt never sh -c 'xclate -c a false; echo b | xclate b'"
x 'a turn that lasts too long' 0 'a
b' '~xclate: section a: its turn lasted longer than 0.300 s*' "xclate -m -O '>o' --turn-timeout .3 sh -c '
    mkfifo f; { echo a; cat f; } | xclate a & until test -s o; do sleep .01; done
    echo b | xclate b; : >f; wait'; cat o"
cat >"$T/slow" <<'END'
#!/bin/sh
# a reader that takes no more than 64 kB in 10 ms, and keeps the last word
while n=$(head -c 65536 | tail -c 2) && [ -n "$n" ]; do
	echo "$n" >last
	sleep 0.01
done
END
chmod +x "$T/slow"
x 'the same with one that writes on and on' 0 b - "xclate -m -W /dev/null -O '|slow' --turn-timeout .3 sh -c '
    xclate -c a sh -c \"yes & echo \\\$! >pid; wait\" & until test -s pid; do sleep .01; done
    echo b | xclate b; kill \$(cat pid); wait'; cat last"
# --- CI ---
m 'github' '::group::a
1
in
2
::endgroup::
::group::b
x
::endgroup::' '--ci github' 'printf "1\n::group::in\n2\n::endgroup::\n" | xclate a; printf x | xclate b; xclate -s c true </dev/null'
m 'github, a title' '::group::[a 0]
1
h
::endgroup::' '--ci github -T "[%x %s]" -H h' 'echo 1 | xclate a'
m 'nested masters are flat' '::group::out
in
x
::endgroup::' '--ci github' 'xclate -c out xclate -m --ci github sh -c "echo x | xclate in"'
x 'gitlab' 0 '~?[[]0Ksection_start:1*:s0_a[[]collapsed=true]??[[]0Ka
1
?[[]0Ksection_end:1*:s0_a??[[]0K' '' "xclate -m --ci gitlab sh -c 'echo 1 | xclate a'"

# --- streams ---
x '-O -: the output is a section of an outer master' 0 '~[[]*]
a
b
end' '' "xclate -m -T '[%x]' -H end sh -c 'xclate -m -T \"\" -O - sh -c \"echo a | xclate a; echo b | xclate b\"'"
x '-O - without an outer master' 66 '' '~xclate: no enclosing*' 'xclate -m -O - true'
x '-O - three deep, with the code' 6 'a' '' "xclate -m -s xclate -m -O - xclate -m -O - sh -c 'echo a | xclate a; exit 6'"
x 'the command of -W is no client' 0 '' '~xclate: *
hi' "xclate -m -W '|xclate x >&2' sh -c 'echo hi'"
x 'a redirection that fails leaves nothing' 66 '' '~xclate: -N *' 'xclate -m -N /no/x true'
x 'and starts nothing' 66 '' '~xclate: -i *' "xclate -m -i /no/x touch started; c=\$?; test ! -e started && exit \$c"
x '-i is ignored with :' 0 q '' "xclate -m -u ./s -i '|yes' : & until test -S s; do :; done; echo q | xclate -Qu ./s q; wait"
x 'output of the command of -O is waited for' 0 late '' "xclate -m -O '|sleep .3; cat' sh -c 'echo late | xclate a'"
x 'what comes late is not lost' 0 'a
b' 'late' "xclate -m --newline sh -c 'xclate -c a sh -c \"echo a; (sleep .3; echo late) &\"; echo b | xclate b'"
x '-s and -Q' 0 'm0' '' "(xclate -m -u ./s :; echo m\$?) & until test -S s; do :; done; xclate -s -Q -u ./s q true </dev/null; wait"
x '-Q at a master with a utility' 4 '' '' "xclate -m sh -c 'xclate -Qs q </dev/null; exit 4'"
x '-p: an inherited child is the utility' 5 a '' "mkfifo f; (sh -c 'read _ <f; exit 5' & exec xclate -u ./s -m -p \$! : >o) &
    until test -S s; do :; done; echo a | xclate -u ./s a; : >f; wait \$!; c=\$?; cat o; exit \$c" 
x '-p: not a child' 65 '' '~xclate: -p 1: *' 'xclate -m -p 1 :'

# --- children that were there before ---
x 'a filter reports the child it inherited' 0 '4,a@' '' "mkfifo p; xclate -mr -N '>n' sh -c 'sh -c \"echo hi; exit 4\" >p & exec xclate a <p' >/dev/null; tr '\0' @ <n"

# --- the end ---
for s in TERM HUP; do
	x "$s goes to the utility, nothing is left" 0 'got it
gone' '' "xclate -m sh -c 'trap \"echo got it >&2; exit 3\" $s; echo \$xcl_1 >p; while :; do sleep .01; done' 2>&1 &
	until test -s p; do :; done; kill -$s \$!; wait \$!; test \$? -eq 3
	test -e \$(dirname \$(cat p)) || echo gone"
done
x 'the second one ends the master' 143 gone '' "xclate -m sh -c 'trap \"\" TERM; echo \$xcl_1 >p; while test ! -e stop; do sleep .01; done; : >stopped' &
	until test -s p; do :; done; kill \$!; kill \$!; while kill \$! 2>/dev/null; do sleep .01; done
	wait \$!; c=\$?; : >stop; until test -e stopped; do sleep .01; done; test -e \$(dirname \$(cat p)) || echo gone; exit \$c"
for s in TERM INT HUP; do
	x "a persistent master ends by $s with 0" 0 'm0
gone' '' "(peer blocked true; trap - INT; exec xclate -m -u ./s :) & p=\$!; until test -S s; do :; done
	kill -$s \$p; if test $s = INT; then kill \$p; fi 2>/dev/null; wait \$p; echo m\$?; test -e s || echo gone"
done
x 'TERM goes to the command of a client' 7 '' '' "xclate -m sh -c 'xclate -c a sh -c \"trap \\\"exit 7\\\" TERM; : >up; while :; do sleep .01; done\" & until test -e up; do :; done; kill \$!; wait \$!'"
begin='p=$!; until test -S s; do :; done; mkfifo f; xclate -u ./s a <f & q=$!; exec 3>f
    echo a >&3; until test -s o; do sleep .01; done'
x 'who waits says that the master is gone' 76 '' '~*xclate: ./s: the master is gone, section b was not written (2 bytes)*' "xclate -m -O '>o' -u ./s : & $begin
    echo b | xclate -u ./s -g b & q=\$!; arrived 2; kill -9 \$p; wait \$q; c=\$?; exec 3>&-; wait; exit \$c" 2>/dev/null
x 'a holder finishes, and says so' 76 'a
b' '~*xclate: ./s: the master is gone' "xclate -m -O '>o' -u ./s : & $begin
    kill -9 \$p; wait \$p; echo b >&3; exec 3>&-; wait \$q; c=\$?; cat o; exit \$c"
x 'a holder of a master that looks says it, too' 76 a '~*xclate: ./s: the master is gone*' "xclate -m -O '>o' --newline -u ./s : & $begin
    kill -9 \$p; wait \$p; echo b >&3; exec 3>&-; wait \$q; c=\$?; cat o; exit \$c"
x 'few descriptors' 0 '100 sections' '' "ulimit -n 20; xclate -m sh -c 'for i in \$(seq 100); do seq 20 | xclate \$i & done; wait' >o
    test \$(wc -l <o) -eq 2000 && echo 100 sections"
x 'few descriptors, a master that looks' 0 '100 sections' '' "ulimit -n 24; xclate -m --json sh -c 'for i in \$(seq 100); do seq 20 | xclate \$i & done; wait' >o
    test \$(wc -l <o) -eq 2000 && echo 100 sections"
x 'no descriptor leaks' 0 same '' "ls /dev/fd >/dev/null; sh -c 'ls /dev/fd' >a
    xclate -m -N /dev/null --json --results r sh -c 'ls /dev/fd' 2>b
    xclate -m --joblog j sh -c 'for o in -c -I -E -D -s -g -l -e --stderr-last; do xclate \$o x sh -c \"ls /dev/fd\" </dev/null >/dev/null; done' >c
    xclate -m xclate -c x sh -c 'ls /dev/fd' >d; cmp a b && cmp a d && sort -u c | cmp - a && echo same"
if [ -r /proc/self/stat ]; then
	x 'who waits uses no time' 0 idle '' "ticks() { cut -d ' ' -f 14,15 /proc/\$1/stat | tr ' ' +; }
	mkfifo full; exec 3<>full; xclate -m -u ./s -O '>full' : & p=\$!; until test -S s; do :; done
	yes | xclate -u ./s a & q=\$!; sleep .2; echo b | xclate -u ./s b & r=\$!
	sleep .3; a=\$((\$(ticks \$p) + \$(ticks \$q) + \$(ticks \$r))); sleep 1
	b=\$((\$(ticks \$p) + \$(ticks \$q) + \$(ticks \$r))); test \$((b - a)) -lt 20 && echo idle
	kill \$q \$r \$p; wait" 2>/dev/null
else
	skip 'who waits uses no time' 'no /proc'
fi
finish
