#!/bin/sh
# terminal.t - the wrappers at a terminal, driven as a person drives them
. "$(dirname "$0")/lib.sh"
. "$here/screen.sh"

open_screen 100 50
no_sockets() {
	[ -z "$(find "$TMPDIR" -name 'xcl*' -o -name 'ptbw*' -o -name 'ptbd*')" ]
}
keys 'echo up'
sees 'a shell in a terminal' up

# the habit of the manual: records on the terminal
# (some shells are interactive only if stdout is a terminal too: hence -i)
printf '#!/bin/sh\nexec sh -i\n' >"$T/ishell"
chmod +x "$T/ishell"
keys "SHELL=$T/ishell xclate -mr -N/dev/tty"
keys 'echo level $xcl_link'
sees 'an interactive shell inside a master' 'level 1'
keys 'echo hello | xclate -T "[%x]" first'
sees 'a section, and its record on the terminal' '\[first\]' hello '0,first'
keys 'xclate second sh -c "echo out; exit 3" </dev/null'
sees 'an exit code in a record' out '3,second'
keys 'xclate -IEDY third sh -c "test -t 0 && test -t 2 && echo on a terminal"'
sees 'a command with the streams of the master' 'on a terminal' '0,third'
keys 'xclate -IEDY fourth sh'
keys 'echo inside $((1 + 1))'
sees 'an interactive shell as a section' 'inside 2'
keys 'exit 4'
sees 'ends with its code' '4,fourth'
keys 'xclate -I five cat'
keys 'typed by hand'
wait_until shows 'typed by hand'
tm send-keys C-d
sees 'typed input goes to the command' '0,five'
# (typed and shown: only then the section is there to be interrupted)
keys 'cat | xclate six'
keys 'before'
twice() {
	screen | awk -v line="$1" '{ sub(/^([$] )*/, "") }
		$0 == line { n++ } END { exit n != 2 }'
}
wait_until twice before
tm send-keys C-c
sees 'an interrupt ends a filter' '.*0,six'
keys 'echo after'
sees 'and not the master' after
keys 'exit 7'
keys 'echo code $? link ${xcl_link-none}'
sees 'the shell has ended, and the master with it' 'code 7 link none'

# job control: stop and go on
keys 'xclate -m sh -c "echo begun >&2; while test ! -e go; do sleep 0.05; done; echo end | xclate x"'
sees 'a utility in the foreground' begun
tm send-keys C-z
sees 'is stopped with its master' '.*\(Stopped\|Suspended\).*'
keys ': >go; fg'
sees 'and goes on' end
rm -f go
keys 'xclate -m -O /dev/tty --progress sh -c "echo a | xclate a; xclate b false </dev/null; :"'
sees 'a line of progress, and a summary' 'xclate: 2 sections done in 0:0[0-9], 1 failed'
# xapply: tasks have the terminal, an interrupt reaches them all
keys 'SHELL=/bin/sh xapply --progress -P2 "sleep 0.8;%0" 1 2 3 4 </dev/null'
sees 'a line of progress that stays a line' '.*done [0-3] of 4, running 2, failed 0, .*'
sees 'and a summary in its place' 'xapply: 4 tasks done in 0:0[0-9]*, 0 failed *'
keys "SHELL=/bin/sh xapply 'read x; echo got \$x' a"
keys 'by hand'
sees 'a task reads the terminal' 'got by hand a'
# (a shell that is just starting a command may keep the signal for itself: none
# is between when they say that they are there)
mkfifo fifo
for in in '' ' </dev/null'; do
	keys "SHELL=/bin/sh xapply -P2 'exec dd of=run%1 <>fifo' 1 2$in"
	wait_until test -e run1 -a -e run2
	rm -f run1 run2
	interrupt
	keys "echo \"code \$?$in\""
	sees "an interrupt ends tasks and run$in" "code 130$in"
done
# a time that is up ends all of a task; and it can still read the terminal
keys "SHELL=/bin/sh xapply -T 0.3 'sleep 60 & echo \$! >child; wait;%0' a"
sees 'a time that is up' 'xapply: task 1 (a): its time is up'
is_gone() {      # is_gone FILE: the process whose pid it holds
	case $(peer state "$(cat "$1")") in "" | Z*) return 0 ;; esac
	return 1
}
wait_until is_gone child
result $? 'its children have ended, too'
keys "SHELL=/bin/sh xapply -T 9 'echo what; read x; echo got \$x' a"
wait_until shows what
keys this
sees 'with a time, a task reads stdin' 'got this a'

