#!/bin/sh
# progress.t - how far a run is: the line of --progress on terminals of several
# kinds, and beside what is written there
. "$(dirname "$0")/lib.sh"

SHELL=/bin/sh
await='until test -e go; do sleep 0.02; done'

# --- on a terminal: what comes through the suite has lines of its own ---
# written NAME COMMAND WANTED...: each text is a line of its own on a terminal,
# with nothing of the progress in front of it or behind, and that is there
written() {
	name=$1 cmd=$2
	shift 2
	if ! command -v script >/dev/null; then
		skip "$name" 'script is not installed'
		return
	fi
	printf '%s\n' "stty cols 100; $cmd" >cmd
	rm -f go
	TERM=xterm peer limit 60 script -fqc 'sh ./cmd' /dev/null >all 2>&1 </dev/null
	# what is erased begins a new line here
	awk '{ gsub(/\r\033\[J/, "\n"); gsub(/\033\[[?]7[hl]/, ""); gsub(/\r+$/, ""); print }' all | tr -d '\r' >lines
	bad=
	for text; do grep -qx -e "$text" lines || bad="$bad '$text'"; done
	# nothing of ours stands beside what others have written
	grep 'done [0-9]*.*running' lines | grep -v -x -e '\[[#.]*\] done .*' -e 'done .*' >mixed
	[ -z "$bad" ] && [ ! -s mixed ] && grep -q 'done [0-9]*.*running' lines
	result $? "$name" "missing:$bad${nl}got:$nl$(cat -v all)"
}
# (a tick is 0.2 s: each of these lets some pass)
slow='sleep 0.3; echo out %1; sleep 0.5; echo more %1; sleep 0.3'
for o in -m -k -l '-m --stderr' '-m --results r' '-k --results r --stderr' '-m -J2' '-md' '-l --results r'; do
	written "output of sections: $o" "xapply --progress -P2 $o '$slow' 1 2 3" \
	    'out 1' 'more 1' 'out 3' 'more 3' 'xapply: 3 tasks done in 0:0[0-9], 0 failed'
done
written 'a line that has no end yet' "xapply --progress -m 'printf half; sleep 0.6; echo %1; sleep 0.5' 1" half1
written 'in an enclosing master that looks' \
    "xclate -m --newline xapply --progress -P2 -m '$slow' 1 2" 'out 1' 'out 2' 'more 2'
written 'messages' "xapply --progress -T 0.5 --no-fail 'sleep 9;%0' a" 'xapply: task 1 (a): its time is up'
written '-x' "xapply --progress -x 'sleep 0.5;%0' a b" 'sleep 0.5;'
written '-v' "xapply --progress -v 'sleep 0.5;%0' a b" 'sleep 0.5;'
written '-v -m' "xapply --progress -v -m 'sleep 0.5; echo %1' a b" a b 'sleep 0.5; echo b'
written 'xclate: sections' "xclate -m --progress sh -c 'for i in 1 2; do
    sh -c \"sleep 0.3; echo out \$i; sleep 0.5; echo more \$i\" | xclate \$i & done; wait'" \
    'out 1' 'out 2' 'more 1' 'more 2' 'xclate: 2 sections done in 0:0[0-9], 0 failed'
written 'xclate: the widow output' "xclate -m --progress sh -c 'sleep 0.4; echo widow; sleep 0.4'" widow
written 'xclate: reports' "xclate -mr -N '>&1' --progress sh -c 'sleep 0.4; xclate a true; sleep 0.4'" 0,a
written 'xclate: a message' "xclate -m --progress --halt soon sh -c 'sleep 0.4; xclate a false; sleep 0.4'" \
    'xclate: halt: 1 section failed: a (exit 1)'

# colours that a section leaves on are taken off at its end
# coloured NAME COMMAND TEXT...: each is in what the terminal gets
coloured() {
	name=$1 cmd=$2
	shift 2
	if ! command -v script >/dev/null; then
		skip "$name" 'script is not installed'
		return
	fi
	printf '%s\n' "$cmd" >cmd
	peer limit 60 script -fqc 'sh ./cmd' /dev/null 2>&1 </dev/null | cat -v >all
	bad=
	for want; do grep -qF -e "$want" all || bad="$bad '$want'"; done
	[ -z "$bad" ]
	result $? "$name" "missing:$bad${nl}got:$nl$(cat all)"
}
red='printf "\033[1;31mred %1\n"'
for o in -m -k '-m --tag' '-m --results r' -l; do
	coloured "a colour that is left on: $o" "xapply $o '$red' 1 2" '^[[1;31mred 1^M' '^[[0m'
done
coloured 'in a master that looks' "xclate -m --newline xclate -c a sh -c 'printf \"\\033[32mgreen\\n\"'" green '^[[0m'
coloured 'of stderr apart' "xapply -m --stderr-apart '$red >&2' 1" 'red 1' '^[[0m'
for text in 'plain\n' '\033[31mred\033[0m\n' '\033[31mred\033[m\n' '\033[1mred\033[31;0m\n' '\033[2J\n' '\033[3H'; do
	rm -f all
	coloured "none is left on: $text" "xapply -m 'printf \"$text\"; echo end%0' 1" end
	[ -e all ] || continue
	[ "$(tr -cd m <all | wc -c)" -eq "$(printf %s "$text" | tr -cd m | wc -c)" ]
	result $? 'and none is taken off' "$(cat all)"
