#!/bin/sh
# xlist.t - what lists xapply takes: batches, products, columns, names of files
. "$(dirname "$0")/lib.sh"
. "$here/tasks.sh"

# --- batches ---
n '--max-args: the last batch is short' '1 2 3
4 5 6
7' 'xapply --max-args 3 echo 1 2 3 4 5 6 7'
n '--max-args: a list that comes out even' '1 2
3 4' 'xapply --max-args 2 echo 1 2 3 4'
n '-X: one command for all' '<a><b><c>' 'xapply -X show a b c'
n '-X: all are %*, wherever it stands' '<-a><b><-z>' 'xapply -X "show -%* -z" a b'
n '-X: lines of several files' '1 2 x y z' 'seq 2 >f; printf "x\ny\nz\n" >g; xapply -f -X echo f g'
n '-X: standard input' '1 2 3' 'seq 3 | xapply -f -X echo -'
n '-X, -q: whatever they hold' '<a b><it'"'"'s><$HOME;><>' "xapply -q -X show 'a b' \"it's\" '\$HOME;' ''"
n '-X, -q, within quotes' "<a b it's>" "xapply -q -X 'show \"%*\"' 'a b' \"it's\""
n '-X, -z: newlines are data' '<a
b><c>' 'printf "a\nb\0c\0" | xapply -qfz -X show -'
n '-X, --argv' '<a b><;>' 'xapply --argv -X show "a b" ";"'
n '--max-args: all of so many may be named' 'c-b-a
d--a' 'xapply --max-args 3 "echo %3-%2-%1" a b c a | sed "s/^--a/d--a/"'
n 'what the last batch has not is nothing' '1-2.
3-.' 'xapply --max-args 2 "echo %1-%2." 1 2 3'
n '... no word either' '<1><2>
<3>' 'xapply -q --max-args 2 "show %1 %2" 1 2 3'
n '-count: so many stay together' '1 2 3 4
5 6' 'xapply -2 --max-args 5 echo 1 2 3 4 5 6'
n '-f -count: of each file' 'a 1 b 2' 'printf "a\nb\n" >f; seq 2 >g; xapply -f2 -X echo f g'
n '%f* goes with it' 'f f g' 'seq 2 >f; echo 3 >g; xapply -f -X "echo %f*%0" f g'
n '-e as well' '1 2 3' 'xapply -X -e "all=%*" "echo \$all%0" 1 2 3'
n 'no parameter: -N' 'none' 'xapply -f -X -N "echo none%0" echo /dev/null'
n 'the xid is the first one' 'a	a b
c	c' 'xapply --tag --max-args 2 echo a b c'
n '--retries: the same batch' '1 2
1 2
3
3' 'xapply --no-fail --retries 2 --max-args 2 "echo %*; false" 1 2 3'
n '--resume: what the log has is not run' '3' 'xapply --joblog j --max-args 2 : 1 2 3 >/dev/null; sed -i 3d j; xapply --joblog j --resume --max-args 2 echo 1 2 3'
n '%# and %u count batches' '1 0: a b
2 1: c' 'xapply --max-args 2 "echo %# %u: %*" a b c'

# shares
n '-P2: two halves' 'a b c
d e' 'xapply -n -P2 -X "%*" a b c d e'
n '-P4: four' '1 2 3
4 5 6
7 8
9 10' 'xapply -n -P4 -X "%*" 1 2 3 4 5 6 7 8 9 10'
n 'more processors than parameters' 'a
b' 'xapply -n -P5 -X "%*" a b'
n 'of lines' '1 2 3
4 5' 'seq 5 | xapply -n -f -P2 -X "%*" -'
n '--max-args bounds them' '1 2 3
4 5 6
7 8
9 10' 'xapply -n -P2 --max-args 3 "%*" 1 2 3 4 5 6 7 8 9 10'
n 'full batches first, then the shares of the end' '1 2 3 4
5 6 7
8 9 10' 'seq 10 >f; xapply -n -f -P2 --max-args 4 "%*" f'
n 'full shares stay full' '1 2 3
4 5 6' 'xapply -n -P2 --max-args 3 "%*" 1 2 3 4 5 6'
n 'they run at the same time' 2 'xapply -P2 -X "crowd 2; : %*" a b c d; peak'
n 'the end of a pipe is waited for a moment' '1 2 3 4 5
6 7 8 9 10' 'for i in 1 2 3 4 5; do
	seq 10 | xapply -n -f -P2 --max-args 8 "%*" - >o
	test "$(grep -c . o)" -ne 2 || break
