#!/bin/sh
# confine.t - over a link nothing may be changed, wherever it leads: other
# wrapws behind the exported one, reached in every way that there is
. "$(dirname "$0")/lib.sh"

# far OPTIONS COMMAND: sh runs the command at the far end of a link to the
# tightest wrapw here
cat >far <<'END'
#!/bin/sh
link=$PWD/l$$
exec wrapw -X $1 -N "$link" wrapw -P "$link" sh -c "$2"
END
# try: each way to change a name space or to end its master, at $1; with a 2
# for what was granted
cat >try <<'END'
#!/bin/sh
for ask in 'bind /x.sock evil_1' 'bind -c /x.sock evil_2' 'unbind ptbw_1' quit; do
	peer connect "$1" "s:\\0$ask\\n" 'r:++ ' 2>/dev/null && echo "granted: $ask"
done
peer connect "$1" 's:\0confine\n\0bind /x.sock evil_3\n' 'r:++ 0\n++ ' 2>/dev/null &&
    echo 'granted: behind confine'
peer connect "$1" 's:\0confine\n\0readonly\nunbind ptbw_1\n' 'r:++ 0\n++ 0\n+ ' 2>/dev/null &&
    echo 'granted: behind readonly'
echo tried
END
# in_out COMMAND...: with the outer master as level 1
cat >in_out <<END
#!/bin/sh
wrapw_link=1 wrapw_1=$T/w/out ptbw_link=1 ptbw_1=$T/w/out/0 exec "\$@"
END
chmod +x far try in_out
PATH=$T/w:$PATH
# evil: what the far end has changed in the outer master, $T/w/out
evil() {
	peer connect "$T/w/out" 's:\0ns\n' r:+ h E >/dev/null
	wrapw -qt "$T/w/out" -R | tr '\0' '\n' | sed -n 's/\(evil\)/\1/p; s/^ptbw_1=.*/pool/p'
}
ptbw -m -N "$T/w/pool" -J1 : & pool=$!
wait_until test -S pool
open_out() {    # the outer master, $T/w/out
	env ptbw_link=1 ptbw_1="$T/w/pool" wrapw -mq -N "$T/w/out" : & outer=$!
	wait_until test -S out
}
near() {        # near NAME OUT COMMAND...: the outer one is not changed by that
	name=$1 wanted=$2
	shift 2
	open_out
	t "$name" 0 "$wanted" - "$@"
	[ "$(evil)" = pool ]
	result $? "$name: nothing was changed" "$(evil)"
	kill $outer
	wait $outer
}
near 'an entry of the stack' "tried${nl}0" in_out wrapw -mEq far '' \
    'try "$wrapw_1"; ptbw -A echo'
near 'wrapw itself' '69 69 69' in_out wrapw -mEq far '' '
    wrapw -1 -b /x.sock evil_1; a=$?; wrapw -1 -u ptbw_1; b=$?; wrapw -1 -Q true
    echo $a $b $?'
near 'what does not change anything is granted' "~1.0*bind */pool ptbw_1*0" \
    in_out wrapw -mEq far '' 'wrapw -1 -Vv | sed -n "s/.*(protocol \(.*\)) .target./\1/p"
	wrapw -1 -n; wrapw -1 ptbw -A echo'
for cookie in 1 wrapw_1 wrapw; do
	near "by the cookie $cookie" tried in_out wrapw -mEq far '' \
	    'try "${wrapw_2:-$wrapw_1}/'$cookie\"
done
near 'detached' tried env wrapw_d="$T/w/out" wrapw -mEq far '' 'try "$wrapw_d"'
near 'the link is to the detached one' tried env wrapw_link=d wrapw_d="$T/w/out" \
    wrapw -mEq far '' 'try "$wrapw_d"'
near 'through one more master' "tried${nl}tried" in_out wrapw -mEq wrapw -mEq far '' \
    'try "$wrapw_1"; try "$wrapw_2/wrapw_1"'
near 'by several cookies' tried in_out wrapw -mq -N "$T/w/mid" sh -c '
    wrapw -qb '"$T"'/w/out wrapw_7; wrapw -mEq far "" "try \$wrapw_2/wrapw_7"'
near 'the control protocol hands it on' '' in_out wrapw -mEq far '' '
    peer connect "$wrapw_2" "s:\\0connect 0 wrapw_1\\n" r:+@ f:wrapw_1 m \
	"s:\\0bind /x.sock evil_1\\n" "r:+- bind: not over this connection\\n"'
near 'a name that was bound meanwhile' tried in_out wrapw -mq -N "$T/w/mid" sh -c '
    far "" "wrapw -t '"$T"'/w/mid -qb '"$T"'/w/out wrapw_3; try \$wrapw_1/wrapw_3"'
near 'of two links the first is strict' tried in_out wrapw -mEq far '' '
    wrapw -mEq far --allow-bind "try \$wrapw_1"'