done
t 'what goes to a pipe stays as it is' 0 "$(printf '\033[31mred')" '' xapply -m 'printf "\033[31mred%0"' 1

# what it says
written 'a bar, counts, rate, time left, the longest' \
    "xapply --progress -P2 'sleep %1; test %1 != 0.4' 0.4 1.9 0.4 0.4" \
    '\[##*\.*\] done 2 of 4, running 2, failed 2, [0-9.]*/s, left 0:0[0-9], longest 0:01 1.9'
written 'a list of unknown length' "{ echo 1; sleep 0.5; echo 2; } | xapply --progress -f 'sleep 0.5;%0' -" \
    'done 1, running 1, failed 0, [0-9.]*/s, longest 0:0[0-9] 2'
written 'what is left out by --resume' "xapply --joblog j : 1 2; xapply --progress --joblog j --resume 'sleep 0.5;%0' 1 2 3" \
    '\[#*\.*\] done 2 of 3, running 1, .*' 'xapply: 1 task done in 0:0[0-9], 0 failed'
written 'xclate: who waits, and the longest' "xclate -m --progress sh -c '
    { echo; sleep 0.8; } | xclate first & sleep 0.2; echo | xclate second & sleep 0.8; wait'" \
    'done 0, running 1, waiting 1, failed 0, .*, longest 0:0[0-9] first'
written 'a name is text' "xapply --progress 'sleep 0.5;%0' \"\$(printf 'a\\033[2Jb')\"" '.* a^\[\[2Jb'
written 'the summary names who failed' "xapply --progress 'sleep 0.3; exit 3;%0' a" \
    'xapply: 1 task done in 0:0[0-9], 1 failed: a (exit 3)'

# --- not on a terminal ---
for o in --progress --bar --prog; do
	t "xapply $o: one line" 3 '' '~xapply: 4 tasks done in 0:0[0-9], 3 failed: 1 (exit 1), 2 (exit 2), 3 (exit 3)' \
	    xapply "$o" 'exit %1' 1 2 3 0
	t "xclate $o: one line" 1 '' '~xclate: 2 sections done in 0:0[0-9], 1 failed: b (exit 1)' \
	    xclate -m --fail "$o" sh -c 'xclate a true; xclate b false'
done
t 'with --no-fail none are named' 0 '' '~xapply: 1 task done in 0:0[0-9], 1 failed' xapply --no-fail --bar 'exit 1;%0' a

# --- on a screen ---
. "$here/screen.sh"
open_screen 100 30
rows() {        # rows PATTERN: how many rows of the screen have it
	tm capture-pane -p >now
	grep -c -e "$1" now
}
has_rows() {
	[ "$(rows "$1")" -eq "$2" ]
}
clear_screen() {
	rm -f go
	keys clear
	wait_until has_rows . 1
}
# the line is one row, whatever the width
narrow() {
	tm resize-window -x "$1" -y 30
	wait_until has_rows '^\(\[[#.]*\] \)*done [01]' 1
	# the whole row: what was wider before has left nothing
	wait_until has_rows 'longest\|failed\|running' 1
	result $? "resized to $1 columns: one row" "$(tm capture-pane -p)"
}
clear_screen
keys "xapply --progress -P2 '$await;%0' 1 2 name"
sees 'the line' '\[\.*\] done 0 of 3, running 2, failed 0, .* 1 *'
for columns in 60 40 90 30 100; do
	narrow $columns
done
: >go
sees 'the end' 'xapply: 3 tasks done in .*'
has_rows 'running' 0
result $? 'the line is gone' "$(tm capture-pane -p)"
# the rows between the command and its summary
has_rows . 3 || has_rows . 2
result $? 'and no other row was left' "$(tm capture-pane -p)"

clear_screen
keys "TERM=dumb xapply --progress -P2 'sleep 1.3;%0' 1 2 3 4"
sees 'a dumb terminal: lines' 'xapply: done 2 of 4, running 2, .*' 'xapply: 4 tasks done in .*'
tm capture-pane -p -e >now
[ "$(grep -c 'xapply: done' now)" -ge 1 ]
result $? 'each stays' "$(cat now)"

clear_screen
keys "xclate -m --bar sh -c '$await; xclate -c a true'"
sees 'xclate: the line' 'done 0, running 0, failed 0, .*'
: >go
sees 'xclate: the end' 'xclate: 1 section done in .*'
has_rows 'running' 0
result $? 'xclate: the line is gone' "$(tm capture-pane -p)"

clear_screen
keys "xapply --progress '$await;%0' 1 2 &"
keys 'echo prompt $((1 + 1))'
sees 'in the background the terminal is the shell'"'"'s' 'prompt 2'
: >go
sees 'and gets the summary' '.*xapply: 2 tasks done in .*'
has_rows 'running' 0
result $? 'and no line' "$(tm capture-pane -p)"
keys 'wait; echo waited $((1 + 1))'
wait_until shows 'waited 2'

clear_screen
keys "xapply --progress '$await;%0' 1 2"
wait_until has_rows 'running 1' 1
tm send-keys C-z
sees 'a run that is stopped' '.*\(Stopped\|Suspended\).*'
has_rows 'running' 0
result $? 'takes its line off' "$(tm capture-pane -p)"
keys fg
wait_until has_rows 'running 1' 1
: >go
sees 'and goes on' 'xapply: 2 tasks done in .*'
keys exit
wait_until sh -c "! tmux -L wk$$ has-session"
result $? 'the session ended'
finish