done; cat o'
n 'a full batch does not wait for more' '1 2
3' '(printf "1\n2\n"; await up; echo 3) | xapply -f -P4 --max-args 2 "echo %*; : >up" -'

n 'no share where a place means something' 'a-b
c-d' 'xapply -n -P4 --max-args 2 "%1-%2" a b c d'
n '... in a variable' 'a b
c d' 'xapply -k -P4 --max-args 2 -e a -e b "echo \$a \$b%0" a b c d'
n 'one list is a product, too' 'a
b' 'xapply --sep :: echo a b'

# how much fits
n '--max-chars: of the command, as xargs counts' 'echo aaaa bbbb cccc
echo dddd' 'xapply -n --max-chars 20 echo aaaa bbbb cccc dddd'
n 'one byte less' 'echo aaaa bbbb
echo cccc dddd' 'xapply -n --max-chars 19 echo aaaa bbbb cccc dddd'
n 'the same as xargs' 'same' 'for s in 12 15 33 64; do
	seq 1 40 | xargs -s $s echo >a
	seq 1 40 | xapply -f --max-chars $s echo - >b
	cmp a b || exit
done; echo same'
n '-X20' 'echo aaaa bbbb cccc
echo dddd' 'xapply -n -X20 echo aaaa bbbb cccc dddd'
n 'quotes count' "echo 'a b' 'c d'
echo 'e f'" 'xapply -nq --max-chars 20 echo "a b" "c d" "e f"'
n 'so do both places' 'x a b y a b
x c y c' 'xapply -n --max-chars 13 "x %* y %*" a b c'
n '--max-args and --max-chars' 'echo a b
echo c' 'xapply -n --max-args 2 --max-chars 100 echo a b c'
n 'all that the system takes: none is lost' 100000 'seq 100000 >l; xapply -f -X "printf \"%%s\n\"" l | sort -n | uniq >o; cmp l o && grep -c . o'
n 'likewise without a shell' 100000 'seq 100000 >l; xapply -qf -k -P2 -X "/usr/bin/env printf %%s\\\\n" l | sort -n | uniq >o; cmp l o && grep -c . o'
n 'a few processes, not thousands' 'few' 'seq 100000 >l; n=$(xapply -qf -X "/usr/bin/env echo" l | wc -l); test "$n" -le 6 && echo few'
n 'variables have to fit, too' 30000 'seq 30000 >l; xapply -f -X -e "v=%* %*" "printenv v%0" l | tr " " "\n" | sort -n | uniq | grep -c .'
n 'a mixer that doubles them' 20000 'seq 20000 >l; xapply -f -X "echo %(*1-$,\" \",1-$)" l | tr " " "\n" | sort -n | uniq | grep -c .'
n 'memory does not grow with the list' 'small' 'sh -c "ulimit -v 60000; xapply -V; exit \$?" >/dev/null 2>&1 || { echo small; exit; }
ulimit -v 60000; yes abcdefgh | head -n 2000000 | xapply -f -P2 -X : - && echo small'

# what cannot be
x 'not even one fits' 65 '' "xapply: a batch cannot hold even one parameter: 'aaaaaaaa' makes more than 16 bytes" \
    'xapply --max-chars 16 "touch x;echo" b aaaaaaaa c; c=$?; test ! -e x && exit $c'
x 'of lines: those before it are whole' 65 'aa
bb' "xapply: a batch cannot hold even one parameter: 'cccccccccc' makes more than 8 bytes" \
    'printf "%s\n" aa bb cccccccccc dd | xapply -f --max-chars 8 echo -'