near 'of two links the second is strict' tried in_out wrapw -mEq far --allow-bind '
    wrapw -mEq far "" "try \$wrapw_1"'
near 'a link to the far end of another' tried in_out wrapw -mEq far --allow-bind '
    far "" "try \$wrapw_1"'
near 'both are strict, and it works' "tried${nl}0" in_out wrapw -mEq far '' '
    wrapw -mEq far "" "try \$wrapw_1; ptbw -A echo"'

# --- an entry leads to another wrapw, whatever its name is ---

# entry NAME TARGET COMMAND: a master with that entry is exported; NAME, with
# letters of its own, is $name there
cat >entry <<'END'
#!/bin/sh
wrapw -qb "$2" "$1" && far '' "name=\$$1; $3"
END
chmod +x entry
for name in foo_1 foo_d ptbw_2 xcl_9; do
	near "by the name $name" tried in_out wrapw -mq entry $name "$T/w/out" \
	    'try $name'
done
near 'by a cookie of another' tried in_out wrapw -mEq entry foo_1 \
    "$T/w/out" 'try ${wrapw_2:-$wrapw_1}/foo'
near 'by another name, then by one more' tried env wrapw -mq -N "$T/w/mid" sh -c '
    wrapw -qb '"$T"'/w/out bar_1; wrapw -mEq entry foo_1 '"$T"'/w/mid "try \$name/bar_1"'
near 'one that leads to an entry of another' tried env wrapw -mq -N "$T/w/mid" sh -c '
    wrapw -qb '"$T"'/w/out bar_1; wrapw -mEq entry foo_1 '"$T"'/w/mid/bar_1 "try \$name"'
# behind it is the end of another link, over which all may be changed: it says
# "+" to a cookie, and what was sent behind that is for the next one
cat >pipelined <<'END'
#!/bin/sh
peer connect "$1" 's:wrapw_1\0\0bind /x.sock evil_4\n' 'r:+++ ' 2>/dev/null && echo granted
peer connect "$1" 's:wrapw_1\0' r:+ 's:\0bind /x.sock evil_5\n' 'r:++ ' 2>/dev/null && echo granted
try "$1"
try "$1/wrapw_1"
END
chmod +x pipelined
near 'behind a link that allows it' "tried${nl}tried" in_out wrapw -mEq far \
    --allow-bind 'there=$wrapw_2; wrapw -mq entry foo_1 "$there" "pipelined \$name"'
near 'a pool by another name, and what it changes' "0${nl}9" in_out wrapw -mq entry foo_1 \
    "$T/w/pool" 'ptbw -t $name -A echo; wrapw -t $foo_1 -n 2>/dev/null || echo 9'
cat >allowed <<'END'
wrapw -1 -b /x.sock ptbw_8 2>/dev/null
wrapw -1 -n | grep -c x.sock
wrapw -1 -u ptbw_8
END
open_out
t 'where it was allowed, it is everywhere' 0 1 '' in_out wrapw -mEq far \
    --allow-bind 'sh allowed'
t 'and where two allowed it' 0 1 '' in_out wrapw -mEq far --allow-bind \
    'wrapw -mEq far --allow-bind "wrapw -1 sh allowed"'
kill $outer
wait $outer

# --- masters of version 1.0, which do not know "confine" ---
# an outer one: it is not handed on; its services are
rm -f old
peer limit 60 peer master old A 'r:\0' s:+ 'r:confine\n' 's:- unknown request\n' e t:asked & old=$!
wait_until test -S old
t 'an outer master that does not know of it is not handed out' 0 '69 0' - \
    env wrapw_link=1 wrapw_1="$T/w/old" ptbw_link=1 ptbw_1="$T/w/pool" \
    wrapw -mEq far '' 'wrapw -1 -b /x.sock evil_1; echo $? $(ptbw -A echo)'
wait $old
result $? 'it was asked'
# the exported one: wrapws are not asked of it, nor it itself if it has any;
# what it answers with is the pool
record() {      # record VARIABLES...: the bytes of the answer to "record"
	text=$T/w/old
	for v; do text="$text\\0$v"; done
	printf 's:+ %d\\n%s\\0' "$(printf "$text\\0" | wc -c)" "$text"
}
greet() {       # greet VARIABLES...: the steps of such a master up to the link
	rm -f old
	steps=$(record "$@")
}
serve() {       # serve STEP...: behind those
	peer limit 60 peer master old A 'r:\0' s:+ 'r:record\n' "$steps" e \
	    A 'r:\0' s:+ 'r:confine\n' 's:- unknown request\n' e "$@" 2>said & old=$!
	wait_until test -S old
}
greet wrapw_link=2 "wrapw_1=$T/w/old/1" "wrapw_2=$T/w/old" ptbw_link=1 "ptbw_1=$T/w/old/0"
serve A 'r:0\0' "b:$T/w/pool" e A 'r:ptbw\0' "b:$T/w/pool" e
t 'an exported master that does not know of it' 0 "0 0 tried tried tried" - \
    sh -c 'wrapw_link=1 wrapw_1='"$T"'/w/old far "" "
	echo \$(ptbw -A echo) \$(ptbw -t \$wrapw_2/ptbw -A echo) \
	    \$(try \$wrapw_1) \$(try \$wrapw_2/wrapw) \$(try \$wrapw_2)"'
