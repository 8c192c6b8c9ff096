#!/bin/sh
# requests.t - what clients ask: the tables of the masters are those of PROTOCOL,
# and a trace shows each request and each answer
. "$(dirname "$0")/lib.sh"
# a trace of one's own is looked at here
unset WRAPKIT_TRACE

# --- the tables ---
# table FILE NAME: the rows of a table, "letter name" or "name"
table() {
	sed -n "/^} $2\\[\\] = {/,/^};/p" "$top/$1" | sed -n "
		/'.0'/d
		s/^	{ ['\"]\\(..*\\)['\"], \"\\([a-z-]*\\)\".*/\\1 \\2/p; t
		s/^	{ \"\\([a-z]*\\)\".*/\\1/p" | sort
}
# section FROM TO: the lines of PROTOCOL from a heading to another
section() {
	sed -n "/^$1 /,/^$2 /p" "$top/PROTOCOL"
}
names() {       # names: the rows of a list of names
	sed -n 's/^	\([^	 ][^	 ]*\)	\([a-z-]*\)$/\1 \2/p' | sort
}
same() {        # same WHAT: the files a and b, neither of them empty
	check "$1: the table was found" test "$(grep -c . a)" -ge "$2"
	t "$1: the table is what PROTOCOL says" 0 '' '' diff a b
}
table ptbw/master.c requests >a
section 2.7 3. | names >b
same 'ptbw, names' 26
sed 's/ .*//' a >letters
mv letters a
section 2.2 2.3 | sed -n 's/^	[ni]\{0,1\}\([A-Z.rtw]\)	.*/\1/p' | sort >b
same 'ptbw, letters' 26

table xclate/master.c commands >a
section 3.8 4. | names >b
same 'xclate, names' 22
sed 's/ .*//' a >letters
mv letters a
{ section 3.2 3.3; section 3.6 3.7; } |
    sed -n 's/^	\([?a-zA-Z-][^	 ]\)[	 ].*/\1/p' | sort -u >b
same 'xclate, commands' 22

table wrapw/master.c requests >a
section 4.2 4.3 | sed -n 's/^	\([a-z][a-z]*\)[	 ].*/\1/p' |
    grep -vx request | sort -u >b
same 'wrapw' 8
table wrapw/relay.c requests >a
section 5.1 5.2 | sed -n 's/^	\([a-z][a-z]*\)[	 ].*/\1/p' | sort -u >b
same 'a link' 3

# --- the trace ---
# traced NAME WANTED command...: the trace of a run, pids left out, one connection
# after the other: the end of one may be seen after the beginning of the next
traced() {
	name=$1 want=$2
	shift 2
	rm -f trace
	WRAPKIT_TRACE=trace peer limit 60 "$@" >out 2>&1 </dev/null
	sed 's/^\([a-z]*\)\[[0-9][0-9]*\]/\1/; s/pid [0-9]*$/pid N/' trace |
	    awk '{ of[$2] = of[$2] $0 "\n" } END { printf "%s%s", of[1], of[2] }' >got
	printf '%s\n' "$want" >want
	diff want got >difference
	result $? "$name" "$(cat difference out)"
}
s=$T/w/s
traced 'ptbw: requests by their names, answers' 'ptbw 1 connected
ptbw 1 < pid N
ptbw 1 < take 2
ptbw 1 > 0,1
ptbw 1 < take
ptbw 1 > -1
ptbw 1 < name 1
ptbw 1 > +1
ptbw 1 < name 7
ptbw 1 > -No
ptbw 1 < unknown z
ptbw 1 > -No
ptbw 1 < unknown \x1b
ptbw 1 > -No
ptbw 1 < tableau
ptbw 1 > 0\01
ptbw 1 < close
ptbw 1 ended' ptbw -m -J2 -N "$s" peer connect "$s" \
    's:4711\n2GG1N7Nz' "s:$(printf '\033')T." 'r:0,1\n-1\n+1\n-No\n-No\n-No\n0\01\0' e
traced 'ptbw: what it drops, and why' 'ptbw 1 connected
ptbw 1 dropped: it did not begin with a process id
ptbw 1 ended
ptbw 1 left behind: ello' ptbw -m -N "$s" peer connect "$s" 's:hello\n' e
traced 'xclate: the xid, commands, descriptors' 'xclate 1 connected
xclate 1 > 0.8
xclate 1 < xid a b
xclate 1 > 0
xclate 1 < title
xclate 1 > 1:
xclate 1 < output
xclate 1 < version +
xclate 1 > 0.8+s
xclate 1 < data
xclate 1 > out +fd
xclate 1 < status 3
xclate 1 < unknown zz
xclate 1 < nonsense zzzz
xclate 1 ended' xclate -m -T '' -u "$s" peer connect "$s" 'r:0.8\0' 's:a b\n' \
    'r:0\n' 's:?T \0' 'r:1:\0' 's:o1 \0-V +' 'r:0.8+s\0' 's:hd \0' 'f:out\0' \
    's:003\0zz \0' S:zzzz e
traced 'wrapw: lines, cookies, the empty one' 'wrapw 1 connected
wrapw 1 < control
wrapw 1 > +
wrapw 1 < version
wrapw 1 > + 4
wrapw 1 > 1.0
wrapw 1 < what is it
wrapw 1 > - unknown request
wrapw 1 ended
wrapw 2 connected
wrapw 2 < cookie x/y
wrapw 2 > -
wrapw 2 ended' wrapw -m -N "$s" sh -c "
    peer connect $s 's:\\0version\\nwhat is it\\n' 'r:++ 4\\n1.0\\n- unknown request\\n'
    peer connect $s 's:x/y\\0' r:- e"
t 'one file for masters in masters' 0 - '' env WRAPKIT_TRACE="$T/all" ptbw -m -J9 \
    xclate -m wrapw -m sh -c 'for i in 1 2 3 4 5 6 7 8; do
	ptbw xclate $i echo & done; wait'
t 'they all wrote' 0 'ptbw
wrapw
xclate' '' sh -c "sed 's/\\[.*//' '$T/all' | sort -u"
t 'each line in one piece' 1 '' '' \
    grep -v '^[a-z]*\[[0-9]*\] [0-9]* [<>a-z]' "$T/all"
traced 'of many bytes the first' 'ptbw 1 connected
ptbw 1 < pid N
ptbw 1 < tableau
ptbw 1 > '"$(awk 'BEGIN { while (i < 32) printf "%s\\0", 1000 + i++ }')"'... (4499 bytes)
ptbw 1 ended' sh -c 'i=1000; while [ $i -lt 1900 ]; do echo $i; i=$((i + 1))
    done >names; ptbw -m -t names -N '"$s peer connect $s 's:1\\nT'"' h E'
t '-vv: the same on standard error' 0 '' "~ptbw[[]*] 1 connected
ptbw[[]*] 1 < pid *
ptbw[[]*] 1 < take 1
ptbw[[]*] 1 > 0
*ptbw[[]*] 1 ended" ptbw -vvm ptbw true
t '-vv: xclate' 0 '' '~*xclate[[]*] 1 < xid a*' xclate -vvm xclate -c a true
t '-vv: wrapw' 0 - '~*wrapw[[]*] 1 < ns*' wrapw -mvv wrapw -n
t '-v alone: none' 0 '' '' ptbw -vm ptbw true
t 'an empty name: none' 0 '' '' env WRAPKIT_TRACE= ptbw -m ptbw true
t 'a file that cannot be opened' 3 '' \
    "ptbw: \$WRAPKIT_TRACE: $T/none/x: No such file or directory" \
    env WRAPKIT_TRACE="$T/none/x" ptbw -m ptbw sh -c 'exit 3'
mkfifo fifo
t 'a fifo that nobody reads' 3 '' \
    'ptbw: $WRAPKIT_TRACE: fifo: No such device or address' \
    env WRAPKIT_TRACE=fifo ptbw -m ptbw sh -c 'exit 3'
t 'a disk that is full' 0 0 '' env WRAPKIT_TRACE=/dev/full ptbw -m ptbw -A echo
t 'no more bytes for a file' 3 '' '' \
    sh -c 'ulimit -f 0; WRAPKIT_TRACE=full ptbw -m ptbw sh -c "exit 3"'
if [ -d /proc/self/fd ]; then
	t 'the utility does not inherit it' 1 '' '' sh -c '
	    WRAPKIT_TRACE=$PWD/kept ptbw -m ls -l /proc/self/fd | grep kept'
else
	skip 'the utility does not inherit it' 'no /proc'
fi
finish
