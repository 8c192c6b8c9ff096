#!/bin/sh
# pty.t - --pty of xapply and xclate: what is captured is written to a terminal
. "$(dirname "$0")/lib.sh"
. "$here/tasks.sh"
cd "$T/w" || exit 1
unset LINES COLUMNS
if ! xapply --pty : a 2>/dev/null; then
	skip 'everything' 'no pseudo-terminals here'
	finish
	exit
fi
# nobody's terminal: no /dev/tty either
if command -v setsid >/dev/null; then
	alone='setsid -w'
	$alone true 2>/dev/null || alone=
else
	alone=
fi
cat >"$T/bin/both" <<'END'
#!/bin/sh
test -t 1 && echo out
test -t 2 && echo err >&2
exit 0
END
cat >"$T/bin/size" <<'END'
#!/bin/sh
stty size <&1
END
chmod 755 "$T/bin/both" "$T/bin/size"
is_both="out
err"

# --- what the task has ---

for o in '' -m -k -l -s --stderr '-k -P2' '-d -m'; do
	n "stdout and stderr are a terminal: $o" "$is_both" "xapply --pty $o 'both;%0' a"
done
n 'tags in front of its lines' "a	out
a	err" "xapply --pty --tag 'both;%0' a"
n 'without it they are none' '' "xapply -m --stderr 'both;%0' a"
for o in '' -s -g -l -e --newline -Y -c; do
	n "a client's command: $o" "$is_both" "xclate -m xclate --pty $o a both"
done
n "a client's command: --tag" "a	out
a	err" "xclate -m xclate --pty --tag a both"
n 'in $XCLATE_1' "$is_both" 'XCLATE_1=--pty xclate -m xclate a both'
n 'the master'\''s stderr' 'out' 'xclate -m xclate --pty -E a both 2>/dev/null'
n 'a filter has no command: nothing to do' hi 'echo hi | xclate -m xclate --pty a'
n 'each task has its own' 2 "xapply --pty -k -P2 'tty <&1 >name.%1; : >up%1; await up1 up2' 1 2; cat name.* | sort -u | wc -l"
n 'standard input is what it was' 'no in' "echo in | xapply --pty 'test -t 0 || echo no \$(cat);%0' a"
n 'of --pipe as well' 2 'printf "a\nb\n" | xapply --pipe --pty "wc -l" | tr -d " "'
n 'nobody types there: the end of input' 'done' "xapply --pty 'cat <&1; cat <&2; echo done;%0' a"
n 'nor is anything echoed' '0' "xapply --pty 'stty -a <&1 >f; grep -c -e \" echo \" -e \" opost\" f;:%0' a"
n 'it controls no session' no "$alone xapply --pty 'if (: </dev/tty) 2>/dev/null; then echo yes; else echo no; fi;%0' a | sed 's/yes/${alone:+YES}no/'"
if ls --color=auto -d . >/dev/null 2>&1; then
	n 'colour' 3 "mkdir d; xapply --pty -k 'ls --color=auto -d %1' d | od -An -c | tr -d ' \n' | tr -cd m | wc -c | tr -d ' ';:"
	n 'grep finds out, too' 1 "echo abc >f; xapply --pty 'grep --color=auto b %1' f | grep -c '\[01;31m'"
else
	skip 'colour' 'no ls --color here'
	skip 'grep finds out, too' 'no ls --color here'
fi

# --- stderr apart ---

n '--stderr-apart: a terminal, too, and not in the section' "out
--
err" "xapply --pty --stderr-apart 'both;%0' a 2>e; echo --; cat e"
n '--stderr-apart: another one' 2 "xapply --pty --stderr-apart 'tty <&1; tty <&2;%0' a | sort -u | wc -l | tr -d ' '"
n '--stderr-apart -s: only stderr has anything' err "xapply --pty -s --stderr-apart 'echo err >&2;%0' a 2>&1"
n '--stderr-last: behind its stdout' "out
err" "xclate -m xclate --pty --stderr-last a sh -c 'echo err >&2; test -t 1 && test -t 2 && echo out'"
n '--results has what it wrote' "$is_both" "xapply --pty --results r 'both;%0' a >/dev/null; cat r/a"

