#!/bin/sh
# parallel.t - the tasks of examples/from-parallel do what they say
. "$(dirname "$0")/lib.sh"

if ! command -v bash >/dev/null; then
	skip 'everything' 'bash is not installed'
	finish
	exit
fi
from=$top/examples/from-parallel
sed -n '/^XAPPLY=/p' "$from" >first
t 'how xapply is told, once' 0 '' '' test -s first

# block NUMBER: its commands; head NUMBER FIELD: a word of the line in front
block() {
	awk -v n="$1" '/^# [0-9]+ / { in_it = $2 == n; next }
	    in_it && NF > 0' "$from"
}
head_of() {
	awk -v n="$1" -v f="$2" '/^# [0-9]+ / && $2 == n { print $f }' "$from"
}

# What is not installed everywhere, or would leave this host: each says what it
# was given, and makes what it would make.
mkdir bin
stand_in() {    # stand_in NAME...: the script is stdin
	{ echo '#!/bin/sh'; cat; } >bin/of
	for name; do cp bin/of "bin/$name"; chmod +x "bin/$name"; done
}
stand_in lynx traceroute my_program do_step1 do_something wget <<'END'
echo "${0##*/} $*"
END
stand_in 1 2 <<'END'
echo "said by ${0##*/}"
END
stand_in mpg321 oggenc <<'END'
cat; echo "${0##*/}"
END
stand_in prips <<'END'
printf '10.0.0.%s\n' 1 2 3
END
stand_in ping <<'END'
[ "$2" != 10.0.0.2 ]
END
stand_in lame <<'END'
cp "$1" "$3"
END
stand_in convert <<'END'
for last; do :; done
echo "$*" >"$last"
END
stand_in unzip <<'END'
cp "$1" unzipped
END
stand_in curl <<'END'
echo "$2"
END
stand_in jq <<'END'
sed 's/^wget -O - //; p; s/$/-large/'
END
stand_in youtube-dl <<'END'
case $1 in --flat*) echo one; echo two ;; *) echo "$2 $4 $5" ;; esac
END
stand_in do_step2 <<'END'
echo "step 2 $1 $(cat)"
END
stand_in process_output <<'END'
exec sort
END
stand_in sshw <<'END'
host=$1
shift
exec sh -c "$*"
END
stand_in bzip2 <<'END'
exec gzip
END

