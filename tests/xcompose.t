#!/bin/sh
# xcompose.t - xapply together with xclate and ptbw, and signals
. "$(dirname "$0")/lib.sh"
. "$here/tasks.sh"

printf 'A\nB\nC\n' >tok
tok=$T/w/tok

# --- sections ---
n '-m alone' 'a
b' 'xapply -m echo a b'
n '--collate, several at once' 'a
b
c' 'xapply --collate -P3 echo a b c | sort'
n 'a manager was started' '1 socket' 'xapply -m "test -S \$xcl_1 && echo \$xcl_link socket;%0" a'
n 'not if there is one' '[a]
1
end' 'xclate -m -T "[%x]" -H end xapply -m "echo \$xcl_link;%0" a'
n 'titles and rules by $XCLATE' '[a]
a
end' 'XCLATE="-T [%x] -H end" xapply -m echo a'
for o in '--title [%x] --rule end' '--title=[%x] --rule=end' '-T[%x] -gH end' \
    '--escape @ --title [@x] --rule end --quick --block --cap 1k'; do
	n "by \$XCLATE, as its client has it: $o" '[a]
a
end' "xclate -m env XCLATE='$o' xapply -m echo a"
done
for o in '-L 1z|-L 1z: not a size' '--cap=1/0|-L 1/0: a division by zero' '-T|-T needs an argument' \
    '--rule|--rule needs an argument' '-a xy|-a: "xy" is not one character' \
    '--tag=x|--tag=x says nothing to *' '--json|--json says nothing to *' '-ge|-ge says nothing to *'; do
	x "\$XCLATE: ${o%|*}" 65 '' "~xapply: \$XCLATE: $(echo "${o#*|}" | tr '"' "'")" \
	    "xclate -m env XCLATE='${o%|*}' xapply -m echo a"
done
for o in -Q -n -v -Z -Y '-S sh' -0 '-u "$xcl_1"'; do
	n "\$XCLATE: $o, as an old client takes it" 'a' "xclate -m sh -c 'XCLATE=\"$(echo "$o" | sed 's/"//g')\" xapply -m echo a'"
done
x '$XCLATE: -I -E -D mean nothing' 0 a '~xapply: $XCLATE: -I, -E and -D mean nothing *' \
    "xclate -m env XCLATE=-IED xapply -m echo a"
x '$XCLATE: -w' 0 '' a "xclate -m env XCLATE=-w xapply -m echo a"
n '$XCLATE: another collator' 'in: b out: a' "xclate -m -O '>out' xclate -m -O '>in' sh -c '
    XCLATE=-1 xapply -m echo a; XCLATE=\"-u \$xcl_2\" xapply -m echo b'; echo in: \$(cat in) out: \$(cat out)"
n '-e XCLATE: each section as it says' '<a>
out
out
end' "xapply -k -2 -e 'XCLATE=%2' 'echo out%0' a '-T <%x>' b '-H end'"
n '-e XCLATE: a tag' 'a	out
b	out' 'xapply -k -e "XCLATE=--tagstring %1" "echo out%0" a b'
x '-e XCLATE: one that makes no sense' 65 '' '~xapply: $XCLATE: -T needs an argument' 'xapply -m -e XCLATE=-T "echo %1 >more" a b; c=$?; test ! -e more && exit $c'
x '-e XCLATE: a quote that is left open' 65 '' '~xapply: $XCLATE: a quote is left open: -T "' 'xapply -m -e "XCLATE=-T \"" "echo %1" a'
n '-e xcl_1: a collator of the task' 'one: 1 3 two: 2' "xclate -m -O '>one' sh -c '
    xcl_9=\$xcl_1 exec xclate -m -O \">two\" sh -c \"
    xapply -m -2 -e xcl_2=%2 \\\"echo %1%0\\\" 1 \\\$xcl_1 2 \\\$xcl_2 3 \\\$xcl_1\"'
    echo one: \$(cat one) two: \$(cat two)"
x '-e xcl_1: nobody there' 69 '' '~xapply: /no/where: *' 'xapply -m -e xcl_1=/no/where "echo %1 >more" a b; c=$?; test ! -e more && exit $c'
x '-e xcl_link: too deep' 65 '' '~xapply: xcl_7: *' 'xapply -m -e xcl_link=7 "echo %1" a'
n '-d: whatever -e says of the stack' 'a' 'xapply -md -e xcl_1=/no/where "echo %1%0" a'
n 'by $XCLATE_1' '[a]
a
end' 'XCLATE_1="-T [%x] -H end" xapply -m echo a'
n 'by $XCLATE_1 of a manager that is there' '<a>
a' 'XCLATE_1="-T <%x>" xclate -m -T "[%x]" xapply -m echo a'
n 'by $XCLATE_1, squeezed' '[b]
b' 'XCLATE_1="-s -T [%x]" xapply -m "test %1 = a || echo %1" a b'
n 'options of the wrappers are left to tasks, too' '<a>
-T <%x> - -q' 'PTBW_1=-q XCLATE_1="-T <%x>" xclate -m ptbw -m xapply -m "echo \$XCLATE - \$PTBW;%0" a'
n '-e in a title of the manager' 'of a
a
of b
b' 'xclate -m -T "%{V}" xapply -m -e "V=of %1" echo a b'
n '-e in a title by $XCLATE_1' 'of a
a' 'XCLATE_1="-T %{V}" xapply -m -e "V=of %1" echo a'
n 'numbers of sections' '0a
a
1b
b' 'xclate -m -T "%s%x" xapply -m echo a b'
n 'a title without output' '[a]
end' 'xclate -m -T "[%x]" -H end xapply -m : a'
n '-s: nothing at all' '[b]
b' 'xclate -m -T "[%x]" xapply -ms "test %1 = a || echo %1" a b'
n '--squeeze, a manager of our own' '[b]
b' 'XCLATE="-T [%x]" xapply -m --squeeze "test %1 = a || echo %1" a b'
n 'the manager has -s' '[b]
b' 'xclate -ms -T "[%x]" xapply -m "test %1 = a || echo %1" a b'
n 'records with the exit code' '3,3@0,0@5,5@' "xclate -mr -N '>n' xapply --no-fail -m 'exit %1' 3 0 5; tr '\\0' @ <n"
n 'records of squeezed ones' '0,0
3,3' "xclate -mr -N '>n' xapply --no-fail -ms 'exit %1' 3 0; tr '\\0' '\\n' <n | sort"
n 'many sections, and others between them' '300 in pairs, all: 600' 'seq 300 >i
    xapply -m -P3 -f "echo of %1 | xclate %1; echo %1; : ; echo %1" i >o
    uniq -c <o | awk "\$1 == 2 && NF == 2 { n++ } END { printf \"%d in pairs, \", n }"
    echo all: $(sort o | uniq -c | awk "{ n++ } END { print n }")'
n 'and two runs at once' '200' 'xclate -m sh -c "
    xapply -m -P2 \"echo a%1; : ; echo a%1\" \$(seq 100) &
    xapply -m -P2 \"echo b%1; : ; echo b%1\" \$(seq 100); wait" |
    uniq -c | awk "\$1 == 2 { n++ } END { print n }"'
n 'the master goes while one writes and one waits: nothing else begins' '76 a y z
no c' 'TMPDIR=$PWD xclate -m sh -c "echo \$PPID >m
    xapply -m -P2 \"%1;%0\" \"echo y\" \"echo z\" \"until grep -q y o && grep -q z o; do sleep 0.01; done; echo a; : >up1; await go\" \
    \"until grep -q a o; do sleep 0.01; done; echo b; : >up2; await go\" \"echo c; : >c\" 2>e >/dev/null; echo \$? >code" >o & p=$!
    await up1 up2; kill -9 $(cat m); wait $p 2>/dev/null; until grep -q "not written" e; do sleep 0.01; done; : >go
    until test -s code; do sleep 0.01; done; echo $(cat code) $(sort o); test -e c || echo no c'
n 'records of signals and missing programs' '137,a@127,b@' "xclate -mr -N '>n' xapply -m -2 '%2;%0' \
    a 'kill -9 \$\$' b nosuch 2>/dev/null; tr '\\0' @ <n"
n 'records of programs without a shell' '1,a@127,b@' "xclate -mr -N '>n' xapply -m -2 '%2 %0' \
    a 'show' b nosuch 2>/dev/null | cat >/dev/null; tr '\\0' @ <n | sed s/0,a/1,a/"
n 'records by xid alone' 'a@b@' "xclate -m -N '>n' xapply -m : a b; tr '\\0' @ <n"
n 'the else-command is 00' '[00]
none' 'xclate -m -T "[%x]" xapply -m -N "echo none" false'
n '-u: numbers' '[0]
a
[1]
b' 'xclate -m -T "[%x]" xapply -mu echo a b'
n 'an empty parameter: its number' '[a]
[1]
[2]' 'xclate -m -T "[%x]" xapply -m : a "" ""'
for i in -foo -m -- - -h -s '-u x' --tag 'a b' '*' '$HOME' '%x' "it's" ,x; do
	t "xid: $i" 0 "[$i]${nl}out" '' xclate -m -T '[%x]' xapply -m 'echo out;%0' "$i"
done
n 'xids like options, from a file' '[-foo]
-foo
[--]
--
[-m]
-m' 'xclate -m -T "[%x]" xapply -m -f "printf \"%%s\\n\" \"%1\"" - <<E
-foo
--
-m
E'
n 'an xid of 63 bytes' "63 0" 'i=$(printf %%063d 7 | tr -d %); xclate -m -T "%x" xapply -m ": %1" $(printf %063d 0) | awk "{ print length(\$0) \" \" NR - 1 }"'
n 'a longer one is cut' '63 0' 'xclate -m -T "%x" xapply -m ": %1" $(printf %070d 0) | awk "{ print length(\$0) \" \" NR - 1 }"'
n 'also in the middle of a character' 'out' 'xclate -m xapply -m "echo out;%0" "$(printf %062d 0)ää"'
n 'a newline in it loses nothing' 'out' 'xapply -m "echo out;%0" "a
b"'
n 'nor another control character' 'out' 'xapply -m "echo out;%0" "$(printf "a\033\001")"'
n 'output comes at once while nobody else has the turn' 'begun
a
end' 'xapply -m "echo a; await go; echo end;%0" 1 >o & until test -s o; do sleep 0.01; done
    test "$(cat o)" = a && echo begun; : >go; wait; cat o'
n 'what a task leaves in the background belongs to its section' 'a
late
b' 'xapply -m "%1" "(await go; echo late) & echo a; : >go" "echo b"'
n 'stderr is left alone' 'e' 'xapply -m "echo o; echo e >&2;%0" a 2>&1 >/dev/null'
n 'stdin is left alone' 'in' 'echo in | xapply -m "cat;%0" a'
n '-i' 'in' 'echo in >i; xapply -m -i i "cat;%0" a'
n 'parameters from stdin' '1
2
3' 'seq 3 | xapply -m -J2 -P2 -f echo - | sort'

whole='awk "{ n[\$1]++; if (\$1 != last && n[\$1] > 1) bad = 1; last = \$1 }
    END { for (i in n) { sections++; lines += n[i] } print sections, lines, bad ? \"torn\" : \"whole\" }"'
five='for i in 1 2 3 4 5; do printf "%%s" %1; echo " $i"; done;%0'
for o in '' -s '-J8' '-k' '--tag' '--stderr' '-S sh'; do
	n "200 sections, each whole $o" '200 1000 whole' "xapply -m $o -P8 '$five' \$(seq 200) | $whole"
done
n 'large sections' '20 100000 whole' "xapply -m -P4 'seq -f \"%1 %%g\" 5000;%0' \$(seq 20) | $whole"
n 'inside a manager that is there' '200 1000 whole' "xclate -m xapply -m -P8 '$five' \$(seq 200) | $whole"
n 'two runs of one manager' '200 1000 whole' "xclate -m sh -c 'xapply -m -P4 \"\$0\" \$(seq 100) & xapply -m -P4 \"\$0\" \$(seq 101 200); wait' '$five' | $whole"

# --- slots do not wait for output ---
n 'a task that has ended frees its slot while its output waits' '1
end
2
3' 'xapply -m -P2 "%1" "echo 1; await d3; echo end" "until test -s o; do sleep 0.01; done; echo 2; : >d2" "echo 3; : >d3" >o
    sed -n "1,2p" o; sed 1,2d o | sort'
n 'so do twenty' '22' 'for i in $(seq 20); do set -- "$@" "echo $i; : >d$i"; done
    xapply -m -P2 "%1" "echo a; await d20; echo end" "until test -s o; do sleep 0.01; done" "$@" >o; wc -l <o | tr -d " "'
n 'with much output' '1 a
1 end
2 50000
3 50000
4 50000' 'xapply -m -P2 "%1" "echo 1 a; await d4; echo 1 end" "until test -s o; do sleep 0.01; done; seq -f \"2 %g\" 50000" \
	"seq -f \"3 %g\" 50000" "seq -f \"4 %g\" 50000; : >d4" >o
    grep -x "1 a" o; grep -x "1 end" o; grep -x "[0-9] 50000" o | sort'
n 'its token, too' '1
end
2
3' 'ptbw -m -J2 xapply -m -t - -P2 "%1" "echo 1; await d3; echo end" "until test -s o; do sleep 0.01; done; echo 2; : >d2" "echo 3; : >d3" >o
    sed -n "1,2p" o; sed 1,2d o | sort' 

# --- order ---
n '-k' '1
2
3
4' 'xapply -k -P4 "test %1 != 1 || await d2 d3 d4; echo %1; : >d%1" 1 2 3 4'
n '--keep-order, with slots that do not wait' '1
2
3
4
5
6' 'xapply --keep-order -P2 "test %1 != 1 || await d6; echo %1; : >d%1" 1 2 3 4 5 6'
n '-k, 2000' 'in order' 'xapply -k -P8 echo $(seq 2000) >o; seq 2000 | cmp - o && echo in order'
x '-k, a failure and a death' 2 '1
4' '' 'xapply -k -P4 "%1" "await d4; echo 1" "exit 3" "kill -9 \$\$" "echo 4; : >d4" 2>/dev/null'
n '-k -s' '[4]
4' 'XCLATE="-T [%x]" xapply -ks -P4 "test %1 != 4 || echo 4; test %1 != 1 || await d4; : >d%1" 1 2 3 4'
n '-k inside a manager that has no -k' '1
2
3' 'xclate -m xapply -k -P3 "test %1 != 1 || await d2 d3; echo %1; : >d%1" 1 2 3'

# --- lines, tags, stderr, results ---
n '--tag' 'a	a
a	x
b	b
b	x' 'xapply --tag "echo %1; echo x" a b'
n '--tag, a line without an end' 'a	x
b	x' 'xapply --tag "printf x; : %1" a b'
n '--tagstring' '<a 0 v>	x
<b 1 v>	x' 'xapply --tagstring "<%x %s %{V}>" -e V=v "echo x;%0" a b'
n '-l: lines of two in turn' 'a	1
b	1
a	2' 'mkfifo a b; xapply -l --tag -P2 cat a b >o & exec 3>a 4>b
    has() { until test "$(wc -l <o)" -eq $1; do sleep 0.01; done; }
    echo 1 >&3; has 1; echo 1 >&4; has 2; echo 2 >&3; has 3; exec 3>&- 4>&-; wait; cat o'
n '--line-buffer: only whole ones' 'b
ac' '>o; xapply --line-buffer -P2 "%1" "printf a; : >up; until grep -q b o; do sleep 0.01; done; echo c" \
    "await up; echo b" >o; cat o'
n '-l: the end of an unfinished one' 'x' 'xapply -l "printf x;%0" a'
n '-l: one record for a task' '0,a@' "xclate -mr -N '>n' xapply -l 'for i in 1 2 3; do echo \$i; sleep 0.05; done;%0' a >/dev/null; tr '\\0' @ <n"
n '--stderr' '[a]
o
e
p' 'XCLATE="-T [%x]" xapply --stderr "echo o; echo e >&2; echo p;%0" a'
n '--stderr alone is output, too' '[a]
e' 'XCLATE="-T [%x]" xapply -s --stderr "echo e >&2;%0" a'
n '--results' 'a
b
A b' 'xapply --results r echo a b; echo A $(cat r/b)'
n '--results: names' 'out out' 'xapply --results r "echo out;%0" x/y .. >/dev/null; echo $(cat r/x%2Fy r/%2E.)'
n '--results, from a directory of its own' 'a' 'mkdir d; cd d; xapply --results r "cd /; echo %1" a >/dev/null; cat r/a'
x '--results: where none can be' 73 '' '~*: *' 'xapply --results /dev/null/r "touch started;" a; c=$?; test ! -e started && exit $c'

# --- managers in managers ---
n '-d: tasks see neither' 'unset unset' 'xapply -md "echo \${xcl_d-unset} \${xcl_link-unset};%0" a'
n '-d: a private one inside of another' 'a unset
b unset' 'xclate -m -W ">&1" -T "[%x]" xapply -md "echo %1 \${xcl_d-unset}" a b'
n '--detached: the one that is there' '[a]
a' 'xclate -md -T "[%x]" xapply -m --detached echo a'
n '-d: the outer one stays' '1' 'xclate -m -W ">&1" xapply -md "echo \$xcl_link;%0" a'
n 'without -d a detached one does not count' 'a' 'xclate -md -T "[%x]" -W ">&1" xapply -m echo a'
n 'a run in a task: sections of the same manager' '0,a@0,b@0,x@0,x@' "xclate -mr -N '>n' \
    xapply -m -P2 'xapply -m \"echo %1%%1;%%0\" x;%0' a b >/dev/null; tr '\\0' '\\n' <n | sort | tr '\\n' @"
n 'a run in a task of one with -k: part of its section' 'begin 1
1a
1b
end
begin 2
2a
2b
end' 'xapply -m -k -P2 "echo begin %1; xapply -m -k -P2 \"echo %1%%1\" a b; echo end" 1 2'
n 'three deep' '1 in y 2 in y' 'xapply -k -m "echo %1; xapply -k -m \"echo in; xapply -k -m echo y;%%0\" a" 1 2 | xargs'
n 'a run with -d in a task: part of its section' '4 12 whole' "xclate -m xapply -m -P4 'xapply -md -P2 \"echo %1 %%1\" 1 2 3 %0' a b c d | $whole"
n '-m -n: no sections' 'echo a' "xclate -m -N '>n' xapply -mn echo a 2>&1; cat n"
n '-m -n, a manager of our own' 'echo a' 'xapply -mn echo a 2>&1'
n '-m -v' 'good' 'xapply -mv echo a >o 2>&1; grep -q "^echo a$" o && grep -q "^a$" o && echo good'
n '-m -v: each line at the head of its own section' '3
3' "xapply -mv -P2 -2 'echo %1; %2; echo %1' 1 'await up2' 2 ': >up2' 2>/dev/null |
    sed 's/.*echo //' | uniq -c | awk '{ print \$1 }'"
n '-m -v: within an enclosing collator' '[1]
echo 1
1
end
[2]
echo 2
2
end' "xclate -m -T '[%x]' -H end xapply -mv echo 1 2"
n '-k -v: in the order of the list' 'await up2; echo 1
1
: >up2; echo 2
2' "xapply -k -v -P2 '%1%0' 'await up2; echo 1' ': >up2; echo 2' 2>/dev/null"
n '-m -s -v: a task that says nothing' ': a' 'xapply -msv : a 2>/dev/null'
n '-l -v' 'echo a
a' 'xapply -lv echo a 2>/dev/null'
n 'a TAB in an xid is kept: titles, records' '<a	b>
out
0,a	b@' "xclate -mr -T '<%x>' -N '>n' xapply -m 'echo out;%0' \"\$(printf 'a\\tb')\"; tr '\\0' @ <n"
n 'and in the list of another program' '<x	1>
<y	2>' 'printf "x\t1\ny\t2\n" >l; xapply -k -f --tagstring "<%x>" "echo%0" l | tr -d "\n" | sed "s/>	/>\n/g"'
# stderr apart: a task writes both in turn, so only what is kept apart is in order
both='echo err %1 >&2; echo out %1; echo more %1 >&2; echo end %1'
for o in -m -k '-k -P3' '-m -P3' '-md' '-k -J3' '-k --results r' '-m -s' '-m --retries 2'; do
	t "--stderr-apart: each stdout, and its stderr behind it: $o" 0 \
	    "out 1${nl}end 1${nl}err 1${nl}more 1${nl}out 2${nl}end 2${nl}err 2${nl}more 2" '' \
	    sh -c "rm -rf r; xapply $o --stderr-apart '$both' 1 2 2>&1 | if test '$o' = '-m -P3'; then
		awk '{ n = \$2; t[n] = t[n] \$0 \"\\n\" } END { printf \"%s%s\", t[1], t[2] }'; else cat; fi"
done
x '--stderr-apart: stderr cannot be written' 74 '' '' "xapply -m --stderr-apart 'echo more >&2; : %1' a 2>/dev/full"
x '--stderr-apart: nobody reads it' 141 1 '' "{ xapply -m --stderr-apart 'seq 100000 >&2;%0' a b 2>&1 >&3 3>&-; echo \$? >c; } 3>/dev/null | head -n 1; exit \$(cat c)"
n 'tasks of a product are named by all of their parameters' 'x 1	x1
x 2	x2
y 1	y1
y 2	y2
x 1
x 2
y 1
y 2' "xapply -k --tag --results rp --sep : 'echo %1%2' x y : 1 2; ls rp"
n '--stderr-apart: on stderr' 'out 1
end 1
--
err 1
more 1' "xapply -m --stderr-apart '$both' 1 2>e; echo --; cat e"
n '--stderr-apart: in the order of the list, whoever is first' 'out 1
err 1
out 2
err 2' 'xapply -k -P2 --stderr-apart "%1;%0" "await up2; echo out 1; echo err 1 >&2" "echo out 2; echo err 2 >&2; : >up2" 2>&1'
n '--stderr-apart: tasks that write to stderr alone' 'err 1
out 2' 'xapply -k -s -P2 --stderr-apart "%1;%0" "await up2; echo err 1 >&2" "echo out 2; : >up2" 2>&1'
n '--stderr-apart: the next section comes behind it' '4' 'xapply -P4 -m --stderr-apart "echo %1; echo %1 >&2" \
    $(seq 200) 2>&1 | uniq -c | awk "{ print \$1 + 2 }" | sort -u'
n '--stderr-apart: tagged when that is tagged' '1	out 1
1	end 1
1	err 1
1	more 1' "xapply --tag --stderr-apart '$both' 1 2>&1"
n '--stderr-apart: its title and rule, where there is anything' '<1>
out
end
<1>
err
end
<2>
end' 'XCLATE_1="-T <%x> -H end" xapply -k --stderr-apart "%1%0" "echo out; echo err >&2 #1" true 2>&1 | sed "s/<e.*/<1>/; s/<t.*/<2>/"'
n '--stderr-apart --results: NAME.err' 'r/1 r/1.err r/2 r/2.err:out 1 end 1 err 1 more 1' \
    "xapply --results r --stderr-apart '$both' 1 2 >/dev/null 2>&1; echo \$(ls r/*):\$(cat r/1 r/1.err)"
n '--stderr-apart: much of it' '3000000' 'xapply -P2 -k --stderr-apart "head -c 1000000 /dev/zero >&2; echo %1" 1 2 3 2>e >/dev/null; wc -c <e'
n '--stderr-apart: bytes in the log' '19 19' "xapply -m --stderr-apart --joblog j 'echo err %1 >&2; echo out %1; echo four %1 >&2' 1 2 >/dev/null 2>&1
    echo \$(sed 1d j | cut -f 6)" 
n '--stderr-apart: a daemon that keeps it does not hold its section up' 'err
late' 'xapply --linger 0.1 -m -P2 --stderr-apart "%1" "echo err >&2; { await go; echo late >&2; : >up; } &" "await up" 2>e & p=$!
    until grep -q err e 2>/dev/null; do sleep 0.01; done; : >go; wait $p; cat e'
n '--stderr-apart: in a master that looks' 'out 1
err 1' 'xclate -m --newline xapply -m --stderr-apart "echo out %1; echo err %1 >&2" 1 2>&1'
n '--results without a collator that looks: retries are appended' '2' \
    'xapply --no-fail --retries 2 --results r "echo out; false;%0" a >/dev/null; wc -l <r/a | tr -d " "'
x '--results: a full disk' 74 '' '~*results of section a in r: *' 'mkdir r; ln -s /dev/full r/a
    xapply --results r "echo %1" a >/dev/null'
n '--joblog with sections' '1 2 0 echo a' 'xapply -m --joblog j echo a >/dev/null; sed 1d j | cut -f 1,6,7,9 | tr "\t" " "'
x '--halt now with sections' 5 '' - 'xapply -m -P2 --halt now "%1" "stubborn 1 TERM" "await up1; exit 5" "touch more"
    c=$?; test "$(cat told)" = TERM && test ! -e more && exit $c'

# --- when they cannot be had ---
mkdir "$T/few" "$T/plain"
cp "$top/bin/xapply" "$T/few/xapply"
for p in sh touch test cat; do
	ln -s "$(command -v $p)" "$T/few/$p" 2>/dev/null
done
: >"$T/plain/xclate"
: >"$T/plain/ptbw"
for o in xclate:-m ptbw:-J2; do
	p=${o%:*}
	x "no $p, and none of the working directory" 127 '' "~xapply: *$p*" "
	printf '#!/bin/sh\\necho no\\n' >$p; chmod +x $p
	PATH=$T/few; xapply ${o#*:} 'touch started;' a; c=\$?; test ! -e started && exit \$c"
	x "no $p that can be run" 126 '' "~xapply: *$p*" "
	PATH=$T/few:$T/plain; xapply ${o#*:} 'touch started;' a; c=\$?; test ! -e started && exit \$c"
done
for o in -m -J2 '-m -J2' '-m -t '"$tok" -k; do
	x "an exit code comes through: $o" 65 '' '~*xapply: *' "xapply $o -2 'touch started;' a; c=\$?; test ! -e started && exit \$c"
	x "malformed markup, $o" 65 '' '~*xapply: *position [1-9]*: *' "xapply $o 'touch started; %z' a; c=\$?; test ! -e started && exit \$c"
	x "usage, $o" 64 '' '~xapply: *' "xapply $o --nosuch 'touch started;' a; c=\$?; test ! -e started && exit \$c"
	x "no file, $o" 66 '' '~*xapply: no/file: *' "xapply $o -f 'touch started;' no/file; c=\$?; test ! -e started && exit \$c"
done
x 'a manager that is not there' 69 '' '~xapply: */no/such*' 'xcl_link=1 xcl_1=/no/such xapply -m "touch started;" a
    c=$?; test ! -e started && exit $c'
x 'one that is dead' 69 '' '~xapply: *s: *' 'peer listen s c & until test -S s; do sleep 0.01; done; peer connect s c; wait
    xcl_link=1 xcl_1=$PWD/s xapply -m "touch started;" a; c=$?; test ! -e started && exit $c'
x 'a file instead' 65 '' '~xapply: *' ':>s; xcl_link=1 xcl_1=$PWD/s xapply -m "touch started;" a; c=$?; test ! -e started && exit $c'
x '$xcl_link is no number' 65 '' '~xapply: *xcl_link*' 'xcl_link=x xapply -m "touch started;" a; c=$?; test ! -e started && exit $c'
x '$xcl_1 is not there' 65 '' '~xapply: *xcl_1*' 'xcl_link=1 xapply -m "touch started;" a; c=$?; test ! -e started && exit $c'
x '$xcl_d is dead' 69 '' '~xapply: */no/such*' 'xcl_d=/no/such xapply -md "touch started;" a; c=$?; test ! -e started && exit $c'
if [ -c /dev/full ]; then
	x 'sections on a full disk' 0 '' '~*: *' 'xapply -m "seq 100000;%0" a >/dev/full; test $? -ne 0'
else
	skip 'sections on a full disk' 'no /dev/full'
fi
n 'a reader that leaves' '1' 'xapply -m -P2 "seq 10000;%0" $(seq 50) 2>/dev/null | head -n 1'
n 'a reader that does not read' '6 20000 whole' '
    exec 3>&1; { xapply -m -P2 "%1" "seq -f \"1 %g\" 19995; : >d1" "await up; echo 2 a; : >d2" "echo 3 a; : >d3" \
	"echo 4 a; : >d4" "echo 5 a; : >d5" ": >up; echo 6 a; : >d6" 3>&-; : >end; } | {
	: >up; await d2 d3 d4 d5 || exit; '"$whole"'; }'

# --- tokens ---
n 'of a file' 'tok tok A A a' "cp $tok tok; xapply -t tok 'echo %ft %f[t/\$] %t1 %t[1]' a"
n 'numbers' 'iota 0 a' 'xapply -J2 "echo %ft %t1" a'
n '-R2' '0 1 a' 'xapply -R2 "echo %t*" a'
for o in -P1 -P2 '-P2 --delay 0.05' -P4; do
	n "-R2 $o: neighbours, though the pool is no multiple" none "printf '%s\\n' 1 2 3 4 5 >t
	    for i in 1 2 3 4 5 6 7; do echo; [ \$i -ne 4 ] || sleep 0.1; done | xapply -fR2 -t t $o 'echo %t*;%0' - | sort -u | grep -v -x -e '1 2' -e '3 4' -e '2 3' -e '4 5' || echo none"
done
n '-R2: where there are no neighbours others will do' '2 0' 'ptbw -m -J3 sh -c "ptbw true; ptbw sh -c \": >up; until test -e go; do sleep 0.01; done\" &
    until test -e up; do sleep 0.01; done; xapply -t - -R2 \"echo %t*;%0\" a; : >go; wait"'
n '-R2: the last one' '1 a' 'xapply --request 2 "echo %t\$" a'
n '-R3 of a file' 'A-B-C' "xapply -R3 --tags $tok 'echo %t1-%t2-%t3%0' a"
n '-R0' '[] a' 'xapply -R0 "echo [%t*]" a'
n '-R0 with a pool' '[] 1 a' 'xapply -J2 -R0 "echo [%t*] \$ptbw_link" a'
n '-A' '2 A B' "xapply -A -R2 -t $tok 'echo \$# \$*%0' a"
n '-A: names are not split' '<x y>' 'echo "x y" >t; xapply -A -t t "show \"\$1\"%0" a'
n 'an empty name' '[]' 'printf "\n" >t; xapply -t t "echo [%t1]%0" a'
n 'comments are none' 'x' 'printf "#c\nx\n" >t; xapply -P4 -t t "echo %t1%0" a'
n '-J0' 'iota' 'xapply -J0 "echo %ft%0" a'
n '-J and --sets' '0' 'xapply -J5 --sets 1 -P4 "echo %t1%0" a b | sort -u'
n '-n' 'A a' "xapply -n -t $tok '%t1' a 2>/dev/null"
n '%t without a pool' '0' 'ptbw -m -J3 xapply "echo %t1%0" a'
x '%ft without one' 65 '' '~xapply: *position *' 'ptbw -m -J3 xapply "touch started; %ft" a; c=$?; test ! -e started && exit $c'
x '%t3 of two' 65 '' '~*xapply: *position *' 'xapply -R2 "touch started; %t3" a; c=$?; test ! -e started && exit $c'
limit() {       # limit N OPTIONS: so many run at once
	n "at once: $2" "$1" "cp $tok .; xapply $2 'crowd $1 %0' 1 2 3 4 5 6 7 8; peak"
}
limit 3 '-P8 -t tok'
limit 1 '-P8 -R2 -t tok'
limit 2 '-P2 -t tok'
limit 2 '-P4 -J2'
limit 2 '-P2 -J4'
limit 1 '-J4'
limit 4 '-P4 -R2'
limit 3 '-P8 -J2 -t tok'
limit 2 '-P4 -J2 -R3'
limit 3 '-P3 -R0 -J1'
n 'at once: 2 of a pool that is there' 2 'ptbw -m -J5 xapply -t - -P2 "crowd 2 %0" 1 2 3 4; peak'
n 'at once: all of one' 3 'ptbw -m -J3 xapply -t - -P8 "crowd 3 %0" 1 2 3 4 5 6; peak'
n 'at once: groups of one' 2 'ptbw -m -J5 xapply -t - -R2 -P8 "crowd 2 %0" 1 2 3 4; peak'
for o in '-P4 -J4' "-P8 -t $tok" '-P3 -R2' "-P8 -t $tok -S sh"; do
	n "no token has two holders: $o" '100' "xapply $o 'for i in %t*; do mkdir \$i; done; for i in %t*; do rmdir \$i; done; echo;%0' \$(seq 100) | wc -l | tr -d ' '"
done
n 'nor when two runs share a pool' '100' 'ptbw -m -J3 sh -c "
    xapply -P3 -t - \"\$0\" \$(seq 50) & xapply -P2 -t - \"\$0\" \$(seq 50); wait" "mkdir %t1; rmdir %t1; echo;%0" | wc -l | tr -d " "'
x 'too few for one: a new pool' 65 '' '~*: *3*4*' "xapply -R4 -t $tok 'touch started;' a; c=\$?; test ! -e started && exit \$c"
x 'too few for one: a pool that is there' 65 '' '~xapply: *' 'ptbw -m -J2 xapply -R3 -t - "touch started;" a; c=$?; test ! -e started && exit $c'
x 'no pool around us' 66 '' '~xapply: *' 'xapply -t - "touch started;" a; c=$?; test ! -e started && exit $c'
x 'no such file of tokens' 66 '' '~*no/file: *' 'xapply -t no/file "touch started;" a; c=$?; test ! -e started && exit $c'
x 'an empty one' 65 '' '~*t: *' ':>t; xapply -t t "touch started;" a; c=$?; test ! -e started && exit $c'
x 'one with comments only' 65 '' '~*t: *' 'echo "#" >t; xapply -t t "touch started;" a; c=$?; test ! -e started && exit $c'
x 'a pool that is dead' 69 '' '~xapply: *s: *' 'peer listen s c & until test -S s; do sleep 0.01; done; peer connect s c; wait
    xapply -t ./s "touch started;" a; c=$?; test ! -e started && exit $c'
x 'a dead one around us' 69 '' '~xapply: */no/such*' 'ptbw_link=1 ptbw_1=/no/such xapply -t - "touch started;" a; c=$?; test ! -e started && exit $c'
x '$ptbw_link is no number' 65 '' '~xapply: *ptbw_link*' 'ptbw_link=x xapply -t - "touch started;" a; c=$?; test ! -e started && exit $c'
x '$ptbw_1 is not there' 65 '' '~xapply: *ptbw_1*' 'ptbw_link=1 xapply -t - "touch started;" a; c=$?; test ! -e started && exit $c'
ptbw -m -N "$T/w/s" -t "$tok" : &
wait_until test -S s
n '-t and a socket' 'A tok A' "xapply -t $T/w/s 'echo %t1 %f[t/\$]%0' a >o; sed 's/ / /' o | tr -d '\\n'; printf ' '; xapply -t $T/w/s -P9 'crowd 3; echo %t1 >>t;%0' 1 2 3; sort -u t | head -n 1"
n 'no wrapper then, whatever -J and -R say' 'unset' "xapply -t $T/w/s -J2 -R2 'echo \${ptbw_link-unset}%0' a"
ptbw -t "$T/w/s" -Q true
wait
n 'nor with -' '1 0 1' 'ptbw -m -J4 xapply -t - -J9 -R2 "echo \$ptbw_link %t*%0" a'
n 'but with a file' '2 A' "ptbw -m -J4 xapply -t $tok 'echo \$ptbw_link %t1%0' a"
n 'and with -J' '2 iota' "ptbw -m -t $tok xapply -J2 'echo \$ptbw_link %ft%0' a"
n 'without them a task sees the pool around us' '1 A' "ptbw -m -t $tok xapply 'echo \$ptbw_link \$(ptbw -A echo)%0' a"
n 'through wrapw' 'A tok' "cp $tok tok; ptbw -m -t tok wrapw -m xapply -t - 'echo %t1 %ft%0' a"
n 'a run within a section whose master it reaches through wrapw' "b${nl}in x${nl}in a" \
    'xapply -k "echo b; wrapw -m xapply -m \"echo in\" x" a'
x 'with results, a full output' 74 '' '~xapply: section *: output: No space *' 'xapply -k --results r "echo %1" a >/dev/full'
n 'the collator through wrapw' '[a]
a' 'xclate -m -T "[%x]" wrapw -m xapply -m echo a'

# XAPPLY_WRAP
n 'XAPPLY_WRAP of somebody else' 'iota 1 gone' 'XAPPLY_WRAP=1 xapply -J2 "echo %ft \$ptbw_link \${XAPPLY_WRAP-gone}%0" a'
n 'XAPPLY_WRAP is gone in any case' 'gone' 'XAPPLY_WRAP=junk xapply "echo \${XAPPLY_WRAP-gone}%0" a'
n 'XAPPLY_WRAP of our parent' 'iota 1 gone' "ptbw -m -J3 sh -c 'XAPPLY_WRAP=\$\$ xapply -t $tok \"echo %ft \\\$ptbw_link \\\${XAPPLY_WRAP-gone}%0\" a; :'"
n 'a run in a task of a run' 'iota 2 iota 1' 'xapply -J1 "xapply -J1 \"echo %%ft \\\$ptbw_link%%0\" a; echo %ft \$ptbw_link%0" a | xargs'
n 'what a run became is no matter of its tasks' 'gone' "xapply -m -J2 'echo \${WRAPKIT_BECAME-gone}%0' a"
n 'both wrappers' '1 1 0' 'xapply -m -J2 -P2 "echo \$xcl_link \$ptbw_link %t1%0" a'

# --- drawn when they are needed, given back when they are not ---
n 'a busy token of another does not hold up the rest' '2 0' 'ptbw -m -J3 sh -c "
    ptbw sh -c \": >up; await end\" & await up
    xapply -P3 -t - \"crowd 2 %0\" 1 2; echo \$(peak) \$?; : >end; wait"'
n 'nor does it matter when it comes back' '3' 'ptbw -m -J3 sh -c "
    ptbw sh -c \": >up; await d1 d2\" & await up
    xapply -P3 -t - \": >d%1; crowd 3;%0\" 1 2 3; peak; wait"'
n 'what no task needs is free for others' 'free' 'ptbw -m -J2 xapply -P2 -t - "ptbw -T 10 echo free %0" a'
n 'also of a pool of our own' 'free' 'xapply -P2 -J2 "ptbw -T 10 echo free %0" a'
n 'a run in a task takes the rest of the pool' '1
2
3' 'ptbw -m -J2 xapply -P2 -t - "xapply -P2 -t - echo 1 2 3 %0" a | sort'
n 'the same with a pool of our own, twice' '12' 'xapply -P3 -J3 "xapply -P3 -t - echo 1 2 3 4 5 6 %0" a b | wc -l | tr -d " "'
n 'two runs at the same time' 'both' 'ptbw -m -J2 sh -c "
    xapply -P2 -t - \": >a; await b;%0\" 1 & xapply -P2 -t - \": >b; await a;%0\" 1; wait; test -e a && test -e b && echo both"'
n 'free while a line is awaited' 'b' 'ptbw -m -J1 sh -c "
    { echo a; await da; ptbw -T 10 true && echo b; } | xapply -f -t - \": >d%1; test %1 = a || echo %1\" -"'
n 'free when the last tasks run' '0' 'ptbw -m -J2 xapply -P2 -t - "test %1 = 1 || exit 0; ptbw -T 10 -A echo >o; sed s/1/0/ o" 1 2'
n 'what a task leaves behind does not keep its token' '1
2' 'ptbw -m -J1 xapply -t - "(await go) >/dev/null 2>&1 & echo %1" 1 2; : >go'
n 'all is given back' '1 2 3 4 0' 'ptbw -m -J3 sh -c "xapply --no-fail -P3 -R1 -t - \"echo %1 >>o; exit 1;%0\" 1 2 3 4; ptbw -T0 -R3 true; echo \$(sort o) \$?"'

# --- handed from task to task, while nobody else wants them ---
n 'the master is asked no more then' 'few 100' 'WRAPKIT_TRACE=trace xapply -P2 -J2 "echo %t1 >>o;%0" $(seq 100)
    test $(grep -c "take-now" trace) -lt 10 && test $(grep -c "< give" trace) -lt 10 && echo few $(wc -l <o)'
n 'one that waits comes before the next task' '1 2 3 in 4 5 6' 'cat >task <<"END"
echo $1 >>o
test $1 != 3 || { ptbw sh -c "echo in >>o" &
    until ptbw -v - | sed "1,/Waiting/d" | grep -q .; do sleep 0.01; done; }
END
    ptbw -m -J1 xapply -t - "sh task" 1 2 3 4 5 6; xargs <o'
# master NAME STEPS: xapply -t of a master that is ours, and takes these steps
# when it has a pool of one
master() {
	n "$1" 'a b c d 0 0' "peer listen s l r:SJRU 's:1,2\\n1\\n1\\n=iota\\0' r:T 's:x\\0' \
	    r:L 's:-No\\n' r:S1I 's:1,2\\n0\\n' r:0D 's:1\\n' $2 r:F. 's:0\\n' c & p=\$!
	    until test -S s; do :; done
	    xapply -t s 'echo %1 >>o; test %1 != c || { : >up; await go; }' a b c d
	    c=\$?; : >go; wait \$p; echo \$(cat o) \$c \$?"
}
again="r:S1I 's:1,2\\n0\\n' r:0D 's:1\\n'"
master 'a master that does not know of that' "r:ZS1I 's:-No\\n1,2\\n0\\n' \
    r:0D 's:1\\n' r:S1I 's:1,2\\n0\\n' w:up t:go r:0D 's:1\\n' $again"
master 'told that another waits' "r:ZS1I 's:1\\n1,2\\n0\\n' w:up 's:!\\n' t:go \
    r:0D 's:1\\n' r:ZS1I 's:1\\n1,2\\n0\\n' r:0D 's:1\\n'"
master 'told so in front of an answer' "r:ZS1I 's:1\\n1,2\\n0\\n' w:up t:go \
    r:0D 's:!\\n1\\n'"
master 'somebody waits already' "r:ZS1I 's:0\\n1,2\\n0\\n' r:0D 's:1\\n' \
    r:ZS1I 's:1\\n1,2\\n0\\n' w:up t:go r:0D 's:1\\n'"
# the connection, and the file in which runs within a task lock its tokens
n 'two descriptors more at most' 'good' 'ls /dev/fd >/dev/null; sh -c "ls /dev/fd" | wc -l >a
    for o in "" -m "-S sh" -P3; do ptbw -m -J1 xapply -t - $o "ls /dev/fd >l;%0" a; wc -l <l >b
    test $(($(cat b) - $(cat a))) -le 2 || echo "$o: $(cat l)"; done; echo good'
n 'no descriptor more with sections' same "ls /dev/fd >/dev/null; sh -c 'ls /dev/fd' >a
    for o in '' -d -k -l --stderr --tag '--results r'; do xapply -m \$o 'ls /dev/fd >b;%0' 1 && cmp a b || echo \"\$o\"; done; echo same"
n 'kill -9 of xapply: the token is its task'\''s' '75 0' 'ptbw -m -J1 sh -c "
    xapply -t - \": >up; await go;%0\" a 2>/dev/null & p=\$!; await up; kill -9 \$p; wait \$p
    ptbw -T 0.2 true 2>/dev/null; a=\$?; : >go; ptbw -T 10 true; echo \$a \$?" 2>/dev/null'
n 'the same without a shell' '75 0' 'ptbw -m -J1 sh -c "
    xapply -t - \"await go %0\" a 2>/dev/null & p=\$!
    until ptbw -v - | grep -q \"^ *0	[1-9]\"; do sleep 0.01; done; sleep 0.1; kill -9 \$p; wait \$p
    ptbw -T 0.2 true 2>/dev/null; a=\$?; : >go; ptbw -T 10 true; echo \$a \$?" 2>/dev/null'
x 'the broker dies: xapply says so and ends' 69 '1' '~*xapply: *s: *' "ptbw -m -N \$PWD/s -J1 : & m=\$!; until test -S s; do sleep 0.01; done
    xapply -t \$PWD/s ': >up; await go; echo %1' 1 2 2>e & p=\$!; await up; kill -9 \$m; wait \$m 2>/dev/null
    : >go; wait \$p; c=\$?; cat e >&2; rm -f s; exit \$c" 

# --- signals ---
tmp='mkdir tmp; TMPDIR=$PWD/tmp; ulimit -c 0'
# (a shell that waits for it may end before it has said so)
ends='c=$?; i=0; until test "$(grep -c . told)" -ge 2 || test $i -gt 500; do i=$((i + 1)); sleep 0.01; done
	sort told | xargs; test ! -e up3 && ls -A tmp && exit $c'
# (Those that end by it say that they are there when no shell stands between: a
# shell that is just starting a command may keep the signal for itself.)
for s in TERM:143 INT:130 HUP:129 QUIT:131; do
	c=${s#*:} s=${s%:*}
	x "$s: tasks are told, no more are started" "$c" "$s $s" - "$tmp
	{ await up1 up2; kill -$s \$(cat pid); } & as xapply -P2 'stubborn %1 TERM INT HUP QUIT' 1 2 3; $ends"
	x "$s, a shell" "$c" "$s $s" - "$tmp
	{ await up1 up2; kill -$s \$(cat pid); } & as xapply -P2 -S sh 'stubborn %1 TERM INT HUP QUIT; :' 1 2 3; $ends"
	x "$s: also when they end by it" "$c" '' - "$tmp
	mkfifo f
	{ await up1 up2; kill -$s \$(cat pid); } & as xapply -P2 'exec dd of=up%1 <>f' 1 2 3; c=\$?; test ! -e up3 && ls -A tmp && exit \$c"
	for o in -J2 -m '-m -J2' '-md' "-t $tok"; do
		x "$s in wrappers: $o" "$c" "$s $s" - "$tmp
		{ await up1 up2; kill -$s \$(cat ppid); } & as xapply $o -P2 'stubborn %1 TERM INT HUP QUIT' 1 2 3; $ends"
	done
done
for s in TERM:143 HUP:129 INT:130 QUIT:131; do
	c=${s#*:} s=${s%:*}
	for o in -J2 -m '-m -J2' '-m -d' "-t $tok" '-k --results r'; do
		x "$s to the wrapper: $o" "$c" "$s $s" - "$tmp
		{ await up1 up2; kill -$s \$(cat pid); } & as xapply $o -P2 'stubborn %1 TERM INT HUP QUIT' 1 2 3; $ends"
	done
done
for o in '' -J2 -m '-m -J2'; do
	x "INT from the terminal, to all: $o" 130 'INT INT' - "$tmp; trap : INT
	{ await up1 up2; kill -INT 0; } & as xapply $o -P2 'stubborn %1 TERM INT HUP QUIT' 1 2 3; $ends"
done
n 'output of those who are told is not lost' 'told
143' '{ await up; kill $(cat pid); } & as xapply -m "trap \"echo told; exit\" TERM; : >up; while :; do sleep 0.01; done;%0" a 2>/dev/null; echo $?'
n 'waiting tasks: the second signal is KILL' '143 TERM gone' 'mkfifo f; cat f & r=$!
    { await up1 up2; kill $(cat pid); await told; p=$(cat pid); while kill $p 2>/dev/null; do sleep 0.1; done; } &
    as xapply -P2 "%1" "trap \"\" TERM; { : >up1; sleep 60; } >f" "stubborn 2 TERM" ": >up3" 2>/dev/null; c=$?
    wait $r; test ! -e up3 && echo $c $(cat told) gone'
n 'the same in wrappers' '143 TERM gone' 'mkfifo f; cat f & r=$!
    { await up1 up2; kill $(cat ppid); await told; p=$(cat ppid); while kill $p 2>/dev/null; do sleep 0.1; done; } &
    as xapply -m -J2 -P2 "%1" "trap \"\" TERM; { : >up1; sleep 60; } >f" "stubborn 2 TERM" ": >up3" 2>/dev/null; c=$?
    wait $r; test ! -e up3 && echo $c $(cat told) gone'
n 'and in the wrapper that the run is known by' '143 TERM gone' 'mkfifo f; cat f & r=$!
    { await up1 up2; kill $(cat pid); await told; sleep 0.3; kill $(cat pid); } &
    as xapply -m -J2 -P2 "%1" "trap \"\" TERM; { : >up1; sleep 60; } >f" "stubborn 2 TERM" ": >up3" 2>/dev/null; c=$?
    wait $r; test ! -e up3 && echo $c $(cat told) gone'
n 'until the last one has ended xapply waits' '143 end' '
    { await up; kill $(cat pid); await told; : >go; } & as xapply "trap \"echo told >told\" TERM; : >up; await go; echo end >end;%0" a 2>/dev/null
    c=$?; wait; echo $c $(cat end)'
# lines that nobody reads
n '-v: a blocked reader does not hold up a signal' '143' 'exec 2>/dev/null; mkfifo f; exec 3<>f; a=$(printf "%0100000d" 1)
    { await up; kill $(cat pid); } & as xapply -v -P2 "%1" ": >up; sleep 60;" ": $a" >f 2>/dev/null; echo $?'
n '-v: nor a time that is up' '0 15' 'mkfifo f; exec 3<>f; a=$(printf "%0100000d" 1)
    xapply --no-fail -v -P2 -T 0.3 --joblog j "%1" ": >up; sleep 60;" ": $a" >f 2>/dev/null & p=$!
    until grep -q ^1 j 2>/dev/null; do sleep 0.01; done; tail -n 1 j | cut -f 7,8 | xargs; exec 3>&-; cat f >/dev/null; wait $p'
n '-v: and the task waits for its line' 'not yet, then' 'mkfifo f; exec 3<>f; a=$(printf "%0100000d" 1)
    xapply -v "%1" ": $a" ": >late" >f & p=$!
    until test "$(dd bs=1000 count=1 <f 2>/dev/null | wc -c)" -gt 0; do :; done
    test -e late || printf "not yet, "; cat f >/dev/null 3>&- & exec 3>&-; wait $p; test -e late && echo then'
n '-n: likewise' '143' 'exec 2>/dev/null; mkfifo f; exec 3<>f; seq 100000 >many
    { until test "$(dd bs=1000 count=1 <f 2>/dev/null | wc -c)" -gt 0; do :; done; kill $(cat pid); } & as xapply -n -f "echo %1" many >f 2>/dev/null; echo $?'
n 'children that do not listen are killed after all' 'gone' 'echo "trap \"\" TERM; echo \$\$ >pid; sleep 60; sleep 60" >k
    xapply -T 0.2 "sh k & wait;%0" a 2>/dev/null
    case $(peer state "$(cat pid)") in "" | Z*) echo gone ;; esac'
n 'children of tasks are told as well' '143 gone' 'mkfifo f; cat f & r=$!
    { await up; kill $(cat pid); } & as xapply "(: >up; exec sleep 60) >f & wait;%0" a 2>/dev/null; c=$?; wait $r; echo $c gone'
n 'while input is awaited' '143' 'mkfifo f; exec 3<>f
    { echo 1 >&3; await up; kill $(cat pid); } & as xapply -f ": >up;%0" f 3>&- 2>/dev/null; echo $?'
n 'while a token is awaited' '143' 'ptbw -m -J1 sh -c "
    ptbw sh -c \": >up; await end\" & await up
    { until ptbw -v - | sed \"1,/Waiting/d\" | grep -q . || test \$((i = i + 1)) -gt 100; do sleep 0.01; done; kill \$(cat pid); } &
    as xapply -t - touch started 2>/dev/null; echo \$?; : >end; wait; test ! -e started" 2>/dev/null'
n 'signals that were ignored stay so' 'a' 'trap "" HUP INT; { await up; kill -HUP $(cat pid); kill -INT $(cat pid); : >go; } &
    as xapply ": >up; await go; echo" a'
n 'the else-command is told, too' '143 TERM' '{ await upN; kill $(cat pid); } & as xapply -N "stubborn N TERM" false 2>/dev/null; echo $? $(cat told)'
n 'tokens come back' '143 0' 'ptbw -m -J2 sh -c "
    { await up1 up2; kill \$(cat pid); } & as xapply -t - -P2 \"stubborn %1 TERM\" 1 2; a=\$?; ptbw -T 10 -R2 true; echo \$a \$?" 2>/dev/null'
n 'an interrupted run can be resumed' '1
2
3' '{ await up2; kill $(cat pid); } & as xapply --joblog j "test %1 = 1 || stubborn %1 TERM 2>/dev/null; echo %1" 1 2 3 2>/dev/null
    sed 2q j >k; mv k j; xapply --resume --joblog j echo 1 2 3'
n 'a process group of its own' 'own' 'xapply "test \$(peer pgid \$\$) -eq \$\$ && echo own;%0" a'
n 'without a shell' 'own' 'xapply "sh -c '\''test \$(peer pgid \$\$) -eq \$\$ && echo own'\'' %0" a'

# --- runs within tasks that hold the whole pool ---
n 'each begins with the tokens of its task' '9 3' '
    ptbw -m -J2 xapply -P2 -t - "xapply -P2 -t - \"echo in %%1\" 1 2 3; echo out %1" a b c >o
    echo $(grep -c in o) $(grep -c out o)'
n 'two in one task: not both at once' '4 1' '
    ptbw -m -J1 xapply -t - "xapply -P2 -t - crowd 1 1 & xapply -P2 -t - crowd 1 1 & wait;%0" a
    echo $(grep -c . most) $(peak)'
n 'three deep' 'deep' 'ptbw -m -J1 xapply -t - "xapply -t - \"xapply -t - \\\"echo deep;%%%%0\\\" x;%%0\" y;%0" z'
n 'of another pool they are not used' '0' '
    ptbw -m -J1 xapply -t - "ptbw -m -J1 xapply -t - \"echo %%t1;%%0\" x;%0" z'
n 'with the pool under another name' x 'ptbw -m -J1 -N "$PWD/pool" : & until test -S pool; do sleep 0.01; done
    xapply -t pool "xapply -t $PWD/pool echo x;%0" a; ptbw -t pool -Q true; wait'
x 'a pool that does not answer: no more is started' 69 1 '~xapply: *s: the master does not answer*' '
    ptbw -m -N $PWD/s -J2 : & m=$!; until test -S s; do sleep 0.01; done
    xapply -t $PWD/s "echo %1; kill -STOP $m;%0" 1 2; c=$?; kill -CONT $m; ptbw -t s -Q true; wait $m; exit $c'
n 'a run that is killed: its task keeps what it was lent' 'end second' 'cat >t <<"END"
xapply -t - ": >up; await go; echo end >>log;%0" x 2>/dev/null & p=$!
await up; kill -9 $p; wait $p
xapply -t - "echo second >>log;%0" y & q=$!
sleep 0.3; : >go; wait $q
END
    ptbw -m -J1 xapply -t - "sh t 2>/dev/null;%0" a; xargs <log'
n 'a descriptor of a script is not taken for the lock' 'ok' '
    ptbw -m -J1 xapply -t - "exec 7>y; xapply -t - \"echo >&7; echo ok;%%0\" x;%0" a'

# --- what a review found ---
n '-m -d with a pool of our own' 'a
b' 'xapply -m -d -J2 echo a b'
x 'many short tasks leave a turn to signals' 143 '' - '
    seq 300000 >n; as xapply -P64 -f ": >up;%0" n & p=$!; await up
    kill -TERM $p; i=0; while kill -0 $p && test $i -lt 300; do i=$((i + 1)); sleep 0.01; done 2>/dev/null
    test $i -lt 300 || kill -9 $p; wait $p'
n 'who has nothing more to start waits for no token' '0' '
    ptbw -m -J1 sh -c "xapply -t - \": >up; await go;%0\" a & p=\$!; await up
    ptbw sh -c \": >held; await ended\" & : >go; wait \$p; echo \$?; : >ended; wait"'
n 'nor for a file without lines' 'good' '
    ptbw -m -J1 ptbw sh -c "peer limit 5 xapply -t - -f echo /dev/null && echo good"'
n '-n prints on stdout, with -m as well' 'echo a' 'xapply -m -n echo a'
n '-v, too' 'echo a
a' 'xapply -m -v echo a 2>/dev/null'
finish
