#!/bin/sh
# stop.t - a client that is stopped while it waits for tokens: it leaves the
# queue, others get on, and it asks anew when it goes on
. "$(dirname "$0")/lib.sh"

state() { # state PID LETTER
	[ "$(peer state "$1")" = "$2" ]
}
waiting() {     # waiting N: so many are in the queue
	[ "$(ptbw -t s -v - | sed '1,/Waiting/d' | grep -c .)" = "$1" ]
}
begin() {       # begin TOKENS, all of them held until there is a file "go"
	rm -f go held got* s
	ptbw -m -N "$PWD/s" -J"$1" : & master=$!
	wait_until test -S s
	ptbw -t s -R"$1" sh -c ': >held; until test -e go; do sleep 0.01; done' & holder=$!
	wait_until test -e held
}
end() {
	kill $master
	wait $master 2>/dev/null
}
for sig in TSTP TTIN TTOU; do
	for command in 'ptbw -t s -R2' 'ptbw -t s -R2 -T 50' 'ptbw -t s -R2 -x' \
	    'ptbw -mq -J2 -t s'; do
		begin 2
		peer limit 60 $command sh -c ': >got' & limit=$!
		wait_until waiting 1
		client=$(ptbw -t s -v - | sed '1,/Waiting/d' | sed 's/	.*//')
		kill -$sig $client
		wait_until state $client T
		wait_until waiting 0
		result $? "$command, $sig: it leaves the queue"
		ptbw -t s -R2 sh -c ': >got2' & other=$!
		wait_until waiting 1
		: >go
		wait $holder $other
		[ -e got2 ] && [ ! -e got ]
		result $? "$command, $sig: others get on"
		kill -CONT $client
		wait $limit && [ -e got ]
		result $? "$command, $sig: and so does it, later"
		end
	done
done
# twice, and the time of -T does not run
begin 1
peer limit 60 ptbw -t s -T 3 sh -c ': >got' & limit=$!
for i in 1 2; do
	wait_until waiting 1
	client=$(ptbw -t s -v - | sed '1,/Waiting/d' | sed 's/	.*//')
	kill -TSTP $client
	wait_until waiting 0
	wait_until state $client T
	[ $i = 1 ] || sleep 3    # what is measured
	kill -CONT $client
done
wait_until waiting 1
: >go
wait $limit && [ -e got ]
result $? 'twice, and longer than -T says'
wait $holder
end
# --- of a SIGSTOP it hears nothing: what it waited for is only offered to it ---
cat >linked <<'END'
#!/bin/sh
# the command at the far end of a link to here
ptbw_link=1 ptbw_1=$PWD/s exec wrapw -mq wrapw -X sh -c 'rm -f link
    ln "$WRAPW_EXPORT" link; exec wrapw -P "$PWD/link" sh -c "$1"' sh "$1"
END
chmod +x linked
me='echo $$ >me; exec'          # the first of those that wait says who it is
touch_got="sh -c ': >>got'"
asked() {       # asked N: so many requests for tokens since then
	[ "$(grep -c '< take' "$T/asked")" = "$1" ]
}
# waits COMMAND: it does, and its pid is $client
waits() {
	rm -f me
	peer limit 60 sh -c "$1" & limit=$!
	wait_until test -s me
	wait_until waiting "${2-1}"
	client=$(cat me)
}
for command in "$me ptbw -t s -R2 $touch_got" "$me ptbw -t s -R2 -T 50 $touch_got" \
    "$me ptbw -t s -R2 -x $touch_got" "$me ptbw -mq -J2 -t s $touch_got" \
    "$me xapply -R2 -t s ': >>got' a" "$me xapply -P3 -R2 -t s ': >>got' a b" \
    "./linked '$me ptbw -R2 sh -c \": >>got\"'"; do
	for sig in STOP TSTP; do
		case $sig.$command in
		TSTP*xapply* | STOP*) ;;
		*) continue ;;
		esac
		begin 2
		waits "$command"
		kill -$sig "$client"
		wait_until state "$client" T
		: >go
		wait "$holder"
		t "$command, $sig: others get on" 0 '0 1' '' ptbw -t s -R2 -A echo
		t "$command, $sig: also those that do not wait" 0 '0 1' '' \
		    ptbw -t s -R2 -T 0 -A echo
		[ ! -e got ] && waiting 1
		result $? "$command, $sig: it has its place, and nothing else"
		kill -CONT "$client"
		wait $limit && [ -e got ]
		result $? "$command, $sig: and so does it, later"
		t "$command, $sig: all is free again" 0 '0 1' '' \
		    ptbw -t s -R2 -T 0 -A echo
		end
	done
