#!/bin/sh
# wraprows.t - wrapw's wire protocol, from its bytes: cookies, the control
# protocol, what a master passes on; whole and byte by byte
. "$(dirname "$0")/lib.sh"

echo a >a.tok
ptbw -m -t a.tok -N "$T/w/a" : & pool=$!
wait_until test -S a
ptbw_link=1 ptbw_1=$T/w/a wrapw -mq -N "$T/w/s" : & master=$!
wait_until test -S s

c() {           # c NAME step...
	name=$1
	shift
	t "$b $name" 0 '' '' peer $b connect s "$@"
}
y30=$(printf '%0255d' 0) y31=$(printf '%0256d' 0)
for b in '' -1; do
	c 'a number' 's:0\0' r:@ f:0 h e
	c 'a name' 's:ptbw_1\0' r:@ f:ptbw_1 h e
	c 'a prefix' 's:ptbw\0' r:@ f:ptbw h e
	for bad in 1 00 +0 -0 ' 0' '0 ' 0x0 ptbw_2 ptbw_01 ptbw_ ptbw_d PTBW ptb \
	    ptbw_link xcl wrapw 4294967296 18446744073709551616 . / 0/0 "$y30"; do
		c "no cookie: $bad" "s:$bad\\0" r:- e
	done
	c 'not printable' 's:0\n\0' r:- e
	c 'not ASCII' "s:$(printf '\303\244')\\0" r:- e
	c 'a cookie of 256 bytes' "S:$y31" 'S:\0' r:- e
	c 'a cookie without an end' "S:$y31$y31" r:- e
	c "a line of ptbw's, and a wait" 's:4711\nG' r:- e
	c 'a blank line' 's:\n' r:- e
	c 'half a cookie, then nothing' s:pt h e
	c 'what stands behind a cookie does not count' 's:0\00\0' r:@ f:0 h e
	c 'what stands behind a bad one neither' 'S:9\00\0' r:- e
	c 'our direction is closed at once' 's:0\0' h r:@ f:0 e
	c 'version' 's:\0version\n' 'r:++ 4\n1.0\n' h e
	c 'confine, and a cookie' 's:\0confine\n0\0' 'r:++ 0\n@' f:0 h e
	c 'confine, and the control protocol again' 's:\0confine\n\0unbind ptbw_1\nversion\n' \
	    'r:++ 0\n+- unbind: not over this connection\n+ 4\n1.0\n' h e
	c 'record' 's:\0record\n' "r:++ $((${#T} * 3 + 57))\\n$T/w/s\\0wrapw_link=1\\0wrapw_1=$T/w/s\\0ptbw_1=$T/w/s/0\\0ptbw_link=1\\0" h e
	c 'connect' 's:\0connect 0 0\n' r:+@ f:0 h e
	c 'connect, passed on by 32 masters' 's:\0connect 32 ptbw_1\n' r:+@ f:ptbw_1 h e
	c 'connect, passed on by 33' 's:\0connect 33 0\nversion\n' \
	    'r:+- too many masters in a row\n+ 4\n1.0\n' h e
	c 'connect, an absurd number' 's:\0connect 99999999999999999999 0\n' \
	    'r:+- too many masters in a row\n' h e
	c 'connect, no such cookie' 's:\0connect 1 9\nversion\n' \
	    'r:+- no such entry\n+ 4\n1.0\n' h e
	for bad in connect 'connect 1' 'connect 1 ' 'connect x 0' 'connect -1 0'; do
		c "$bad" "s:\\0$bad\\n" 'r:+- connect takes a number and a cookie\n' h e
	done
	for bad in '' VERSION versio versions ' version' 'version\0' '\0' xyz; do
		c "unknown: $bad" "s:\\0$bad\\nversion\\n" \
		    'r:+- unknown request\n+ 4\n1.0\n' h e
	done
	for bad in bind 'bind ' 'bind /x' 'bind /x ' 'bind -a ptbw_1' 'bind  ptbw_1'; do
		c "$bad" "s:\\0$bad\\n" 'r:+- bind takes a target and a name\n' h e
	done
	c 'bind: a relative target' 's:\0bind x ptbw_2\n' \
	    'r:+- x: the target is not an absolute path\n' h e
	c 'bind: an unknown flag is no path' 's:\0bind -x /x ptbw_2\n' \
	    'r:+- -x /x: the target is not an absolute path\n' h e
	c 'bind: control characters, made visible' "s:\\0bind /x$(printf '\033')y ptbw_2\\n" \
	    'r:+- /x^[y: the target holds control characters\n' h e
	c 'bind, -a, -b, -c and unbind' "s:\\0bind /no/x y ptbw_1\\nbind -a $T/w/a ptbw_1\\nbind -b $T/w/a ptbw_1\\nbind -c /x ptbw_1\\n" \
	    'r:++ 30\n0 /no/x y: no socket is there\n' 'r:+ 2\n0\n+ 2\n0\n' \
	    'r:- ptbw_1: the name is bound already\n' \
	    's:unbind ptbw_1\nunbind ptbw_1\n' \
	    'r:+ 0\n- ptbw_1: no such entry\n' \
	    "s:bind -c $T/w/a ptbw_1\\n" 'r:+ 2\n0\n' h e
	c 'ns' 's:\0ns\nversion\n' r:+ l "r:bind $T/w/a ptbw_1\\n" l 'r:+ 4\n1.0\n' h e
	c 'ns, and gone before the answer' 's:\0ns\n'
	c 'a request of 8190 bytes' "s:\\0$(printf '%08190d' 0)\\nversion\\n" \
	    'r:+- unknown request\n+ 4\n1.0\n' h e