# For each number what there is before (there_N), and what is looked at when its
# commands are done (then_N): for bash, as they are.
cat >around <<'END'
there_1() { mkdir d; echo a >a.html; echo b >'d/b c.html'; }
then_1() { find . -type f; }
there_3() { echo a >a.html; echo 1 >1.wav; echo 2 >'2 x.wav'; }
then_3() { ls; }
there_4() { echo a >a.log; echo b >'b c.log'; echo c >c; mkdir destdir; }
then_4() { ls . destdir; }
there_5() { seq -f pict%04g.jpg 0 9999 | xargs touch; }
then_5() { ls; }
there_6() { mkdir d; echo a >a.jpg; echo b >d/b.jpg; }
then_6() { find . -name '*thumb*'; }
there_7() { echo one >a; echo two >'b c'; gzip a 'b c'; }
then_7() { cat a 'b c'; }
there_8() { mkdir One 'two X'; touch One/1 One/2; echo nosuch >file_list; }
then_8() { ls -d */; }
there_9() { touch apple avocado banana; }
then_9() { echo *; echo */*; }
there_10() { touch $(seq -w 0 23 | sed 's/$/:00/'); rm 07:00; }
there_11() {
	doit() { echo "it $1"; }
	doubleit() { echo "both $1 $2"; }
	export -f doit doubleit
}
there_12() {
	tester() { if (eval "$@") >/dev/null 2>&1; then echo "OK $*"; else echo "FAIL $*"; fi; }
	export -f tester
}
there_14() { for i in 1 2 3 4 5 6 7 8 9; do echo $i >log.$i; done; }
then_14() { cat log.2 log.10; }
there_15() { echo z >z.zip; echo g >g; gzip g; mkdir sounddir mydir; echo w >sounddir/w.wav; }
then_15() { find . -type f; }
there_16() { mkdir foo; echo x >foo/x; (cd foo; tar czf ../foo.tar.gz x); rm -r foo; }
then_16() { cat foo/x; }
there_17() { getit() { echo "$1 $2"; }; export -f getit; }
there_18() { url=u; export url; }
then_18() { cat line3.jpg; ls | wc -l; }
there_19() { echo list >given; exec <given; }
there_25() { echo page >given; exec <given; }
there_20() { url=list; export url; }
there_21() { echo a >'a b'; touch -d 2020-01-02T03:04:05 'a b'; }
then_21() { ls; }
there_22() { seq() { echo 1; }; }
then_22() { grep -c . */stdout | sed 's/[1-9].*/some/'; }
then_24() { ls x?z? | wc -l; head -n 2 x1z2; }
there_26() { echo a >a; echo b >b; tar czf foo.tgz a b; rm a b; }
there_27() { printf 'a.x\nb.x\n' >list; echo a >a.x; echo b >b.x; }
there_28() { printf 'a\nb\n' >xlist; printf '1\n2\n' >ylist; }
there_29() { echo a >a; echo b >b; }
there_30() { printf 'Name\tE-mail address\nann\ta@x\nbob\tb@x\n' >addressbook.tsv; }
there_32() { printf '%s\n' aardvark babble cab dab >in.txt; }
there_33() { printf 'a\nb\n' >a; printf 'a\nc\n' >b; }
then_33() { head ../diffcount/*; }
there_34() { mygenerator() { seq 100000 | sed 's/^/echo /'; }; }
then_34() { ls | grep -c pict; }
there_35() { VAR='it is "$HOME" *'; ARR=("a  b" "'" '$x'); export VAR; }
there_39() { echo line >textfile; echo another >>textfile; }
then_39() { head -n 3 file; }
there_40() { echo 'a STRING' >a; echo none >b; }
there_41() { seq 100000 >bigfile; echo 7777 >regexps.txt; }
there_42() { printf 'one\ntwo\n' >mycomputers; }
there_43() { there_42; mkdir logs; echo log >logs/l; gzip logs/l; }
then_43() { zcat logs/l.bz2; }
there_44() { mkdir in dir; echo a >in/a; }
then_44() { cat dir/a.out; }
there_45() { there_42; echo a >a.mp3; }
then_45() { cat a.ogg; }
END

# section NUMBER: what its commands print, in the order of lines, is stdin; what
# is done outside of the directory is done in it here
section() {
	mkdir "$1"
	cat >wanted
	block "$1" | sed 's,/tmp/diffcount,../diffcount,g; s,/other/dir,dir,' >"$1.sh"
	t "$1: $(sed -n "s/^# $1 [^:]*: //p" "$from")" 0 "$(sort wanted)" - sh -c "
	    cd $1 && env PATH=\"$T/w/bin:\$PATH\" bash -c '
	    . ../first; . ../around; case \$(type -t there_$1) in ?*) there_$1; esac
	    . ../$1.sh; case \$(type -t then_$1) in ?*) then_$1; esac' 2>../err | sort"
}
section 1 <<'END'
./a.html.gz
./d/b c.html.gz
END
section 2 <<'END'
10.0.0.1
10.0.0.3
END
section 3 <<'END'
1.mp3
1.wav
2 x.mp3
2 x.wav
a.html.gz
END
section 4 <<'END'

.:
a.log
b c.log
c
destdir
destdir:
END
section 5 </dev/null
section 6 <<'END'
./a_thumb.jpg
./d/b_thumb.jpg
./thumb_a.jpg
./thumb_a_thumb.jpg
END
section 7 <<'END'
one
two
END
section 8 <<'END'
One/ 2
nosuch
one/
two X/ 0
two x/
END
section 9 <<'END'
a b
a/apple a/avocado b/banana
END
seq -w 0 23 | while read -r h; do seq -w 0 5 55 | sed "s/.*/$h:& does not exist/"; done |
    grep -v ':00' >missing
echo '07:00 does not exist' >>missing
section 10 <missing
section 11 <<'END'
it 1
it 2
it 3
both 1 a
both 1 b
both 2 a
both 2 b
both 3 a
both 3 b
END
section 12 <<'END'
OK my_program arg1
OK my_program arg2
FAIL exit 1
OK exit 0
FAIL exit 2
OK exit 0
END
section 14 <<'END'
1
9
END
section 15 <<'END'
./g.bz2
./mydir/w.mp3
./sounddir/w.wav
./z.zip
./z/unzipped
END
section 16 <<'END'
x
mycode
keep_demo_here
mycode
keep_demo_here
mycode
remove_here
END
seq 30 | while read -r d; do seq -w 24 | sed "s/^/$d /"; done >days
section 17 <days
section 20 <<'END'
0	1 1 https://list
1	2 2 https://list
END
section 13 <<'END'
said by 1
said by 2
END
{
	for row in $(seq 0 19); do for col in $(seq 0 39); do
		echo "wget u&TILEROW=$row&TILECOL=$col -O ${row}_$col.jpg"
	done; done
	echo "+append$(seq 0 39 | sed 's/.*/ 3_&.jpg/' | tr -d '\n') line3.jpg"
	echo 20
} >tiles
section 18 <tiles
section 19 <<'END'
wget list-large
END
section 25 <<'END'
lynx -listonly -image_links -dump page
wget -qm -l1 -Q1 page
END
section 21 <<'END'
2020-01-02T03:04:05 a b
END
section 22 <<'END'
some
END
seq 0 12 | while read -r h; do seq 0 5 | while read -r m; do seq 0 9 | while read -r n; do
	case $n in *[13579]) echo "$h:$m$n" ;; *) echo "$h $m$n" ;; esac