x 'longer than any word of a command' 65 '' "~xapply: a batch cannot hold even one parameter: 'xxxx*'... makes more than *" \
    'head -c 200000 /dev/zero | tr "\0" x | xapply -qf -X /bin/echo -'
x '-X with one parameter alone' 64 '' "xapply: %1 is one parameter of a batch, all are %*${nl}see xapply -h" 'xapply -X "rm %1" a b'
x '-X with the last one alone' 64 '' "xapply: %$ is one parameter of a batch, all are %*${nl}see xapply -h" 'xapply -X "rm %$" a b'
n '-X with the last one and all' 'c: a b c' 'xapply -X "echo %$: %*" a b c'
x '-X 20' 64 '' "xapply: -X takes an attached number: -X20${nl}see xapply -h" 'xapply -X 20 echo a'
for o in '-X --columns ,' '-X --header' '--max-args 2 --columns tab'; do
	x "does not go together: $o" 64 '' '~xapply: -* does not go with --*' "xapply $o echo a"
done
x 'fewer than stay together' 64 '' '~xapply: --max-args: 1 are fewer than the 2 *' 'xapply -2 --max-args 1 echo a b'

# --- products ---
n 'each with each, the last one fastest' 'a1x
a1y
a2x
a2y
b1x
b1y
b2x
b2y' 'xapply --product --sep :: "echo %1%2%3" a b :: 1 2 :: x y'
n '--sep alone is a product' 'a 1
a 2' 'xapply --sep + echo a + 1 2'
n 'the word is of ones choice' 'a 1
a 2' 'xapply --sep ::: echo a ::: 1 2'
n 'of files' 'x1 p q
x2 p q
y1 p q
y2 p q' 'printf "x\ny\n" >p; seq 2 >q; xapply -f --product "echo %1%2 %f*" p q'
n 'one of them is standard input' '1 a
1 b
2 a
2 b' 'printf "a\nb\n" >f; seq 2 | xapply -f --product echo - f'
n '... the last one' 'a 1
a 2' 'echo a >f; (echo 1; sleep 0.1; echo 2) | xapply -f --product echo f -'
n 'lists of files' 'a x
b x
c x' 'printf "a\nb\n" >f; echo c >g; echo x >h; xapply -f --sep + echo f g + h'
n 'of NUL-terminated records' '<a
b><1>' 'printf "a\nb\0" >f; printf "1\0" >g; xapply -qfz --product show f g'
n 'three files' 8 'seq 2 >f; xapply -f --product echo f f f | wc -l | tr -d " "'
n 'in batches: rows stay together' 'a 1 a 2
b 1 b 2' 'xapply --max-args 5 --sep :: echo a b :: 1 2'
n 'with a header' 'red S
red M' 'xapply --header --sep :: "echo %{colour} %{size}" colour red :: size S M'
n '--zip: side by side' 'a1
b2
cZ' 'xapply --zip --sep :: -p Z "echo %1%2" a b c :: 1 2'
n '--zip of files' 'a 1
b 2
 3' 'printf "a\nb\n" >f; seq 3 >g; xapply -q -f --zip "echo %1\" \"%2" f g'
n 'the joblog knows them' 'b 1' 'xapply --joblog j --sep :: : a b :: 1; sed -i 3d j; xapply --joblog j --resume --sep :: echo a b :: 1'
for o in 'a b ::|2' ':: a b|1' 'a :: :: b|2' '::|1'; do
	x "an empty list: ${o%|*}" 65 '' "~xapply: --product: list [12] is empty, so there is no product" "xapply --sep :: 'touch x;' ${o%|*}; c=\$?; test ! -e x && exit \$c"
done
for o in 'f e' 'e f'; do
	x "an empty file: $o" 65 '' 'xapply: e: no line, so there is no product' ": >e; echo a >f; xapply -f --product 'touch x;' $o; c=\$?; test ! -e x && exit \$c"
