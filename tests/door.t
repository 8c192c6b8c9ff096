#!/bin/sh
# door.t - paths that lead to another service than the one that is wanted, and
# to services that say nothing: a clear word within five seconds
. "$(dirname "$0")/lib.sh"

begin() {       # begin SOCKET command...: which makes it
	rm -f "$1"
	where=$1; shift
	"$@" & service=$!
	wait_until test -S "$where"
}
end() {
	kill $service
	wait $service 2>/dev/null
}
# Those that wait do so at the same time.
ask() {         # ask NAME CODE ERR command...: in less than six seconds
	n=$((n + 1))
	printf '%s\n' "$1" >name.$n
	printf '%s' "$2 $3" >wanted.$n
	shift 3
	sh -c 'n=$1; shift; peer limit 6 "$@" </dev/null >/dev/null 2>err.$n
		printf "%s" "$? $(cat err.$n)" >got.$n' - "$n" "$@" &
	asked="$asked $!"
}
answers() {     # of all that were asked
	# shellcheck disable=SC2086
	wait $asked
	asked=''
	for i in $(seq 1 "$n"); do
		[ "$(cat "got.$i")" = "$(cat "wanted.$i")" ]
		result $? "$(cat "name.$i")" "wanted $(cat "wanted.$i")
got $(cat "got.$i")"
	done
	n=0
}
asked='' n=0
begin gate ptbw -m wrapw -m -N "$PWD/gate" sh -c 'until test -e over; do sleep 0.05; done'
for c in 'ptbw -t gate true' 'ptbw -t gate' 'ptbw -T 3 -t gate true' \
    'ptbw -T 0 -t gate true' 'ptbw -m -t gate true' 'xapply -t gate echo a'; do
	ask "a gate: $c" 76 "${c%% *}: gate: it is a wrapw, not a ptbw, which may be at gate/ptbw" $c
done
for c in 'xclate -u gate x true' 'xclate -u gate 12 true' 'xclate -u gate'; do
	ask "a gate: $c" 76 \
	    'xclate: gate: it is a wrapw, not an xclate, which may be at gate/xcl' $c
done
ask 'a gate: the right one' 0 '' ptbw -t gate/ptbw true
answers
: >over; wait $service
begin pool ptbw -m -N "$PWD/pool" :
for c in 'xclate -u pool x true' 'xclate -u pool 12 echo' 'xclate -u pool'; do
	ask "a pool: $c" 76 'xclate: pool: it is a ptbw, not an xclate' $c
done
ask 'a pool: xclate -m -O -' 76 'xclate: pool: it is a ptbw, not an xclate' \
    env xcl_link=1 xcl_1=pool xclate -m -O - true
ask 'a pool: xapply -m' 76 'xapply: pool: it is a ptbw, not an xclate' \
    env xcl_link=1 xcl_1=pool xapply -m 'echo %1' a
ask 'a pool: wrapw' 69 \
    'wrapw: pool: it is a ptbw, not a wrapw: it has hung up' wrapw -t pool true
answers
end
begin out xclate -m -u "$PWD/out" :
for c in 'ptbw -t out true' 'ptbw -t out' 'ptbw -m -t out true' \
    'ptbw -T0 -t out true' 'xapply -t out echo a'; do
	ask "a collator: $c" 76 "${c%% *}: out: it is an xclate, not a ptbw" $c
done
ask 'a collator: wrapw' 76 'wrapw: out: it is no wrapw master, or of another version' \
    wrapw -t out true
answers
end
others=''
for what in 'p' 'E'; do
	for c in 'ptbw -t X true' 'ptbw -t X' 'ptbw -m -t X true' \
	    'ptbw -T0 -t X true' 'xclate -u X x true' 'xclate -u X' \
	    'wrapw -t X true' 'xapply -t X echo a'; do
		x=quiet$n$what
		peer listen $x $what 2>/dev/null & others="$others $!"
		wait_until test -S $x
		c=${c%%X*}$x${c#*X}
		ask "one that says nothing: $c" 75 \
		    "${c%% *}: $x: the master does not answer" $c
	done
done
answers
kill $others 2>/dev/null
wait $others 2>/dev/null
# a master that is stopped, or has too many clients, is another matter
begin full ptbw -m -N "$PWD/full" :
kill -STOP $service
ptbw -t full -A echo >got 2>said & client=$!
if [ -r /proc/net/unix ]; then
	wait_until test -s said
	kill -CONT $service
	wait $client
	[ "$(cat got)" = 0 ] && [ "$(cat said)" = \
	    'ptbw: full: waiting: its master is stopped, or has too many clients' ]
	result $? 'a master that is stopped is waited for, which is said' \
	    "$(cat got said)"
	kill -STOP $service
	xclate -u full x true 2>said & client=$!
	wait_until grep -q waiting said
	kill -CONT $service
	wait $client
	result $(($? != 76)) 'so it is by an xclate' "$(cat said)"
else
	kill -CONT $service
	wait $client
	skip 'a master that is stopped is waited for' 'no /proc/net/unix'
fi
end
finish
