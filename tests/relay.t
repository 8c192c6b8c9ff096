#!/bin/sh
# relay.t - the two ends of a link, without anything between them: what is
# carried, in which order, and what becomes of it when something dies
. "$(dirname "$0")/lib.sh"

# linked COMMAND: sh runs it at the far end of a link, with the stack of here;
# $XOPT are options of the near end
cat >linked <<'END'
#!/bin/sh
exec wrapw -mq wrapw -X ${XOPT-} sh -c 'rm -f link; ln "$WRAPW_EXPORT" link
    exec wrapw -P "$PWD/link" ${POPT-} sh -c "$1"' sh "$1"
END
chmod +x linked
PATH=$T/w:$PATH
with_service() { # with_service COMMAND...: the service is the socket "svc"
	env svc_link=1 svc_1="$T/w/svc" "$@"
}
serve() {       # serve STEP...: what the service does
	rm -f svc
	peer limit 20 peer listen svc "$@" 2>err & service=$!
	wait_until test -S svc
}
served() {      # served NAME: it has done so
	wait $service
	result $? "$1" "$(cat err)"
}
# carried NAME "STEP..." "STEP...": the service's and the client's steps; the
# service's stdout is the file out, its descriptors 3, 4 and 5 are what the
# test says
carried() {
	rm -f got
	# shellcheck disable=SC2086
	serve $2
	client=
	for step in $3; do client="$client '$step'"; done
	with_service peer limit 20 linked "peer connect \$svc_1 $client" \
	    >got 2>&1 </dev/null
	code=$?
	wait $service
	[ $? -eq 0 ] && [ $code -eq 0 ]
	result $? "$1" "client: $(cat got)${nl}service: $(cat err)"
}

t 'plain bytes' 0 '' '' true
carried 'a question and an answer' 'r:ask s:answer' 's:ask r:answer'
carried 'an answer before the question' 's:hello r:x' 'r:hello s:x'
carried 'half a connection is closed' 'r:ask e s:late c' 's:ask h r:late e'
carried 'the other half' 's:hello h r:late' 'r:hello e s:late'
carried 'the service hangs up' 's:x c' 'r:x e'
carried 'the client hangs up' 'r:x e' 's:x c'
carried 'bytes one by one' 'r:abc s:def' 's:a s:b s:c r:d r:e r:f'

# --- descriptors from the service ---
: >out
exec 3>>out
carried 'a file to write to' 's:@ D:3=tag r:done' \
    'r:@ f:tag o:text s:done'
t 'has got what was written' 0 text '' cat out
: >out
carried 'what was written comes before what is said' \
    'D:3=t r:one F:out=1 s:a r:two F:out=12 s:b e F:out=123' \
    'f:t o:1 s:one r:a o:2 s:two r:b o:3 c'
: >out
carried 'a message with a descriptor stays one message' \
    's:a s:b D:3=cde s:f D:3=gh s:i r:x' \
    'r:ab f:cde r:f f:gh r:i s:x'
carried 'many of them' 'n:60 D:3=t r:x' 'n:60 f:t s:x'
exec 3>&-
echo content >in
exec 3<in
carried 'a file to read' 'D:3=t r:x' 'f:t i:content\n I s:x'
exec 3<&-
mkfifo pipe
exec 3<>pipe 4>pipe 5<pipe 3>&-
carried 'a pipe to write to' 'D:4=t r:x' 'f:t o:text s:x'
t 'has got it' 0 text '' sh -c 'dd bs=4 count=1 <&5 2>/dev/null'
echo reading >&4
carried 'a pipe to read' 'D:5=t r:x' 'f:t i:reading\n s:x'
exec 4>&- 5<&-
# a reader who leaves
rm -f svc
mkfifo left
(read -r line <left; echo "$line" >line) & reader=$!
exec 4>left
carried 'a reader who has left ends the writer' 'D:4=t r:x' \
    'f:t o:first\n P s:x'
