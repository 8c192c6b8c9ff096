#!/bin/sh
# limits.t - many clients, few descriptors, and clients that harm nobody:
# half requests, unread replies, unwanted descriptors, kills in every state
. "$(dirname "$0")/lib.sh"
# descriptors are counted here, and megabytes sent
unset WRAPKIT_TRACE
s=$T/w/s

start() {       # start OPTION...: a persistent master at $s
	ptbw -m -N "$s" "$@" : & master=$!
	wait_until ptbw -t "$s" true
}
stop() {
	ptbw -t "$s" -Q true
	wait $master
	result $? "$1: the master ended well"
}
fds() {
	ls /proc/$master/fd 2>/dev/null | wc -l
}

# --- many ---
if [ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -gt 3100 ]; then
	start -J2
	mkfifo hold
	(ulimit -n "$(ulimit -Hn)"; exec peer many "$s" 3000 up <hold) & many=$!
	exec 8>hold
	wait_until test -e up
	t '3,000 clients: one more is served' 0 '~[01] [01]' '' \
	    ptbw -t "$s" -A -R2 echo
	t '3,000 clients: they count' 0 '' '' \
	    peer connect "$s" 's:1\n' s:V 'r:0.4\n'
	mkdir many
	i=0
	while [ $i -lt 50 ]; do
		ptbw -t "$s" sh -c ": >many/$i" &
		last=$!
		i=$((i + 1))
	done
	wait_until sh -c 'test $(ls many | wc -l) -eq 50'
	result $? '3,000 clients: fifty lease in turn'
	exec 8>&-
	wait $many
	stop '3,000 clients gone'
else
	skip '3,000 clients' "the limit of descriptors is $(ulimit -Hn)"
fi

# --- the soft limit is raised, the hard one counts ---
if (ulimit -Hn 1000 && ulimit -Sn 64) 2>/dev/null; then
	(ulimit -Sn 64; exec ptbw -m -N "$s" :) & master=$!
	wait_until ptbw -t "$s" true
	(ulimit -Sn 400; exec peer many "$s" 200 up6 </dev/null)
	check '200 clients with a soft limit of 64' test -e up6
	stop 'soft limit'
fi

# --- few descriptors ---
(ulimit -n 32; exec ptbw -m -v -N "$s" -J1 : 2>log) & master=$!
wait_until ptbw -t "$s" true
i=0
while [ $i -lt 60 ]; do
	ptbw -t "$s" sh -c "echo $i >>few" &
	i=$((i + 1))
done
wait_until sh -c 'test -s few && test $(wc -l <few) -eq 60'
result $? 'ulimit -n 32: sixty clients get their turn'
peer connect "$s" w:never & a=$!
mkfifo hold2
peer many "$s" 20 up2 <hold2 & b=$!
exec 8>hold2
wait_until test -e up2
i=0
while [ $i -lt 20 ]; do
	ptbw -t "$s" sh -c "echo $i >>few2" &
	i=$((i + 1))
done
wait_until grep -q 'connections wait' log
result $? 'ulimit -n 32: the backlog holds those who do not fit'
if [ -r /proc/$master/stat ]; then
	before=$(cut -d ' ' -f 14,15 /proc/$master/stat)
	sleep 1         # what is measured, not something waited for
	after=$(cut -d ' ' -f 14,15 /proc/$master/stat)
	spent() { echo $(($3 + $4 - $1 - $2)); }
	[ "$(spent $before $after)" -le 10 ]
	result $? 'and the master does not spin meanwhile'
else
	skip 'and the master does not spin meanwhile' 'no /proc'
fi
exec 8>&-
kill $a
wait_until sh -c 'test -s few2 && test $(wc -l <few2) -eq 20'
result $? 'and lets them in when there is room'
wait $b
stop 'ulimit -n 32'

# Full when the end comes: who waits in the backlog is let in all the same.
(ulimit -n 16; exec ptbw -m -N "$s" sh -c ": >up4; until test -e go4; do sleep 0.01; done") &
master=$!
wait_until test -e up4
mkfifo hold4
peer many "$s" 8 up5 <hold4 & a=$!
exec 8>hold4
wait_until test -e up5
i=0
while [ $i -lt 5 ]; do
	peer connect "$s" 's:1\n' "t:waits$i" 's:V' 'r:0.4\n' "t:served$i" 8>&- &
	i=$((i + 1))
done
wait_until test -e waits4 -a -e waits3 -a -e waits2 -a -e waits1 -a -e waits0
: >go4
exec 8>&-
wait $a
wait $master
wait_until test -e served0 -a -e served4
check 'at the end the backlog is served, too' test -e served0 -a -e served1 \
    -a -e served2 -a -e served3 -a -e served4

# --- those who harm nobody ---
mkfifo err
exec 9<>err
ptbw -mv -N "$s" -J2 : 2>err & master=$!
wait_until ptbw -t "$s" true
peer strangers "$s" 2000
t 'a stderr that nobody reads holds nobody up' 0 '~[01]' '' ptbw -t "$s" -A echo
stop 'unread stderr'
exec 9<&-

start -J2
peer connect "$s" s:47 t:half1 p & a=$!
peer connect "$s" 's:1\n12' t:half2 p & b=$!
peer connect "$s" t:half3 p & c=$!
wait_until test -e half1 -a -e half2 -a -e half3
t 'half a first line, half a request, none: others are served' 0 '~[01]' '' \
    ptbw -t "$s" -A echo
