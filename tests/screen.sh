#!/bin/sh
# screen.sh - a terminal, driven as a person drives it; sourced behind lib.sh
#
#	open_screen COLUMNS ROWS	a shell in a terminal
#	keys TEXT			typed, with Enter
#	sees NAME PATTERN...		the screen comes to have these lines
# Without tmux the test ends here.

if ! command -v tmux >/dev/null; then
	skip 'everything' 'tmux is not installed'
	finish
	exit
fi
tm() {
	tmux -L "wk$$" -f /dev/null "$@"
}
trap 'tm kill-server 2>/dev/null; cd /; rm -rf "$T"' EXIT

screen() {
	tm capture-pane -p -J -S -200
}
shows() {       # shows PATTERN...: each is a line of the screen
	screen >now
	# who types ahead finds prompts in front of what comes later
	for p in "$@"; do grep -q -x -e "\(\$ \)*$p" now || return 1; done
}
keys() {
	tm send-keys -l "$1"
	tm send-keys Enter
}
# What is typed just behind an interrupt may be lost with what was typed before:
# wait until the shell has nobody beside it.
interrupt() {
	tm send-keys C-c
	wait_until alone
}
alone() {
	shell=$(tm display-message -p '#{pane_pid}')
	of=/proc/$shell/task/$shell/children
	[ ! -r "$of" ] || [ -z "$(cat "$of")" ]
}
sees() {        # sees NAME PATTERN...
	name=$1
	shift
	wait_until shows "$@"
	result $? "$name" "the screen:$nl$(screen)"
}
# PS1 is plain, no file of the user's is read
open_screen() {
	tm new-session -d -x "$1" -y "$2" \
	    "exec env -u XCLATE PS1='$ ' ENV= TMPDIR=$TMPDIR sh"
	wait_until shows '\$ *'
}