done
# two are stopped, one behind the other; the places are kept
begin 2
waits "$me ptbw -t s -R2 sh -c 'echo one >>order'"
one=$client one_ends=$limit
waits "$me ptbw -t s -R1 sh -c 'echo two >>order'" 2
two=$client two_ends=$limit
kill -STOP "$one" "$two"
wait_until state "$one" T
wait_until state "$two" T
waits "$me ptbw -t s -R2 sh -c ': >third; until test -e more; do sleep 0.01; done'" 3
third=$limit
: >go
wait "$holder"
wait_until test -e third
result $? 'two are stopped: the third gets on'
peer limit 60 ptbw -t s -R2 sh -c 'echo four >>order' & four=$!
wait_until waiting 3
: >"$T/asked"
kill -CONT "$one" "$two"
wait_until asked 2
: >more
wait "$third" "$four"
wait "$one_ends" && wait "$two_ends"
t 'two are stopped: each has its place' 0 "one
two
four" '' cat order
end
# one that is killed while it is passed over, or while it is offered something
for when in 'waiting 1' 'offered'; do
	begin 2
	waits "$me ptbw -t s -R2 $touch_got"
	kill -STOP "$client"
	wait_until state "$client" T
	: >go
	wait "$holder"
	[ "$when" = offered ] || ptbw -t s -R2 true
	kill -KILL "$client"
	wait $limit
	t "killed, $when: all is free" 0 '0 1' '' ptbw -t s -R2 -A echo
	waiting 0 && [ ! -e got ]
	result $? "killed, $when: nobody waits"
	end
done
# where nobody would continue it, it does not stop
begin 1
peer limit 60 ptbw -t s sh -c ': >got' & limit=$!
wait_until waiting 1
client=$(ptbw -t s -v - | sed '1,/Waiting/d' | sed 's/	.*//')
kill -TERM $client
wait $limit
result $(($? != 143)) 'TERM still ends one that waits'
: >go
wait $holder
end
# a master of 2010 would end, were it left
rm -f go held got s
old s 1 pid 2>said & master=$!
wait_until test -s pid
ptbw -t s sh -c ': >held; until test -e go; do sleep 0.01; done' & holder=$!
wait_until test -e held
ptbw -t s sh -c ': >got' & client=$!
wait_until test "$(sleep 1)" = ''
kill -TSTP $client
wait_until state $client T
: >go
t 'an old master: others get on' 0 0 '' ptbw -t s -A echo
kill -CONT $client
wait $client
[ -e got ]
result $? 'an old master: and so does it' "$(cat said)"
t 'an old master lives, and has its token' 0 0 '' ptbw -t s -T0 -A echo
end
# the first process of a container gets no signal but those that it catches
connected() {
	inner=$(cat "/proc/$outer/task/$outer/children") &&
	    ls -l "/proc/${inner% }/fd" | grep -q socket
}
ends() {        # ends NAME command...: what waits for others
	name=$1
	shift
	for sig in HUP.129 TERM.143; do
		unshare -fp "$@" <given & outer=$!
		wait_until connected
		# shellcheck disable=SC2086
		kill -${sig%.*} $inner
		wait $outer
		code=$?
		result $((code != ${sig#*.})) "${sig%.*} ends process 1 that waits: $name" "$code"
	done
}
if unshare -fp true 2>/dev/null && [ -r /proc/$$/task/$$/children ]; then
	begin 1
	echo >given
	ends 'ptbw' ptbw -t s true
	ends 'ptbw -T' ptbw -t s -T 50 true
	ends 'ptbw -A -x' ptbw -t s -A -x true
	ends 'ptbw -m' ptbw -mq -J1 -t s true
	: >go
	wait "$holder"
	end
	mkfifo turn over
	xclate -mu "$PWD/x" sh -c 'read _ <over' >out & master=$!
	wait_until test -S x
	xclate -u x first <turn & holder=$!
	exec 3>turn
	echo 0 >&3
	wait_until test -s out
	for o in -l -g -s '-b -s'; do
		# shellcheck disable=SC2086
		ends "xclate $o" xclate -u x $o second
	done
	exec 3>&-
	wait "$holder"
	: >over
	wait "$master"
else
	skip 'what ends process 1 that waits' 'no unshare -p'
fi
finish
