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
		$p --help | sed -n "s/^\(usage:\)* *\($p .*\)/\2/p" |
		    sed 's/ | /|/' >usage
		t "$p: SYNOPSIS is the usage" 0 '' '' diff usage page
	done
else
	skip 'mandoc -Tlint' 'mandoc or col is not installed'
	skip 'SYNOPSIS is the usage' 'mandoc or col is not installed'
fi

for page in ptbw.1 wraptree.1 wrapw.1 xapply.1 xclate.1 wrapper.7; do
	examples $page
	n=1
	while [ -e examples/$n ]; do
		rm -rf ex && mkdir ex
		out=-
		[ ! -e examples/$n.out ] || out=$(cat examples/$n.out)
		t "$page: $(head -n 1 examples/$n)" 0 "$out" - \
		    sh -c "cd ex && . ../examples/$n"
		n=$((n + 1))
	done
	[ $n -gt 3 ]
	result $? "$page: examples were found"
done

# what a reader sees of an example can be pasted: no line is broken or changed
if command -v mandoc >/dev/null && command -v col >/dev/null; then
	for page in ptbw.1 sshw.1 wraptree.1 wrapw.1 xapply.1 xclate.1 wrapper.7; do
		examples $page
		mandoc -Tascii -O width=78 "$top/man/$page" | col -bx |
		    sed 's/^ *//' >page
		t "$page: examples are on the page as they are run" 1 '' '' sh -c '
		    sed "s/^ *//" examples/*[0-9] | grep -vxF -f page'
	done
else
	skip 'examples as a reader sees them' 'mandoc or col is not installed'
fi

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
		'$top/bin/libdivconnect.a' -o prog"
	t 'and works' 0 0.4 '' ptbw -m ./prog
else
	skip 'the program of divconnect(3)' 'no cc'
fi
# each function of the header is on the page
for f in $(sed -n 's/^.*[ *]\(div_[a-z_]*\)(.*/\1/p' "$top/divconnect.h" | sort -u); do
	check "divconnect.3 has $f" grep -q "$f" "$top/man/divconnect.3"
done

# the program of wrapper(3), and its functions
mkdir include && ln -s "$top/base" include/wrapkit && cp "$top/divconnect.h" include
sed -n '/^#include <wrapkit/,/^\.Ed/p' "$top/man/wrapper.3" |
    sed '/^\.Ed/d; s/\\e/\\/g; s/\\&//g' >x.c
if command -v cc >/dev/null; then
	check 'the program of wrapper(3) compiles' \
	    sh -c "${LIBCC:-cc} ${CFLAGS-} -std=c11 -D_GNU_SOURCE -Iinclude x.c \
		'$top/bin/libdivconnect.a' -o x"
	t 'and works' 0 '' '' ./x sh -c 'peer connect $x_1 s:ab r:xx'
else
	skip 'the program of wrapper(3)' 'no cc'
fi
for f in $(cd "$top/base" && sed -n 's/^.*[ *(]\(wk_[a-z_]*\)[()].*/\1/p' \
    wrapper.h options.h serve.h event.h master.h | sort -u); do
	check "wrapper.3 has $f" grep -qE "^\.(Fn|Va|Nm) $f( |$)" "$top/man/wrapper.3"
done

if command -v mandoc >/dev/null; then
	check 'make html' sh -c "cd '$top' && make HTML='$T/w/html' html"
	check 'and again, where the directory of old ones has that name' sh -c "
	    mkdir once && cp -R '$top/man' '$top/Makefile' once && cd once &&
	    make html && rm html/ptbw.1.html && make html && test -s html/ptbw.1.html"
	check 'each page is there' sh -c "for p in '$top'/man/*; do
	    grep -q '<h1' html/\${p##*/}.html || exit 1; done"
	check 'and leads to the others' grep -q 'href="ptbw.1.html"' html/wrapper.7.html
	t 'and nowhere else' 0 '' '' sh -c "cd html && sed -n '
	    s/.*class=\"Xr\" href=\"\([^\"]*\)\".*/\1/p' *.html | while read -r l; do
	    test -e \$l || echo \$l; done"
else
	skip 'make html' 'mandoc is not installed'
fi

# what HACKING, PROTOCOL and SECURITY name is there: files, and identifiers of the sources
cat "$top"/*.[ch] "$top"/*/*.[ch] "$top"/tests/*.sh | tr -cs 'a-z0-9_' '\n' |
    sort -u >identifiers
for text in HACKING PROTOCOL SECURITY; do
	tr -cs 'A-Za-z0-9_/.-' '\n' <"$top/$text" | sed 's/\.$//' |
	    grep -v '[A-Z]' | sort -u >words
	for f in $(grep -E '\.(c|h|t|sh)$|^(base|wire)/[a-z]' words); do
		ls "$top/$f" "$top/$f.c" "$top"/*/"$f" 2>/dev/null | grep -q . ||
		    echo "$f"
	done >gone
	t "$text: the files that it names are there" 0 '' '' cat gone
	grep -E '^[a-z]+_[a-z_]+$' words | grep -v '^prefix_' |
	    grep -vxFf identifiers >gone
	t "$text: so are functions and variables" 0 '' '' cat gone
done
check 'files were found' grep -qx 'users.t' words

# SECURITY cites tests, by what they say
sed -n 's/^	\[\([a-z]*\.t\): \(.*\)\]$/\1 \2/p' "$top/SECURITY" >cited
t 'SECURITY: tests were found' 0 '' '' test "$(grep -c . cited)" -gt 25
while read -r file text; do
	grep -qF -e "$text" "$here/$file" || echo "$file: $text"
done <cited >gone
t 'SECURITY: the tests that it cites are there' 0 '' '' cat gone

# README: what is pasted prints what it shows
# (a shell in a terminal is in terminal.t, another host in sshw.t)
mkdir readme.d readme.d/bin
for p in "$top"/bin/*; do ln -s "$p" readme.d/bin; done
pasted 1 >first
t 'README: make, and the PATH' 0 "~$TMPDIR/*" '' sh -c "cd readme.d &&
    printf 'all:\n\t@true\n' >Makefile && . ../first && pwd -P && rmdir \"\$PWD\""
pasted 3 >script
printed 3 >shown
t 'README: a script, and xapply' 0 "~$(sed 's/on gpu[01]/on gpu[01]/
    s/^\(bad.sh: \).*/\1*/' shown)" '' \
    sh -c 'cd readme.d && printf "gpu0\ngpu1\n" >gpus && . ../script'
if make --version 2>/dev/null | grep -q 'GNU Make'; then
	pasted 5 >script
	t 'README: three builds' 0 "$(printed 5)" '' \
	    sh -c 'cd readme.d && . ../script'
else
	skip 'README: three builds' 'GNU make is not installed'
fi
t 'README: a screen and a half' 0 '' '' awk 'length > 80 || NR > 90' "$top/README"
finish