done
x '--product needs lists' 64 '' '~xapply: --product needs *' 'xapply --product echo a b'
x '-count is no part of it' 64 '' '~xapply: -count does not go with --zip*' 'xapply -f2 --zip echo a b'

# --- columns ---
n 'a character' 'b a c' 'echo "a,b,c" | xapply -f --columns , "echo %2 %1 %3" -'
n 'all of them are appended' '<a><b><c d>' 'echo "a;b;c d" | xapply -qf --columns ";" show -'
n 'tab' '<a b><c>' 'printf "a b\tc\n" | xapply -qf --columns tab show -'
n 'spelt' '<a b><c>' 'printf "a b\tc\n" | xapply -qf --columns "\\t" show -'
n 'of several bytes' '<a><b>' 'echo "a→b" | xapply -qf --columns → show -'
n 'white space, any of it' '<a><b><c>' 'printf "  a \t b c \n" | xapply -qf --columns white show -'
n 'empty ones count' '<><a><><>' 'echo ",a,," | xapply -qf --columns , show -'
n 'one that a line has not is nothing' '<a>
<b><c>' 'printf "a\nb,c\n" | xapply -qf --columns , "show %1 %2" -'
n 'of operands' 'b a
d c' 'xapply --columns , "echo %2 %1" a,b c,d'
n 'of two files' 'a b 1 2' 'echo a,b >f; echo 1,2 >g; xapply -f2 --columns , echo f g'
n '-e without text' '1 2' 'echo 1,2 | xapply -f --columns , -e a -e b "echo \$a \$b%0" -'
n 'csv: quotes' '<a, b><c "d" e><>' 'printf "%s\n" "\"a, b\",\"c \"\"d\"\" e\",\"\"" | xapply -qf --columns csv show -'
n 'csv: a quote in the midst of a column is one' '<a"b><c" d>' 'printf "%s\n" "a\"b,c\" d" | xapply -qf --columns csv show -'
n 'csv: blanks belong to the column, and a quote behind them' '<a>< "b"><"c>< "d>
<e>' 'printf "%s\n" "a, \"b\",\"\"\"c\", \"d" e | xapply -qf --columns csv show -'
n 'csv: a column of several lines' '<a
b><c>
<d><e>' 'printf "\"a\nb\",c\nd,e\n" | xapply -qf --columns csv show -'
n 'csv: two quotes, and then a newline' '<a"
b><c>' 'printf "%s\n" "\"a\"\"" "b\",c" | xapply -qf --columns csv show -'
n 'csv: separators and quotes in it' '<a,
"b"><c>' 'printf "%s\n" "\"a," "\"\"b\"\"\",c" | xapply -qf --columns csv show -'
n 'csv: CR and LF by rights' '<a><b>' 'printf "a,\"b\"\r\n" | xapply -qf --columns csv show -'
n 'csv: what says that it is UTF-8' '<a><b>' 'printf "\357\273\277\"a\",b\n" | xapply -qf --columns csv show -'
n 'csv: another separator' '<a;b><c>' 'printf "\"a;b\";c\n" | xapply -qf --columns "csv;" show -'
n 'csv: a long one' 70000 'printf "\"%s\n\",b\n" "$(head -c 69999 /dev/zero | tr "\0" x)" >f; xapply -qf --columns csv "printf %%s%%.0s" f | wc -c | tr -d " "'
n '--header' 'b: 2
d: 4' 'printf "name,n\nb,2\nd,4\n" | xapply -f --columns , --header "echo %{name}: %{n}" -'
n '... names with anything in them' '2 b' 'printf "the name,%%,2024\nb,2,x\n" | xapply -f --columns , --header "echo %{%} %{the name}" -'
n '... by number, too' 'b b' 'printf "name,n\nb,2\n" | xapply -f --columns , --header "echo %{name} %1" -'
n '... a number may be a name' 'x' 'printf "2023,2024\nb,x\n" | xapply -f --columns , --header "echo %{2024}" -'
n '... in the dicer, the mixer and behind letters' 'x f.c d bx' 'printf "path,name\nd/f.c,bx\n" | xapply -f --columns , --header "echo %([name]2) %n{path} %h{path} %[name:1]" -'
n '... in -e' 'b' 'printf "name,n\nb,2\n" | xapply -f --columns , --header -e "v=%{name}" "echo \$v%0" -'
n '... quoted names' '2' 'printf "\"a\nb\",c\n1,2\n" | xapply -f --columns csv --header "echo %{c}" -'
n '... without columns' 'x y' 'printf "n\nx y\n" | xapply -f --header "echo %{n}" -'
n '... of each file' '1
2' 'printf "n\n1\n" >f; printf "n\n2\n" >g; xapply -f --header "echo %{n}" f g'
n '... of files side by side' '1 a' 'printf "n\n1\n" >f; printf "m\na\n" >g; xapply -f2 --header "echo %{n} %{m}" f g'
n '... of a product' '1 a
1 b' 'printf "n\n1\n" >f; printf "m\na\nb\n" >g; xapply -f --product --header "echo %{n} %{m}" f g'
n '... of operands' '1
2' 'xapply --header "echo %{n}" n 1 2'
n '... lines that are too short get empty columns' '<1><><>' 'printf "a,b,c\n1\n" | xapply -qf --columns , --header show -'
n '... numbers begin behind it' '1: x' 'printf "n\nx\n" | xapply -f --header "echo %#: %1" -'
n '--header: an empty list has no columns, and no tasks' '' ': | xapply -qf --header "echo %{a}" -'
n '--header --columns, the same' '' ': >e; xapply -qf -e "x=%{b}" --columns csv --header "echo %{a}" e'
n '--header: and -N' 'none' ': | xapply -qf --header -N "echo none%0" "echo %{a}" -'
n '--skip-empty' 'a
b' 'printf "\na\n\n\nb\n" | xapply -f --skip-empty echo -'
n '--skip-empty: blanks are something' '< >' 'printf "\n \n" | xapply -qf --skip-empty show -'
n '--skip-empty -z' '<a>' 'printf "\0a\0\0" | xapply -qfz --skip-empty show -'
n '--skip-empty: no parameter at all' 'none' 'printf "\n\n" | xapply -f --skip-empty -N "echo none%0" echo -'
n '--crlf' '<a><b>' 'printf "a\r\nb\r\n" | xapply -qf --crlf -X show -'
n '--crlf: one alone is data' 'a\rb' 'printf "a\rb\r\n" | xapply -qf --crlf "printf %%s" - | sed "s/$(printf "\r")/\\\\r/"'
n '--crlf --skip-empty' 'a' 'printf "\r\na\r\n\r\n" | xapply -f --crlf --skip-empty echo -'
n 'without it a CR is kept' 3 'printf "ab\r\n" | xapply -qf "printf %%s" - | wc -c | tr -d " "'
x 'csv: an open quote' 65 '' 'xapply: f: line 2: a quote is left open' 'printf "a,b\nc,\"d\ne,f\n" >f; xapply -f --columns csv "touch x;" f; c=$?; test ! -e x && exit $c'
x '... on standard input' 65 '' 'xapply: standard input: line 1: a quote is left open' 'printf "\"a\nb\n" | xapply -f --columns csv "touch x;" -; c=$?; test ! -e x && exit $c'
x '... in the midst of a record' 65 '' 'xapply: f: line 3: a quote is left open' 'printf "a\n\"b\nc\",\"d\n" >f; xapply -f --columns csv "touch x;" f; c=$?; test ! -e x && exit $c'
x '... of an operand' 65 '' 'xapply: "a: a quote is left open' 'xapply --columns csv echo "\"a"'
x 'csv: text behind the quotes' 65 '' 'xapply: f: line 2: text behind a quoted column' 'printf "a\n\"b\"c\n" >f; xapply -f --columns csv "touch x;" f; c=$?; test ! -e x && exit $c'
x 'a name twice' 65 '' "xapply: f: the header has 'a' twice" 'printf "a,b,a\n1,2,3\n" >f; xapply -f --columns , --header "touch x;" f; c=$?; test ! -e x && exit $c'
x '... in two files' 65 '' "xapply: g: the header has 'a' twice" 'printf "a\n1\n" >f; cp f g; xapply -f2 --header echo f g'
x 'no such name' 65 '' "~xapply: 'echo %{c}': position *: no column has this name" 'printf "a,b\n1,2\n" >f; xapply -f --columns , --header "echo %{c}" f'
x 'another header in the next file' 65 '' '~*xapply: g: its header is not that of f' 'printf "a\n" >f; printf "b\n1\n" >g; xapply -f --header echo f g'
x 'more columns than names' 65 '' 'xapply: standard input: line 2 has 3 columns, the header 2' 'printf "a,b\n1,2,3\n" | xapply -f --columns , --header "touch x;" -; c=$?; test ! -e x && exit $c' 
x 'not a separator' 64 '' "~xapply: --columns: 'ab' is not *" 'xapply --columns ab echo a'
for o in --skip-empty --crlf; do
	x "$o without -f" 64 '' "xapply: $o goes with -f only${nl}see xapply -h" "xapply $o echo a"
