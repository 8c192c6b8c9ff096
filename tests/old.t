#!/bin/sh
# old.t - our programs at a ptbw master as the one of 2010 is (old.c): it must
# neither spin nor die of them, and they must get what they ask for
. "$(dirname "$0")/lib.sh"

begin() {       # begin TOKENS: an old master at s
	rm -f s pid
	old s "$1" pid 2>said & master=$!
	wait_until test -s pid
}
alive() {       # alive NAME: it serves, and nobody holds anything
	free=$(ptbw -t s - | grep -c "	0	[0-9]*$")
	[ "$free" = "$tokens" ] && [ ! -s said ]
	result $? "$1: all is well with the old master" "$free free: $(cat said)"
	kill $master
	wait $master 2>/dev/null
}
hold() {        # a client that holds one until there is a file "go"
	rm -f go held
	ptbw -t s sh -c ': >held; until test -e go; do sleep 0.01; done' & holder=$!
	wait_until test -e held
}
OLD_POLL=abort
export OLD_POLL
for tokens in 1 2 5; do
	begin $tokens
	t "$tokens: a token" 0 0 '' ptbw -t s -A echo
	t "$tokens: -T0" 0 "~[0-4]" '' ptbw -t s -T0 -A echo
	t "$tokens: -T0, all of them" 0 - '' ptbw -t s -T0 -R$tokens true
	t "$tokens: -T, all of them" 0 - '' ptbw -t s -T9 -R$tokens true
	t "$tokens: more than all, at once and later" 0 '73 73' - sh -c '
		ptbw -t s -T0 -R6 true; a=$?; ptbw -t s -R6 true; echo $a $?'
	hold
	t "$tokens: -T0, one is held" 75 '' \
	    "~ptbw: s: timed out waiting for $tokens token*" \
	    ptbw -t s -T0 -R$tokens true
	t "$tokens: -T, one is held" 75 '' '~*timed out waiting for*' \
	    ptbw -t s -T0.1 -R$tokens true
	t "$tokens: a master of ours borrows them all when they are free" 0 \
	    "$tokens" - sh -c '
		ptbw -qm -J$1 -t s sh -c "ptbw - | grep -c \"	0	[0-9]*\$\"" &
		: >go; wait' - $tokens
	wait $holder
	wait_until sh -c "ptbw -t s -T0 -R$tokens true 2>/dev/null"
	t "$tokens: xapply, two at a time" 0 "a b c d e f" '' sh -c '
		echo $(xapply -P2 -t s "echo %1" a b c d e f | sort)'
	t "$tokens: two xapplys" 0 "a b c d e f u v w x y z" '' sh -c '
		echo $( (xapply -P3 -t s "echo %1" a b c d e f &
		xapply -P3 -t s "echo %1" u v w x y z; wait) | sort)'
	t "$tokens: xapply -J of a borrowing pool" 0 "a b c" '' sh -c '
		echo $(ptbw -qm -t s xapply -P2 -t - "echo %1" a b c | sort)'
	alive "$tokens"
done
tokens=3
begin 3
t 'xapply uses what is there, not more' 0 'done' '' sh -c '
	rm -f two three; xapply -P4 -t s "
	: >%1; until test -e two && test -e three; do sleep 0.01; done" \
	one two three && echo done'
hold
(ptbw -t s -R3 true) & waits=$!
wait_until sh -c 'test "$(ptbw -t s - | grep -c "	0	")" = 2'
xapply -P2 -t s 'echo %1' a b >/dev/null & run=$!
: >go
wait $holder $waits $run
t 'xapply that is ended while it waits' 0 '' - sh -c '
	rm -f go2 held2
	ptbw -t s -R3 sh -c ": >held2; until test -e go2; do sleep 0.01; done" & h=$!
	until test -e held2; do sleep 0.01; done
	xapply -t s "echo %1" a b & p=$!
	sleep 0.3; kill $p; wait $p; : >go2; wait $h'
wait_until sh -c 'ptbw -t s -T0 -R3 true 2>/dev/null'
alive 'three'
finish