exec 4>&-
wait $reader
t 'after it has read' 0 first '' cat line
exec 3<>/dev/null
carried '/dev/null, for both' 'D:3=t r:x' 'f:t o:text I s:x'
exec 3>&-
carried 'a connection' 'd:t r:ask s:answer e' 'f:t m s:ask r:answer c'
carried 'what is said on it comes before what is said later' \
    'd:t V:3000000 c' 'f:t W:3000000 c'
carried 'a descriptor over a connection that was one itself' \
    'd:t D:1=u r:x' 'f:t m f:u o:deep s:x' >deep
carried 'the same, half closed' 'd:t r:a e s:b c' 'f:t m s:a h r:b e'

# what is written to a connection that takes nothing holds nobody up
peer limit 20 peer listen other H t:shut w:over & other=$!
wait_until test -S other
rm -f svc
peer limit 20 peer plug other peer listen svc w:shut D:0=t \
    r:x s:y r:x s:y r:x s:y r:x s:y c 2>err & service=$!
wait_until test -S svc
t 'a connection that is not read any more' 0 '' '' env svc_link=1 \
    svc_1="$T/w/svc" peer limit 20 linked "set --
    for i in 1 2 3 4; do set -- \"\$@\" o:a s:x r:y; done
    peer connect \$svc_1 f:t \"\$@\" e"
wait $service
result $? 'what is said after it arrives' "$(cat err)"
: >over
wait $other

# --- from the client ---
exec 6>cout
carried 'a connection, from the client' 'f:t m r:ask s:answer e' \
    'd:t s:ask r:answer c'
carried 'one file, from the client' 'f:t o:text s:x' 'D:6=t r:x'
exec 6>&-
t 'has got it' 0 text '' cat cout
carried 'several in one message' 'f:x s:y' 'x:1 r:y'

# --- what cannot be carried ---
cannot() {      # cannot NAME WHAT: 3 is one
	serve "D:${3-3}=t" E
	t "$1" 0 '' "~*a connection was ended: *$2*a connection was ended: *$2*" \
	    env svc_link=1 svc_1="$T/w/svc" linked 'peer connect $svc_1 e'
	served "$1: the service goes on"
}
exec 3<.
cannot 'a directory' 'a directory'
if [ -d /proc/self/ns ]; then
	cannot 'an eventfd' ': eventfd' event
	cannot 'an epoll' ': eventpoll' epoll
	cannot 'a process' ': pidfd' pid
	cannot 'a name space' ': uts' space
	cannot 'a path' ': a name without a file (O_PATH)' path
else
	skip 'kinds of descriptors that Linux has' 'this is another system'
fi
exec 3<>in
cannot 'a file for both' 'a file open for both reading and writing'
exec 3<>pipe
cannot 'a pipe for both' 'a pipe open for both reading and writing'
exec 3>&-

serve E
t 'more descriptors than a message may have' 0 '' '~*a connection was ended: too many *' \
    env svc_link=1 svc_1="$T/w/svc" linked 'peer connect $svc_1 x:17 E'
served 'the service goes on'

# --- a pool that is borrowed itself ---
t 'its tokens over a link' 0 "0${nl}0" '' \
    ptbw -m -J1 ptbw -m -t - linked 'ptbw -A echo; ptbw -A echo'
ptbw -m -N "$T/w/outer" -J1 : & outer=$!
wait_until test -S outer
(
	ptbw_link=1 ptbw_1=$T/w/outer
	export ptbw_link ptbw_1
	# the end of this link takes its name away, which is not to be ours
	mkdir borrower && cd borrower || exit
	exec ptbw -m -t - sh -c 'echo $PPID >pid
	    exec linked "ptbw sh -c \": >held; until test -e free; do sleep 0.1; done\""'
) & inner=$!
wait_until test -e borrower/held
kill -9 "$(cat borrower/pid)"
wait $inner 2>/dev/null
t 'are held when the borrower is killed' 75 '' '~*timed out*' ptbw -T 0 -t outer true
: >borrower/free
t 'until their holder is gone' 0 '' '' ptbw -T 20 -t outer true
ptbw -Qt outer true
wait $outer