done

# --- names of files ---
n 'directory, name, root, suffix, main part' 'd|f.tar.gz|d/f.tar|.gz|f.tar' 'xapply "echo \"%h1|%n1|%r1|%e1|%m1\"" d/f.tar.gz'
n 'the last component only' 'dir.d|Makefile|dir.d/Makefile||Makefile' 'xapply "echo \"%h1|%n1|%r1|%e1|%m1\"" dir.d/Makefile'
n 'no directory' '.|f|f||f' 'xapply "echo \"%h1|%n1|%r1|%e1|%m1\"" f'
n 'in the root' '/|f.c|/f|.c|f' 'xapply "echo \"%h1|%n1|%r1|%e1|%m1\"" /f.c'
n 'a name that begins with a dot' '.|.profile|.profile||.profile' 'xapply "echo \"%h1|%n1|%r1|%e1|%m1\"" .profile'
n 'the same with a suffix' '.a .b' 'xapply "echo %m1 %e1" x/.a.b'
n 'with slashes at the end' 'a|b|a/b||b' 'xapply "echo \"%h1|%n1|%r1|%e1|%m1\"" a/b//'
n 'as dirname and basename have it' 'same' 'for f in a a/b /a / // a/ a//b a.b/ . .. ../x /a/b/ ./a; do
	test "$(xapply -q "echo %h1 %n1" "$f")" = "$(dirname "$f") $(basename "$f")" || echo "$f"