# a run that reads its parameters, and tasks that read the terminal
asks='"echo ask %1 >/dev/tty; read x </dev/tty; echo got \$x %1"'
keys "printf '1\\n2\\n' | SHELL=/bin/sh xapply -f $asks -; echo code \$?"
wait_until shows 'ask 1'
keys first
sees 'a task asks at the terminal' 'got first 1'
wait_until shows 'ask 2'
keys second
sees 'and the next one' 'got second 2' 'code 0'
keys "echo 3 | SHELL=/bin/sh xapply -f $asks -"
wait_until shows 'ask 3'
interrupt
keys 'echo ended $?'
sees 'an interrupt of a task that asks is one of the run' '.*ended 130'
keys "echo 4 | SHELL=/bin/sh xapply -m -f $asks -; echo code \$?"
wait_until shows 'ask 4'
tm send-keys C-z
sees 'a stop is one of all' '.*\(Stopped\|Suspended\).*xapply.*'
keys fg
wait_until shows fg
keys fourth
sees 'and it goes on' 'got fourth 4'
is_in() {       # is_in STATE FILE...: of the processes whose pids they hold
	state=$1
	shift
	for pid; do
		case $(peer state "$(cat "$pid")") in $state*) ;; *) return 1 ;; esac
	done
}
# tasks that the terminal does not reach
keys "SHELL=/bin/sh xapply -P2 -T 600 'echo \$\$ >run%1; exec sleep 60;%0' 1 2"
wait_until test -s run1 -a -s run2
tm send-keys C-z
sees 'a run with tasks of its own is stopped' '.*\(Stopped\|Suspended\).*-T 600.*'
is_in T run1 run2
result $? 'and so are they'
keys fg
wait_until is_in S run1 run2
result $? 'they go on'
interrupt
keys 'echo "600: $?"'
sees 'and are interrupted' '600: 130'
# (4 s are what it means, nothing that is waited for)
keys "SHELL=/bin/sh xapply -T 3 'echo then; read x; echo got \$x;%0' a"
wait_until shows then
tm send-keys C-z
sees 'a task whose time runs is stopped' '.*\(Stopped\|Suspended\).*-T 3.*'
sleep 4
keys fg
keys that
sees 'which does not count' 'got that'
# stopped by another than the terminal, which is the shell's then
# (the task writes its file behind what it read: typed lines that nobody has
# read when the run is stopped are the shell's)
keys "echo 5 | SHELL=/bin/sh xapply -f 'echo \$PPID >run; read x </dev/tty
	echo \$\$ >task; until test -e on; do sleep 0.05; done
	read y </dev/tty; echo got \$x \$y %1;%0' -"
keys one
wait_until test -s task
kill -STOP "$(cat run)"
sees 'a run is stopped from elsewhere' '.*\(Stopped\|Suspended\).*xapply -f.*'
: >on
wait_until is_in T task
keys fg
keys two
sees 'and its task gets the terminal back' 'got one two 5'
rm -f on run task

# in the background it is not the run's
keys "echo 6 | SHELL=/bin/sh xapply -f 'echo \$PPID >run; read x </dev/tty; echo \$\$ >task
	until test -e on; do sleep 0.05; done;%0' -"
keys one
wait_until test -s task
kill -STOP "$(cat run)"
sees 'another run is stopped from elsewhere' '.*\(Stopped\|Suspended\).*echo 6.*'
: >on
wait_until is_gone task
keys bg
wait_until is_gone run
keys 'echo still $((1 + 1))'
sees 'and leaves the terminal to the shell' 'still 2'
rm -f on run task
# one that stops by itself alone, as ssh does, and others that have raw input
keys "ptbw -m sh -c 'kill -TSTP \$\$; echo again \$((1 + 1))'"
keys 'echo outside $((1 + 1))'
sees 'a utility stops itself: the shell goes on' 'outside 2'
keys fg
sees 'and so does the utility, later' 'again 2'
keys 'stty tostop'
keys "echo 7 | SHELL=/bin/sh xapply --progress -T 99 -f $asks -"
wait_until shows 'ask 7'
sleep 0.5               # some lines of progress
keys seventh
sees 'what a run says does not stop it' '.*got seventh 7'
keys 'stty -tostop'

