#!/bin/sh
# connect.t - connecting through wrapw: the library as the client, peer as
# the wrapw master, from the protocol's bytes
. "$(dirname "$0")/lib.sh"

wrapw() {       # wrapw step...: play one, for one connection
	rm -f ww
	peer $bytes listen ww "$@" 2>wrapw.err & wrapw=$!
	wait_until test -S ww
}

played() {      # the wrapw side must have seen what it expected, too
	wait $wrapw
	code=$?
	result $code "$1"
	[ $code -eq 0 ] || note "$(cat wrapw.err)"
}

for bytes in '' -1; do
	wrapw 'r:0\0' s:+ r:hi s:yo e
	t "$bytes +: this connection goes on" 0 '' '' peer connect ww/0 s:hi r:yo
	played "$bytes +: the other side"
	wrapw 'r:0\0' s:@ 'd:0\0' r:hi s:yo e
	t "$bytes @: another descriptor takes its place" 0 '' '' \
	    peer connect ww/0 s:hi r:yo
	played "$bytes @: the other side"
	wrapw 'r:0\0' s:+ 'r:abc\0' s:@ 'd:abc\0' r:hi s:yo e
	t "$bytes two cookies: from the outer to the inner" 0 '' '' \
	    peer connect ww/0/abc s:hi r:yo
	played "$bytes two cookies: the other side"
	wrapw 'r:0\0' s:- e
	t "$bytes -: refused" 1 '' 'peer: ww/0: ENOENT' \
	    peer connect ww/0
	played "$bytes -: the other side sees the end"
done
bytes=
wrapw 'r:0\0' s:+ r:hi s:yo e
t 'repeated slashes do not count' 0 '' '' peer connect ww//0// s:hi r:yo
played 'repeated slashes: one cookie'
wrapw r:hi s:yo e
t 'a slash behind a socket does not count' 0 '' '' peer connect ww/ s:hi r:yo
played 'no cookie'
wrapw 'r:0\0' s:@ s:x e
t '@ without a descriptor' 1 '' 'peer: ww/0: EPROTO' peer connect ww/0
played '@ without a descriptor: closed'
wrapw 'r:0\0' s:@ x:2 e
t '@ with two descriptors: the first' 0 '' '' peer connect ww/0
played '@ with two descriptors: the connection is closed'
wrapw 'r:0\0' s:@ x:40 e
t '@ with more descriptors than anybody looks at' 1 '' \
    'peer: ww/0: EMSGSIZE' peer connect ww/0
played '... is closed'
wrapw 'r:0\0'
t 'it hangs up instead of an answer' 1 '' \
    'peer: ww/0: ECONNRESET' peer connect ww/0
played 'it hung up'
wrapw 'r:0\0' s:@
t 'it hangs up instead of a descriptor' 1 '' \
    'peer: ww/0: ECONNRESET' peer connect ww/0
played 'it hung up'
wrapw 'r:0\0' e
before=$(date +%s)
t 'it says nothing: five seconds' 1 '' \
    'peer: ww/0: ETIMEDOUT' peer connect ww/0
took=$(($(date +%s) - before))
# (a busy machine may stand still for some seconds)
[ $took -ge 4 ] && [ $took -le 19 ]
result $? "took $took seconds"
played 'it sees the end'
wrapw e
t 'a cookie too long, found before anybody is asked' 1 '' '~*: ENAMETOOLONG' \
    peer connect "ww/$(printf '%0256d' 0)"
cookies=$(i=0; while [ $i -lt 33 ]; do printf '/%s' $i; i=$((i + 1)); done)
t 'a chain of 33 cookies' 1 '' '~*: ELOOP' peer connect "ww$cookies"
kill $wrapw 2>/dev/null; wait
wrapw 'n:32' 'r:1\0' s:+ r:hi s:yo
kill $wrapw; wait 2>/dev/null
set --
i=31; path=ww
while [ $i -ge 0 ]; do set -- "r:c\\0" s:+ "$@"; path=$path/c; i=$((i - 1)); done
wrapw "$@" r:hi s:yo e
t 'a chain of 32 cookies' 0 '' '' peer connect "$path" s:hi r:yo
played '32 cookies: the other side'
t 'a prefix that is no socket' 1 '' '~*: ENOTSOCK' \
    sh -c ': >plain; peer connect plain/0'
t 'no socket anywhere' 1 '' '~*: ENOENT' \
    peer connect nothing/0
rm -f ww

# a real master behind it
echo tok >tok
cat >behind.sh <<'EOF'
peer listen ww 'r:0\0' s:@ b:$ptbw_1 e &
until test -S ww; do :; done
ptbw -t ww/0 -A echo
wait $!
EOF
t 'ptbw takes a token through it' 0 tok '' ptbw -m -t tok sh behind.sh
t 'a master borrows through it' 0 tok '' ptbw -m -t tok sh -c '
    rm -f ww; peer listen ww "r:0\\0" s:@ b:$ptbw_1 e &
    until test -S ww; do :; done
    ptbw -m -t ww/0 -J1 ptbw -A echo; wait $!'
rm -f ww
t '-V shows such a path as it stands' 0 '~*: ww/0 \[target\]*' '' sh -c '
    peer listen ww w:go & until test -S ww; do :; done
    ptbw -t ww/0 -V; : >go; peer connect ww; wait'
finish