done; echo same'
n 'the parts make the whole' 'same' 'for f in a.b c/d.e .x /y.z a. u.v.w d.d/e; do
	test "$(xapply -q "echo %r1%e1" "$f")" = "$f" || echo "$f"
	test "$(xapply -q "echo %m1%e1" "$f")" = "${f##*/}" || echo "$f"
done; echo same'
n 'of each of %*' 'f.c g.h' 'xapply -X "echo %n*%0" a/f.c b/g.h'
n 'of another parameter' 'y.c x' 'xapply -2 "echo %n2 %h1%0" x/a y.c'
n 'of a file of parameters' 'l' 'mkdir d; echo 1 >d/l.txt; xapply -f "echo %mf1%0" d/l.txt'
n 'behind the dicer, in front of the mixer' 'b/c x.y x' 'xapply "echo %h[1,2] %n[1,2] %(n1 1)" a,b/c/x.y'
n 'quoted' '<a b><c d>' 'xapply -q "show %h1 %m1" "a b/c d.e"'
n 'the number from 1' '1 a
2 b' 'xapply "echo %# %1" a b'
n '... in braces and brackets' '1 1' 'xapply "echo %{#} %[#]%0" a'
n '... where nothing can be quoted' '0 1' 'xapply -q "echo \$((%u)) \$((%#))%0" a'

finish