# a shell in a wrapper is suspended, as if it were not in one
if command -v bash >/dev/null; then
	n=0
	for in in 'ptbw -m' 'ptbw -m ptbw' 'wrapw -m' 'wrapw -m ptbw -m' \
	    "SHELL=/bin/sh xapply %1\\ --norc\\ --noediting" \
	    "SHELL=/bin/sh xapply -T 60 %1\\ --norc\\ --noediting"; do
		n=$((n + 1))
		case $in in *apply*) ;; *) in="$in bash --norc --noediting #" ;; esac
		keys "PS1='$ ' $in bash"
		keys "echo in$n \$((1 + 1)) \$BASH"
		wait_until shows "in$n 2 .*bash"
		# the last way has a job of its own in the foreground meanwhile
		case $n in
		2)      keys "sh -c 'kill -STOP \$PPID; :'" ;;
		*)      keys suspend ;;
		esac
		keys "echo out$n \$((1 + 1)) \$BASH"
		sees "suspend: the shell outside goes on ($in)" "out$n 2 *"
		keys fg
		keys "echo back$n \$((1 + 1)) \$BASH"
		sees 'fg: and that inside again' "back$n 2 .*bash"
		keys exit
		keys "echo over$n \$((1 + 1)) \$BASH"
		sees 'and at its end the one outside' "over$n 2 *"
	done
	keys "PS1='$ ' bash --norc --noediting"
	keys 'ptbw -m bash --norc --noediting #8'
	keys 'echo in8 $((1 + 1)) $ptbw_link'
	wait_until shows 'in8 2 1'
	keys suspend
	sees 'once more' '.*Stopped.*#*8*'
	keys 'jobs -p %1 >run; kill -HUP %1'
	wait_until test -s run
	wait_until is_gone run
	keys jobs
	sees 'who is suspended is told to end' '.*\(Exit 129\|Hangup\|Done\).*#*8*'
	keys 'echo here $((1 + 1)) $ptbw_link'
	sees 'and the shell outside has the terminal' 'here 2 *'
	keys exit
else
	skip 'shells in wrappers, suspended' 'bash is not installed'
fi
# bash tells nobody that runs in the background already
if command -v bash >/dev/null; then
	keys "PS1='$ ' bash --norc --noediting -i"
	keys "echo 5 | SHELL=/bin/sh xapply -f $asks - &"
	wait_until shows 'ask 5'
	keys fg
	keys fifth
	sees 'a run that comes to the foreground' 'got fifth 5'
	keys exit
else
	skip 'a run that comes to the foreground' 'bash is not installed'
fi

# a terminal that goes away: who waits for it hears of that
tm new-session -d -s other "exec env -u XCLATE PS1='$ ' ENV= SHELL=/bin/sh TMPDIR=$TMPDIR sh"
tm send-keys -t other: -l "trap '' HUP; echo 8 | xapply -f 'echo \$\$ >task; read x </dev/tty;%0' - &"
tm send-keys -t other: Enter
wait_until test -s task
wait_until is_in T task
tm kill-session -t other
wait_until is_gone task
result $? 'a task that waits for a terminal that is gone'
rm -f task

# a window that is closed under a run: the system tells the leader alone
for run in 'xapply -P2' 'xapply -m -P2' 'xapply -J2 -P2' 'xapply -T 60 -P2' 'ptbw -m xapply -P2' \
    'xclate -m xapply'; do
	rm -f up told
	tm new-window "cd $PWD && exec env TMPDIR=$TMPDIR $run 'trap \"echo >told; exit 1\" HUP; sleep 60 & : >up; wait;%0' a"
	wait_until test -e up
	tm kill-window
	wait_until test -e told
	result $? "the window of $run is closed: its tasks hear it" ''
	# xcl* and so on of a master that waits for more would stay
	wait_until no_sockets
	result $? "the window of $run is closed: it ends" "$(ls "$TMPDIR")"
done

# the demo has chapters
keys "sh $top/examples/demo"
sees 'the demo waits before the next chapter' 'job:' '-- next: xclate, .* -- Enter goes on, q ends: *'
keys q
wait_until alone
keys 'echo left with $?'
sees 'and can be left there' 'left with 0'

# README: a shell with pools, typed in; of the tokens nobody knows which is which
pasted 2 >commands
printed 2 >shown
t 'README: something is shown' 0 '' '' test -s shown
type_all() {    # type_all PATTERN: what does not match it
	grep -v -e "$1" commands >typed
	while IFS= read -r line <&3; do keys "$line"; done 3<typed
}
# (typed ahead, it may stand in front of what is printed)
type_all '^exit'
while IFS= read -r line <&3; do
	sees "README: $line" ".*$(echo "$line" | sed 's/gpu[01]/gpu[01]/')"
done 3<shown
# (not before: what is typed is shown between what is printed)
type_all '^[^e]'
keys 'echo levels: ${ptbw_link-none}'
sees 'and its shells have ended' 'levels: none'
keys 'exit'
wait_until sh -c "! tmux -L wk$$ has-session"
result $? 'the session ended'
finish