kill -9 $a $b $c
wait $a $b $c 2>/dev/null
stop 'half requests'

start -J2 -v 2>log
peer connect "$s" 's:1\n' n:80000 S:VVVVVVVVVV t:flooded p 2>/dev/null & a=$!
wait_until grep -q 'does not read its replies' log
result $? 'a reader that never reads is dropped'
check 'its further requests had not been read' test ! -e flooded
t 'and others are served' 0 '' '' ptbw -t "$s" -R2 true
kill $a 2>/dev/null; wait $a 2>/dev/null
stop 'unread replies'

start -J200000 -v 2>log
t 'a reply larger than 1 MiB is for who reads it' 0 200000 '' sh -c \
    "ptbw -t $s - | tail -n +4 | wc -l"
t 'also when it names all tokens' 0 '' '' sh -c \
    "peer connect $s 's:1\\n' s:200000G 'r:1,2,3,'"
peer connect "$s" 's:1\n' n:400 S:TTTTTTTTTT w:never 2>/dev/null & a=$!
t 'a client that reads slowly is waited for' 0 '' '' \
    peer connect "$s" 's:1\n' n:20000 s:0N1N2N3N4N n:20000 \
    'r:+0\n+1\n+2\n+3\n+4\n' s:V 'r:0.4\n'
t 'many large replies unread: others are served' 0 '~*' '' ptbw -t "$s" -A echo
kill $a; wait $a 2>/dev/null
stop 'large replies'

start -J1
before=$(fds)
peer connect "$s" 's:1\n' n:50 x:10 s:V 2>/dev/null
few_again() {
	[ "$(fds)" -le "$before" ]
}
wait_until few_again
result $? 'descriptors that nobody asked for are closed'
stop 'unwanted descriptors'

start -J2
# killed in every state: connected, half a line, known, waiting, holding,
# with replies unread
for steps in '' s:4 's:4\n' 's:4\nV' 's:4\n2G2G' 's:4\n2G' 's:4\nG1'; do
	rm -f reached
	set -- t:reached p
	[ -z "$steps" ] || set -- "s:$steps" "$@"
	peer connect "$s" "$@" & a=$!
	wait_until test -e reached
	kill -9 $a; wait $a 2>/dev/null
	t "killed after '$steps': all tokens are free" 0 '' '' \
	    ptbw -t "$s" -T 15 -R2 true
done
stop 'kills'

# --- the size of an idle client ---
if [ -r /proc/self/statm ] && [ "$(ulimit -n)" -gt 2100 ]; then
	start -J1
	rss() { cut -d ' ' -f 2 "/proc/$master/statm"; }
	before=$(rss)
	mkfifo hold3
	peer many "$s" 2000 up3 <hold3 & a=$!
	exec 8>hold3
	wait_until test -e up3
	each=$((($(rss) - before) * $(getconf PAGESIZE) / 2000))
	[ $each -le 2048 ]
	result $? "an idle client costs the master at most 2048 bytes"
	note "bytes: $each"
	exec 8>&-
	wait $a
	stop 'idle clients'
else
	skip 'the size of an idle client' 'no /proc, or few descriptors'
fi

# --- those who say nothing, or half of it, do not keep others out ---
silent() {      # silent NAME SOCKET WORD COMMAND...: 200 of them there, then it
	name=$1 at=$2 word=$3
	shift 3
	rm -f said
	peers= i=0
	while [ $i -lt 100 ]; do
		i=$((i + 1))
		peer connect "$at" "s:$word" t:said p 2>/dev/null & peers="$peers $!"
		peer connect "$at" t:said p 2>/dev/null & peers="$peers $!"
	done
	wait_until test -e said
	t "$name" 0 - '' peer limit 4 "$@"
	# shellcheck disable=SC2086
	{
		# some have gone, and one that is a shell still may miss TERM
		kill -9 $peers 2>/dev/null
		wait $peers 2>/dev/null
	}
}
ptbw -m -N "$T/w/pool" : & pool=$!
wait_until test -S pool
export ptbw_link=1 ptbw_1="$T/w/pool"
(ulimit -n 128; exec wrapw -m -N "$s" :) &
wait_until test -S "$s"
silent 'cookies that do not end' "$s" ptb ptbw -t "$s/0" -T3 true
silent 'the control protocol, too, is for who speaks' "$s" ptb wrapw -t "$s" -n
# where descriptors are short before strangers are many, they have a second
(ulimit -n 40; exec wrapw -mv -N "$T/w/small" : 2>small.log) & small=$!
wait_until test -S "$T/w/small"
peers=
for i in 1 2 3 4 5 6 7 8; do
	peer connect "$T/w/small" s:ptb t:came$i e & peers="$peers $!"
done
wait_until grep -q 'connections wait' small.log
t 'no descriptor is left: those who say nothing make room' 0 - '' \
    peer limit 6 wrapw -t "$T/w/small" -n
# shellcheck disable=SC2086
kill $small $peers 2>/dev/null
# shellcheck disable=SC2086
wait $small $peers 2>/dev/null
wrapw -X -t "$s" -N "$T/w/near" : & near=$!
wait_until test -S near
(ulimit -n 128; exec wrapw -P "$T/w/near" -N "$T/w/far" :) & far=$!
wait_until test -S far
silent 'at the far end of a link' "$T/w/far" ptb ptbw -t "$T/w/far/ptbw" -T3 true
kill $far $near
wait $far $near
unset ptbw_link ptbw_1
wrapw -qQt "$s" true
kill $pool
wait $pool
finish