wait $old
result $? 'is asked for its services alone' "$(cat said)"
greet wrapw_link=1 "wrapw_1=$T/w/old" ptbw_link=1 "ptbw_1=$T/w/old/0"
serve A 'r:\0readonly\n' 's:++ 0\n' 'r:version\n' 's:+ 4\n1.0\n' E
t 'one that has no other wrapw is asked as of old' 0 1 '' \
    sh -c 'wrapw_link=1 wrapw_1='"$T"'/w/old far "" "wrapw -Vv | grep -c \"protocol 1.0\""'
wait $old
result $? 'for readonly' "$(cat said)"
# behind an entry of another name: its client, and nobody else, is refused
rm -f old
peer limit 60 peer master old A 'r:\0' s:+ 'r:confine\n\0' 's:- unknown request\n' e t:asked & old=$!
wait_until test -S old
t 'one that does not know of it, by another name' 0 "~69$nl*" \
    '~*the master here cannot keep the far end from changes*' env ptbw_link=1 \
    ptbw_1="$T/w/pool" wrapw -mq entry foo_1 "$T/w/old" \
    'wrapw -t $name -b /x.sock evil_1; echo $?; ptbw -A echo'
wait $old
result $? 'it was asked'
# what is none hears all that it is told, and the answers come back
peer limit 60 peer master other A 'r:ab\0' s:x 'r:\0\377c' s:y e A s:hello 'r:\0bind' s:z e & other=$!
wait_until test -S other
t 'a service that is no wrapw is left in peace' 0 "good${nl}good" '' wrapw -mq \
    entry foo_1 "$T/w/other" '
    peer connect $name "s:ab\\0\\0\\377c" r:xy && echo good
    peer connect $name r:hello "s:\\0bind" r:z && echo good'
wait $other
result $? 'and hears what was said'
# services whose clients begin with a NUL, and that wait for more: an agent's, a
# bus's, one that is told what would be a request of a wrapw
rm -f other
keys=$(printf '\\0\\0\\0\001\013') none=$(printf '\\0\\0\\0\005\014\\0\\0\\0\\0')
export keys none
peer limit 60 peer master other A "r:$keys" "s:$none" e \
    A 'r:\0AUTH EXTERNAL 30\r\n' 's:OK 1\r\n' 'r:BEGIN\r\nbind\nquit\n' s:z e \
    A 'r:\0quiet\nbin' s:z 'r:d /x y_1\n' s:z e & other=$!
wait_until test -S other
t 'one whose clients begin with a NUL, neither' 0 "agent${nl}bus${nl}words" '' wrapw -mq \
    entry foo_1 "$T/w/other" '
    peer connect $name "s:$keys" "r:$none" && echo agent
    peer connect $name "s:\0AUTH EXTERNAL 30\r\n" "r:OK 1\r\n" "s:BEGIN\r\nbind\nquit\n" r:z && echo bus
    peer connect $name "s:\0quiet\nbind /x y_1\n" r:zz && echo words'
wait $other
result $? 'and hears all that was said'
if command -v ssh-agent >/dev/null; then
	ssh-agent -D -a "$T/w/agent" >/dev/null & agent=$!
	wait_until test -S agent
	t 'a real agent' 0 good '' wrapw -mq entry foo_1 "$T/w/agent" \
	    'peer connect $name "s:$keys" "r:$none" && echo good'
	kill $agent
	wait $agent 2>/dev/null
else
	skip 'a real agent' 'there is no ssh-agent'
fi
# a wrapw that was so slow that it passed for one of these: it has heard nothing
# that changes anything, and hears no more
for ask in bind unbind quit connect; do
	rm -f other
	peer limit 60 peer master other A "r:\\0ns\\n${ask%?}" s:+ e & other=$!
	wait_until test -S other
	t "a slow wrapw: $ask" 0 "~69$nl*" '~*the master here cannot keep the far end from changes*' \
	    env ptbw_link=1 ptbw_1="$T/w/pool" wrapw -mq entry foo_1 "$T/w/other" '
	    peer connect $name "s:\0ns\n'$ask' 1 /x.sock evil_1\n" E 2>/dev/null; echo 69; ptbw -A echo'
	wait $other
	result $? "a slow wrapw: $ask: the word was held back"
done
kill $pool
wait $pool
finish