# --- what cannot be written, or comes late ---
exec 3>/dev/full
serve D:3=t e
t 'what is lost is not said to be written' 0 '' '~*a connection was ended: what was written is lost: *' \
    env svc_link=1 svc_1="$T/w/svc" linked 'peer connect $svc_1 f:t o:text C E'
served 'the service hears nothing of it'
exec 3>&-
# whoever writes a section hears of it, as on this side
for c in 'echo hello | xclate a' 'xclate a echo hello' 'xclate -s a echo hello' \
    'xclate -g a echo hello' 'echo hello | xclate -l a' \
    'echo hello | xclate -T title a' 'xapply -m "echo %1" hello' \
    'xapply -m -P2 "echo %1" 1 2 3' 'head -c 1000000 /dev/zero | xclate a'; do
	t "a section on a full disk: $c" 74 '' '~*what was written is lost: *' \
	    xclate -m -O '>/dev/full' linked "$c"
	t 'and on one that is not' 0 - '' xclate -m linked "$c"
done
t 'the status of a command that has one' 5 '' '~*what was written is lost: *' \
    xclate -m -O '>/dev/full' linked 'xclate a sh -c "echo hello; exit 5"'
# a reader that has left here ends who writes there, however little that is
for o in '' --newline; do
	for c in 'echo hello | xclate a' 'xclate a echo hello' 'xclate -s a echo hello' \
	    'xclate -g a echo hello' 'echo hello | xclate -l a' \
	    'xapply -m "echo %1" 1 2 3' 'xapply -m -P2 "echo %1" 1 2 3' \
	    'seq 100000 | xclate a' 'xclate a seq 100000'; do
		rm -f up go code
		t "nobody reads a section of xclate -m $o: $c" 0 141 - sh -c "
		    xclate -m $o linked ': >up; until test -e go; do sleep 0.01; done
			$c; echo \$? >code' | sh -c 'exec <&-
			until test -e up; do sleep 0.01; done; : >go'; cat code"
	done
done
# cut NAME WHOSE COMMAND: the end of the link with that pid is killed while the
# command's section has the turn; it fails, and is told why
cut() {
	rm -f up go code
	peer limit 30 xclate -m wrapw -mq wrapw -X sh -c 'rm -f link; ln "$WRAPW_EXPORT" link
	    echo $PPID >near.pid; wrapw -P "$PWD/link" sh -c "trap : HUP
		echo \$PPID >far.pid; $0; echo \$? >code"; :' "$3" >out 2>err & whole=$!
	wait_until test -e up
	kill -9 "$(cat "$2")"
	: >go
	wait $whole
	wait_until test -s code
	[ "$(cat code)" -ne 0 ] && grep -qE '^(xclate|xapply): |host is gone' err
	result $? "$1: $3" "exit $(cat code): $(cat err)"
	# who was killed has left it
	rm -rf "$TMPDIR"/wrapw*
}
cat >writer <<'END'
#!/bin/sh
trap '' HUP
echo a
: >up
until test -e go; do sleep 0.01; done
echo b
END
chmod +x writer
for c in 'writer | xclate a' 'xclate a writer' 'xclate -s a writer' 'xclate -g a writer' \
    'writer | xclate -l a' 'xapply -m -P2 writer%0 1 2'; do
	cut 'the near end is killed' near.pid "$c"
	cut 'the far end is killed' far.pid "$c"
done
cat >near <<'END'
#!/bin/sh
# near STEP...: say that to the exporting end
exec ptbw -m wrapw -mq wrapw -X sh -c 'peer connect "$WRAPW_EXPORT" "$@"' sh "$@"
END
chmod +x near
# (it waits ten seconds for somebody who knows the token, see below)
near 's:wrapw-relay 1.0 stream 00112233445566778899aabbccddeeff\n' c \
    >unknown 2>&1 </dev/null & unknown=$!
# the far end is stopped for longer than a descriptor's wire may take
rm -f got go
: >out
exec 3>>out
serve r:go t:asked w:go D:3=t r:x F:out=late s:y
with_service linked 'echo $PPID >far.pid
    peer limit 20 peer connect $svc_1 s:go f:t o:late s:x r:y' >got 2>&1 & far=$!
