#!/bin/sh
# holders.t - who has a token, and who waits: by the connection, and not by what
# the client says of itself
. "$(dirname "$0")/lib.sh"

s=$T/w/s
export s
# lock TOKEN: what stands beside it in the long report
lock() {
	ptbw -t "$s" -v - | awk -v token="$1" '$1 == token { print $2; exit }'
}
all_free() {
	! ptbw -t "$s" -v - | grep -q ':[0-9][0-9]$'
}
# beside PID TEXT: the tree has that text beside the process
beside() {
	ptbw_link=1 ptbw_1=$s wraptree -l >tree 2>&1
	grep -q "^[^0-9]*$1 .*$2" tree
}
# is_shown NAME PID TOKEN: in both
is_shown() {
	got=$(lock "$3")
	beside "$2" "\\[ptbw_1: holds $3]" && [ "$got" = "$2" ]
	result $? "$1" "wanted: $2${nl}got: $got$nl$(cat tree)"
}
if [ ! -r /proc/self/stat ]; then
	skip 'who has a token' 'no /proc'
	finish
	exit
fi
ptbw -m -J4 -N "$s" : 2>/dev/null & master=$!
wait_until test -S "$s"
mkfifo go
# holder command...: takes a token and waits for a line from go; $! is then it
command='echo $$ >inner; read _ <go'

ptbw -t s sh -c "$command" & client=$!
wait_until test -s inner
is_shown 'a client' "$client" 0
{ kill -9 "$client"; wait "$client"; } 2>/dev/null
if [ "$(lock 0)" = "?$client" ]; then
	skip 'a client that was killed: its command' 'the system has no sock_diag here'
	: >go
	wait_until sh -c '[ "$(ptbw -t s - | cut -f 2 | tail -n 4 | sort -u)" = 0 ]'
else
	is_shown 'a client that was killed: its command' "$(cat inner)" 0
	: >go
fi
rm -f inner
wait_until all_free

# a client that says that it is somebody else, and one that waits
peer connect "$s" 's:1\n2G' l t:has w:go2 c & client=$!
wait_until test -e has
first=$(ptbw -t s -v - | awk -v p="$client" '$2 == p { print $1; exit }')
result "$([ -n "$first" ]; echo $?)" 'one that says that it is process 1'
t 'the short report has what it says' 0 2 '' sh -c 'ptbw -t s - | grep -c "	1	"'
beside "$client" holds
result $? 'and its process is shown in the tree' "$(cat tree)"
! beside 1 holds
result $? 'process 1 is not' "$(cat tree)"
peer connect "$s" 's:1\n4G' t:asks w:go2 c & waits=$!
wait_until sh -c 'ptbw -t s -v - | grep -q "^ *$0	4	[0-9]*$"' "$waits"
result $? 'who waits is shown by its process' "$(ptbw -t s -v -)"
beside "$waits" 'waits for 4'
result $? 'in the tree as well' "$(cat tree)"
: >go2
wait "$client" "$waits"

# through a wrapw it is the connection that counts
ptbw_link=1 ptbw_1=$s wrapw -m -N "$T/w/w" ptbw -t "$T/w/w/ptbw" sh -c "$command" 2>err &
wait_until test -s inner
token=$(ptbw -t s -v - | awk '$2 != 0 && $2 ~ /^[0-9]+$/ && /:/ { print $1; exit }')
inner=$(cat inner)
client=$(ps -o ppid= -p "$inner" 2>/dev/null | tr -d ' ')
if [ -n "$client" ] && [ "$(lock "$token")" != "?$client" ]; then
	is_shown 'a client behind a wrapw' "$client" "$token"
else
	skip 'a client behind a wrapw' 'the system has no sock_diag, or no ps'
fi
: >go
wait_until all_free
rm -f inner