# --- its size ---

sized() {       # sized NAME SIZE ENVIRONMENT
	if [ -z "$alone" ]; then
		skip "$1" 'no setsid -w here'
		return
	fi
	n "$1" "$2" "$alone env $3 xapply --pty 'size;%0' a"
	n "$1, of a client's command" "$2" "$alone env $3 xclate -m xclate --pty a size"
}
sized 'no terminal: 24 lines, 80 columns' '24 80' A=
sized 'no terminal: $LINES and $COLUMNS' '30 99' 'LINES=30 COLUMNS=99'
sized 'no terminal: what is no number there' '24 77' 'LINES=3x COLUMNS=77'
sized 'no terminal: nor too many' '24 80' 'LINES=0 COLUMNS=100000'

# --- the bytes ---

n 'nothing is made of newlines, or of bytes' 'same' "printf 'a\nb\r\n\tc\000\003\004\021\023\032\034\177\377\n' >f
xapply --pty 'cat %1' f >o; cmp f o && echo same"
head -c 5000000 /dev/urandom >"$T/much"
n 'much of it: all of it' same "xapply -k -P2 --pty 'cat $T/much;:%0' a b >o
cat $T/much $T/much | cmp - o && echo same"
n 'much of it, in front of a slow reader' same "xclate -m xclate -s --pty a cat $T/much |
{ dd bs=1 count=1; sleep 0.3; cat; } 2>/dev/null | cmp - $T/much && echo same"
n 'of a section that waits' same "xapply -k -P2 --pty '%1;%0' 'await up' 'cat $T/much; : >up' >o; cmp o $T/much && echo same"
n 'in lines' same "base64 <$T/much >f; xapply -l --pty 'cat %1' f | cmp - f && echo same"
n 'held no further than the cap' same "xclate -m xclate --pty -b -L 1k a cat $T/much | cmp - $T/much && echo same"
n 'in a session of its own' 60000 "xclate -m xclate --pty -Y a head -c 60000 /dev/zero | wc -c | tr -d ' '"

# --- its end ---

n 'a daemon that keeps it: what is there is written' 60000 \
    "xapply --pty --linger 0 '{ await go; : >over; } & head -c 60000 /dev/zero;%0' a | wc -c | tr -d ' '; : >go; await over"
n 'of a client'\''s command' 60000 "xclate -m xclate --pty --linger 0 a \
    sh -c '{ await go; : >over; } & head -c 60000 /dev/zero' | wc -c | tr -d ' '; : >go; await over"
# How much it holds is the system's business: more than FIONREAD tells.
n 'what it holds when the command ends, and a daemon keeps it' same \
    "xapply -k -P2 --pty --linger 0 -e XCLATE='-b -L 100' '%1;%0' \
	'await up; while kill -0 \$(cat up) 2>/dev/null; do :; done' \
	'{ await go; : >over; } & dd if=/dev/zero bs=100 count=150 oflag=nonblock 2>said; echo \$\$ >new; mv new up' >o
    : >go; await over; test \"\$(wc -c <o)\" -eq \"\$(sed -n 's/ bytes.*//p' said)\" && echo same"
n 'one that writes within the grace is heard' 'late' "xapply --pty --linger 60 '(await up%1; echo late) & : >up1;:%0' 1"
x 'the status is the task'\''s' 2 '' '~xapply: 2 of 2 tasks failed: a (exit 3), b (exit 3)*' "xapply --pty 'exit 3;%0' a b"
x 'of a client'\''s command' 5 '' '' "xclate -m sh -c 'xclate --pty a sh -c \"exit 5\"'"
x 'a task that is not to be found' 1 '' '~xapply: nosuch: *' 'xapply --pty --argv nosuch a'
x 'a task that is not to be ended by errors, and no reader' 141 '' '' \
    '{ xapply --pty -k "while :; do echo x; done;%0" a b; echo $? >c; } 2>/dev/null | head -n 1 >/dev/null; exit $(cat c)'