wait_until test -e asked
kill -STOP "$(cat far.pid)"
: >go
# (there is nothing to wait for but the time: carry.c, WIRE_MS)
sleep 11
kill -CONT "$(cat far.pid)"
wait $far
result $? 'a link that stalls loses nothing' "$(cat got)"
served 'and the service has it'
exec 3>&-

# --- order, in a crowd ---
cat >crowd.sh <<'END'
i=0
while [ $i -lt 100 ]; do
	i=$((i + 1))
	{ j=0; while [ $j -lt 20 ]; do echo "$1.$i $j"; j=$((j + 1)); done; } |
	    xclate "$1.$i" &
done
wait
END
xclate -m sh -c 'linked "sh crowd.sh a"' >all &
one=$!
wait $one
whole() {       # whole FILE: sections of 20 lines, each whole
	awk '{ split($1, p, " "); if ($2 == 0) s = $1
	    if ($1 != s || $2 != n) bad = 1
	    n = ($2 + 1) % 20 }
	    END { exit bad || NR != 2000 }' "$1"
}
whole all
result $? '100 sections of 100 clients, each whole' "$(head -n 50 all)"

# a slow reader holds up the writer, and only as much as is bounded is held
mkfifo slow
cat >slow.sh <<'END'
xclate x sh -c 'i=0; while [ $i -lt 200 ]; do head -c 100000 /dev/zero || exit
    i=$((i + 1)); echo $i >progress; done' </dev/null
END
xclate -m -O slow sh -c 'linked "sh slow.sh"' & master=$!
exec 3<slow
wait_until test -s progress
still() {
	a=$(cat progress)
	sleep 0.3
	[ "$a" = "$(cat progress)" ]
}
wait_until still
[ "$(cat progress)" -le 40 ]
result $? 'a slow reader holds the far writer up' "$(cat progress) of 200"
n=$(wc -c <&3)
exec 3<&-
wait $master
result $((n != 20000000)) 'and gets all' "$n"

# --- few descriptors here ---
# Those who wait for their turn must leave some to the one who has it.
# Whoever finds none is told that.
for n in 24 32 64 128; do
	rm -f path over err; : >away
	t "20 sections, and $n descriptors" 0 20 '' sh -c '
	    xclate -m wrapw -mq sh -c "ulimit -n $0; exec wrapw -X sh -c \"
		echo \\\$WRAPW_EXPORT >path; until test -e over; do sleep 0.1; done\"" >few &
	    until test -s path; do sleep 0.1; done
	    wrapw -P "$(cat path)" sh -c "for i in \$(seq 20); do
		echo \$i | xclate \$i 2>>err || echo not \$i >>away & done; wait"; code=$?
	    : >over; wait; sort -u few away | wc -l | tr -d " "
	    test -s away && test $0 -gt 40 && cat err >&2; exit $code' $n
done
rm -f path over away
t 'more than there is room for: they are turned away, and it goes on' 0 'one
0' '' sh -c '
    ptbw -m -J1 wrapw -mq sh -c "ulimit -n 40; exec wrapw -X sh -c \"
	echo \\\$WRAPW_EXPORT >path; until test -e over; do sleep 0.1; done\"" &
    until test -s path; do sleep 0.1; done
    wrapw -P "$(cat path)" sh -c "
	ptbw sh -c \": >has; until test -e go; do sleep 0.1; done\" &
	until test -e has; do sleep 0.1; done
	for i in \$(seq 40); do ptbw true 2>>err || echo \$i >>away & done
	until test -s away; do sleep 0.1; done; echo one; : >go; wait
	ptbw -A echo"; code=$?
    : >over; wait; exit $code'

# --- the name space ---
t 'the stack is there' 0 '~wrapw_1=*.w*ptbw_1=*/0*' '' sh -c '
    ptbw -m linked "env | grep _[0-9]= | sort -r" | tr "\n" " " |
    sed "s/wrapw_1=\([^ ]*\)/wrapw_1=\1.w/"'
t 'a token, and back again' 0 "0${nl}0" '' \
    ptbw -m -J1 linked 'ptbw -A -R1 echo; ptbw -A -R1 echo'
