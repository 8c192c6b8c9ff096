#!/bin/sh
# colour.t - tags in colour: where, which, how wide, and where they end
. "$(dirname "$0")/lib.sh"
. "$here/screen.sh"

# --- elsewhere it is --tag ---
for o in --tag-colour '-k --tag-colour' '--tag --tag-colour' '--tag-colour -P2 -k'; do
	t "not at a terminal: xapply $o" 0 "a	out${nl}bbb	out" '' \
	    sh -c "xapply $o 'echo out%0' a bbb | cat"
done
t 'with a text' 0 "<a>	out${nl}<bbb>	out" '' xapply --tag-colour --tagstring '<%x>' 'echo out%0' a bbb
t 'in any order' 0 "<a>	out${nl}<bbb>	out" '' xapply --tagstring '<%x>' --tag-colour 'echo out%0' a bbb
t 'it is collated, and a section of its own' 0 'a	out' '' xclate -m xapply --tag-colour 'printf out%0' a
t 'a client' 0 'a	out' '' xclate -m xclate --tag-colour -c a echo out
t 'a filter' 0 'a	out' '' sh -c 'echo out | xclate -m xclate --tag-colour a'
t 'lines' 0 'a	out' '' xclate -m xclate --tag-colour -l -c a echo out
t 'a master' 0 'a	out' '' xclate -m --tag-colour xclate -c a echo out
t 'of $XCLATE' 0 'a	out' '' env XCLATE_1=--tag-colour xapply -m 'echo out%0' a
t 'the colour of other people' 64 '' '~xapply: *--tag-color*--tag-colour*' xapply --tag-color echo a

