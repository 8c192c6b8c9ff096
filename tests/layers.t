#!/bin/sh
# layers.t - who may know whom: divconnect nobody, base that alone, wire base,
# the files of a program those and each other, and no program another
. "$(dirname "$0")/lib.sh"
cd "$top" || exit 1

# Lines "file that uses, file that is used" in, those against the rule out.
# NAME.c at the root belongs to the folder NAME.
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
files=$(ls ./*.[ch] base/*.[ch] wire/*.[ch] ptbw/*.[ch] xclate/*.[ch] \
    xapply/*.[ch] wrapw/*.[ch] wraptree/*.[ch] | sed 's,^\./,,')
# the included file stands in the same folder, or is named from the root
# shellcheck disable=SC2086
grep -H '^#include "' $files | sed 's/:#include "/ /; s/"//' |
    while read -r from to; do
	[ ! -f "${from%/*}/$to" ] || to=${from%/*}/$to
	echo "$from $to"
done >"$T/includes"
check 'includes were found' test "$(grep -c . "$T/includes")" -gt 100
t 'an include that is not there' 0 '' '' sh -c 'while read -r from to; do
	[ -f "$to" ] || echo "$from: $to"; done <'"$T/includes"
upward <"$T/includes" >"$T/found"
t 'no include upward' 0 '' '' cat "$T/found"
sed 's/\.[ch]//g' "$T/includes" | awk '$1 != $2' | tsort >/dev/null 2>"$T/found"
t 'no modules that include each other in a circle' 0 '' '' cat "$T/found"

# shellcheck disable=SC2086
for h in $(printf '%s\n' $files | grep '\.h$'); do
	guard=$(printf '%s_H' "${h%.h}" | tr 'a-z/' 'A-Z_' | sed 's/^BASE_/WK_/')
	grep -q "^#ifndef $guard\$" "$h" && grep -q "^#define $guard\$" "$h" ||
	    echo "$h: no #ifndef $guard with its #define"
	grep -q "[ 	]$h\( \|\$\)" Makefile || echo "$h: not in the Makefile's HEADERS"
done >"$T/found"
t 'each header has its guard, and stands in the Makefile' 0 '' '' cat "$T/found"

if ! command -v nm >/dev/null; then
	skip 'what the objects call, and what they export' 'nm is not installed'
	finish
	exit
fi
# the same by what is called: a declaration needs no header
# shellcheck disable=SC2046,SC2086
nm -P -A -g $(printf '%s\n' $files | sed -n 's/\.c$/.o/p') |
    sed 's/:/ /' | awk '$3 == "U" { user[++n] = $1; name[n] = $2; next }
	{ home[$2] = $1 }
	END { for (i = 1; i <= n; i++) if (name[i] in home)
		print user[i], home[name[i]], name[i] }' >"$T/calls"
check 'calls were found' test "$(grep -c . "$T/calls")" -gt 300
upward <"$T/calls" >"$T/found"
t 'no call upward' 0 '' '' cat "$T/found"
nm -P -g bin/libdivconnect.a | awk '$2 ~ /^[A-TV-Z]$/ && $1 !~ /^(div|wk)_/ {
	print "bin/libdivconnect.a: " $1 " has neither prefix" }' >"$T/found"
t 'all that the library exports begins with div_ or wk_' 0 '' '' cat "$T/found"
finish