t 'tokens stay with who has them' 0 'code 75' '' \
    ptbw -m -J1 linked 'ptbw -R1 sh -c "ptbw -T0.1 -R1 true; echo code \$?" 2>/dev/null'
t 'the record through the link' 0 '~*wrapw_link=1*ptbw_1=*' '' \
    ptbw -m linked 'wrapw -R | tr "\0" "\n"'
t 'the listing' 0 '~bind */sta0 ptbw_1*target answers' '' \
    ptbw -m linked 'wrapw -n'
t 'no bind over a link' 69 '' '~wrapw: *: bind: not over this connection' \
    ptbw -m linked 'wrapw -b /x ptbw_1'
t 'nor a quit' 69 - '~wrapw: *: quit: not over this connection' \
    ptbw -m linked 'wrapw -Q'
t 'but where that was allowed' 0 '' '' \
    env XOPT=--allow-bind ptbw -m linked 'wrapw -q -b /x ptbw_1'
t 'an entry that is not there' 69 '' '~ptbw: *' \
    ptbw -m linked 'ptbw -t ${wrapw_1}/9 -R1 true'
t 'a wrapw over there, and a link of its own' 0 0 '' \
    ptbw -m -J1 linked 'wrapw -m sh -c "ptbw -A -R1 echo"'
t 'a link in a link' 0 0 '' ptbw -m -J1 linked 'mkdir -p in2; cd in2
    linked "ptbw -A -R1 echo"'
t 'detached' 0 '~/*' '' env POPT=-d ptbw -m linked \
    'test -z "${wrapw_link-}" && echo $wrapw_d'
t 'the status of the command' 7 '' '' ptbw -m linked 'exit 7'
t 'a signal ends it' 143 '' '' ptbw -m linked 'kill -TERM $$'
t 'nothing to export' 0 plain '' sh -c \
    'wrapw -m wrapw -X sh -c "echo \${WRAPW_EXPORT-plain}"'
t 'which -v tells' 0 plain 'wrapw: there is nothing to export' sh -c \
    'wrapw -m wrapw -Xv sh -c "echo \${WRAPW_EXPORT-plain}"'
t 'no master to export' 66 '' '~wrapw: *' wrapw -X true
t 'the link is removed' 0 '' '' sh -c 'ls link 2>/dev/null; :'

# --- nonsense ---
t 'what is no hello' 0 '' '' near 's:GET / HTTP/1.0\n' \
    'r:- this is the end of a link of wrapw'"'"'s\n' e
t 'what is no line, and waits' 0 '' '' near 's:name\0' \
    'r:- this is the end of a link of wrapw'"'"'s\n' e
t 'what is no cookie, at the far end' 0 '' '' \
    ptbw -m linked 'peer connect $wrapw_1 "s:4711\\n" r:- e'
t 'another version' 0 '' '' near 's:wrapw-relay 2.0 hold\n' \
    'r:- version 1.0\n' e
t 'a newer one that understands' 0 '' '' near \
    's:wrapw-relay 1.7 line 0\n' 'r:+ 1.0\n' c
t 'an unknown request' 0 '' '' near 's:wrapw-relay 1.0 dance\n' \
    'r:- unknown request\n' e
t 'a way out of the name space' 0 '' '' near \
    's:wrapw-relay 1.0 line ../x\n' 'r:- no such entry\n' e
wait $unknown && test ! -s unknown
result $? 'a token that nobody knows' "$(cat unknown)"
t 'a token of nonsense' 0 '' '' near 's:wrapw-relay 1.0 stream x\n' \
    'r:- unknown request\n' e
long=$(printf '%600s' x | tr ' ' x)
t 'a line without an end' 0 '' '' near "S:$long" 'r:- a line is too long\n' e
for f in 'z\0\0\0\0' 'f\0\0\0\02no' 'w\0\0\0\02no' 'd9999' 'w9999' \
    'f\0\0\0\0"s 00112233445566778899aabbccddeef' 'e\0\0\09'; do
	t "a frame of nonsense: $f" 0 '' '' near \
	    's:wrapw-relay 1.0 line 0\n' 'r:+ 1.0\n' "S:$f" h E