# other namespaces of processes
if unshare -rpf --mount-proc true 2>/dev/null; then
	unshare -rpf --mount-proc sh -c 'ptbw -t s sh -c "echo \$\$ >inner; read _ <go"; :' &
	wait_until test -s inner
	token=$(ptbw -t s - | awk '$2 != 0 && $1 ~ /^[0-9]$/ { print $1; exit }')
	got=$(lock "$token")
	# what it says of itself is a small number, of somebody else out here
	result "$(tr '\0' ' ' <"/proc/$got/cmdline" | grep -q '^ptbw -t s'; echo $?)" \
	    'a client of another namespace has its number here' "$got"
	is_shown 'in the tree as well' "$got" "$token"
	t 'in a third one it is none of those that are there' 0 "~$token	[?][1-9]*" '' \
	    unshare -rpf --mount-proc sh -c 'ptbw -t s -v - | sed -n "s/^ *\($0	[^	]*\).*/\1/p"' "$token"
	t 'nor in the tree' 0 \
	    "~*elsewhere: a process that cannot be seen from here*by its own word [1-9]*, holds $token]*" '' \
	    unshare -rpf --mount-proc env ptbw_link=1 ptbw_1="$s" wraptree
	: >go
	wait_until all_free
else
	skip 'other namespaces of processes' 'unshare may not make one here'
fi
rm -f inner
# other namespaces of networks: the socket stays where it was made
if unshare -rn true 2>/dev/null; then
	ptbw -t s unshare -rn sh -c "$command" & client=$!
	wait_until test -s inner
	{ kill -9 "$client"; wait "$client"; } 2>/dev/null
	token=$(ptbw -t s - | awk '$2 != 0 && $1 ~ /^[0-9]$/ { print $1; exit }')
	got=$(lock "$token")
	if [ "$got" = "?$client" ]; then
		skip 'a holder with another network' 'the system has no sock_diag here'
	else
		is_shown 'a holder with another network' "$(cat inner)" "$token"
	fi
	: >go
	wait_until all_free
	rm -f inner
	# this one cannot be found, and nobody is named in its place
	unshare -rn ptbw -t s sh -c "$command" & client=$!
	wait_until test -s inner
	token=$(ptbw -t s - | awk '$2 != 0 && $1 ~ /^[0-9]$/ { print $1; exit }')
	is_shown 'a client with another network' "$client" "$token"
	{ kill -9 "$client"; wait "$client"; } 2>/dev/null
	result "$([ "$(lock "$token")" = "?$client" ] ||
	    [ "$(lock "$token")" = "$(cat inner)" ]; echo $?)" \
	    'when it is dead, nobody else is shown' "$(lock "$token")"
	: >go
	wait_until all_free
	rm -f inner
else
	skip 'other namespaces of networks' 'unshare may not make one here'
fi
kill "$master"
wait "$master" 2>/dev/null

# masters that do not know the requests are believed
old() {         # old NAME Y-ANSWER WANTED
	rm -f s
	peer master s A l r:SJRU 's:2,4\n1\n1\n=x\0' r:T 's:a\0b\0' r:0O1O 's:0\n4711\n' \
	    r:Y "s:$2" "$4" "$5" r:0A1A 's:-No\n-No\n' r:W 's:-No\n' r:F. 's:0\n' 2>odd.err & odd=$!
	wait_until test -S s
	t "$1" 0 "$3" '' ptbw -t s -v -
	wait $odd
	result $? 'as it was asked' "$(cat odd.err)"
}
old 'an old master' '-No\n' '~*     1	4711	b*' S: S:
here=$(cat /proc/sys/kernel/random/boot_id)
there=$(printf '%s' "$here" | tr 0-9a-f 1-9a-f0)
old 'one on another host' "$(printf 39)\\n${there} 1\\n" '~*     1	?4711	b*' r:1K 's:1 1 4711\n'
for answer in '0\n' '2\nx\n' '5\nx y\n\n' '3\nabc' '99999999999\n'; do
	rm -f s
	peer master s A l r:SJRU 's:1,2\n1\n1\n=x\0' r:T 's:a\0' r:0O 's:4711\n' r:Y "s:$answer" e 2>odd.err & odd=$!
	wait_until test -S s
	t "a bad answer: $answer" 76 - '~ptbw: s: the answer makes no sense' ptbw -t s -v -
	wait $odd
	result $? 'as it was asked' "$(cat odd.err)"
done
rm -f s
finish