done; done; done >clock
section 23 <clock
section 24 <<'END'
25
x1y01z2
x1y02z2
END
section 26 <<'END'
a
b
END
section 27 <<'END'
do_something a.x
do_something b.x
do_step1 a.x scale a.jpg
do_step1 b.x scale b.jpg
step 2 a a
step 2 b b
END
for c in red green blue; do for s in S M L XL XXL; do echo $c $s; done; done >colours
{ cat colours; cat <<'END'; } >both
do_something a 1
do_something a 2
do_something b 1
do_something b 2
END
section 28 <both
section 29 <<'END'
a a 0
a b 4
b a 4
b b 0
END
{ cat colours; cat <<'END'; } >both
ann a@x
bob b@x
END
section 30 <both
section 31 <<'END'
A B
A C
A D
B C
B D
C D
A B C
A C B
B A C
B C A
C A B
C B A
END
section 32 <<'END'
aardvark - babble
babble - cab
cab - dab
END
section 33 <<'END'
0
2
2
0
==> ../diffcount/a,a <==
==> ../diffcount/a,b <==
==> ../diffcount/b,a <==
==> ../diffcount/b,b <==



END
{ seq 100000; echo 10000; } >numbers
section 34 <numbers
section 35 <<'END'
it is "$HOME" * !
a  b
'
$x
END
for i in 12 13 14 15 16; do
	echo "wget --progress=dot --limit-rate=100k https://ftpmirror.gnu.org/parallel/parallel-20${i}0822.tar.bz2"
done >wgets
cat wgets wgets >twice
section 36 <twice
sed 's/^.*\(..\)0822/\1	&/; s/--progress=dot //' wgets >tagged
section 37 <tagged
e=$(printf '\033[3')
seq 10 | while read -r i; do printf '%s' "$e$((i % 8))m"; seq "$i"; done >tens
section 38 <tens
section 39 <<'END'
line append_string
another append_string
traceroute qubes-os.org
traceroute debian.org
traceroute freenetproject.org
00000000-09999999
10000000-19999999
20000000-29999999
END
section 40 <<'END'
./a:1:a STRING
END
section 41 <<'END'
7777
17777
27777
37777
47777
57777
67777
87777
97777
77770
77771
77772
77773
77774
77775
77776
77777
77778
77779
END
{ seq 10; seq 10; } >tens
section 42 <tens
section 43 <<'END'
log
END
section 44 <<'END'
a
END
section 45 <<'END'
a
mpg321
oggenc
END

# all of it, and as short as there
sed -n 's/^# \([0-9]*\) .*/\1/p' "$from" >numbers
seq 45 >wanted
t 'each of them' 0 "$(cat wanted)" '' cat numbers
t 'each of them was run' 0 '' '' sh -c 'for i in $(seq 45); do test -d $i || echo $i; done'
t 'at least 42 as easily, none not at all' 0 '' '' awk '
    /^# [0-9]+ / { n[$3]++ }
    END { exit !(n["yes"] >= 42 && n["awkward"] <= 3 && n["yes"] + n["awkward"] == 45) }' "$from"
t 'in no more characters' 0 '' '' awk '
    /^# [0-9]+ / { there += $4; here--; in_it = 1; next }
    in_it && NF > 0 { here += length($0) + 1 }
    END { exit !(there > 4000 && here <= there) }' "$from"
finish
