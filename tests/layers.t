#!/bin/sh
# layers.t - who may know whom: divconnect nobody, base that alone, wire base,
# the files of a program those and each other, and no program another
#
#	tests/layers.t [TREE]
#
# With a TREE it looks at that one.  Without, it looks at this one, and then at
# copies of it in which one thing is wrong: each must be found and named.
. "$(dirname "$0")/lib.sh"
tree=${1:-$top}
cd "$tree" || exit 1

# The product's sources: all that are there, so that a new folder is looked at.
written=$(ls ./*.[ch] ./*/*.[ch] | sed 's,^\./,,')
files=$(printf '%s\n' "$written" | grep -vE '^(tests|bench|examples|bin)/')
sources=$(printf '%s\n' "$files" | grep '\.c$')
headers=$(printf '%s\n' "$files" | grep '\.h$')
objects=$(printf '%s\n' "$sources" | sed 's/c$/o/')
public="divconnect.h $(sed -n 's/^PUBLIC = //p' Makefile |
    sed 's,[a-z]*\.h,base/&,g')"
# none of these has a blank in its name, and each is a word here
# shellcheck disable=SC2086
set -f

# Lines "file that uses, file that is used" in, those against the rule out.
# NAME.c at the root belongs to the folder NAME, which need not be there.
upward() {
	awk 'function room(f) {
		if (f ~ /^divconnect/) return "divconnect"
		return f ~ /\// ? substr(f, 1, index(f, "/") - 1) : \
		    substr(f, 1, index(f, ".") - 1)
	}
	function level(r) {
		return r == "divconnect" ? 0 : r == "base" ? 1 : r == "wire" ? 2 : 3
	}
	{ a = room($1); b = room($2) }
	a != b && level(b) >= level(a) { print $1 " must not use " $2 " " $3 }'
}

# --- includes ---