done
# the bytes of a descriptor may be there before the frame that it comes with
rm -f early sent
token=0123456789abcdef0123456789abcdef
peer limit 20 peer master early A f:0123456789 i:ahead s:9876543210 e & early=$!
wait_until test -S early
cat >early.sh <<END
peer connect "\$WRAPW_EXPORT" 's:wrapw-relay 1.0 stream $token\nahead' t:sent e &
until test -e sent; do :; done
peer connect "\$WRAPW_EXPORT" 's:wrapw-relay 1.0 line svc_1\n' 'r:+ 1.0\n' \
    's:f\0\0\0"r $token' 's:d\0\0\0\n0123456789' 'r:d\0\0\0\n9876543210' || exit
wait
END
t 'a wire that comes before its frame' 0 '' '' env svc_1="$T/w/early" svc_link=1 \
    wrapw -mq wrapw -X sh early.sh
wait $early
result $? 'brings what is on it'
far() {         # far STEP...: be the exporting end of a wrapw -P
	rm -f "$T/w/nolink"
	peer limit 20 peer listen "$T/w/nolink" "$@" & other=$!
	wait_until test -S nolink
	t "$name" "$code" '' "$err" peer limit 5 wrapw -P "$T/w/nolink" true
	kill $other 2>/dev/null         # one may wait
	wait $other 2>/dev/null
}
name='an end that hangs up' code=76 err='~wrapw: */nolink: the other end is no exporting wrapw'
far c
name='one that speaks nonsense'
far 's:hello\n' E
name='one of another version' err='~wrapw: the link is of version 1.0 here and of 2.0 at the other end'
far 's:- version 2.0\n' E
name='one that waits' code=69 err='~wrapw: */nolink: the other end does not answer'
far l p
name='one that begins as xclate does' code=76 err='~wrapw: */nolink: the other end is no exporting wrapw'
far 's:0.8\0' p
name='a record that is none' code=65 err='~wrapw: */nolink: *'
far 's:+ 1.0 4\nPATH' E
name='one that sets what is no diversion'
far 's:+ 1.0 8\n/x\0PATH=' S:/ E
t 'no link' 69 '' '~wrapw: /nowhere: *' wrapw -P /nowhere true
t 'a link is absolute' 64 '' '~wrapw: -P: the path of a link is absolute*' \
    wrapw -P nowhere true

# --- whose the link is ---
rm -f real sym asked
peer limit 60 peer master real A t:asked p & other=$!
wait_until test -S real
ln -s real sym
t 'a symbolic link' 69 '' "wrapw: $T/w/sym: it is not a socket" \
    wrapw -P "$T/w/sym" true
t 'one that takes the place of the link meanwhile' 69 '' - \
    ptbw -m linked 'mv link was; ln -s real link; ptbw true; code=$?
	mv was link; exit $code'
