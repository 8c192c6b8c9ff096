#!/bin/sh
# xapply.t - the command line, input, what a task finds, how many run at once,
# options of our own, exit codes
. "$(dirname "$0")/lib.sh"
. "$here/tasks.sh"

cpus=$(cpus)

# --- the command line ---
usage="~xapply: *${nl}see xapply -h"
for o in '' -f -n -- -F -@ --nosuch -fz --count; do
	x "usage: xapply $o" 64 '' "$usage" "xapply $o"
done
for o in -F -@ -f@ --nosuch --fil3 --help=x; do
	word=${o#-f}
	x "no such option: $o" 64 '' "~xapply: *${word%=x}*
see xapply -h" "xapply $o 'touch started' a; c=\$?; test ! -e started && exit \$c"
done
for o in a e i J N p R S t T -escape -export -input -sets -else -pad -request \
    -shell -tags -timeout -count -jobs -joblog -results -tagstring -halt \
    -retries -retry-delay -delay; do
	x "a value is missing: -$o" 64 '' "$usage" "xapply -$o"
done
# who comes from other programs
x 'no parameters: a list was meant' 64 '' 'xapply: no parameters; `-` reads standard input, with -f' 'echo in | xapply "touch started"; c=$?; test ! -e started && exit $c'
x 'no parameters: a file' 64 '' 'xapply: no parameters; `-` reads standard input, with -f' 'echo in >f; xapply -f -P2 echo <f'
x 'no parameters: none was' 0 '' 'xapply: no parameters; `-` reads standard input, with -f' 'xapply -m -J2 echo </dev/null'
n 'no parameters: but -N' 'none' 'echo in | xapply -N "echo none" echo'
for w in '-j4|-P4' '-I{}|%1' '-L1|-f' '-r|-N' '--max-procs=4|-P4' '--colsep=,|--columns' '--link|--zip' '--eta|--progress' \
    '--jobz|--jobs' '--keep-oder|--keep-order' '--halts=now|--halt' '--reuslts=d|--results'; do
	x "of another program, or misspelt: ${w%%|*}" 64 '' "~xapply: unknown option *${w#*|}*${nl}see xapply -h" \
	    "xapply '${w%%|*}' 'touch started' a; c=\$?; test ! -e started && exit \$c"
done
x 'of another program: :::' 64 '' "~xapply: ':::': *${nl}see*" 'xapply "touch started;" ::: a; c=$?; test ! -e started && exit $c'
x 'of another program: -d' 64 '' "~xapply: '?n'*-f*${nl}see*" 'xapply -d "\n" "touch started" a; c=$?; test ! -e started && exit $c'
x 'of another program: {}' 0 '{} a' '~xapply: {} *%1' 'xapply "echo {}" a'
x 'of another program: {}, said once' 0 '{} a' '~xapply: {} *@1' 'xapply -a @ -m -J2 "echo {}" a'
n '{} beside markup is for somebody else' '{} a' 'xapply "echo {} %1" a'
x 'of another program: -n1' 0 'echo a' '~xapply: -n is a dry run*-1*' 'xapply -n1 echo a'
n 'long options cut short' 'echo a' 'xapply --dry echo a'
x 'cut too short' 64 '' "~xapply: --re may be *${nl}see*" 'xapply --re echo a'
n 'one that begins another' 'a' 'xapply --joblog j : a; xapply --resume --joblog j echo a; xapply --tag echo a | cut -f 2'
n 'it finds its wrappers beside itself' 'a' "PATH=/usr/bin:/bin; $top/bin/xapply -m -J1 echo a"
n 'or beside the file that it is a link to' 'a' "ln -s $top/bin/xapply mine; PATH=/usr/bin:/bin; ./mine -m -J1 echo a"
n 'the same of a link in $PATH' 'a' 'mkdir b; ln -s '"$top"'/bin/xapply b/one; ln -s one b/xapply
    PATH=$PWD/b:/usr/bin:/bin; xapply -m -J1 echo a'
n 'of $PATH first' 'mine' 'mkdir b p; ln -s '"$top"'/bin/xapply b/xapply; printf "#!/bin/sh\necho mine\n" >p/xclate
    chmod +x p/xclate; PATH=$PWD/p:$PWD/b:/usr/bin:/bin; xapply -m echo a'
for o in '' -m -k '-m -J2' '-P4 -l' --stderr; do
	n "a reader that leaves: $o" 141 "{ xapply $o 'seq 50000;%0' 1 2 3; echo \$? >c; } | head -n 1 >/dev/null; cat c"
done
x '-f twice' 64 '' "$usage" 'xapply -f -f echo /dev/null'
x '-f twice in a bundle' 64 '' "$usage" 'xapply -fnf echo /dev/null'
for o in -h --help '-n -h' '-nh' '-h -=' '-h --nosuch'; do
	x "help: $o" 0 '~usage: xapply *' '' "xapply $o"
done
x 'the help has a line for each option' 0 all '' 'xapply --help >o
    for o in count escape append detached export files help version input sets \
	collate dry-run else jobs pad request squeeze shell tags number verbose \
	trace null keep-order line-buffer tag tagstring tag-colour stderr results joblog \
	resume resume-failed fail no-fail brief halt retries retry-delay timeout delay \
	progress bar stderr-apart quote argv show pty; do
	grep -q -E -e "--$o( |\$)" o || echo "$o is missing"
    done; echo all'
for o in -V --version '-V -='; do
	x "version: $o" 0 all '' "SHELL=/bin/sh xapply $o >o
	for w in wrapkit /bin/sh xclate ptbw xcl_d ptbw_link '0\\.4' '6[34]'; do
	    grep -q -e \$w o || echo \"\$w is missing\"
	done; grep -qv '^xapply: ' o || echo all"
done
n 'a bundle' 'echo a b' 'xapply -n2 echo a b'
n 'digits in the middle of a bundle' 'echo a b c' 'xapply -1n3 echo a b c'
n 'all digits that stand together' 'a2' 'xapply -n12 %12 a 2 3 4 5 6 7 8 9 0 1 2 | tr -d "\n" | cut -c 1-2'
n 'a bundle that ends in an option with a value' '[a]' 'xapply -nfp- "[%1]" /dev/stdin <<E
a
E'
for o in '-n --count 2' '-n --count=2' '--count=2 -n' '-1 -n -2' '-2n1 -n2' \
    '--count 1 -2n' '--dry-run -2'; do
	n "options: $o" 'echo a b' "xapply $o echo a b"
done
n 'long options' '[a@b]' 'printf "a@b\n" >i
    xapply --dry-run --files --jobs=2 --pad x --escape=: "[:1]" i'
n 'options end at the command' 'echo -v' 'xapply -n echo -v'
n 'options end at --' '-v a' 'xapply -n -- -v a'
n 'options end at -' '- a' 'xapply -n - a'
n '-p before -f' 'a,x' 'echo a >i; xapply -n -px -f2 %1,%2 i /dev/null'
n '-z before -f' 'a' 'printf "a\0" >i; xapply -n -z -f %1 i'
n 'the last of an option wins' 'sh b,@' '
    echo a >a; echo b >b
    xapply -S nosuch -a % -i a -p no -P9 -S sh -a : -i b -p @ -P1 -f2 \
	"read l; echo sh \$l,:2:(1,2)" /dev/stdin /dev/null <<E
1
E'
n '-N again' 'b' 'xapply -N "echo a" -N "echo b" false'
n '-d and -s mean nothing without -m' 'a' 'xapply -ds echo a'
n '-u neither' 'a' 'xapply -u echo a'
n 'the variable has options' 'echo a' 'XAPPLY=-n xapply echo a'
n 'the variable: several, in quotes' "e 'a b'" 'XAPPLY="-q -f -a \"@\" -n" xapply "e @1" - <<E
a b
E'
n 'the variable and the line' 'a' 'printf "a\n" | XAPPLY=-f xapply -f echo -'
x 'of another program: -n 1' 0 '1 a' '~xapply: -n is a dry run*-1*' 'xapply -n 1 a'
n 'the line goes first' '2 /dev/null' 'XAPPLY="-N \"echo 1\"" xapply -N "echo 2" -f : /dev/null'
for o in -m -J1 '-m -J1' -k; do
	n "the variable, where it runs itself: $o" '1 a b;2' 'seq 2 >l; XAPPLY="-e V=a -e W=b" xapply '"$o"' -f "echo %1 \$V \$W%0" l |
	    sed "s/2 a b/2/" | paste -s -d ";" -'
done
x 'the variable: no option' 65 '' '~xapply: $XAPPLY: *' 'XAPPLY="echo" xapply a b'
x 'the variable: none that there is' 64 '' "~xapply: unknown option -Z in *XAPPLY$nl*" 'XAPPLY="-Z" xapply a b'
x '-g is not supported' 69 '' '~xapply: *-g*' 'xapply -g "touch started" a
    c=$?; test ! -e started && exit $c'
x 'under another name' 0 '' '~*nosuch*' 'peer name other xapply --nosuch; test $? -eq 64'

# --- numbers ---
# each with what the message has to name
for o in '-0|0' '--count 0|0' '--count x|x' '--count -1|-1' '--count 1x|1x' '--count=|' \
    '--count 99999999999999999999|99999999999999999999' '-P4m|4m' '-Pf|f' '-Px|x' \
    '-P-3|-3' '-P4.5|4.5' '-P%|%' '-P99999999999999999999|99999999999999999999' \
    '--jobs x|x' '--jobs -1|-1' '--jobs=|' '--jobs 5%%|5%' '-Rx|x' '-R-1|-1' '-R ""|' \
    '-R1x|1x' '--request 1.5|1.5' '-Jx|x' '-J-1|-1' '-J ""|' '-J1x|1x' \
    '-R 99999999999999999999|99999999999999999999' \
    '-J 99999999999999999999|99999999999999999999' '--retries x|x' '--retries -1|-1' \
    '--retries 0|0' '--retries 2x|2x' '-T x|x' '-T -1|-1' '-T ""|' '--timeout 1x|1x' \
    '--delay x|x' '--delay -1|-1' '--retry-delay x|x' '--retry-delay -1|-1' \
    '--halt later|later' '--halt ""|' '--halt now,fail=0|fail=0' \
    '--halt now,fail=x|fail=x' '--halt now,fail=|fail=' '--halt soon,fail=1x|fail=1x' \
    '--halt soon,done=0|done=0' '--halt now,success|success' '--halt now,succes=1|succes=1' '--halt never=1|never=1' '--halt now,fail=-1%|fail=-1%'; do
	word=${o##*|} o=${o%|*}
	x "a bad number: $o" 64 '' "~xapply: *$word*" "xapply $o 'touch started' a
	c=\$?; test ! -e started && exit \$c"
done
for o in '-P 4' '-P 0' '-n -P 12' '-fP 4'; do
	x "a number behind a bare -P: $o" 64 '' '~xapply: *-P*' "xapply $o echo a"
done
n 'a bare -P and a word' 'echo 4' 'xapply -n -P echo 4'
n 'a bare -P in a bundle' 'echo 4' 'xapply -nP echo 4'
x 'operands are no multiple of the count' 65 '' '~xapply: *' \
    'xapply -2 "touch started" a b c; c=$?; test ! -e started && exit $c'
x 'nor are the files' 65 '' '~xapply: *' 'echo a >a
    xapply -2 -f "touch started" a a a; c=$?; test ! -e started && exit $c'

# --- the escape character ---
for o in '@' '\100' 100 ; do
	n "-a $o" 'x %1 @' "xapply -na '$o' '@1 %1 @@' x"
done
for o in '\n:\n' '\t:\t' '\b:\b' '\r:\r' '\f:\f' '\v:\v' '\a:\a' '\\:\\' '^B:\002' \
    '^?:\177' '^b:\002' 'M-x:\370' 'M-@:\300' '\001:\001' '\377:\377' '012:\n'; do
	x "-a ${o%%:*}" 0 same '' "c=\$(printf '${o#*:}.'); c=\${c%.}
	test \"\$(xapply -n -a '${o%%:*}' \"[\${c}1%1]\" x)\" = '[x%1]' && echo same"
done
for o in '' ab 99 '^ab' 'M-' 'M-xy' '\q' '\400' 400 '\\\\n'; do
	x "no character: -a '$o'" 64 '' "$usage" "xapply -na '$o' echo a"
done
for o in '^@' '\000' 000; do
	x "-a $o" 78 '' '~xapply: *' "xapply -na '$o' echo a"
done

# --- which shell ---
cat >"$T/sh1" <<'END'
#!/bin/sh
for i in "${0##*/}" "$@"; do printf '<%s>' "$i"; done
echo
END
chmod +x "$T/sh1"
cp "$T/sh1" "$T/myperl5"
cp "$T/sh1" "$T/tcsh"
mkdir "$T/perl"
cp "$T/sh1" "$T/perl/other"
n 'what a shell is given' '<sh1><-c><it a><sh1>' 'xapply -S sh1 it a'
n 'with tokens' '<sh1><-c><it a><sh1><0>' 'xapply -A -S sh1 it a'
n '--shell and a path' '<sh1><-c><it a><sh1>' "xapply --shell=$T/sh1 it a"
n 'by $SHELL' '<sh1><-c><it a><sh1>' "SHELL=$T/sh1 xapply it a"
n 'by $SHELL, found in $PATH' '<sh1><-c><it a><sh1>' 'SHELL=sh1 xapply it a'
n 'a perl' '<myperl5><-e><it a>' 'xapply -S myperl5 it a'
n 'a perl with tokens' '<myperl5><-e><it a><0>' 'xapply -A -S myperl5 it a'
n 'a csh' '<tcsh><-c><it a>' 'xapply -S tcsh it a'
n 'only the last part of the path counts' '<other><-c><it a><other>' \
    "xapply -S $T/perl/other it a"
n 'without $SHELL it is /bin/sh' '/bin/sh' '(unset SHELL; xapply -V) | grep -q "/bin/sh" &&
    env -u SHELL xapply "echo /bin/sh;%0" a'
n '$SHELL of a task is left alone' '/no/shell' 'SHELL=/no/shell xapply -S sh "echo \$SHELL%0" a'
x 'an empty -S' 69 '' '~xapply: *' 'xapply -S "" "touch started;" a
    c=$?; test ! -e started && exit $c'
x 'an empty $SHELL' 69 '' '~xapply: *' 'SHELL= xapply "touch started;" a
    c=$?; test ! -e started && exit $c'
for o in nosuch /no/such 'sh -x' ''; do
	x "no such shell: ${o:-in the working directory alone}" 127 '' "~xapply: *" "
	printf '#!/bin/sh\necho no\n' >here; chmod +x here
	xapply -P2 -S '${o:-here}' 'touch started;' a b 2>e; c=\$?; cat e >&2
	test \$(wc -l <e) -eq 1 && test ! -e started && exit \$c"
done
for o in ./plain .; do
	x "a shell that cannot be run: $o" 126 '' '~xapply: *' ":>plain
	xapply -P2 -S $o 'touch started;' a b 2>e; c=\$?; cat e >&2
	test \$(wc -l <e) -eq 1 && test ! -e started && exit \$c"
done
x 'a missing shell is also said when there is a wrapper' 127 '' '~xapply: *nosuch*' \
    'xapply -J2 -m -S nosuch echo a 2>e; c=$?; cat e >&2; test $(wc -l <e) -eq 1 && exit $c'
if command -v perl >/dev/null; then
	n 'perl' "it's a 0" 'xapply -A -S perl "print qq(it'\''s %1 \$ARGV[0]\n);" a'
else
	skip 'perl' 'there is none'
fi

# --- what a task finds ---
n '$0 and $#' 'sh 0' 'xapply "echo \$0 \$#%0" a'
n '$# with -A' 'sh 1 0' 'xapply -A "echo \$0 \$# \$1%0" a'
n '--append and more tokens' 'sh 2 0 1' 'xapply --append -R2 "echo \$0 \$# \$*%0" a'
n 'more than one line' 'a
a' 'xapply "echo %1
echo %1" a'
n 'a here-document' 'it is a' 'xapply "cat <<E
it is %1
E" a'
x 'directory, mask and environment' 0 "$T/w/x
0027
of mine" '' 'umask 027; V="of mine" xapply "pwd; umask; echo \$V;%0" a'
n '-e' '<a b>' 'xapply -e "V=%1" "show \"\$V\"%0" "a b"'
n '--export' '<a>' 'xapply --export V=%1 "show \"\$V\"%0" a'
n '-e adds no tail and takes none away' '<a><lit>' 'xapply -e V=lit -e W=%1 "show %0 a \$V%0" z; :'
n 'the tail of the command is there all the same' '<1><a>' 'xapply -e V=%1 "show 1" a'
n '-e with nothing' '<><set>' 'xapply -e V= "show \"\$V\" \${V+set}%0" a'
n '-e with more than one =' '<a=a=>' 'xapply -e "V=%1=%1=" "show \$V%0" a'
n '-e again' '<2>' 'xapply -e V=1 -e V=2 "show \$V%0" a'
n '-e replaces what was there' '<a>' 'V=old xapply -e V=%1 "show \$V%0" a'
n '-e without =' '<a>' 'xapply -e V "show \$V%0" a'
n 'the second one takes the second' '<a><b>' 'xapply -2 -e V -e W "show \$V \$W%0" a b'
n 'the third of two the first again' '<a><b><a><b>' \
    'xapply -2 -e A -e B -e C -e D "show \$A \$B \$C \$D%0" a b'
n 'those with = do not count' '<a><x><b>' 'xapply -2 -e A -e V=x -e B "show \$A \$V \$B%0" a b'
n '-e with numbers and tokens' '<0-0><1-1>' 'xapply -P2 -e V=%u-%t1 "crowd 2; echo \$V >>o;%0" a b
    sort o | while read l; do printf "<%s>" $l; done; echo'
n '-e with files' '<f:a>' 'echo a >f; xapply -f -e V=%f1:%1 "show \$V%0" f'
n '-e is not looked at by others' '<$A>' 'xapply -e A=1 -e "V=\$A" "show \"\$V\"%0" a'
for o in "''" =x; do
	x "a variable without a name: -e $o" 64 '' '~xapply: *' "xapply -e $o echo a"
done
n '$PATH by -e: the shell is found by ours' '/none' 'xapply -S sh -e PATH=/none "echo \$PATH%0" a'
x '$PATH by -e: commands by that' 0 'prog a' '' 'mkdir bin; printf "#!/bin/sh\necho prog \$1\n" >bin/prog
    chmod +x bin/prog; xapply -e "PATH=$PWD/bin" prog a'
n 'stdin is shared' '1 a
2 b' 'printf "1\n2\n3\n" | xapply "read l; echo \$l" a b'
n '-i is shared, too' '1 a
2 b' 'printf "1\n2\n3\n" >i; echo no | xapply -i i "read l; echo \$l" a b'
n '--input - is a file of that name' 'of the file a' 'echo of the file >-
    echo no | xapply --input - "read l; echo \$l" a'
x 'no such file for -i' 66 '' '~xapply: *no/file*' 'xapply -i no/file "touch started;" a
    c=$?; test ! -e started && exit $c'
n '-f: stdin is the tasks'\''' 'in a' 'echo a >f; echo in | xapply -f "read l; echo \$l" f'
n '-f -: stdin is ours' 'a
b
0' 'printf "a\nb\n" | xapply -f "echo %1; cat >>o;%0" -; wc -c <o | tr -d " "'
n '-f -: it is /dev/null' 'null' 'echo a | xapply -f "test ! -s /dev/fd/0 && test -c /dev/fd/0 && echo null%0" -'
n '-f -i: it is the file' 'in a' 'echo in >i; echo a | xapply -f -i i "read l; echo \$l" -'
n 'no descriptor leaks' same "ls /dev/fd >/dev/null; sh -c 'ls /dev/fd' >a; echo l >l
    for o in '' '-S sh' '-P3' '--joblog j' '-T 9' '-i l'; do
	xapply \$o 'ls /dev/fd >b;%0' 1 && cmp a b || echo \"\$o\"
	xapply \$o 'ls /dev/fd %0' 1 >b && cmp a b || echo \"direct \$o\"
    done
    xapply -vx 'ls /dev/fd >b;%0' 1 >/dev/null 2>&1 && cmp a b || echo -vx
    xapply -f 'ls /dev/fd >b;%0' l l && cmp a b
    xapply -f 'ls /dev/fd >b;%0' - <l && cmp a b
    echo same"
n 'those that we were given do' 'seven' 'echo seven >f; xapply "cat <&7;%0" a 7<f'
x 'signals are as we were given them' 0 same '' 'test -r /proc/self/status || { echo same; exit; }
    $SHELL -c "grep ^Sig[BIC] /proc/self/status" >a
    xapply "grep ^Sig[BIC] /proc/self/status >b;%0" a; cmp a b
    xapply "grep ^Sig[BIC] /proc/self/status %0" a >b; cmp a b
    peer blocked $SHELL -c "grep ^Sig[BIC] /proc/self/status" >a
    peer blocked xapply "grep ^Sig[BIC] /proc/self/status >b;%0" a; cmp a b
    echo same'
n 'SIGCHLD may be ignored' '1
2
3
4
5' 'trap "" CHLD; xapply -P2 "echo %1 >>o;%0" 1 2 3 4 5; sort o'
n 'children that it had before are waited for, too' 'task
waited' '
    sh -c "(await up; sleep 0.2; : >late) & exec xapply \"echo task; : >up;%0\" a"; test -e late && echo waited'

# --- operands ---
x 'no operands, nothing to do' 0 in 'xapply: no parameters; `-` reads standard input, with -f' 'echo in | { xapply "touch started;"; cat; }; test ! -e started'
n 'one by one' 'a
b c

.' 'xapply "echo %1;%0" a "b c" ""; echo .'
n 'the tail is part of the command' 'a
b' 'xapply echo "a; echo b"'
n 'two at a time' 'b a
d c' 'xapply -2 "echo %2 %1" a b c d'
n 'numbers' '0
1
2' 'xapply "echo %u%0" a b c'
n 'a long command line' 1000 'xapply echo $(seq 1000) | tail -n 1'
x 'bytes that are no text' 0 same '' 'b=$(printf "\377\200\001"); xapply "printf %%s %1" "$b" >o
    printf %s "$b" | cmp - o && echo same'

# --- files ---
n 'a file' 'a
b' 'printf "a\nb\n" >f; xapply -f echo f'
n '--files, two, one behind the other' 'a
b
c' 'printf "a\nb\n" >f; echo c >g; xapply --files echo f g'
n 'two side by side' '1 a
2 b' 'printf "1\n2\n" >f; printf "a\nb\n" >g; xapply -2f "echo" f g'
n 'the shorter one is padded' '1,a
2,
3,' 'printf "1\n2\n3\n" >f; echo a >g; xapply -2f "echo %1,%2" f g'
n 'with what -p says' '1,a
X,b
X,c' 'echo 1 >f; printf "a\nb\nc\n" >g; xapply -2f -p X "echo %1,%2" f g'
n 'sets of files' 'x,y p.list q.list q.list
,z p.list q.list q.list
x,y p.list q.list q.list
,z p.list q.list q.list' 'echo x >p.list; printf "y\nz\n" >q.list
    xapply -nf -2 "%1,%2 %f* %f\$" p.list q.list p.list q.list'
n 'names of files' 'p.list:x p
q.list:y q
q.list:z q' 'echo x >p.list; printf "y\nz\n" >q.list; xapply -nf "%f1:%1 %f[1.1]" p.list q.list'
n 'numbers go on in the next file' '0a
1b
2c' 'printf "a\nb\n" >f; echo c >g; xapply -nf %u%1 f g'
n 'the same file twice' 'a
b
a
b' 'printf "a\nb\n" >f; xapply -f echo f f'
n 'side by side, too' 'a,a
b,b' 'printf "a\nb\n" >f; xapply -2f "echo %1,%2" f f'
n '- is stdin' 'a -
b -' 'printf "a\nb\n" | xapply -f "echo %1 %f1" -'
n '- twice is one stream' '1,2
3,4
5,pad' 'printf "1\n2\n3\n4\n5\n" | xapply -2fp pad "echo %1,%2" - -'
n '- later finds it empty' '1
2
a' 'echo a >f; printf "1\n2\n" | xapply -f echo - - f'
n 'a file and -' '1,a
2,b' 'printf "a\nb\n" >f; printf "1\n2\n" | xapply -2f "echo %1,%2" - f'
n 'the last line without a newline' 'a
b' 'printf "a\nb" >f; xapply -f echo f'
n 'empty lines are parameters' '[]
[a]
[]' 'printf "\na\n\n" >f; xapply -f "echo [%1]" f'
n 'an empty file has none' '' 'xapply -f "echo [%1]" /dev/null'
n 'blanks are kept' '[  a	 ]' 'printf "  a\t \n" >f; xapply -nf "[%1]" f'
n 'a carriage return is kept' same 'printf "a\r\n" >f; xapply -nf %1 f | cmp - f && echo same'
n '-z' "<a${nl}b>${nl}<c>" 'printf "a\nb\0c\0" >f; xapply -zf "show \"%1\"" f'
n '--null, the last one without' '[a]
[b]' 'printf "a\0b" >f; xapply --null -f "echo [%1]" f'
n '-z, empty ones' '[]
[a]
[]' 'printf "\0a\0\0" >f; xapply -zf "echo [%1]" f'
x 'a NUL without -z' 65 'a' '~xapply: *NUL*' 'printf "a\nb\0c\nd\n" >f; xapply -f echo f'
x 'a NUL at once' 65 '' '~xapply: *NUL*' 'printf "\0\n" >f; xapply -f "touch started;" f
    c=$?; test ! -e started && exit $c'
x 'a NUL in the last line' 65 - '~xapply: *NUL*' 'printf "a\nb\0c" | xapply -f echo -'
x 'no such file' 66 '' '~xapply: no/file: *' 'xapply -f "touch started;" no/file
    c=$?; test ! -e started && exit $c'
x 'no such file beside another' 66 '' '~xapply: no/file: *' 'echo a >f; xapply -2f "touch started;" f no/file
    c=$?; test ! -e started && exit $c'
x 'no such file further on' 66 - '~xapply: no/file: *' 'echo a >f; xapply -f echo f no/file'
x 'a directory' 66 '' '~xapply: .: *' 'xapply -f "touch started;" .
    c=$?; test ! -e started && exit $c'
x 'a directory beside a file' 66 '' '~xapply: .: *' 'echo a >f; xapply -2f "touch started;" f .
    c=$?; test ! -e started && exit $c'
x 'a directory as stdin' 66 '' '~xapply: *' 'xapply -f "touch started;" - <.
    c=$?; test ! -e started && exit $c'
if [ "$(id -u)" -ne 0 ]; then
	x 'an unreadable file' 66 '' '~xapply: f: *' 'echo a >f; chmod 0 f; xapply -f echo f'
else
	skip 'an unreadable file' 'root may read all'
fi
x 'no files: stdin is left alone' 0 in 'xapply: no parameters; `-` reads standard input, with -f' 'echo in | { xapply -f "touch started;"; cat; }; test ! -e started'
n 'more files than descriptors' '100 0 99' 'for i in $(seq 0 99); do echo $i >f$i; done
    (ulimit -n 20; xapply -f echo $(seq 0 99 | sed s/^/f/)) >o
    echo $(wc -l <o) $(head -n 1 o) $(tail -n 1 o)'
n 'the same, and tasks at once' '100' '
    for i in $(seq 100); do echo $i >f$i; done
    (ulimit -n 20; xapply -P3 -f "echo >>o;%0" f*); wc -l <o | tr -d " "'
n 'line by line behind a slow writer' '1
2
3' 'mkfifo f; { echo 1; await d1; echo 2; await d2; echo 3; } >f & xapply -f "echo %1; : >d%1" f'
n 'the same on stdin, with tasks at once' '1
2
3' '{ echo 1; await d1; echo 2; await d2; echo 3; } | xapply -P3 -f "echo %1; : >d%1" -'
n 'who has ended is noticed while input is awaited' 'noticed' 'mkfifo f
    { printf "1\n2\n"; until test -e j && test $(wc -l <j) -eq 3; do sleep 0.01; done
    echo noticed >&2; } >f 2>o & xapply --joblog j -P2 -f : f; wait; cat o'
n 'a line of 5 MB' 'xyz
5000000
end' '{ echo xyz; head -c 5000000 /dev/zero | tr "\0" x; echo; echo end; } >f
    xapply -f "echo %(1,1-3)" f >o; sed -n 1p o; xapply -nf %1 f | awk "NR == 2 { print length(\$0) }"
    sed -n 3p o'
n 'a short part of a long line' 'ab' '{ printf ab; head -c 200000 /dev/zero | tr "\0" x; echo; } >f
    xapply -f "echo %(1,1-2)" f'
x 'a command of 200 kB: it runs, or is reported, and the others run' 0 'good' - '
    { echo a; head -c 200000 /dev/zero | tr "\0" x; echo; echo b; } >f
    xapply --joblog j -P2 -f "printf %%s\\\\n" f >o 2>e; c=$?
    grep -q "^a$" o && grep -q "^b$" o || exit 9
    if test $(wc -c <o) -gt 200000; then test $c -eq 0 && echo good
    else test $c -ne 0 && test -s e && echo good; fi'

# --- the else-command ---
n '-N when nothing is there' none 'xapply -N "echo none" "echo no"'
n '--else, of empty files' 'none a b' ': >a; : >b; xapply -f --else "echo none" "echo no" a b'
n 'it is one task' 'b,a b,a
b' ': >a; : >b; xapply -f2 -N "echo %2,%*,%1; echo %\$" "echo no" a b'
n 'not when there was one' 'a' 'xapply -N "echo none" echo a'
n 'numbers and tokens' '0 0' 'xapply -N "echo %u %t1" false'
n '%* and %$ of nothing' '[] []' 'xapply -N "echo [%*] [%\$]" false'
x '%1 of nothing' 65 '' '~xapply: *echo %1*' 'xapply -N "echo %1" false'
x '%f there' 65 '' '~xapply: *echo %f1*' ': >a; xapply -f -N "echo %f1" false a'
n '-n' 'echo none' 'xapply -n -N "echo none" false'
n '-v' 'echo none
none' 'xapply -v -N "echo none" false'
x 'a mistake in it is found at once' 65 '' '~xapply: *%z*position [1-9]*' 'xapply -N "echo %z" "touch started;" a
    c=$?; test ! -e started && exit $c'
x 'a mistake in the last batch does not lead to it' 65 '' '~xapply: *position [1-9]*' \
    'xapply -2 -N "touch started" %+ "x %3" a; c=$?; test ! -e started && exit $c'

# --- -n, -v, -x ---
n '-n starts nothing' 'touch a
touch b' 'xapply -n touch a b; test ! -e a && test ! -e b'
n '--dry-run, more than a line' 'echo a
echo b' 'xapply --dry-run "echo %1
echo b" a'
x '-n and a mistake in -e' 65 '' '~xapply: *V*position [1-9]*' 'xapply -n -e V=%z echo a'
x '-n and tokens: one warning' 0 'echo 0 a
echo 0 b' '~xapply: *' 'xapply -n "echo %t1" a b 2>e; cat e >&2; test $(wc -l <e) -eq 1'
x '-v' 0 'echo a
a
echo b
b' '' 'xapply -v echo a b'
x '--verbose, several at once' 0 'good' '' 'xapply -P4 --verbose echo $(seq 50) >o
    awk "/^echo/ { s[\$2] = 1; next } { if (!s[\$1]) exit 1; n++ } END { exit n != 50 }" o && echo good'
x '-x' 0 'a' 'echo a' 'xapply -x echo a'
x '--trace: before the command' 0 '' 'echo a >&2
a' 'xapply --trace "echo %1 >&2" a'
x '-x -n' 0 'echo a' 'echo a' 'xapply -xn echo a'
x '-x -v' 0 'echo a
a' 'echo a' 'xapply -xv echo a'
x '-v, the else-command' 0 'echo a' '' 'xapply -vN "echo a" false >o; sed 1q o'
if [ -c /dev/full ]; then
	x '-n on a full disk' 74 '' '~xapply: *' 'xapply -n echo a >/dev/full'
	x '-n on a full disk, much' 74 '' '~xapply: *' 'seq 100000 | xapply -nf echo - >/dev/full'
	x '-v on a full disk' 74 '' '~xapply: *' 'xapply -v : a >/dev/full'
	x '-h on a full disk' 0 '' '~xapply: *' 'xapply -h >/dev/full; c=$?; test $c -eq 71 || test $c -eq 74'
else
	skip 'full disks' 'no /dev/full'
fi
n '-n closed by its reader' 'echo 1' 'seq 100000 | xapply -nf echo - 2>/dev/null | head -n 1'

# --- show ---
n '--show' "V='it'\\''s 1' W='' echo 1  # xid=1 tokens=0" \
    'xapply -n --show -e "V=it'\''s %1" -e W= echo 1 2>/dev/null'
n '--show, with tokens' '~echo a  # xid=a tokens=0?1' 'xapply -n --show -R2 echo a'
n '--show -u' 'echo a  # xid=0 tokens=0' 'xapply -nu --show echo a'

# --- some expansions, as tests/expand.c has them all ---
e() {           # e OUT TEMPLATE ARGUMENTS...
	want=$1
	shift
	t "-n $*" 0 "$want" '' xapply -n "$@"
}
e 'b-a' -2 '%2-%1' a b
e 'la' -12 '%{12}%{1}' a b c d e f g h i j k l
e '% a' '%%' a
e 'a\"b\\c\`d\$e' '%q1' 'a"b\c`d$e'
e 'log' '%[1/$.1]' /opt/data/log.tar.gz
e 'Roe' '%[1:5,1 $]' 'amy:x:7:7:Amy J Roe,Lab 3:/home/amy:/bin/sh'
e 'r.s/u/w' '%[1/@.-$]' r.s.t/u.v/w
e 'abletay' '%(1,2-$,1,"ay")' table
e 'tro' '%(1,(2-4)($-1))' north.example.org
e '{ wc f f; }' -2 '{ %+; }' 'wc %1 %1' f
e 'cmd a b' -3 '%+' cmd a b
e '. a' '%fu' a

# --- malformed markup: a message with its place, and nothing is started ---
bad() {         # bad TEMPLATE OPTION...
	template=$1
	shift
	rm -rf x && mkdir x
	for at in "$template" "touch started; $template"; do
		(cd x && peer limit 20 xapply "$@" -N 'touch started' "$at" ../one) \
		    >"$T/out" 2>"$T/err" </dev/null
		got=$?
		case $(cat "$T/err") in
		"xapply: '$at': position "[1-9]*": "?*) said=1 ;;
		*) said=0 ;;
		esac
		[ $got -eq 65 ] && [ $said -eq 1 ] && [ ! -s "$T/out" ] && [ ! -e x/started ]
		result $? "malformed: '$at'${1+ with $*}" "exit $got, $(cat "$T/out" "$T/err")"
	done
}
echo a >one
for m in % a% %q '%(' %z '%{}' '%[]' '%{x}' '%(+,1)' '%{f1}' %2 '%{2}' %t2 \
    '%{1' '%{1]' '%{1x}' '%[1' '%[1/2' '%[1/2}' '%(1,x)' '%(1,-2)' '%(1,2-)' \
    '%(1,1-2-3)' '%(1,*-2)' '%(1,2' '%(1' '%(1,"u)' %f1 %ft %t '%q%' '%{+}' \
    '%(+)' '%{99999999999999999999}'; do
	bad "$m"
done
bad %f2 -f
bad %ft -f
bad %t1 -R0
x 'the place is counted in bytes from the beginning' 0 'same' - '
    at() { xapply "$1" a 2>&1 | sed "s/.*: position \([0-9]*\): .*/\1/"; }
    a=$(at "%z"); b=$(at "1234567%z"); test "$a" -ge 1 && test $((b - a)) -eq 7 && echo same'
x 'control characters of a template are visible' 65 '' "~xapply: 'a^?%z': position *" \
    'xapply "$(printf "a\033%%z")" a'
for v in %z % %2 '%{1' '%(1,x)' %f1 %ft %t; do
	x "malformed: -e V9=$v" 65 '' '~xapply: *V9*' "xapply -P2 -e 'V9=$v' -N 'touch started' 'touch started;' a b
	c=\$?; test ! -e started && exit \$c"
done
x 'in a later batch: the others are waited for, no more is started' 65 'one' \
    '~xapply: *position [1-9]*: *' '
    xapply -P2 -2 -N "touch none" "%+" ": >up; await go; sleep 0.2; echo one;%%%%0" a "x %z" b "touch more" c 2>e &
    await up; until test -s e; do sleep 0.01; done; : >go
    wait $!; c=$?; cat e >&2; test ! -e more && test ! -e none && exit $c'
x 'the same in -e' 65 'one' '~xapply: *V9*' '
    xapply -P2 -2 -e "V9=%+" "%2; %0" a ": >up; await go; sleep 0.2; echo one" "x %z" "touch two" a "touch more" 2>e &
    await up; until test -s e; do sleep 0.01; done; : >go
    wait $!; c=$?; cat e >&2; test ! -e more && test ! -e two && exit $c'
x 'a batch before it has run' 65 '1
2' '~xapply: *' 'xapply -2 %+ "echo 1" "" "echo 2" "" %z "" "echo 4" ""'

# --- how many at once ---
n 'one, if nothing is said' 1 'xapply "crowd 1 %0" 1 2 3; peak'
n 'each ends before the next starts' 'good' 'xapply "echo b%1 >>o; sleep 0.02; echo e%1 >>o;%0" 1 2 3 4
    test "$(echo $(cat o))" = "b1 e1 b2 e2 b3 e3 b4 e4" && echo good'
n '-P3' 3 'xapply -P3 "crowd 3 %0" 1 2 3 4 5 6; peak'
n '--jobs 3' 3 'xapply --jobs 3 "crowd 3 %0" 1 2 3 4 5; peak'
n '-P1' 1 'xapply -P1 "crowd 1 %0" 1 2 3; peak'
n 'the last one counts' 2 'xapply -P5 -P2 "crowd 2 %0" 1 2 3 4; peak'
n 'a bare -P' 3 'xapply -P "crowd 3 %0" 1 2 3 4 5 6; peak'
n 'a bare -P and $PARALLEL' 2 'PARALLEL=2 xapply -P "crowd 2 %0" 1 2 3 4; peak'
n 'an empty $PARALLEL' 3 'PARALLEL= xapply -P "crowd 3 %0" 1 2 3 4 5; peak'
x 'a $PARALLEL with options' 0 3 '~xapply: *PARALLEL*' 'PARALLEL="-j 4" xapply -P "crowd 3 %0" 1 2 3 4 5; peak'
for v in 2x -2 2.5 '2 '; do
	x "a \$PARALLEL that is no plain number: '$v'" 0 'a' '~xapply: *PARALLEL*' \
	    "PARALLEL='$v' xapply -P echo a"
done
n 'a $PARALLEL of 0: as many as there are processors' a 'PARALLEL=0 xapply -P echo a'
n 'without -P nobody looks at it' 1 'PARALLEL=3 xapply "crowd 1 %0" 1 2 3; peak'
n '-P4: nor with a number' 2 'PARALLEL=junk xapply -P2 "crowd 2 %0" 1 2 3; peak'
n '-P0: as many as there are CPUs' "$cpus" 'xapply -P0 "crowd '"$cpus"' %0" $(seq '$((cpus + 2))'); peak'
n '--jobs 100%' "$cpus" 'xapply --jobs 100% "crowd '"$cpus"' %0" $(seq '$((cpus + 2))'); peak'
if [ $((cpus % 2)) -eq 0 ]; then
	n '-P50%' "$((cpus / 2))" 'xapply -P50% "crowd '"$((cpus / 2))"' %0" $(seq '$((cpus + 2))'); peak'
else
	skip '-P50%' 'no half of the CPUs here'
fi
n '-P1%: one at least' 1 'xapply -P1% "crowd 1 %0" 1 2; peak'
if command -v taskset >/dev/null && taskset -c 0 true 2>/dev/null; then
	n '-P0: CPUs that we may use' 1 'taskset -c 0 xapply -P0 "crowd 1 %0" 1 2; peak'
else
	skip '-P0: CPUs that we may use' 'no taskset'
fi
n 'a slot number is its task'\''s alone' '100 0 1 2 3' 'xapply -P4 "mkdir s.%t1 && echo %t1 >>o && rmdir s.%t1;%0" $(seq 100)
    echo $(wc -l <o) $(sort -u o)'
n 'slots are used in rotation' '0 1 2 0 1 2 0' '
    for i in 1 2 3 4 5 6 7; do echo $i; until test "$(cat j 2>/dev/null | wc -l)" -gt $i; do sleep 0.01; done; done |
    xapply -P3 --joblog j -f "echo %t1%0" - | xargs'
n 'without -P it is 0' '0 0' 'xapply "echo %t1%0" a b | xargs'
x 'they start in order' 0 'in order' '' 'xapply -P4 -x : $(seq 200) 2>e; sed "s/^: //" e >g
    seq 200 | cmp - g && echo in order'
n 'a free slot is used at once' '2
3
4
1' 'xapply -P2 "test %1 != 1 || await d4; echo %1; : >d%1" 1 2 3 4'
n 'a stopped task keeps its slot' '2
3
went on' 'xapply -P2 "%1" "echo \$\$ >pid; kill -STOP \$\$; echo went on; : >went" "await pid; echo 2" \
    "echo 3" "until test -e went; do kill -CONT \$(cat pid); sleep 0.01; done" 2>/dev/null'
n 'nobody reads any more: nothing begins any more' 'y
141' 'peer limit 60 sh -c "yes | (xapply -fP2 echo -; echo \$? >c) | head -n 1"; until test -s c; do sleep 0.01; done; cat c'
n 'nor is it tried again, though a shell said so for it' 'y
few' 'peer limit 60 sh -c "yes | head -n 50 | (xapply -fP2 --retries 3 --retry-delay 1 \"echo >>o; yes %1 | cat; exit 141;%0\" -; : >c) |
    head -n 1"; await c; test $(wc -l <o) -lt 20 && echo few'
n 'TSTP to a run stops its tasks too, and nobody else' 'T T
went on 0' 'xapply "echo \$\$ >pid; : >up; await go; echo went on;%0" a >o & p=$!; await up; kill -TSTP $p
    # D: the shell waits for a child of vfork, which is stopped
    stopped() { case $(peer state $p)$(peer state $(cat pid)) in TT|TD) ;; *) false ;; esac }
    until stopped; do sleep 0.01; done; echo T T
    kill -CONT $p; : >go; wait $p; c=$?; echo $(cat o) $c'
# (without groups of their own where stdin is a terminal, as this one is)
in=/dev/ptmx
(: <$in) 2>/dev/null || in=/dev/null
for how in '' '-f'; do
	n "TSTP while tasks are started: the run can always be stopped $how" '20' "seq 100000 >l
	list=l; test '$how' || list=\$(echo \$(seq 15000))
	peer limit 60 sh -c 'echo \$\$ >pid; exec xapply -P8 $how \"sleep 0.001;%0\" '\"\$list\" <$in & n=0
	until test -s pid; do sleep 0.01; done; p=\$(cat pid); while test \$n -lt 20; do
	kill -TSTP -\$p; until test \"\$(peer state \$p)\" = T; do sleep 0.01; done
	kill -CONT -\$p; n=\$((n + 1)); done; echo \$n; kill -KILL -\$p; wait 2>/dev/null; :"
done
n 'TSTP and CONT at once: it goes on' 0 'xapply "await go;%0" a & p=$!
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do kill -TSTP $p; kill -CONT $p; done
    : >go; wait $p; echo $?'
n 'what a task leaves behind is not waited for' 'back' 'xapply "(await go; : >late) >/dev/null 2>&1 &%0" a
    test ! -e late && echo back; : >go; await late'
n '200 tasks, 8 at once' '200' 'xapply -P8 "echo %1 >>o;%0" $(seq 200); sort -u o | wc -l | tr -d " "'
n 'from a file, 1000' '1000' 'seq 1000 | xapply -P4 -f "echo %1" - | sort -u | wc -l | tr -d " "'

# --- how it ends ---
n '--no-fail: what becomes of tasks is no matter' 'end' 'ulimit -c 0
    xapply --no-fail "%1" false "exit 3" "kill -9 \$\$" "kill -SEGV \$\$" "kill -TERM \$\$" ": >last" 2>/dev/null && test -e last && echo end'
x 'nor that a program is not there' 0 '' '~*no_such_program*' 'xapply --no-fail no_such_program a'
n 'nor through wrappers' 'end' 'xapply --no-fail -m -J2 "%1" false "exit 3" "kill -9 \$\$" ": >last" 2>/dev/null && test -e last && echo end'
n 'and nothing is said' 3 'xapply --no-fail "echo >>o; exit %1" 1 2 3; wc -l <o | tr -d " "'
x '--fail' 2 '' 'xapply: 2 of 3 tasks failed: 1 (exit 1), 2 (exit 2)' 'xapply --fail "exit %1" 0 1 2'
x '--fail, at once' 3 '' '~xapply: 3 of 4 tasks failed: *false (exit 1)*' 'xapply -P4 --fail "%1" false true "kill -9 \$\$" "exit 99" 2>e; c=$?; grep ^xapply e >&2; exit $c'
x '--fail, a program that is not there' 1 '' 'xapply: 1 of 1 tasks failed: a (exit 127)' \
    'xapply --fail no_such_program a 2>e; c=$?; sed -n "\$p" e >&2; exit $c'
x '--fail, a hundred at most' 100 '' '~xapply: 150 of 150 tasks failed: * (exit 1), and 140 more' 'xapply --fail -P2 "exit 1;%0" $(seq 150)'
x 'tasks that failed' 2 '' 'xapply: 2 of 4 tasks failed: b (exit 7), d (signal 9)' \
    'xapply "case %1 in b) exit 7;; d) kill -9 \$\$;; esac" a b c d'
for o in -m -k -P4 -J2 -u '-m -J2 -R1' '--retries 2'; do
	x "tasks that failed: $o" 2 '' '~xapply: 2 of 4 tasks failed: * (exit 1), * (exit 1)' "xapply $o 'test %u -lt 2;%0' a b c d"
done
x 'a run within a task leaves it to the outer one' 1 '' 'xapply: 1 of 2 tasks failed: false (exit 2)' \
    'xapply "xapply %1 1 2; :" true && xapply "xapply %1 1 2;%0" false true'
x 'but where only it is read' 1 '1' '~xapply: 1 of 1 tasks failed: false*' \
    'xapply "xapply %1 1 2>e;%0" false; c=$?; grep -c "1 of 1 tasks failed: 1 .exit 1." e; exit $c'
x 'what a name may do to a terminal is shown' 1 '' 'xapply: 1 of 1 tasks failed: ^[[2Jx (exit 1)' \
    'xapply -q "false %1" "$(printf "\033[2Jx")"'
x 'a name that is long' 1 '' "xapply: 1 of 1 tasks failed: $(printf '%077d' 1 | cut -c 1-63) (exit 1)" \
    'xapply "false %1" "$(printf %0900d 1)"'
n '--fail, when none failed' 'a' 'xapply --fail echo a'
n '--fail without tasks' '0 1' 'xapply --fail false 2>/dev/null; c=$?; xapply --fail false a 2>/dev/null; echo $c $?'
x '--fail through wrappers' 2 '' '~*xapply: 2 of 3 tasks failed*' 'xapply -m -J1 --fail "exit %1" 0 1 2'
for o in never soon now; do
	c=3 w=2
	[ $o != never ] || { c=2 w=4; }
	x "--halt $o" $c $w - "xapply --halt $o 'echo >>o; exit %1' 0 3 0 4; c=\$?; wc -l <o | tr -d ' '; exit \$c"
done
x '--halt soon: who runs is waited for, the last failure counts' 4 'end' - '
    xapply -P2 --halt soon --joblog j "%1" "await go; until grep -q ^2 j; do sleep 0.01; done; echo end; exit 4" \
	": >go; exit 3" "touch more"; c=$?; test ! -e more && exit $c'
x '--halt soon: a signal' 137 '' - 'xapply --halt soon "%1" "kill -9 \$\$" "touch more" 2>/dev/null
    c=$?; test ! -e more && exit $c'
x '--halt soon,fail=2' 4 '4' - 'xapply --halt soon,fail=2 "echo >>o; exit %1" 0 3 0 4 5; c=$?; wc -l <o | tr -d " "; exit $c'
x '--halt soon,fail=2, one alone' 0 '3' - 'xapply --no-fail --halt soon,fail=2 "echo >>o; exit %1" 0 3 0; c=$?; wc -l <o | tr -d " "; exit $c'
x '--halt soon,fail=50%' 7 - - 'xapply --halt soon,fail=50% "echo >>o; exit 7;%0" 1 2 3 4; c=$?; test $(wc -l <o) -le 2 && exit $c'
for n in '0 0 0 7 7 9|9|6' '7 7 0|7|3' '7 0 0|1|3' '7 7 7 7 7 0 0|7|5'; do
	x "--halt soon,fail=50% -f: $n" "$(echo "$n" | cut -d'|' -f2)" "${n##*|}" - "printf '%s\n' ${n%%|*} >l
	    xapply -f --halt soon,fail=50% 'echo >>o; exit %1' l; c=\$?; wc -l <o | tr -d ' '; exit \$c"
done
n '--halt soon,fail=50%, not reached' '4' 'xapply --no-fail --halt soon,fail=50% "echo >>o; exit %1" 0 0 0 1; wc -l <o | tr -d " "'
x '--halt now: who runs is told' 5 'told' - '
    xapply -P2 --halt now "%1" "trap \"echo told; exit 0\" TERM; : >up; while :; do sleep 0.01; done" \
	"await up; exit 5" "touch more"; c=$?; test ! -e more && exit $c'
x '--halt now: its children as well' 5 'gone' - 'mkfifo f; cat f & r=$!
    xapply -P2 --halt now "%1" "(: >up; exec sleep 60) >f & wait" "await up; exit 5"; c=$?
    wait $r && echo gone; exit $c'
x '--halt now,fail=2' 6 'told' - '
    xapply -P3 --joblog j --halt now,fail=2 "%1" \
	"trap \"echo told; exit 0\" TERM; : >up; while :; do sleep 0.01; done" "await up; exit 5" \
	"until test -e j && grep -q \"	5	0	\" j; do sleep 0.01; done; exit 6"'
# each task ends when the one before has, which the log knows
after() {       # tasks NUMBER CODE: end with that code, as the nth
	cat <<-'END'
	until test "$(grep -c . j)" -ge %1 2>/dev/null; do sleep 0.01; done; exit %2;%0
	END
}
for o in 'now,success=1|0|2|1 task succeeded: 2 (exit 0)' 'soon,success=1|0|2|1 task succeeded: 2 (exit 0)' \
    'now,success=2|0|4|2 tasks succeeded: 4 (exit 0)' 'now,success=9|3||' 'soon,success=25%|0|3|2 tasks succeeded: 4 (exit 0)' \
    'now,done=1|7|1|1 task done: 1 (exit 7)' 'now,done=2|0|2|2 tasks done: 2 (exit 0)' \
    'soon,done=3|5|3|3 tasks done: 3 (exit 5)' 'soon,done=34%|5|3|3 tasks done: 3 (exit 5)' \
    'now,done=6|0|6|6 tasks done: 6 (exit 0)' 'soon,done=99|3||' 'never,done=1|3||'; do
	IFS='|' read -r rule c most says <<-END
	$o
	END
	[ -z "$says" ] || says="xapply: halt: $says"
	for p in 1 3; do
		x "--halt $rule -P$p" "$c" "${says:-none}" - "xapply --joblog j -P$p -2 --halt $rule '$(after)' \
		    1 7 2 0 3 5 4 0 5 5 6 0 2>e; c=\$?; grep halt: e || echo none; exit \$c"
	done
	[ -n "$most" ] && [ "$rule" != 'soon,success=25%' ] || continue
	x "--halt $rule: no task more" "$c" "$most" - "xapply -2 --halt $rule 'echo >>o; exit %2;%0' \
	    1 7 2 0 3 5 4 0 5 5 6 0; c=\$?; echo \$((\$(wc -l <o))); exit \$c"
done
x '--halt now,success=1: others have not failed' 0 '' 'xapply: halt: 1 task succeeded: b (exit 0)' \
    'xapply -P2 -2 --halt now,success=1 "%2;%0" a ": >up; exec sleep 60" b "await up" c "touch more"; c=$?
    test ! -e more && exit $c'
x '--halt now,success=1: but those before have' 0 '' 'xapply: halt: 1 task succeeded: b (exit 0)
xapply: 1 of 2 tasks failed: a (exit 9)' 'xapply -2 --halt now,success=1 "exit %2;%0" a 9 b 0 c 0'
x '--halt now,success=1: those that it ended are not in the log' 0 '1' - \
    'xapply -P2 -2 --joblog j --halt now,success=1 "%2;%0" a ": >up; exec sleep 60" b "await up"; c=$?; sed 1d j | wc -l | tr -d " "; exit $c'
# a parameter that no command can hold
head -c 131071 /dev/zero | tr '\0' a >"$T/long"
{ echo one; cat "$T/long"; echo; echo two; } >"$T/longlist"
for o in '' -q -m '-q -m'; do
	x "a task that is too long fails alone: $o" 1 'one two' '~xapply: task 2 (aaa*): Argument list too long
xapply: 1 of 3 tasks failed: aaa* (exit 126)' "xapply $o -f 'echo' '$T/longlist' >o; c=\$?; echo \$(cat o); exit \$c"
done
x 'and -X says that it cannot be' 65 - "~xapply: a batch cannot hold even one parameter: *" "xapply -X -f echo '$T/longlist'"
x 'names of --results never meet' 0 'err b|err b.err|out b|out b.err|' - "xapply --stderr-apart --results r 'echo out %1; echo err %1 >&2' b b.err >/dev/null 2>&1; cat r/* | sort | tr '\\n' '|'"

# words of other programs
for o in '-P+2|jobs are a number' '-P-1|jobs are a number' '-P 50%|-P50%' '-N2|so many parameters' '-d,|--columns' \
    '-a file|operands, with -f' '-E x|end of the list' '-I x|%1' '-j2|-P4' '-L1|-f -2' '-r|-N' '-o|reads the terminal' \
    '--arg-file=x|-f' '--colsep ,|--columns' '--delimiter ,|--columns' '--dryrun|--dry-run' '--eta|--progress' '--eof x|end of the list' \
    '--env X|-e' '--exit|--halt now' '--group|-m' '--halt-on-error 1|--halt soon' '--interactive|-n' '--link|--zip' \
    '--max-lines 2|-f -2' '--max-procs 2|-P4' '--max-replace-args 2|--max-args' '--nice 3|the command has it' \
    '--no-run-if-empty|-N' '--open-tty|terminal' '--pipepart f|--pipe-part' '--process-slot-var X|%t1' '--replace|%1' \
    '--show-limits|-X' '--shuf|shuf list' '--sshlogin x|ssh host' '--trim x|--columns' '--tty|terminal' '--ungroup|-m' \
    '--wd .|cd dir' '--workdir .|cd dir' '--will-cite|not needed' '--xargs|-X' '--xapply|--zip'; do
	x "a hint: ${o%%|*}" 64 '' "~xapply: *${o##*|}*
see xapply -h" "xapply ${o%%|*} 'touch more' a; c=\$?; test ! -e more && exit \$c"
done
for o in '{.}|%r1' '{/}|%n1' '{//}|%h1' '{/.}|%m1' '{#}|%#' '{}|%1' '{2}|%2' '{2/.}|%2'; do
	x "a hint: ${o%|*}" 0 "${o%|*} a" "~xapply: ${o%|*} is plain text, *${o#*|}*" "xapply 'echo ${o%|*}' a"
done
x 'no hint: a regular expression' 0 'a{2} a' '' "xapply 'echo a{2}' a"
x '--halt soon,fail=50% -f: at the end it says so' 1 '' 'xapply: halt: 2 tasks failed: 2 (exit 1)
xapply: 2 of 3 tasks failed: 1 (exit 1), and 1 named above' "printf '%s\n' 1 2 0 >l; xapply -f --halt soon,fail=50% 'test %1 = 0' l"
x '--halt: who did it is named once' 1 '' 'xapply: halt: 1 task failed: a (exit 1)' "xapply --halt soon 'false %1' a b"
x '--halt, others failed as well' 1 '' 'xapply: halt: 2 tasks failed: b (exit 1)
xapply: 2 of 2 tasks failed: a (exit 1), and 1 named above' "xapply --halt soon,fail=2 'false %1' a b c"
x '--halt and --progress' 1 '' '~xapply: halt: 1 task failed: a (exit 1)
xapply: 1 task done in *, 1 failed' "xapply --progress --halt soon 'false %1' a b"
x '-T: who took too long is named once' 2 '' 'xapply: task 2 (9): its time is up
xapply: 2 of 2 tasks failed: 0 (exit 1), and 1 named above' "xapply -T 0.3 'sleep %1; false' 0 9"
x '--halt soon,success=50% -f: at the end of the list' 0 '3' 'xapply: halt: 1 task succeeded: 0 (exit 0)
xapply: 2 of 3 tasks failed: 1 (exit 1), 1 (exit 1)' "printf '%s\n' 1 1 0 >l
    xapply -f --halt soon,success=30% 'echo >>o; exit %1' l; c=\$?; wc -l <o | tr -d ' '; exit \$c"

# --- what ends a task ---
x '--termseq: one signal after the other' 1 'INT HUP 9' '~*its time is up*' '
    xapply -T 0.3 --joblog j --termseq INT,0.3,SIGHUP,0.3,9 "trap \"echo INT >>o\" INT; trap \"echo HUP >>o\" HUP
	while :; do sleep 0.01; done;%0" a 2>e; c=$?; cat e >&2; echo $(cat o) $(tail -n 1 j | cut -f 8); exit $c'
x '--termseq: those behind the one that did it are not sent' 1 'USR1' '~*its time is up*' '
    xapply -T 0.3 --termseq USR1,60,KILL "trap \"echo USR1; exit 0\" USR1; while :; do sleep 0.01; done;%0" a'
x '--termseq: and --halt now' 5 'USR2' - '
    xapply -P2 --halt now --termseq USR2,60,KILL "%1" "trap \"echo USR2; exit 0\" USR2; : >up; while :; do sleep 0.01; done" \
	"await up; exit 5"'
x '--termseq KILL' 1 9 - 'xapply -T 0.2 --joblog j --termseq KILL "trap : TERM; while :; do sleep 0.01; done;%0" a
    c=$?; tail -n 1 j | cut -f 8; exit $c'
x '--termseq: one that leaves the task' 1 '0' - '
    xapply -T 0.2 --joblog j --termseq USR1 "trap \": >told\" USR1; until test -e told; do sleep 0.01; done; exit 0;%0" a
    c=$?; tail -n 1 j | cut -f 8; exit $c'
for o in FOO TERM,x '' TERM,1, 0 99 TERM,,KILL term; do
	x "--termseq '$o'" 64 '' '~xapply: --termseq: *' "xapply --termseq '$o' 'touch started' a; c=\$?; test ! -e started && exit \$c"
done

# --- time ---
n 'KILL, 5 s after TERM: --timeout and --halt now' 'killed 137 9' '
    xapply -P2 --halt now "%1" "trap \"\" TERM; : >up; await never" "await up; exit 5" 2>/dev/null &
    xapply -T 0.2 --joblog j --halt soon "trap \"\" TERM; await never;" a 2>/dev/null; c=$?
    wait $! && test $? -eq 5
    echo killed $c $(cut -f 8 j | tail -n 1)'
x 'a task whose time was up and that waits for its next attempt has failed' 143 '1 124' - \
    'xapply --retries 2 --retry-delay 60 -T 0.3 --joblog j "echo \$\$ >pid; trap \"exit 0\" TERM; sleep 9 & wait;%0" a & p=$!
    until test -s pid; do sleep 0.1; done; while kill -0 $(cat pid) 2>/dev/null; do sleep 0.1; done
    kill $p; wait $p; code=$?; awk "\$1 == 1 { print \$1, \$7 }" j; exit $code'
x 'a bad template of -N' 65 '' "~*unknown escape*" ': >"e%z"; xapply -f -N "echo %+" cat "e%z"'
x 'a joblog that is a pipe has a heading' 0 '~Seq*' '' 'xapply --joblog /dev/stdout true a | cat'
# (one has the turn until the other, which is held, goes on no more)
x 'held output beyond the limit of files' 0 400006 '' 'ulimit -f 100
    cat >task <<-"END"
	case $1 in
	a)  echo first; until test -s at; do sleep 0.1; done
	    until was=$(cat at); sleep 0.5; test "$was" = "$(cat at)"; do :; done ;;
	b)  i=0; while [ $i -lt 4000 ]; do printf %0100d 0; i=$((i + 1)); echo $i >at; done ;;
	esac
	END
    { TMPDIR=$PWD xapply -m -P2 "sh task %1" a b; echo $? >code; } | wc -c | tr -d " "
    exit $(cat code)'
x 'names of results are one for each task' 0 'a?b~0 a?b~1 a?b~2 ~3' '' \
    "printf 'a\\tb\\0a\\nb\\0a\\rb\\0\\0' | xapply -fz --results r 'echo task %u;%0' - >/dev/null; ls r | sort | xargs echo"
x '-T: the task and its children end' 0 'gone 15' '~*its time is up' 'mkfifo f; exec 3<>f; cat f 3>&- & r=$!
    xapply --no-fail -T 0.3 --joblog j "sleep 60 >f & wait;%0" a 3>&-; exec 3>&-
    wait $r && echo gone $(cut -f 8 j | tail -n 1)'
x '--timeout counts as a failure' 1 b 'xapply: task 1 (sleep 60): its time is up
xapply: 1 of 2 tasks failed' 'xapply --timeout .3 --fail "%1" "sleep 60" "echo b"'
x '--timeout: also of one that ends well then' 1 '' '~xapply: task 1 (a): its time is up*xapply: 1 of 1 tasks failed' \
    'xapply --timeout .3 --fail "trap \"exit 0\" TERM; while :; do sleep 0.01; done;%0" a'
# (seconds here are what it means, nothing that is waited for)
for times in '2 3 0' '4 3 2'; do
    n "-T: time in which all stood still does not count ($times)" 'end
0' 'set -- '"$times"'
    rm -f up go; xapply -T $1 "echo \$\$ >pid; : >up; until test -e go; do sleep 0.01; done; echo end;%0" a & p=$!
    await up; t=$(cat pid); kill -STOP $p $t; sleep $2; kill -CONT $p $t; sleep $3; : >go; wait $p; echo $?'
done
n '-T: who is in time is left alone' 'a' 'xapply -T 15 "sleep 0.1; echo" a'
x '-T and --halt: who did it is named once' 143 '' 'xapply: task 1 (9): its time is up
xapply: halt: 1 task failed' "xapply -T 0.3 --halt soon 'sleep %1' 9 0"
x '-T and --halt: of two the other is named' 1 '' 'xapply: task 1 (9): its time is up
xapply: halt: 2 tasks failed: 0 (exit 1)
xapply: 2 of 2 tasks failed' "xapply -T 0.3 --halt soon,fail=2 'sleep %1; false' 9 0 9"
if command -v setsid >/dev/null; then
	x '-T: the dead that nobody collects are not waited for' 1 'gone' '~*its time is up*' '
    xapply -T 0.5 --termseq TERM,0.1,KILL "sh -c \"sleep 60 & echo \\\$\\\$ >pid; exec setsid sleep 60\" & wait;%0" a
    c=$?; kill "$(cat pid)" && echo gone; exit $c'
else
	skip '-T: the dead' 'no setsid here'
fi
x '-T: other units' 1 '' '~*its time is up*' 'xapply -T 0.005m "sleep 60;%0" a'
for t in 1s 1m 0.5h 1d 24d 25d 50d 365d 3650d; do
	n "-T $t" a "xapply -T $t 'sleep 0.1; echo' a"
done
for t in 1x 1mm m 1ms .h 3651d 99999999999999999999d; do
	x "-T $t" 64 '' "~xapply: -T: $t is *" "xapply -T $t 'touch started' a; c=\$?; test ! -e started && exit \$c"
done
n '--retries: until it is done' '3 a' 'xapply --fail --retries 5 "echo >>o; test \$(wc -l <o) -eq 3 || exit 1; echo \$((\$(wc -l <o))) %1" a'
x '--retries: not more often' 1 '3' 'xapply: 1 of 1 tasks failed: a (exit 1)' 'xapply --fail --retries 3 "echo >>o; false;%0" a; c=$?; wc -l <o | tr -d " "; exit $c'
n '--retries 1 is none' '1' 'xapply --no-fail --retries 1 "echo >>o; false;%0" a; wc -l <o | tr -d " "'
n '--retries: a line of the log' '2 1 7' 'xapply --no-fail --retries 2 --joblog j "echo >>o; exit 7;%0" a
    echo $(wc -l <o) $(($(wc -l <j) - 1)) $(cut -f 7 j | tail -n 1)'
x '--retries and --halt' 0 '2' 'xapply: halt: 1 task failed: a (exit 1)' 'xapply --no-fail --halt soon --retries 2 "echo >>o; false;%0" a b; wc -l <o | tr -d " "'
n '--retry-delay' later 'xapply --no-fail --retries 2 --retry-delay 1.5 "date +%%s >>o; false;%0" a
    test $(($(tail -n 1 o) - $(head -n 1 o))) -ge 1 && echo later'
n '--retry-delay holds up nobody' '1
1' 'xapply --no-fail -P2 --retries 2 --retry-delay 0.5 "echo %1 >>o; test %1 = 2;" 1 2; tail -n 1 o
    grep -v 2 o | tail -n 1; test $(grep -c . o) -eq 3'
n '--delay' 'apart' 'xapply -P3 --delay 0.3 --joblog j : a b c
    sed 1d j | cut -f 3 | sort -n | awk "NR > 1 && \$1 - before < 0.29 { bad = 1 } { before = \$1 } END { exit bad || NR != 3 }" && echo apart'

# --- the log ---
log="Seq	Host	Starttime	JobRuntime	Send	Receive	Exitval	Signal	Command"
n '--joblog' "$log
~ 0~echo 0; exit 0" 'xapply --joblog j "echo 0 >/dev/null; exit 0;%0" a; sed -n 1p j
    sed -n 2p j | cut -f 8,9 | sed "s/^/~ /; s/	/~/; s/ >.*;/; exit 0/; s/; exit 0.*/; exit 0/"'
x '--resume-by-args: whatever stands where, and how often' 0 '2 4' '' 'xapply --joblog j --no-fail "exit %1" 0 1 3 0
    echo $(xapply --joblog j --resume-by-args "echo %1" 2 0 3 4 0 1 0)'
n '--resume-by-args: all parameters' 'a c' 'xapply -2 --joblog j ":;%0" a b; xapply -2 --joblog j --resume-by-args "echo %1 %2;" a b a c'
n '--resume-by-args -f' 'z x' 'xapply --joblog j ":;%0" y; printf "%s\n" z y x >l
    echo $(xapply -f --joblog j --resume-by-args "echo %1" l)'
x '--resume-by-args --resume-failed: the last line counts' 0 '3 4' '' 'xapply --joblog j --no-fail "exit %1" 0 1 3
    xapply --joblog j --resume-by-args --resume-failed ":;%0" 1; echo $(xapply --joblog j --resume-failed --resume-by-args "echo %1" 4 3 1 0 | sort)'
log_of_parallel="printf 'Seq\\tHost\\tStarttime\\tJobRuntime\\tSend\\tReceive\\tExitval\\tSignal\\tCommand\\n' >j
    for c in 'echo a' 'exit 3' 'echo  b	c'; do case \$c in exit*) r=3 ;; *) r=0 ;; esac
    printf '7\\t:\\t1.0\\t0.1\\t0\\t0\\t%s\\t0\\t%s\\n' \$r \"\$c\"; done >>j;"
x '--resume-by-args: a log of GNU parallel has commands' 0 '' '' "$log_of_parallel
    xapply --joblog j --resume-by-args '%1' 'echo  b	c' 'exit 3' 'echo a'"
x '--resume-by-args: another command is run, which is said once' 0 'c d' \
    'xapply: j: without a hash a line names its task by the command alone; a task with another one is run' \
    "$log_of_parallel echo \$(xapply --joblog j --resume-by-args echo c a d)"
x '--resume-by-args: a command with tokens is another' 0 'a' '~xapply: j: without a hash *' \
    "$log_of_parallel xapply -J1 --joblog j --resume-by-args 'echo a; : %t1%0' a"
x '--resume-by-args --resume-failed: a log of GNU parallel' 3 '' '~xapply: 1 of *' "$log_of_parallel
    xapply --joblog j --resume-by-args --resume-failed '%1' 'exit 3' 'echo a'; c=\$?; test \$c = 1 && exit 3"
x '--resume-by-args needs a log' 64 '' '~xapply: --resume needs --joblog*' 'xapply --resume-by-args : a'
n 'lines of the log' "1	0	0	exit 0; a b
2	3	0	exit 3; c
3	0	9	kill -9 \$\$; exit; d" 'xapply -2 --joblog j "%2; %1" "a b" "exit 0" c "exit 3" d "kill -9 \$\$; exit" 2>/dev/null
    xapply --joblog j -2 "%2; %1" "a b" "exit 0" c "exit 3" d "kill -9 \$\$; exit" 2>/dev/null
    sed 1d j | cut -f 1,7-9'
n 'times in the log' good 'now=$(date +%s); xapply --joblog j "sleep 0.2" "";
    sed 1d j | grep -E "^1	:	[0-9]+\.[0-9]{3}	[0-9]+\.[0-9]{3}	0	0	0	0	" | awk -v now=$now \
	"\$3 - now > -2 && \$3 - now < 20 && \$4 > 0.19 && \$4 < 10 { print \"good\" }"'
t 'bytes that would spoil the log' 0 '1 line
: a\b\tc\nd?' '' sh -c 'rm -f j; xapply --joblog j ": %1
%0" "$1" >/dev/null 2>&1; sed 1d j | wc -l | sed "s/^ *1$/1 line/"
    tail -n 1 j | cut -f 9 | sed "s/\\\\n$//"' sh "$(printf 'a\\b\tc\nd\033')"
n 'a log is made anew' '2' 'xapply --joblog j : a b c; xapply --joblog j : a; wc -l <j | tr -d " "'
n 'the log is written as tasks end' '2' 'xapply --joblog j "%1" : "wc -l <j | tr -d \" \""'
for o in /no/log .; do
	x "no log can be there: $o" 73 '' "~xapply: $o: *" "xapply --joblog $o 'touch started;' a
	c=\$?; test ! -e started && exit \$c"
done
for o in --resume --resume-failed; do
	x "$o without a log" 64 '' '~xapply: *--joblog*' "xapply $o 'touch started;' a
	c=\$?; test ! -e started && exit \$c"
	n "$o, and no log yet" 'a 2' "xapply $o --joblog j echo a >o; echo \$(cat o) \$(wc -l <j)"
done
n '--resume: a log that ends within its first line' '1 2' 'xapply --joblog j : a; head -c 9 j >k
    echo $(xapply --resume --joblog k "echo 1;%0" a) $(wc -l <k)'
n '--resume: what has been done is not done again' '1
2
3 2
1 3' 'xapply --joblog j echo 1 2; xapply --resume --joblog j "echo %1 %u%0" 1 2 3
    echo $(grep -c ^Seq j) $(grep -c "^[0-9]" j)'
n '--resume: failures are not done again' '3' 'xapply --no-fail --joblog j "exit 1;%0" 1 2; xapply --resume --joblog j "echo %1 again;%0" 1 2; wc -l <j | tr -d " "'
n '--resume-failed: they are' '2 again
3' 'xapply --no-fail --joblog j "exit %1" 0 2; xapply --resume-failed --joblog j "echo %1%0" 0 "2 again" 3'
n '--resume-failed: a signal is a failure' 'again' 'xapply --joblog j "%1" : "kill -9 \$\$" 2>/dev/null
    xapply --resume-failed --joblog j "echo %1%0" : again'
n '--resume-failed, twice' '3' 'xapply --no-fail --joblog j "exit 1;%0" 1; xapply --resume-failed --joblog j ":" 1
    xapply --resume-failed --joblog j "echo again;%0" 1; wc -l <j | tr -d " "'
n '--resume after a line that was cut off' '2
3' 'xapply --joblog j : 1 2; printf "3	17" >>j; xapply --resume --joblog j "echo %1%0" 1 2 3 >o
    xapply --joblog k : 1; printf "2	17" >>k; xapply --resume --joblog k "echo %1%0" 1 2 >p; cat p o'
n '--resume: who was not on the list is run' 'new
c
1
new
2' 'xapply --joblog j : a "b\n" b c; xapply --resume --joblog j "echo %1%0" new "b\n" c c
    xapply --resume --joblog j "echo %1%0" new "b\n" b c; xapply -u --joblog j : a b
    xapply --resume -u --joblog j "echo %1;%0" 1 new; xapply --resume --joblog j "echo %u;%0" 1 new
    xapply --resume --joblog j "echo 2;%0" 1 2'
n '--resume: what was interrupted is done again, however it ended' '1 2 3' '
    xapply -P2 --joblog j "trap \"exit 7\" TERM; : >up%1; while :; do sleep 0.01; done;%0" 1 2 3 2>/dev/null & p=$!
    await up1 up2; kill $p; wait $p 2>/dev/null; echo $(xapply --resume --joblog j "echo %1;%0" 1 2 3)'
n '--resume: and what was halted' '1' '
    xapply -P2 --halt now --joblog j "%1" "await up; exit 3" ": >up; exec sleep 60" 2>/dev/null
    xapply --resume --joblog j "echo %u;%0" "await up; exit 3" ": >up; exec sleep 60"'
n '--resume: who was told to end and ended well has done it' '3' '
    xapply -P2 --joblog j "trap \"exit 0\" TERM; : >up%1; while :; do sleep 0.01; done;%0" 1 2 3 2>/dev/null & p=$!
    await up1 up2; kill $p; wait $p 2>/dev/null; echo $(xapply --resume --joblog j "echo %1;%0" 1 2 3)'
n '--resume through wrappers' '3' 'xapply --joblog j : 1 2; xapply -m -J1 --resume --joblog j "echo %1%0" 1 2 3'
n '--resume with files' 'c' 'printf "a\nb\n" >f; xapply -f --joblog j : f; echo c >>f; xapply -f --resume --joblog j echo f'

# --- progress, not on a terminal ---
x '--progress: a line at the end' 0 'a
b
c' '~xapply: *3*' 'xapply --progress echo a b c 2>e; c=$?; cat e >&2; test $(wc -l <e) -eq 1 || exit
    tr -d "\033\r" <e | cmp - e || exit; exit $c'

# --- quoting ---
hard="it's \"q\" \$HOME \`id\` \\ * ; | & < > ( ) # ~ ! {a,b} ="
for o in -q --quote; do
	t "$o" 0 "<$hard>" '' xapply $o 'show %1' "$hard"
	t "$o, within double quotes" 0 "<a${hard}b>" '' xapply $o 'show "a%1b"' "$hard"
	t "$o, within single quotes" 0 "<a${hard}b>" '' xapply $o "show 'a%1b'" "$hard"
	t "$o, the tail" 0 "<x><$hard>" '' xapply $o 'show x' "$hard"
done
for o in -q --argv; do
	t "$o: each of the tail is a word" 0 '<a b><><c d>' '' xapply -3 $o show 'a b' '' 'c d'
	t "$o: %* as well" 0 '<1><a b><c><2>' '' xapply -2 $o 'show 1 %* 2' 'a b' c
	t "$o: a part of a word" 0 '<xa by>' '' xapply $o 'show x%1y' 'a b'
	t "$o: an empty one" 0 '<><>' '' xapply -2 $o 'show %1 %2' '' ''
	t "$o: %0 is nothing" 0 '<a>' '' xapply $o 'show a %0' x
	t "$o: parts" 0 '<b c><a>' '' xapply $o 'show %[1/2] %(1,1)' 'a/b c'
	t "$o: numbers and tokens" 0 '<0><0>' '' xapply $o 'show %u %t1 %0' x
	t "$o: a dash in front" 0 '<-n><--><-->' '' xapply -3 $o 'show' -n -- --
	x "$o: newlines" 0 '<a
b
>' '' "xapply -q 'show %1' 'a
b
'"
	x "$o: bytes that are no text" 0 same '' "b=\$(printf '\\377\\200\\001\\033\\303')
	xapply $o 'show %1' \"\$b\" >o; echo \"<\$b>\" | cmp - o && echo same"
	x "$o: 100 kB" 0 100002 '' "head -c 100000 /dev/zero | tr '\\0' \\' >i
	head -c 20000 i >j; xapply $o -f 'show %1' j | wc -c >o; test \$(cat o) -eq 20003 || exit
	tr \\' x <i >f; xapply $o -f 'show %1' f | tr -d '\\n' | wc -c | tr -d ' '"
	x "$o: 200 kB: it runs, or is reported, and the others run" 0 good - "
	    { echo a; head -c 200000 /dev/zero | tr '\\0' x; echo; echo b; } >f
	    xapply $o -f show f >o 2>e; c=\$?
	    grep -q '^<a>$' o && grep -q '^<b>$' o || exit 9
	    if test \$(wc -c <o) -gt 200000; then test \$c -eq 0 && echo good
	    else test \$c -ne 0 && test -s e && echo good; fi"
	x "$o -e: a variable has the plain text" 0 "a  'b" '' "xapply $o -e \"V=%1\" 'printenv V %0' \"a  'b\""
	x "$o -f" 0 "<a b>$nl<'>" '' "printf \"a b\\n'\\n\" >f; xapply $o -f show f"
	x "$o -N" 0 '<a b>' '' ": >'a b'; xapply $o -f -N show false 'a b'"
	x "$o: %+ is a command" 0 '<it><a b>' '' "xapply $o -2 %+ 'show it %1' 'a b'"
done
for m in 'echo $((%1))' 'echo `echo %1`' 'echo ${V-%1}' 'echo \%1' 'cat <<E
%1
E' 'echo a # %1'; do
	x "-q: it cannot be quoted there: $(echo "$m" | head -n 1)" 65 '' "~xapply: *position [1-9]*: *" "xapply -q 'touch started; $m' a
	c=\$?; test ! -e started && exit \$c"
done
n '-q: but within $( )' '<a b>' 'xapply -q "show \"\$(echo %1)\"" "a b"'
n '-q: the rest is shell' '<a;><b>' 'xapply -q "V=%1; show \$V b" "a;"'
n '-q -n' "show 'a b'" 'xapply -qn show "a b"'
n '--argv: there is no shell' '<$HOME;><*><~>' "SHELL=$T/sh1 xapply --argv \"show '\\\$HOME;' '*' \\\"~\\\" %0\" a"
n '--argv: backslashes' '<a b><c>' "SHELL=$T/sh1 xapply --argv 'show a\\ b c %0' x"
x '--argv: nothing is interpreted' 0 good - "SHELL=$T/sh1
    xapply --argv 'show a; touch started' a; xapply --argv 'show a >started' a
    xapply --argv 'show \$(touch started)' a; xapply --argv 'show a | touch started' a
    xapply --argv 'show a && touch started' a; test ! -e started && xapply --argv 'echo good %0' a"
x '--argv: cd is no program' 1 '' '~*xapply: cd*
xapply: 1 of 1 tasks failed: / (exit 127)' 'command -v /bin/cd /usr/bin/cd >/dev/null && { echo "xapply: cd
xapply: 1 of 1 tasks failed: / (exit 127)" >&2; exit 1; }
    xapply --fail --argv "cd %1" /'
x '--argv: no such program' 0 '127 0' '~xapply: nosuch: *' 'xapply --argv --joblog j "nosuch" a; tail -n 1 j | cut -f 7,8 | tr "\t" " "'
x '--argv: not executable' 0 '126 0' '~xapply: ./f: *' ':>f; xapply --argv --joblog j ./f a; tail -n 1 j | cut -f 7,8 | tr "\t" " "'
x 'a binary that is none for this machine' 0 '126 0' '~*./f: *ormat error*' 'printf "\177X\0\n" >f; chmod +x f
    xapply --joblog j ./f a; tail -n 1 j | cut -f 7,8 | tr "\t" " "'
n 'a script without a first line that says so' 'text a' 'echo "echo text \$1" >f; chmod +x f; xapply "./f %1" a'
x '--argv: no word at all' 65 '' '~xapply: *' 'xapply --argv " %0" a'

# --- a limit that changes, and what the system can bear ---
n 'USR1: one more at a time, USR2: one fewer' '2 1' '
    as xapply -P1 ": >up%1; await go%1" 1 2 3 4 & await up1; kill -USR1 $(cat pid); await up2
    a=$(ls up* | wc -l); kill -USR2 $(cat pid); : >go1; : >go2; await up3
    until test "$(ls up*)" = "$(ls up1 up2 up3)"; do :; done; b=$(($(ls up* | wc -l) - 2))
    : >go3; : >go4; wait; echo $((a)) $b'
n '--load: one runs in any case' '1
2' 'xapply --load 1000000 -P2 echo 1 2 | sort'
n '--load: no second one beside it' '1' 'xapply --load 0.0001 -P3 "crowd 1;%0" 1 2 3 && peak'
n '--load: many of which each runs alone' '200' '
    xapply --load 0.0001 -P3 "echo >>o;%0" $(seq 200); wc -l <o | tr -d " "'
n '--memfree: there is more' '2' 'xapply --memfree 1k -P2 "crowd 2;%0" 1 2 && peak'
if [ -r /proc/meminfo ]; then
	n '--memfree: so much there never is' '1' 'xapply --memfree 9000000g -P2 "crowd 1;%0" 1 2 && peak'
else
	skip '--memfree: so much there never is' 'no /proc/meminfo'
fi
n 'a task whose time was up has failed in the log' '124' '
    xapply --joblog j -T 0.3 "trap \"exit 0\" TERM; while :; do sleep 0.01; done;%0" a 2>/dev/null
    tail -n 1 j | cut -f 7'
n '-n and --resume' 'echo 2' 'xapply --joblog j : 1; xapply -n --joblog j --resume echo 1 2'
n '--argv with an empty $SHELL' 'a' 'SHELL= xapply --argv printenv a 2>/dev/null; a=a SHELL= xapply --argv printenv a'
finish
