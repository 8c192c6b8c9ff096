#!/bin/sh
# shown.t - what others wrote does nothing to a terminal: C0, DEL and C1, the
# latter as a byte and in UTF-8, become visible; letters stay letters
. "$(dirname "$0")/lib.sh"

odd=$(printf 'a\033[1mb\177c\302\233d\233e\303\244\342\202\254\304\233f\351')
shown=$(printf 'a^[[1mb^?cM-^[dM-^[e\303\244\342\202\254\304\233fM-i')
# of an xid: without C0 and DEL, which it may not have
xid=$(printf 'c\302\233d\233e\304\233')
cleaned=$(printf 'c??d?e\304\233')

# looks NAME TEXT FILE: the file has that text, and no control character
looks() {
	LC_ALL=C grep -qF -e "$2" "$3"
	has=$?
	# each stands behind a letter of its own in the texts above
	LC_ALL=C grep -e "$(printf '\033')\[1m" -e "$(printf '\177')" \
	    -e "$(printf 'c\302\233')" -e "$(printf 'd\233')" "$3" >raw
	[ "$has" -eq 0 ] && [ ! -s raw ]
	result $? "$1" "wanted: $2${nl}got: $(LC_ALL=C od -An -c "$3" | head -40)"
}
# run NAME TEXT command...: both outputs look so
run() {
	name=$1 text=$2
	shift 2
	: >"$T/asked"
	peer limit 60 "$@" >"$T/all" 2>&1 </dev/null
	looks "$name" "$text" "$T/all"
}
# at_terminal NAME TEXT COMMAND
at_terminal() {
	if ! command -v script >/dev/null; then
		skip "$1" 'script is not installed'
		return
	fi
	printf '%s\n' "$3" >cmd
	SHELL=/bin/sh peer limit 60 script -fqc 'sh ./cmd' /dev/null >"$T/all" 2>&1 </dev/null
	looks "$1" "$2" "$T/all"
}

printf '%s\n' "$odd" >tags
all=$T/all
export odd xid all

# --- messages ---
run 'a path in a message' "ptbw: $shown: No such" ptbw -t "$odd" true
run 'of a master' "$shown: No such" ptbw -m -t "$odd" true
run 'an option' "xclate: --ci: $shown is neither" xclate -m "--ci=$odd" true
run 'a shell' "xapply: $shown: No such" xapply -S "$odd" echo a
run 'a command that is not there' "$shown: No such" ptbw -m "/$odd"
run 'a variable' "ptbw_link: \"$shown\"" env ptbw_link="$odd" ptbw true
run 'the reason of a master' "wrapw: $T/w/s: $shown" sh -c '
	peer master s A "r:\0" s:+ "r:unbind x\n" "s:- $odd\n" E & until test -S s; do :; done
	wrapw -t "$PWD/s" -u x; wait'
rm -f s
run 'the version of the other end of a link' "and of $(printf 'a^[[1mb^?cM-^[dM-^[e\303\244 at')" sh -c '
	peer master s A l "s:- version $odd\n" E & until test -S s; do :; done
	wrapw -P "$PWD/s" true; wait'
rm -f s
run 'an xid' "xclate: $shown: an xid may not" xclate -m xclate "$odd" true

# --- listings ---
run 'wraptree: the name of a token' "holds $shown]" ptbw -m -t tags ptbw wraptree
# ps may hide them already, and /proc does not
mkdir none
if [ -r /proc/self/stat ]; then
	run 'wraptree: a command' "$shown" ptbw -m sh -c \
	    'PATH=$PWD/none "$0" -l; : "$1"' "$top/bin/wraptree" "$odd"
	run 'wraptree: a command that is cut' '...' ptbw -m sh -c \
	    'PATH=$PWD/none "$0"; : "$1"' "$top/bin/wraptree" "$odd"
else
	skip 'wraptree: a command' 'no /proc'