[ ! -e asked ] && [ -h sym ]
result $? 'nobody was asked, and it stays'
rm -f sym
kill $other
wait $other 2>/dev/null
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	as='setpriv --reuid 12345 --regid 12345 --clear-groups'
	chmod 755 "$T" "$T/w"
	mkdir -m 1777 theirs
	not_ours="wrapw: $T/w/theirs/l: it belongs to somebody else"
	listens() {     # listens OWNER COMMAND...: theirs/l
		owner=$1
		shift
		rm -f theirs/l asked
		"$@" peer limit 60 peer master "$T/w/theirs/l" A "s:- version 2.0\\n" E p & other=$!
		wait_until test -S theirs/l
		chmod 777 theirs/l
		chown "$owner" theirs/l
	}
	gone() {
		kill $other
		wait $other 2>/dev/null
	}
	# shellcheck disable=SC2086
	{
	listens 12345 $as
	t 'a link that somebody else has bound' 69 '' "$not_ours" \
	    wrapw -P "$T/w/theirs/l" true
	t 'it is not removed' 0 '' '' test -S theirs/l
	chown 0 theirs/l
	t 'one where somebody else listens' 69 '' "$not_ours" \
	    wrapw -P "$T/w/theirs/l" true
	gone
	listens 12345
	t 'one whose name belongs to somebody else' 69 '' "$not_ours" \
	    wrapw -P "$T/w/theirs/l" true
	chown 0 theirs/l
	t 'who is not root may use one of root'\''s' 76 '' '~*of version 1.0 here*' \
	    $as env TMPDIR="$T/w/theirs" wrapw -P "$T/w/theirs/l" true
	gone
	listens 12345 $as
	t 'and its own' 76 '' '~*of version 1.0 here*' \
	    $as env TMPDIR="$T/w/theirs" wrapw -P "$T/w/theirs/l" true
	gone
	t 'a wire to somebody else' 69 '' - ptbw -m linked 'mv link was
	    '"$as"' peer limit 60 peer master $PWD/theirs/late A e p &
	    until test -S theirs/late; do sleep 0.1; done; chmod 777 theirs/late
	    ln theirs/late link; ptbw true; code=$?; kill $!; rm link; mv was link; exit $code'
	echo keep >kept
	$as ln -s "$T/w/kept" theirs/r
	t 'a record through a symbolic link of somebody else'\''s' 73 '' \
	    'wrapw: theirs/r: a symbolic link of somebody else'\''s' wrapw -m wrapw -R theirs/r
	t 'replaces nothing' 0 keep '' cat kept
	}
	rm -rf theirs
else
	skip 'whose the link is' 'needs root and setpriv'
fi
t 'the near end is for its owner alone, whatever the mask' 0 "srwx------${nl}0000" '' \
    sh -c 'umask 0; ptbw -m wrapw -mq wrapw -X -N "$PWD/private" sh -c "
	ls -l private | cut -c1-10; umask"'

# --- ends ---
rm -f link
# the near end dies: the far command is told, its tokens are back
cat >dies.sh <<'END'
trap 'echo hangup >told; exit 3' HUP
echo $$ >up
while :; do sleep 0.05; done
END
rm -f up told
ptbw -m -N "$T/w/pool" -J1 : & pool=$!
wait_until test -S pool
env ptbw_link=1 ptbw_1="$T/w/pool" wrapw -mq -N "$T/w/m" : & m=$!
wait_until test -S m
wrapw -t m wrapw -X -N "$T/w/export" : & near=$!
wait_until test -S export
rm -f link
ln export link
wrapw -P "$T/w/link" ptbw -R1 sh dies.sh 2>err & far=$!
wait_until test -s up
t 'the token is taken' 75 '' - ptbw -t pool -T0.05 -R1 true
kill -9 $near
t 'the near end is killed: the token is back' 0 '' '' \
    ptbw -t pool -T1 -R1 true
wait $far
t 'and the command told' 0 hangup '' cat told
# all of them, where there is no terminal to do it
rm -f up told export link
wrapw -t m wrapw -X -N "$T/w/export" : & near=$!
wait_until test -S export
ln export link
wrapw -P "$T/w/link" sh -c 'ptbw -R1 sh dies.sh; :' 2>>err </dev/null & far=$!
wait_until test -s up
kill -9 $near
wait $far
if (: </dev/tty) 2>/dev/null; then
	kill -HUP "$(cat up)"
	skip 'and what the command has started' 'there is a terminal'
else
	# (it hears of that when its sleep is over)
	wait_until test -s told
	t 'and what the command has started' 0 hangup '' cat told
fi
t 'the far end says so' 0 '~*the connection to the other host is gone*' '' cat err
rm -f export
# the far end is killed
rm -f up told
wrapw -t m wrapw -X -N "$T/w/export" : & near=$!
wait_until test -S export
rm -f link
ln export link
wrapw -P "$T/w/link" -N "$T/w/own" ptbw -R1 sh dies.sh 2>err & far=$!
wait_until test -s up
kill -9 $far
t 'the far end is killed: the token is back' 0 '' '' \
    ptbw -t pool -T1 -R1 true
kill -HUP "$(cat up)"   # its command is nobody's now
kill -TERM $near
wait $near
rm -f link own
kill -TERM $m $pool
wait $m $pool
finish