# --- at a terminal ---
# In what is written there [N is the colour N, and ] the end of one.
bytes() {
	tr -d '\r' <log | sed "s/$(printf '\033')\[0;3\([1-6]\)m/[\1/g
		s/$(printf '\033')\[0m/]/g; s/$(printf '\033')\[1m/*/g; s/	/>/g" |
	    sed '/^begin$/,/^end$/!d' | sed '1d;$d'
}
# in_colour NAME COMMAND TEXT: that is what the terminal gets
in_colour() {
	rm -f log old new
	printf 'echo begin\n%s\necho end\n' "$2" >cmd
	SHELL=/bin/sh peer limit 60 script -qc 'sh ./cmd' log >/dev/null 2>&1 </dev/null
	bytes >got
	[ "$(cat got)" = "$3" ]
	result $? "$1" "wanted: $3${nl}got: $(cat -v got)"
}
if command -v script >/dev/null; then
	two="[1a]  >out$nl[2bbb]>out"
	for o in --tag-colour '-k -P2 --tag-colour' '-d --tag-colour' '--tag-colour --results r' '-k --tag-colour -J2'; do
		in_colour "padded, in two colours: xapply $o" "xapply $o 'echo out%0' a bbb" "$two"
	done
	in_colour 'the text of --tagstring' "xapply --tag-colour --tagstring '<%x %s>' 'echo out%0' a bbb" \
	    "[1<a 0>]  >out$nl[2<bbb 1>]>out"
	in_colour 'the palette begins anew' "xapply --tag-colour 'echo;%0' 1 2 3 4 5 6 7 8" \
	    "[11]>$nl[22]>$nl[33]>$nl[44]>$nl[55]>$nl[66]>$nl[17]>$nl[28]>"
	in_colour 'in each line, and none in the text' "xapply --tag-colour 'echo x; echo y; printf z%0' a" \
	    "[1a]>x$nl[1a]>y$nl[1a]>z"
	in_colour 'the text keeps its own' "xapply --tag-colour 'printf \"\\033[1mx\\ny\\033[0m\\nz\\n\";%0' a" \
	    "[1a]>*x$nl[1a]>*y]$nl[1a]>z"
	in_colour 'lists of files: as far as is known' "printf 'a\\nbbb\\nc\\n' >l; xapply -f --tag-colour 'echo out%0' l" \
	    "[1a]>out$nl[2bbb]>out$nl[3c]  >out"
	in_colour 'of two parameters the first' "xapply -2 --tag-colour 'echo %%2;%0' a bbbb cc d" \
	    "[1a] >%2$nl[2cc]>%2"
	in_colour 'columns, not bytes' "xapply --tag-colour 'echo out%0' $(printf '\303\244 \346\274\242 bbb')" \
	    "[1$(printf '\303\244')]  >out$nl[2$(printf '\346\274\242')] >out$nl[3bbb]>out"
	in_colour 'line by line' "xapply -l --tag-colour 'echo x; echo y%0' a bb" \
	    "[1a] >x$nl[1a] >y$nl[2bb]>x$nl[2bb]>y"
	in_colour 'a master' "xclate -m --tag-colour sh -c 'for i in a bbb c; do echo out | xclate \$i; done'" \
	    "[1a]>out$nl[2bbb]>out$nl[3c]  >out"
	in_colour 'clients' "xclate -m sh -c 'echo out | xclate --tag-colour a; xclate -c --tag-colour b echo out;
	    xclate -c -l --tag-colour c echo out; xclate -c -g --tag-colour d echo out'" \
	    "[1a]>out$nl[2b]>out$nl[3c]>out$nl[4d]>out"
	in_colour 'of $XCLATE' "XCLATE_1=--tag-colour xapply -m 'echo out%0' a bbb" "$two"
	in_colour 'in the section of another run' "xclate -m xapply -k --tag-colour 'echo out%0' a bbb" "$two"
	in_colour 'a master that looks, too' "xclate -m --newline xapply --tag-colour 'echo out%0' a bbb" "$two"
	in_colour 'an empty NO_COLOR' "NO_COLOR= xapply --tag-colour 'echo out%0' a bbb" "$two"
	in_colour 'NO_COLOR' "NO_COLOR=0 xapply --tag-colour 'echo out%0' a bbb" "a>out${nl}bbb>out"
	in_colour 'NO_COLOR, a master' "NO_COLOR=1 xclate -m --tag-colour xclate -c a echo out" 'a>out'
	in_colour 'NO_COLOR, a client' "NO_COLOR=1 xclate -m xclate --tag-colour -c a echo out" 'a>out'
	in_colour 'a file of results' "xapply --tag-colour --results r 'echo out%0' a >/dev/null; cat r/a" out
	in_colour 'and that of a master' "xclate -m --tag-colour --results q xclate -c a echo out >/dev/null; cat q/a" out
	in_colour 'the output of the master is elsewhere' "xclate -m -O '>o' --tag-colour xclate -c a echo out; cat o" 'a>out'
	in_colour 'or a pipe' "xapply --tag-colour 'echo out%0' a | cat" 'a>out'
	in_colour 'the widow output' "xclate -m xclate -w --tag-colour a echo out" 'a>out'
	in_colour 'stderr apart' "xapply --tag-colour --stderr-apart 'echo out; echo err >&2;%0' a" "[1a]>out$nl[1a]>err"
	in_colour 'and that elsewhere' "xapply --tag-colour --stderr-apart 'echo out; echo err >&2;%0' a 2>e; cat e" "[1a]>out${nl}a>err"
	for said in '0.8\0' '0.8+\0' '0.8+s\0'; do
		in_colour "a master that does not say that it is one: $said" "peer master old A j:a 's:0\\n' \
		    'r:?T \\0?H \\0?L \\0?s \\0?q \\0-V +' 's:...-\\0-\\0$said' q:rf 'g:out\\0' q: & until test -S old; do :; done
		    echo out | xclate -u old --tag-colour a; wait" 'a>out'
	done
	for said in '0.8+t\0' '0.8+st\0'; do
		in_colour "one that does: $said" "peer master new A j:a 's:0\\n' \
		    'r:?T \\0?H \\0?L \\0?s \\0?q \\0-V +' 's:...-\\0-\\0$said' q:rf 'g:out\\0' q: & until test -S new; do :; done
		    echo out | xclate -u new --tag-colour a; wait" '[1a]>out'
	done
else
	skip 'what a terminal gets' 'script is not installed'
fi

# --- and what is seen there ---
open_screen 60 20
keys "SHELL=/bin/sh xapply -k -P2 --tag-colour 'echo out %1' a bbb cc"
sees 'the texts begin in one column' 'a       out a' 'bbb     out bbb' 'cc      out cc'
tm capture-pane -p -e >now
grep -q "$(printf '\033')\[3[1-6]ma" now
result $? 'and the tags are in colour' "$(cat -v now)"
keys 'exit'
finish
