#!/bin/sh
# linger.t - a section of a command's output ends with the command, whoever has
# the output open for longer, and nothing that the command wrote is lost
. "$(dirname "$0")/lib.sh"
LIMIT=30

# daemon: somebody who keeps stdout open while the file is there that ON names
cat >daemon <<'END'
#!/bin/sh
(while test -e "$T/w/$ON"; do sleep 0.05; done) 2>/dev/null &
END
chmod +x daemon
PATH=$T/w:$PATH
ON=first
: >first
export T ON

# --- who never ends holds up nobody ---
for o in -s -g -l -b\ -s --newline --tagstring=t '-L 1 -s' '-q -T t -s' -e\ -s \
    '-s -T t -H r' '-w -s' '--linger 0 -s' -c\ -g -Y\ -g -I\ -s; do
	t "xclate $o" 3 - - xclate -m --fail sh -c "
	    xclate $o a sh -c 'daemon; echo hi; exit 3'"
	result "$(cat "$T/out" "$T/err" | grep -c hi | tr 01 10)" \
	    "xclate $o: what it wrote is there"
done
t 'xclate --stderr-last' 3 "hi${nl}e" 'xclate: 1 of 1 sections failed: a (exit 3)' xclate -m --fail \
    xclate --stderr-last a sh -c 'daemon; (daemon >&2); echo hi; echo e >&2; exit 3'
t 'stderr alone is open' 3 "hi${nl}e" 'xclate: 1 of 1 sections failed: a (exit 3)' xclate -m --fail \
    xclate --stderr-last a sh -c '(daemon >&2); echo hi; echo e >&2; exit 3'
for o in -m -k -l --tagstring=t --stderr '-m -s' '-m -u' '-m -P3' '-m -J2' \
    '-m -T 20' '-m --linger 0' '-m --retries 2' '-m --argv'; do
	case $o in *argv) c='sh -c "daemon; echo %1; exit 1"' ;; *)
		c='daemon; echo %1; exit 1' ;; esac
	t "xapply $o" 0 - '' sh -c "xapply --no-fail $o '$c' a b c >out; tr -d '\n' <out"
	result "$(grep -c '[abc]' out | awk '{ print $1 < 3 }')" \
	    "xapply $o: all of it is there" "$(cat out)"
done
t 'xapply --results' 0 ab '' sh -c 'xapply --results r "daemon; echo %1" a b \
    >/dev/null; cat r/a r/b | tr -d "\n"'
t 'the linger of $XCLATE_1' 0 "hi${nl}soon" '' env XCLATE_1='--linger 20' \
    xapply -m '(sleep 0.5; echo soon) & echo hi; : %1' a
t 'a time limit bounds it' 0 a '' xapply -m -T 1 --linger 1000 'daemon; echo %1' a
t 'no time for who was killed' 1 '' - xapply -m -T 0.2 --linger 1000 \
    'setsid daemon; sleep 1000; : %1' a
t 'a large time for who ends at once' 0 a '' xapply -m --linger 1000 'echo %1' a
rm first
ON=second
: >second

# --- what the command wrote is never lost ---
seq 300000 >want
for o in -g -s -l '-b -s' '-b -g' '-L 1k -g' '-g --newline' '-s --linger 0' \
    '-b -s --linger 0'; do
	t "much, $o" 0 '' '' sh -c "xclate -m xclate $o a sh -c '
	    daemon; seq 300000' | cmp want -"
done
t 'much, and the turn comes late' 0 '' '' sh -c 'xclate -m sh -c "
    mkfifo f; cat f | xclate front & exec 3>f; echo 0 >&3
    xclate -b -s a sh -c \"exec 3>&-; daemon; seq 30000\" 3>&- &
    xclate -s b sh -c \"exec 3>&-; daemon; seq 30000\" 3>&- &
    sleep 1; exec 3>&-; wait" | sort -n | uniq -c | awk "\$1 != 2 && \$2 != 0"'
t 'much, of a reader who stops' 0 '' '' sh -c 'xclate -m xclate -s a sh -c "
    daemon; seq 300000" | (sleep 1; cat) | cmp want -'
t 'much, of many tasks' 0 '' '' sh -c 'xapply -k -P4 "daemon; seq 60000; : %1" \
    1 2 3 | sort -n | uniq -c | awk "\$1 != 3"'

# --- who writes a little later ---
t 'the grace' 0 "hi${nl}soon" '' xclate -m xclate -s --linger 20 a sh -c '
    (sleep 0.5; echo soon) & echo hi'
t 'the grace of a task' 0 "hi${nl}soon" '' xapply -m --linger 20 \
    '(sleep 0.5; echo soon) & echo hi; : %1' a
t 'after it, while there is somebody: the widow output' 0 'hi a' 'late' \
    sh -c 'xapply -m --linger 0 "%1" "
	(until test -e go; do sleep 0.01; done; echo late; : >done) & echo hi a" "
	: >go; until test -e done; do sleep 0.01; done"'
t 'nobody has room for it' 0 - '~*xapply: what was written after a task*' sh -c '
    rm -f go done; xclate -m sh -c "xapply -m --linger 0 \"%1\" \"
	(until test -e go; do sleep 0.01; done; echo late; : >done) & echo hi a\" \"
	: >go; until test -e done; do sleep 0.01; done\" >/dev/full"'
t 'the same of a client' 0 - '~*xclate: section a: what was written after*' sh -c '
    rm -f go done; xclate -m sh -c "mkfifo f2; cat f2 | xclate front & exec 3>f2; echo 0 >&3
	until test -s first; do sleep 0.01; done
	xclate -s --linger 0 a sh -c \"exec 3>&-
	    echo \\\$\\\$ >pid
	    (until test -e go; do sleep 0.01; done; echo late; : >done) & echo hi\" 3>&- >/dev/full &
	until test -s pid; do sleep 0.01; done
	while kill -0 \$(cat pid) 2>/dev/null; do sleep 0.01; done
	: >go; until test -e done; do sleep 0.01; done; exec 3>&-; wait" >first'
rm first second
finish