done
b=
c 'a request that is too long' "S:\\0$(printf '%09000d' 0)" "S:$(printf '%030000d' 0)" E
c 'and ends with a newline' "S:\\0$(printf '%08192d' 0)\\nversion\\n" E
c 'many requests, the answers read later' "$(printf 's:\\0'; i=0
    while [ $i -lt 3000 ]; do printf 'version\\n'; i=$((i + 1)); done)" r:+ n:3000 'r:+ 4\n1.0\n' h e
c 'descriptors that nobody asked for' x:2 's:\0' r:- h e

t 'the service speaks through what was handed over' 0 '' '' peer connect s/0 's:7\nV' 'r:0.4\n'
t 'quit' 0 '' '' peer connect s 's:\0quit\n' 'r:++ 0\n' h e
wait $master
result $? 'ends it'

# masters that pass a request on: to one that knows of hops, and to others
cat >ask <<'END'
#!/bin/sh
ptbw_link=1 ptbw_1=$PWD/o/c exec wrapw -mq sh -c 'peer connect $ptbw_1 s:hi r:yo'
END
chmod +x ask
behind() {      # behind NAME step...: the steps of a master that ours asks
	name=$1
	shift
	rm -f o
	peer $b master o "$@" 2>o.err & other=$!
	wait_until test -S o
	t "$b $name" 0 '' '' ./ask
	wait $other
	result $? "$b $name: the other side" "$(cat o.err)"
}
for b in '' -1; do
	behind 'hops are counted' A 'r:\0connect 1 c\n' s:+@ d:c r:hi s:yo e
	behind 'the same connection' A 'r:\0connect 1 c\n' s:++ r:hi s:yo e
	behind 'one that refuses the empty cookie' A 'r:\0' s:- A 'r:c\0' s:@ d:c r:hi s:yo e
	behind 'one that hangs up on it' A 'r:\0' c A 'r:c\0' s:+ r:hi s:yo e
done
b=
if [ -d /proc/self/fd ]; then
	rm -f o
	set --
	for i in 1 2 3 4 5; do set -- "$@" A 'r:\0' x:1 E A 'r:c\0' s:-; done
	peer master o "$@" & other=$!
	wait_until test -S o
	# (at first the master may have some more, of starting the utility)
	t 'a descriptor in the place of a greeting is closed' 0 same '' sh -c '
	    ptbw_link=1 ptbw_1=$PWD/o/c wrapw -mq sh -c "
	    n=\$(ls /proc/\$PPID/fd | wc -l)
	    for i in 1 2 3 4 5; do peer connect \$ptbw_1 2>/dev/null; done
	    i=0; until [ \$(ls /proc/\$PPID/fd | wc -l) -le \$n ] || [ \$i -gt 500 ]
	    do i=\$((i + 1)); sleep 0.01; done; [ \$i -le 500 ] && echo same"'
	wait $other
else
	skip 'a descriptor in the place of a greeting is closed' 'no /proc'
fi
kill $pool
wait $pool
finish