# the included file stands in the same folder, or is named from the root
grep -H '^#[ 	]*include "' $files | sed 's/:#.*include "/ /; s/".*//' |
    while read -r from to; do
	[ ! -f "${from%/*}/$to" ] || to=${from%/*}/$to
	echo "$from $to"
done >"$T/includes"
check 'includes were found' test "$(grep -c . "$T/includes")" -gt 100
while read -r from to; do
	[ -f "$to" ] || echo "$from $to"
done <"$T/includes" >"$T/gone"
t 'each included file is there' 0 '' '' cat "$T/gone"
grep -v -x -F -f "$T/gone" "$T/includes" | upward >"$T/found"
t 'no include upward' 0 '' '' cat "$T/found"
if command -v tsort >/dev/null; then
	sed 's/\.[ch]//g' "$T/includes" | awk '$1 != $2' |
	    tsort 2>&1 >/dev/null | sed 's/^tsort: //' >"$T/found"
	t 'no modules that include each other in a circle' 0 '' '' cat "$T/found"
else
	skip 'no modules that include each other' 'tsort is not installed'
fi
for h in $headers; do
	guard=$(printf '%s_H' "${h%.h}" | tr 'a-z/' 'A-Z_' | sed 's/^BASE_/WK_/')
	grep -q "^#ifndef $guard\$" "$h" && grep -q "^#define $guard\$" "$h" ||
	    echo "$h: no #ifndef $guard with its #define"
done >"$T/found"
t 'each header has its guard' 0 '' '' cat "$T/found"
for f in $headers $objects; do
	grep -qE "(^|[ 	])$f( |\$)" Makefile || echo "$f: not in the Makefile"
done >"$T/found"
t 'all that is there is built' 0 '' '' cat "$T/found"

# --- names ---

# "file: name" for each name that others get with a header: macros, tags, types,
# constants, functions and variables, but not members and parameters.
names() {
	awk 'function say(name) { print file ": " name }
	function last_word(s) {
		sub(/ *(\[[^]]*\] *)*$/, "", s)
		sub(/.*[^A-Za-z0-9_]/, "", s)
		return s
	}
	function declared(d,   tag) {
		gsub(/[ \t\n]+/, " ", d)
		sub(/^ /, "", d)
		sub(/ $/, "", d)
		tag = d ~ /^(struct|union|enum) [A-Za-z0-9_]+( \{\})?$/
		# the first bracket follows a name, or has that of a pointer in it
		if (match(d, /\(/) && substr(d, RSTART) ~ /^\( ?\*/)
			sub(/\).*/, "", d)
		else
			sub(/ ?\(.*/, "", d)
		sub(/ ?\{\}$/, "", d)
		sub(/ ?=.*/, "", d)
		if (d ~ /^(struct|union|enum)$/)
			return
		if (tag || d !~ /^(struct|union|enum) [A-Za-z0-9_]+$/)
			say(last_word(d))
	}
	function constants(list,   i, n, part) {
		n = split(list, part, ",")
		for (i = 1; i <= n; i++) {
			sub(/=.*/, "", part[i])
			gsub(/[ \t\n]/, "", part[i])
			if (part[i] != "") say(part[i])
		}
	}
	function done(   i, c, depth, from, d, inner) {
		while (match(text, /\/\*([^*]|\*+[^*\/])*\*+\//))
			text = substr(text, 1, RSTART - 1) " " \
			    substr(text, RSTART + RLENGTH)
		for (i = 1; i <= length(text); i++) {
			c = substr(text, i, 1)
			if (c == "{" && depth++ == 0)
				from = i
			else if (c == "}" && --depth == 0) {
				inner = substr(text, from + 1, i - from - 1)
				if (d ~ /(^|[ \t\n])enum[ \t\n]*[A-Za-z0-9_]*[ \t\n]*$/)
					constants(inner)
				d = d " {}"
			} else if (c == ";" && depth == 0) {
				declared(d)
				d = ""
			} else if (depth == 0)
				d = d c
		}
		text = ""
	}
	FNR == 1 && NR > 1 { done() }
	{ file = FILENAME }
	/^#[ \t]*define/ {
		sub(/^#[ \t]*define[ \t]+/, "")
		sub(/[^A-Za-z0-9_].*/, "")
		say($0)
		next
	}
	/^#/ { next }
	{ text = text $0 "\n" }
	END { done() }' "$@"
}
names $public >"$T/names"
check 'public names were found' test "$(grep -c . "$T/names")" -gt 100
sed -n '/: \(div_\|DIV_\|wk_\|WK_\)/!p' "$T/names" |
    grep -v ': DIVCONNECT_H$' |
    sed 's/$/ begins with none of div_ DIV_ wk_ WK_/' >"$T/found"
t 'all that public headers declare has its prefix' 0 '' '' cat "$T/found"

# what grep and a debugger find by its name is one thing
awk 'FNR == 1 { is_static = 0 }
	/^(_Noreturn )?static/ { is_static = 1; next }
	is_static && /^[A-Za-z0-9_]+\(/ {
		sub(/\(.*/, "")
		if ($0 in home && home[$0] != FILENAME)
			print FILENAME ": " $0 " is also in " home[$0]
		home[$0] = FILENAME
	}
	{ is_static = 0 }' $sources >"$T/found"
t 'no static function shares its name with another' 0 '' '' cat "$T/found"
awk '/^[A-Za-z0-9_]+\(/ { name = $0; sub(/\(.*/, "", name) }
	/^\{/ { from = FNR }
	/^\}/ && from { if (FNR - from > 61)
		print FILENAME ": " name " has " FNR - from - 1 " lines"; from = 0 }
	' $sources >"$T/found"
t 'no function has more than 60 lines' 0 '' '' cat "$T/found"

# --- width ---

# tabs are eight columns, and a character of several bytes is one
LC_ALL=C awk '{
	n = split($0, part, "\t")
	columns = 0
	for (i = 1; i <= n; i++) {
		gsub(/[\200-\277]/, "", part[i])
		columns += (i > 1 ? 8 - columns % 8 : 0) + length(part[i])
	}
	if (columns > 80)
		print FILENAME ": line " FNR " has " columns " columns"
	}' $written >"$T/found"
t 'no line has more than 80 columns' 0 '' '' cat "$T/found"

if command -v nm >/dev/null; then
	# the same by what is called: a declaration needs no header
	nm -P -A -g $objects |
	    sed 's/:/ /' | awk '$3 == "U" { user[++n] = $1; name[n] = $2; next }
		{ home[$2] = $1 }
		END { for (i = 1; i <= n; i++) if (name[i] in home)
			print user[i], home[name[i]], name[i] }' >"$T/calls"
	check 'calls were found' test "$(grep -c . "$T/calls")" -gt 300
	upward <"$T/calls" >"$T/found"
	t 'no call upward' 0 '' '' cat "$T/found"
	# what is said to people is said by programs
	# shellcheck disable=SC2046
	nm -P -A -g $(printf '%s\n' $objects | grep -E '^(wire/|divconnect)') |
	    awk '$3 == "U" && $2 ~ /^_?(wk_(warn.*|note|die.*|usage)|std(out|err)|puts|printf|perror)$/ {
		print $1 " must not use " $2 }' >"$T/found"
	t 'no words in what has none' 0 '' '' cat "$T/found"
	nm -P -A -g bin/libdivconnect.a |
	    awk '$3 ~ /^[A-TV-Z]$/ && $2 !~ /^_?(div|wk)_|^__/ {
		print $1 " " $2 " begins with neither div_ nor wk_" }' >"$T/found"
	t 'all that the library exports has its prefix' 0 '' '' cat "$T/found"
else
	skip 'what the objects call, and what they export' 'nm is not installed'