x 'such a command of a client' 0 x '' 'xclate -m xclate --pty a sh -c "while :; do echo x; done" 2>/dev/null | head -n 1'
n 'a time limit ends it' 'x' 'xapply --no-fail --pty -T 0.2 "echo x; await never;%0" a 2>/dev/null'
n 'no descriptor of another terminal' '0' "xapply -k -P2 --pty 'ls -l /proc/self/fd/ 2>/dev/null | grep -c ptmx; : >up%1; await up1 up2' 1 2 | sort -u"

# --- none to be had ---

without="unshare -Urm sh -c 'mount -t tmpfs none /dev/pts &&"
if unshare -Urm sh -c 'mount -t tmpfs none /dev/pts' 2>/dev/null; then
	x 'no /dev/pts: nothing runs' 71 '' '~xapply: --pty: a terminal cannot be made (/dev/ptmx, /dev/pts): *' \
	    "$without xapply --pty \"touch ran;%0\" a b'; c=\$?; test ! -e ran && exit \$c"
	x 'no /dev/pts: a client' 71 '' '~xclate: --pty: a terminal cannot be made (/dev/ptmx, /dev/pts): *' \
	    "$without xclate -m xclate --pty a touch ran'; c=\$?; test ! -e ran && exit \$c"
	few="mount -t devpts -o newinstance,ptmxmode=666,max=2 none /dev/pts && mount --bind /dev/pts/ptmx /dev/ptmx"
	if unshare -Urm sh -c "$few" 2>/dev/null; then
		n 'two at a time: the others wait' 1-2-3-4-5- "unshare -Urm sh -c '$few && xapply --pty -k -P5 \"echo %1\" 1 2 3 4 5' | tr '\n' -"
	else
		skip 'two at a time: the others wait' 'no devpts of ones own here'
	fi
else
	skip 'no /dev/pts' 'no mounts of ones own here'
fi
x 'not for a master' 64 '' '~xclate: --pty does not go with -m *' 'xclate -m --pty :'
n 'a dry run needs none' 'echo a' 'xapply --pty -n echo a'

# --- at a terminal ---

. "$here/screen.sh"
open_screen 70 20
keys "PATH=$PATH; cd $T/w; clear"
keys 'xapply --pty "size;%0" a; xapply --pty "size;%0" a 2>e </dev/null | cat'
sees 'the size is that of the terminal' '20 70'
keys 'clear; xapply --pty "size;%0" a 2>e </dev/null | sed s/^/only-/'
sees 'and of /dev/tty alone' 'only-20 70'
cat >"$T/bin/watch_size" <<'END'
#!/bin/sh
trap 'echo now $(stty size <&2)' WINCH
: >up
until test -e go; do sleep 0.05; done
END
chmod 755 "$T/bin/watch_size"
for how in 'xapply --pty "watch_size;:%0" a' \
    'xapply --pty "watch_size;:%0" a </dev/null' \
    'xapply --pty --stderr-apart "watch_size;:%0" a' \
    'xapply --progress --pty "watch_size;:%0" a 2>/dev/null' \
    'xclate -m xclate --pty -s a watch_size' \
    'xclate -m xclate --pty -Y -c -s a watch_size'; do
	rm -f up go
	tm resize-window -x 70 -y 20
	keys "clear; $how; echo over"
	wait_until test -e up
	tm resize-window -x 61 -y 22
	sees "another size: $how" 'now 22 61'
	: >go
	sees "another size, and over: $how" 'over'
done
rm -f up
keys 'clear; xapply --pty ": >up; await never;%0" a; echo code $?'
wait_until test -e up
interrupt
sees '^C reaches the tasks' '.*code 130'
tm kill-server
finish
