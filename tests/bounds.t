#!/bin/sh
# bounds.t - what a client may take of a master and of its owner: descriptors
# on their way, time to say who it is, looks at those who say nothing; and what
# it may leave to those who come next
. "$(dirname "$0")/lib.sh"
s=$T/w/s

start() {       # start OPTION...: a persistent master at $s
	xclate -m -v -u "$s" "$@" : 2>log & master=$!
	wait_until peer connect "$s" 'r:0.8\0'
}
stop() {
	kill $master
	wait $master 2>/dev/null
	result 0 "$1: the master ended"
}

# --- descriptors on their way ---
# one who asks and never takes gets five, and is dropped when it wants more
start
peer connect "$s" 'r:0.8\0' 's:quiet\0' l n:5 's:od \0' t:asked w:over p & five=$!
wait_until test -e asked
peer connect "$s" 'r:0.8\0' 's:greedy\0' l n:50 's:od \0' t:greedy w:over \
    n:5 'f:.\n\0' e >greedy.out 2>&1 & greedy=$!
wait_until test -e greedy
t 'meanwhile another one is served' 0 '' '' peer connect "$s" 'r:0.8\0' \
    's:x\0' l 's:od \0o1 \0o2 \0o0 \0ex \0' 'f:.\n\0' 'f:out\0' 'f:err\n\0' 'f:in\n\0'
t 'one who takes what comes may ask for many' 0 '' '' peer connect "$s" \
    'r:0.8\0' 's:x\0' l n:300 's:od \0' n:300 'f:.\n\0' s:'cq \0' e
wait_until grep -q 'a descriptor cannot be sent to it' log
: >over
wait $greedy
result $? 'one who does not take them has five, and then the end' "$(cat greedy.out)"
kill $five; wait $five 2>/dev/null
stop 'descriptors'

# Many that take none of theirs have all that one master may have on their way:
# half as many as its limit says.  Nobody can take those back, so who comes then
# has to wait, and is told after five seconds; the other half is for the user's
# other masters.  They are free when those clients are gone.
sh -c 'ulimit -n 64; exec xclate -m -v -u "$1" :' x "$s" 2>log & master=$!
wait_until peer connect "$s" 'r:0.8\0'
sh -c 'ulimit -n 64; exec xclate -m -v -u "$1" :' x "$s.2" 2>log2 & other=$!
wait_until test -S "$s.2"
rm -f over
i=0 quiet=
while [ $((i += 1)) -le 32 ]; do
	peer connect "$s" 'r:0.8\0' 's:quiet\0' l 's:od \0' t:quiet$i w:over \
	    2>/dev/null &
	quiet="$quiet $!"
	wait_until test -e quiet$i
done
t 'one more than half the limit does not get its descriptor' 0 '' '' \
    peer connect "$s" 'r:0.8\0' 's:x\0' l 's:od \0' e
grep -q 'a descriptor cannot be sent to it' log
result $? 'and is told of' "$(cat log)"
grep -q 'it does not take its descriptors' log
result $? 'those that take none are dropped' "$(cat log)"
t 'another master has the other half' 0 '' '' peer connect "$s.2" 'r:0.8\0' \
    's:x\0' l 's:od \0' 'f:.\n\0'
: >over
# shellcheck disable=SC2086
wait $quiet
t 'when they are gone, all is as before' 0 '' '' peer connect "$s" 'r:0.8\0' \
    's:x\0' l 's:od \0' 'f:.\n\0'
kill $other
wait $other 2>/dev/null
stop 'many that take none'

# --- time to say who it is ---
start -k
ptbw -m -N "$s.p" : & pool=$!
wrapw -m -N "$s.w" : & gate=$!
wait_until ptbw -t "$s.p" true
wait_until test -S "$s.w"
peer connect "$s" 'r:0.8\0' t:up1 e t:end1 & a=$!
peer connect "$s" 'r:0.8\0' s:half t:up2 e t:end2 & b=$!
peer connect "$s.p" t:up3 e t:end3 & c=$!
peer connect "$s.p" s:47 t:up4 e t:end4 & d=$!
peer connect "$s.w" t:up5 e t:end5 & e=$!
peer connect "$s.w" s:cook t:up6 e t:end6 & f=$!
peer connect "$s.p" 's:47\n' t:up7 w:over7 s:V 'r:0.4\n' & g=$!
wait_until test -e up1 -a -e up2 -a -e up3 -a -e up4 -a -e up5 -a -e up6 -a -e up7
for i in 1 2 3 4 5 6; do
	wait_until test -e end$i
	result $? "a stranger is dropped while the utility runs ($i)"
