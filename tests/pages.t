#!/bin/sh
# pages.t - the pages: lint, the usage, every example
. "$(dirname "$0")/lib.sh"

if command -v mandoc >/dev/null && command -v col >/dev/null; then
	for page in "$top"/man/*; do
		t "mandoc -Tlint ${page##*/}" 0 '' '' mandoc -Tlint -W warning "$page"
	done
	for p in ptbw wraptree wrapw xapply xclate; do
		# the SYNOPSIS, joined to words, is the usage line
		mandoc -Tascii -O width=500 "$top/man/$p.1" | col -b |
		    sed -n '/^SYNOPSIS/,/^DESCRIPTION/p' | grep "^ *$p" |
		    tr -s ' ' | sed 's/^ *//; s/ | /|/' >page
		$p -h | sed -n "s/^\(usage:\)* *\($p .*\)/\2/p" |
		    sed 's/ | /|/' >usage
		t "$p: SYNOPSIS is the usage" 0 '' '' diff usage page
	done
else
	skip 'mandoc -Tlint' 'mandoc or col is not installed'
	skip 'SYNOPSIS is the usage' 'mandoc or col is not installed'
fi

for page in ptbw.1 wraptree.1 wrapw.1 xapply.1 xclate.1 wrapper.7; do
	sed -n 's/^\.Dl //p' "$top/man/$page" | sed 's/\\e/\\/g; s/\\&//g' >examples
	while read -r example; do
		rm -rf ex && mkdir ex
		t "$page: $example" 0 - - sh -c "cd ex || exit
$example"
	done <examples
	[ "$(wc -l <examples)" -ge 3 ]
	result $? "$page: examples were found"
done

# every option of the table is on the page, under all its names
for p in ptbw sshw wraptree wrapw xapply xclate; do
	for o in $($p -h | sed -n 's/^ *-\([a-zA-Z]\), -\(-[^ ]*\).*/\1_,_\2/p
	    s/^ *-\(-[^ ]*\).*/\1/p'); do
		o=$(echo "$o" | tr _ ' ')
		check "$p.1 has -$o" grep -qE -e "^\.It Fl $o( |$)" "$top/man/$p.1"
	done
done

# the program of divconnect(3)
sed -n '/^#include <stdio/,/^\.Ed/p' "$top/man/divconnect.3" |
    sed '/^\.Ed/d; s/\\e/\\/g; s/\\&//g' >prog.c
if command -v cc >/dev/null; then
	cp "$top/divconnect.h" .
	check 'the program of divconnect(3) compiles' \
	    sh -c "${LIBCC:-cc} ${CFLAGS-} -std=c11 -D_GNU_SOURCE -I. prog.c \
		'$top/libdivconnect.a' -o prog"
	t 'and works' 0 0.4 '' ptbw -m ./prog
else
	skip 'the program of divconnect(3)' 'no cc'
fi
# each function of the header is on the page
for f in $(sed -n 's/^.*[ *]\(div_[a-z_]*\)(.*/\1/p' "$top/divconnect.h" | sort -u); do
	check "divconnect.3 has $f" grep -q "$f" "$top/man/divconnect.3"
done

# the program of wrapper(3), and its functions
mkdir include && ln -s "$top" include/wrapkit && cp "$top/divconnect.h" include
sed -n '/^#include <wrapkit/,/^\.Ed/p' "$top/man/wrapper.3" |
    sed '/^\.Ed/d; s/\\e/\\/g; s/\\&//g' >x.c
if command -v cc >/dev/null; then
	check 'the program of wrapper(3) compiles' \
	    sh -c "${LIBCC:-cc} ${CFLAGS-} -std=c11 -D_GNU_SOURCE -Iinclude x.c \
		'$top/libdivconnect.a' -o x"
	t 'and works' 0 '' '' ./x sh -c 'peer connect $x_1 s:ab r:xx'
else
	skip 'the program of wrapper(3)' 'no cc'
fi
for f in $(cd "$top" && sed -n 's/^.*[ *(]\(wr_[a-z_]*\|serve_[a-z_]*\|ev_[a-z_]*\|master_run\)[()].*/\1/p' \
    wrapper.h serve.h event.h master.h | sort -u); do
	check "wrapper.3 has $f" grep -qE "^\.(Fn|Va|Nm) $f( |$)" "$top/man/wrapper.3"
done

if command -v mandoc >/dev/null; then
	check 'make html' sh -c "cd '$top' && make HTML='$T/w/html' html"
	check 'each page is there' sh -c "for p in '$top'/man/*; do
	    grep -q '<h1' html/\${p##*/}.html || exit 1; done"
	check 'and leads to the others' grep -q 'href="ptbw.1.html"' html/wrapper.7.html
else
	skip 'make html' 'mandoc is not installed'
fi

# README: what its transcripts show comes out
# (that of sshw is in sshw.t, which has another host)
sed -n 's/^    \$ //p' "$top/README" | grep -v sshw >commands
grep -v -e xapply -e xclate -e 'sh$' -e wrapw -e ' : &' -e env -e Q commands >readme
t 'README: the transcript of ptbw, command by command' 73 "~a on gpu*
ptbw: master has 2 tokens, max length 4 (total space 10)
 Master tokens from file: gpus
 Index	Lock	Tokens (request in groups of 1)
     0	[1-9]*	gpu0
     1	0	gpu1" '~ptbw: */sta0: cannot allocate 3 tokens, the pool has 2' \
    sh -c '. ./readme | { read -r first; { echo "$first"; cat; } >got; }
	sort got | sed -n "/^a on/p"; sed -n "/^ptbw/,\$p" got
	eval "$(tail -n 1 readme)" 2>/dev/null'
grep -e xclate -e 'sh$' commands >readme
t 'README: the transcript of xclate' 0 "~== bad.sh
bad.sh: *
part 1
part 2
part 3" '' sh -c 'mkdir readme.d && cd readme.d && . ../readme'
grep -e wrapw -e ' : &' -e env -e Q commands >readme
t 'README: the transcript of wrapw' 0 "gpu0 gpu1
now 0" '' sh -c 'mkdir readme.w && cd readme.w && printf "gpu0\ngpu1\n" >gpus &&
    . ../readme; wait'
grep -e xapply commands >readme
t 'README: the transcript of xapply' 0 "~a on gpu[01]
b on gpu[01]
it is; \$HOME" '' sh -c 'mkdir readme.a && cd readme.a && printf "gpu0\ngpu1\n" >gpus &&
    . ../readme'
finish
