#!/bin/sh
# kin.t - children that a program of ours finds, or is given, but has not started
. "$(dirname "$0")/lib.sh"
. "$here/tasks.sh"

# a child that reads what we print ends when we do, and has it all
run() {         # run NAME OUT SCRIPT: of bash
	rm -rf x && mkdir x && cd x || exit
	LIMIT=20 t "$1" 0 "$2" '' bash -c "$3"
	cd ..
}
if command -v bash >/dev/null; then
	for o in '' -P2 -m -k '-J2 -P2' -v '-m -J1'; do
		run "xapply $o: its output is read by its child" '' \
		    "xapply $o 'echo out %1;%0' a b > >(cat >log)"
		[ "$(grep -c '^out' x/log)" -eq 2 ]
		result $? "xapply $o: and read to its end" "$(cat x/log)"
	done
	run 'xapply: a child that takes its time' '' \
	    "xapply 'echo out;%0' a > >(sleep 1.5; cat >log)"
	check 'xapply: and is waited for' grep -q out x/log
	for c in 'xapply --fail "exit 1;%0" a' 'xapply -x :%0 a'; do
		run "$c: its messages are read by its child" '' "$c 2> >(cat >log) || :"
		check "$c: and read to their end" test -s x/log
	done
	for c in 'xclate -m true' 'xclate -m -O "|cat >o" true' 'xclate -mr -N log true' \
	    'ptbw -m true' 'wrapw -m true' 'xclate -m xclate a true'; do
		run "$c: its messages are read by its child" '' "$c 2> >(cat >&2)"
		run "$c: its output is read by its child" '' "$c > >(cat >&2)"
	done
	for c in 'xclate a' 'xclate -l a' 'xclate -g --newline a' 'xclate a cat' 'xclate -s a cat'; do
		for to in '> >(cat >&2)' '2> >(cat >&2)'; do
			run "$c, a client, with $to" out \
			    "echo out >f; xclate -m bash -c 'exec $c <f $to'"
		done
	done
	run 'xclate, a client: its messages are read to their end' '' \
	    "xclate -m bash -c 'exec xclate a sh -c \"echo out >&2\" 2> >(sleep 1.5; cat >log)'"
	check 'xclate, a client: by a child that takes its time' grep -q out x/log
	run 'xclate: what a section prints is read by its child' '' \
	    "xclate -m xclate -T '' a echo out > >(cat >log)"
	check 'xclate: and read to its end' grep -q out x/log
else
	skip 'readers of our own output' 'no bash'
fi

# one that has nothing to do with us does not hold us up
for c in 'xapply "echo out;%0" a' 'xapply -m "echo out;%0" a' 'xapply -J1 "echo out;%0" a' \
    'xclate -m -W ">&1" echo out' 'ptbw -m echo out' 'wrapw -m echo out'; do
	LIMIT=20 t "a child from before, and $c" 0 out '' sh -c \
	    "sleep 60 >/dev/null 2>&1 & echo \$! >pid; exec $c"
	kill "$(cat pid)"
	LIMIT=20 t "a child that has our output, and $c" 0 out '' sh -c \
	    "sleep 60 & echo \$! >pid; exec $c | cat; kill \$(cat pid)"
done

echo out >in
for c in 'xclate a' 'xclate -l a' 'xclate -g --newline a' 'xclate a cat' 'xclate -s a cat' \
    'xclate -I a echo out'; do
	LIMIT=20 t "a child from before, and $c, a client" 0 out '' xclate -m sh -c \
	    "sleep 60 >/dev/null 2>&1 & echo \$! >pid; exec $c <in"
	kill "$(cat pid)"
done
LIMIT=20 t 'a filter has the code of the child that writes to it all the same' 0 '4,a@' '' \
    sh -c "mkfifo p; xclate -mr -N '>n' sh -c 'sleep 60 >/dev/null & echo \$! >pid
	sh -c \"echo hi; exit 4\" >p & exec xclate a <p' >/dev/null; tr '\0' @ <n"
kill "$(cat pid)"

# the first process of a container is given what tasks leave
if unshare -pf true 2>/dev/null; then
	for c in 'xapply "%1" ' 'xclate -m -W ">&1" sh -c ' 'ptbw -m sh -c ' 'xapply -P2 -J2 "%1" '; do
		LIMIT=20 t "pid 1 is given children: $c" 0 out '' unshare -pf \
		    sh -c "exec $c'(sleep 60 >/dev/null 2>&1 &); echo out'"
	done
	for s in 15 1; do
		LIMIT=20 t "pid 1: signal $s" $((128 + s)) '' '' sh -c "
		    unshare -pf xapply ': >up; sleep 60 & wait;%0' a & p=\$!
		    until test -e up; do sleep 0.01; done; rm up
		    read -r first _ </proc/\$p/task/\$p/children; kill -$s \$first; wait \$p"
	done
else
	skip 'pid 1' 'no unshare for us'
fi
finish