done
: >over7
wait $g
result $? 'who has said who it is stays'
wait $a $b $c $d $e $f
kill $pool $gate
wait $pool $gate 2>/dev/null
stop 'strangers'

# --- -k looks at nobody who is silent ---
ticks() {
	sed 's/.*) //' "/proc/$master/stat" | awk '{ print $12 + $13 }'
}
if [ -r /proc/self/stat ] && [ "$(ulimit -Hn)" -gt 3100 ]; then
	start -k
	peer sequence "$s" 1000 1
	result $? 'the order of those who speak'
	alone=$(ticks)
	stop 'who speak alone'
	start -k
	mkfifo hold
	(ulimit -n "$(ulimit -Hn)"; exec peer silent "$s" 3000 quiet <hold) & many=$!
	exec 8>hold
	wait_until test -e quiet
	before=$(ticks)
	peer sequence "$s" 1000 1
	result $? 'the order of those who speak among 3,000 who do not'
	crowded=$(($(ticks) - before))
	[ $crowded -le $((alone * 5 + 20)) ]
	result $? '3,000 who say nothing cost those who speak nothing' \
	    "ticks: $alone alone, $crowded among them"
	exec 8>&-
	wait $many
	stop 'silent clients'
else
	skip 'the cost of those who say nothing' 'no /proc, or few descriptors'
fi

# --- --halt now ends all, whatever they have said ---
LIMIT=20
for words in '' half; do
	for o in '' -k --json; do
		rm -f up halted
		t "halt: one who has said '$words' does not hold it up, $o" 3 '' \
		    '~xclate: halt*' xclate -m $o -N '>none' --halt now sh -c '
		    trap : TERM
		    peer connect $xcl_1 "r:0.8\0" ${1:+"s:$1"} t:up w:halted \
			"S:name\0" "S:o1 \0ex \0" E 2>/dev/null & until test -e up; do :; done
		    xclate a sh -c "exit 3"; : >halted; wait' sh "$words"
	done
done

# --- O_NONBLOCK is the open file's, and so everybody's ---
flags() {       # flags NAME COMMAND: what is left to others is as it was
	t "non-blocking: $1" 0 '~*.' '' sh -c "($2; peer flags) >o 2>e; c=\$?
	    cat e >&2; grep . o && exit \$c"
	result "$(grep -c '^[012]' o)" "and nothing is left: $1" "$(cat o)"
}
for o in '' '-T %x' -E -I -D -c; do
	flags "a section with '$o', then another" "xclate -m sh -c '
	    xclate $o a peer nonblock; xclate $o b peer flags
	    xclate c peer flags; xclate $o d peer nonblock'"
done
for o in --json '--ci github' --newline; do
	flags "a master with $o" "xclate -m $o -N '>n' sh -c '
	    xclate -E a peer nonblock; xclate -E b peer flags; peer nonblock'"
done
flags 'the widow output' "xclate -m -W '>&1' sh -c '
    xclate -w a peer nonblock; xclate -w b peer flags; peer nonblock'"
flags 'a section of 2010' "xclate -m sh -c 'peer nonblock >&2
    peer connect \$xcl_1 \"r:0.8\\0\" \"s:old\\0\" l \"s:o1 \\0ex \\0\" \"f:out\\0\" B'"
for o in '' -m -P1 -k -f '--argv' -e; do
	case $o in
	-f) in='nonblock
flags
nonblock'
		flags "tasks, $o" "echo '$in' | xapply -f 'peer %1' -" ;;
	-e) flags "tasks, --retries" "xapply --no-fail --retries 2 \
	    'peer flags; peer nonblock; exit %1' 1 0; true" ;;
	*) flags "tasks, $o" "xapply $o 'peer %1' nonblock flags flags nonblock" ;;
	esac
done
flags 'tasks in a pool' "xapply -J1 'peer %1' nonblock flags nonblock"
flags 'the command for no tasks' "xapply -N 'peer nonblock' 'peer %1'"

# --- an exit status of three digits ---
for o in --fail '--halt soon' '--halt now' '-k --fail'; do
	for code in 256 512 768 999; do
		t "a section reports $code, $o" 255 '' '~*' xclate -m $o sh -c \
		    "trap : TERM; peer connect \$xcl_1 'r:0.8\\0' 's:a\\0' l \
			's:$code\\0cq \\0' e"
	done
	t "a section reports 255, $o" 255 '' '~*' xclate -m $o sh -c \
	    "trap : TERM; peer connect \$xcl_1 'r:0.8\\0' 's:a\\0' l 's:255\\0cq \\0' e"
done
finish