fi
[ $# -eq 0 ] || { finish; exit; }

# --- what would be found ---

set +f
# planted NAME SAID: in the copy that is the working directory, with a fault
planted() {
	peer limit 60 sh "$here/layers.t" "$PWD" >"$T/out" 2>&1
	sed -n '/^not ok/p; /^# stdout: ./p' "$T/out" >"$T/said"
	cd "$T/w" || exit 1
	grep -qF "$2" "$T/out" &&
	    [ "$(grep -c '^not ok' "$T/out")" -eq $((before + 1)) ]
	result $? "found: $1" "wanted: $2$nl$(cat "$T/said")"
}
copy() {
	rm -rf "$T/w/copy" && mkdir "$T/w/copy" && cd "$T/w/copy" || exit 1
	(cd "$top" && tar cf - Makefile ./*.[cho] ./*/*.[cho] bin/libdivconnect.a) |
	    tar xf -
}
copy
before=$(peer limit 60 sh "$here/layers.t" "$PWD" 2>&1 | grep -c '^not ok')
sed '/^#define WK_DIAL_H/d' base/dial.h >x && mv x base/dial.h
planted 'a header without its guard' 'base/dial.h: no #ifndef WK_DIAL_H'
copy
echo '#include "wire/broker.h"' >>base/lines.c
planted 'an include upward' 'base/lines.c must not use wire/broker.h'
copy
echo '#include "xclate/xclate.h"' >>xapply/say.c
planted 'an include of another program' 'xapply/say.c must not use xclate/xclate.h'
copy
echo '#include "wrapw/wrapw.h"' >>wraptree.c
planted 'one from the root' 'wraptree.c must not use wrapw/wrapw.h'
copy
echo '#include "gone.h"' >>base/text.c
planted 'a header that is not there' 'base/text.c gone.h'
if command -v tsort >/dev/null; then
	copy
	echo '#include "options.h"' >>base/text.h
	planted 'a circle' base/text
fi
copy
mkdir newroom && echo 'int newroom;' >newroom/part.c
planted 'a new folder with a file that is not built' 'newroom/part.o: not in the Makefile'
copy
sed '$d' base/event.h >x
cat >>x <<'END'
struct serve_x { int wk_a; };
enum { WK_A, EV_B };
extern int ev_count[2];
int (*hook)(int wk_a);
typedef int (*ended)(int wk_a);
typedef unsigned mask;
enum state { WK_C };
const char *answer(int wk_a, void (*wk_f)(int));
#endif
END
mv x base/event.h
planted 'a structure' 'base/event.h: serve_x begins with none'
for name in EV_B ev_count hook ended mask state answer; do
	result "$(grep -q "base/event.h: $name begins" "$T/out"; echo $?)" \
	    "found: $name" "$(cat "$T/said")"
done
copy
echo '#define MAX(a, b) a' >>divconnect.h
planted 'a macro' 'divconnect.h: MAX begins with none'
copy
printf 'static int\nmove(void)\n{\n}\n' | tee -a base/text.c >>xapply/say.c
planted 'a name twice' 'xapply/say.c: move is also in base/text.c'
copy
{ printf 'int\nlong_one(void)\n{\n'; yes '' | head -n 61; echo '}'; } >>base/text.c
planted 'a long function' 'base/text.c: long_one has 61 lines'
for f in base/text.h tests/tap.h examples/spck.c bench/lease.c; do
	copy
	printf 'a\t// %068d\303\251\n' 0 0 >>"$f"
	printf 'a\t// %069d\303\251\n' 0 >>"$f"
	planted "a long line in $f" "$f: line $(grep -c '' "$f") has 81 columns"
done
if command -v nm >/dev/null && command -v cc >/dev/null; then
	symbol=$(nm -P -g "$top/wire/broker.o" | awk '$2 == "T" { print $1; exit }')
	printf 'int %s(void);\nint wk_x(void) { return %s(); }\n' \
	    "$symbol" "$symbol" >x.c
	copy
	cc -c -o base/size.o "$T/w/x.c"
	planted 'a call upward' "base/size.o must not use wire/broker.o $symbol"
	echo 'void wk_note(const char *); void wk_x(void) { wk_note("a"); }' >x.c
	copy
	cc -c -o wire/late.o "$T/w/x.c"
	planted 'a message' 'wire/late.o: must not use wk_note'
	echo 'int puts(const char *); int div_x(void) { return puts("a"); }' >x.c
	copy
	cc -c -o divconnect.o "$T/w/x.c"
	planted 'another' 'divconnect.o: must not use puts'
	echo 'int ev_stop(void) { return 0; }' >x.c
	copy
	cc -c -o x.o "$T/w/x.c" && ar r bin/libdivconnect.a x.o 2>/dev/null && rm x.o
	planted 'a public function' 'ev_stop begins with neither'
fi
finish