fi
run 'wraptree: a path' "/$shown: nobody answers" env ptbw_link=1 ptbw_1="/$odd" wraptree
run 'ptbw -v: names' "	$shown	-	-" ptbw -m -t tags ptbw -v -
run 'ptbw -v: the source' "file: $shown" sh -c 'cp tags "$odd"; ptbw -m -t "$odd" ptbw -v -'
run '-V: a path' "/$shown (gone)" env ptbw_link=1 ptbw_1="/$odd" ptbw -V
run '-V -v: a path' "/$shown (gone)" env xcl_link=1 xcl_1="/$odd" xclate -Vv
run '-V: the path of an option' "$shown (gone)" ptbw -t "$odd" -V
run 'xapply -V: the shell' "shell: $shown" env SHELL="$odd" xapply -V
c1=$(printf '/c\302\233d\233e\304\233')
run 'wrapw -n: a path' "bind '$(printf "/cM-^[dM-^[e\304\233'") ptbw_1" \
    env ptbw_link=1 ptbw_1="$c1" wrapw -qm wrapw -n
run 'wrapw -n: what another master says' "$shown" sh -c '
	peer master s A "r:\0" s:+ "r:ns\n" "s:+ 32\nbind $odd x_1\n" E & until test -S s; do :; done
	wrapw -t "$PWD/s" -n; wait'
rm -f s

# --- names of sections ---
t 'an xid has no control character of C1 either' 65 '' - xclate -m sh -c 'xclate "$xid" true'
run 'a title that xapply gave' "<$cleaned>" \
    sh -c 'printf "%s\n" "$xid" | xclate -m -T "<%x>" xapply -fm ": %1" -'
run 'a tag' "[$cleaned] 	hi" sh -c 'xclate -m --tagstring "[%x] " -u "$PWD/s" peer connect s \
    "r:0.8\0" "s:$xid\n" l "s:o1 \0hd \0" f:out+\\0 "o:hi\n" c'
run 'the title of a fold' "::group::" sh -c 'xclate -m --ci github -u "$PWD/s" peer connect s \
    "r:0.8\0" "s:$odd\n" l "s:o1 \0hd \0" f:out\\0 "o:hi\n" c'
run 'a trace' 'xid a\x1b[1mb\x7fc\xc2\x9bd\x9b' sh -c 'WRAPKIT_TRACE=/dev/stdout xclate -m -u "$PWD/s" \
    peer connect s "r:0.8\0" "s:$odd\n" l "s:o1 \0" c'

# --- at a terminal ---
at_terminal 'ptbw: names' "0	$shown" 'ptbw -m -t tags ptbw -'
at_terminal 'xclate: the line of --progress' "longest 0:00 $shown" \
    'xclate -m --progress -O /dev/null -u "$PWD/s" peer connect s \
    "r:0.8\0" "s:$odd\n" l "s:o1 \0hd \0" f:out\\0 w:go c & m=$!
    until grep -q "longest " "$all"; do :; done; : >go; wait $m'
at_terminal 'xclate: a report' "0,$shown" 'xclate -mr -N /dev/tty -O /dev/null -u "$PWD/s" \
    peer connect s "r:0.8\0" "s:$odd\n" l "s:o1 \0" c'
at_terminal 'xapply -n' "echo $shown" 'xapply -n "echo %1" "$odd"'
at_terminal 'xapply -x' ": $shown" 'xapply -x ": %1" "$odd"'
at_terminal 'wrapw -R' "wrapw_list=$shown" 'printf "/o\0wrapw_list=%s\0" "$odd" >rec
    wrapw -t rec -R'

# --- what programs read stays as it is ---
t 'the report in a pipe' 0 "     0	0	$odd" '' \
    sh -c 'ptbw -m -t tags ptbw - | tail -n 1'
t 'xapply -n in a pipe' 0 "echo $odd" '' xapply -n 'echo %1' "$odd"
t 'xclate: a report in a pipe' 0 "$odd" '' sh -c 'xclate -m -N ">&1" -u "$PWD/s" \
    peer connect s "r:0.8\0" "s:$odd\n" l "s:o1 \0" c | tr -d "\0"'
finish
