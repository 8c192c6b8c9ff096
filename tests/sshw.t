#!/bin/sh
# sshw.t - the stack on other hosts, by real sshds on the loopback
. "$(dirname "$0")/lib.sh"

LIMIT=120
# --- the command line, without anybody to talk to ---
usage() {       # usage NAME MESSAGE ARG...
	name=$1 err=$2
	shift 2
	t "$name" 64 '' "~sshw: $err${nl}usage: see sshw -h" sshw "$@"
}
usage 'no host' 'no host is given'
usage 'no host behind options' 'no host is given' -v -p 22
usage 'an unknown option' 'unknown option --nonsense' --nonsense host
usage 'a depth that is none' '--depth x: not a number' --depth x host
usage 'no path behind -r' '-r needs a path' -r
usage 'an empty one' '-r: the path is empty' -r '' host
usage 'an option of ssh without its argument' "ssh's -p needs an argument" -p
for o in f N W s O; do
	usage "ssh's -$o" "-$o does not go with a command over there" -$o x
done
usage 'hidden among others' '-N does not go with a command over there' -4CN x
t 'help' 0 '~usage: sshw *--allow-bind*' '' sshw -h
t 'help that nobody sees' 0 '' '' sh -c 'sshw -h >&- && sshw -V >&-'
t 'version' 0 '~sshw: wrapkit *sshw: ssh: *' '' sshw -V

mkdir only
for p in sh cat od ssh sed tr; do
	ln -s "$(command -v $p)" only/$p
done
t 'no wrapw here' 127 '' 'sshw: wrapw: not found in $PATH' \
    env PATH="$T/w/only" "$top/bin/sshw" -V
rm only/ssh
ln -s "$top/bin/wrapw" only/wrapw
t 'no ssh here' 127 '' 'sshw: ssh: not found in $PATH' \
    env PATH="$T/w/only" "$top/bin/sshw" host true
t 'which -V tells' 0 '~*sshw: ssh: not installed' '' \
    env PATH="$T/w/only" "$top/bin/sshw" -V

# words of any kind, for login shells of any kind: an ssh that goes nowhere
mkdir near
cat >near/ssh <<'END'
#!/bin/sh
# as ssh does it: -G shows the settings, the environment is filled in
[ -z "${SAW-}" ] || echo "$*" >>"$SAW"
settings=$1
while [ "$1" != -- ]; do
	[ "$1" != -R ] || {
		eval "from=\"${2%%:*}\""
		to=${2#*:}
	}
	shift
done
if [ "$settings" = -G ]; then
	echo "remoteforward $from $to"
	exit
fi
# for tests: what somebody else does before that
[ -z "${BEFORE-}" ] || eval "$BEFORE"
[ -n "${NOLINK-}" ] || ln "$to" "$from"
exec "$LOGIN" -c "$3"
END
chmod +x near/ssh
odd="printf '<%s>' '' -x 'it'\\''s' a!b !! 'c\\' 'd\\\\e' \"f'\" 'g
h' '%s' '\\0041' ''"
for shell in sh csh fish; do
	if ! command -v "$shell" >/dev/null; then
		skip "odd words for $shell" "it is not installed"
		continue
	fi
	t "odd words for $shell" 0 "$(sh -c "$odd")" '' env LOGIN="$shell" \
	    PATH="$T/w/near:$PATH" ptbw -m sshw host "$odd"
done

# the half of the name that nobody may know beforehand
SAW=$T/w/saw
export SAW
t 'a link' 0 1 '' env LOGIN=sh PATH="$T/w/near:$PATH" ptbw -m -J1 sshw host \
    'echo ${ptbw_link}; echo "${wrapw_1#/tmp/.sshw.*.}" >link; test -S "$wrapw_1"'
secret=$(sed 's/\.w$//' link)
[ ${#secret} -eq 32 ] && [ -s saw ] && ! grep "$secret" saw
result $? 'its name is on no command line of ssh' "$secret$nl$(cat saw)"
unset SAW
if [ "$(id -u)" -eq 0 ] && command -v runuser >/dev/null; then
	peer=$(command -v peer)
	cp "$peer" "$T/peer" && chmod 755 "$T" "$T/peer"
	squat="runuser -u nobody -- '$T/peer' listen \"\${from%.*}.0\" a >/dev/null 2>&1 &
	    echo \$! >>'$T/w/squatters'; until test -S \"\${from%.*}.0\"; do :; done"
	t 'the name is taken by somebody else' 69 '' \
	    '~sshw: host: sshd did not forward the socket: /tmp/.sshw.*.0 belongs to somebody else' \
	    env LOGIN=sh NOLINK=1 BEFORE="$squat" PATH="$T/w/near:$PATH" \
	    ptbw -m sshw host true
	t 'a link of ours to one of somebody else' 69 '' '~*belongs to somebody else' \
	    env LOGIN=sh NOLINK=1 BEFORE="runuser -u nobody -- ln -s \"\$to\" \"\${from%.*}.0\"" \
	    PATH="$T/w/near:$PATH" ptbw -m sshw host true
	t 'ours beside that of somebody else' 0 '0 ' '' \
	    env LOGIN=sh BEFORE="$squat" PATH="$T/w/near:$PATH" \
	    ptbw -m -J1 sshw host 'ptbw -A -R1 printf "%s "'
	# those that nobody has connected to; runuser tells its child
	# shellcheck disable=SC2046
	kill $(cat squatters) 2>/dev/null
	rm -f /tmp/.sshw.*.0
else
	skip 'a name that is taken by somebody else' 'it takes root and runuser'
fi

hosts='one two closed'
trap 'cd /; for h in $hosts; do kill "$(cat "$T/w/$h/pid")"; done 2>/dev/null
    rm -rf "$T"' EXIT
why=$(sh "$top/examples/loopback" . one 2>&1) &&
    why=$(sh "$top/examples/loopback" . two 2>&1) &&
    why=$(sh "$top/examples/loopback" . closed 'AllowStreamLocalForwarding no')
if [ $? -ne 0 ]; then
	skip 'everything with ssh' "$why"
	finish
	exit
fi
# our ssh notes its pid, so that we can do harm to it
mkdir bin
cat >bin/ssh <<END
#!/bin/sh
[ "\$1" = -G ] || echo \$\$ >>'$T/w/sshs'
exec '$(command -v ssh)' "\$@"
END
chmod +x bin/ssh
PATH=$T/w/bin:$PATH
cat >bin/far <<END
#!/bin/sh
# far HOST COMMAND...
exec sshw \$OPT -F '$T/w/conf' "\$@"
END
chmod +x bin/far
export OPT=

# --- what a command over there cannot go with, whoever says it ---
for o in ForkAfterAuthentication=yes SessionType=none SessionType=subsystem; do
	t "-o $o" 64 '' "~sshw: ${o%=*} * does not go with a command over there*" \
	    ptbw -m far -o $o one true
	sed "/^Host one/a $(echo " $o" | tr = ' ')" conf >conf.2
	t "$o in a file" 64 '' "~sshw: ${o%=*} * does not go with a command over there*" \
	    ptbw -m sshw -F "$T/w/conf.2" one true
done
t 'ClearAllForwardings' 64 '' 'sshw: ClearAllForwardings leaves no socket to forward' \
    ptbw -m far -o ClearAllForwardings=yes one true
t 'nor without a socket' 0 one '' far -o ClearAllForwardings=yes one 'echo $FAR'

# --- what it is for ---
t 'nothing to project: plain ssh' 0 one '' far one 'echo $FAR${wrapw_link-}'
OPT=-v t 'which -v tells' 0 one 'wrapw: there is nothing to export' \
    far one 'echo $FAR'
t 'a token of the pool here' 0 one:0 '' \
    ptbw -m -J1 far one 'ptbw -A -R1 echo $FAR: | tr -d " "'
t 'a section in the stream here' 0 "[one]${nl}text" '' \
    xclate -m far one 'echo text | xclate -T "[%x]" $FAR'
t 'the status' 7 '' '' ptbw -m far one 'exit 7'
t 'a signal' 143 '' '' ptbw -m far one 'kill -TERM $$'
t 'stdin, stdout, stderr' 0 in err sh -c \
    'echo in | ptbw -m far one "cat; echo err >&2"'
t 'words are joined by blanks and read by a shell' 0 "a b${nl}it's" '' \
    ptbw -m far one echo 'a   b;' echo '"it'"'"'s"'
t 'options of ssh' 0 "$(id -un)" '' ptbw -m far -4 -o Compression=yes -l "$(id -un)" one \
    'id -un'
case $(ssh -F conf one 'echo "$SHELL"') in
*/bash)
	echo 'echo read >>"$HOME/log"' >one/home/.bashrc
	t 'a login shell reads its .bashrc once' 0 read '' \
	    ptbw -m far one "cat '$T/w/one/home/log'"
	rm one/home/.bashrc ;;
*) skip 'a login shell reads its .bashrc once' 'the login shell is no bash' ;;
esac
t 'ssh cannot connect' 255 '' '~*' ptbw -m far -p 1 one true
t 'a command that is not there' 127 '' '~*nonsense*' ptbw -m far one nonsense
OPT='-r /nowhere/wrapw' t 'no wrapw over there' 127 '' \
    'sshw: one: /nowhere/wrapw not found in the remote PATH, see -r' \
    ptbw -m far one true
t 'forwarding is refused' 69 '' \
    '~*sshw: closed: sshd did not forward the socket: AllowStreamLocalForwarding or *' \
    ptbw -m far closed true
OPT=-d t 'detached' 0 '~/tmp/.sshw.*' '' \
    ptbw -m far one 'echo ${wrapw_link-}$wrapw_d'
t 'only the stack of the enclosing wrapw' 0 '1: 0' '' ptbw -m -J1 wrapw -m \
    ptbw -m -J2 sh -c 'OPT=-0 far one "ptbw -A -R1 echo \$ptbw_link:"'
t 'no bind over a link' 69 '' '~wrapw: *: bind: not over this connection' \
    ptbw -m far one 'wrapw -qb /x ptbw_1'
OPT=--allow-bind t 'but where that was allowed' 0 '' '' \
    ptbw -m far one 'wrapw -qb /x ptbw_1'
t 'two hops' 0 two:0 '' ptbw -m -J1 far one \
    "PATH=$T/w/bin:\$PATH far two 'ptbw -A -R1 echo \$FAR: | tr -d \" \"'"

# two hosts share a pool of two: never more than two at a time
cat >counted.sh <<END
i=0
while [ \$i -lt 10 ]; do
	i=\$((i + 1))
	ptbw -R1 sh -c 'mkdir "$T/w/slot.\$ptbw_list" || echo double
	    rmdir "$T/w/slot.\$ptbw_list"' &
done
wait
END
t 'two hosts share one pool' 0 '' '' ptbw -m -J2 sh -c \
    "far one 'sh $T/w/counted.sh' & far two 'sh $T/w/counted.sh' & wait"

# 200 sections of two hosts in one stream
cat >sections.sh <<'END'
i=0
while [ $i -lt 100 ]; do
	i=$((i + 1))
	{ j=0; while [ $j -lt 50 ]; do echo "$FAR.$i $j"; j=$((j + 1)); done; } |
	    xclate "$FAR.$i" &
done
wait
END
xclate -m sh -c "far one 'sh $T/w/sections.sh' & far two 'sh $T/w/sections.sh' &
    wait" >all 2>err </dev/null
awk '{ if ($2 == 0) s = $1
    if ($1 != s || $2 != n) bad = 1
    n = ($2 + 1) % 50 } END { exit bad || NR != 10000 }' all
result $? '200 sections of two hosts, each whole' "$(wc -l all) $(cat err)"

mib=256
awk 'BEGIN { for (i = 0; i < 4096; i++) print "line", i, "of something to send" }' \
    >some
stream="i=0; while [ \$i -lt $((mib * 8)) ]; do cat '$T/w/some'; i=\$((i + 1)); done"
wanted=$(sh -c "$stream" | cksum)
got=$(xclate -m far one "{ $stream; } | xclate big" | cksum)
[ "$got" = "$wanted" ]
result $? "$mib MiB with the same checksum" "$got, wanted $wanted"
t 'a reader who leaves' 0 y '' sh -c \
    'xclate -m far one "yes | xclate x" | head -n 1'

if command -v xapply >/dev/null; then
	printf 'one\ntwo\n' >hosts
	t 'with xapply over a list of hosts' 0 "one: 0${nl}two: 0" '' \
	    ptbw -m -J1 xapply -m -k -P2 -f \
	    'far %1 "ptbw -A -R1 echo \$FAR:"' hosts
fi

t 'ptbw -j over there, on the pool of here' 0 '0 3 9' '' ptbw -m -J3 far one \
    "cd $T/w && ptbw -j -J fifo $here/jobclient make44 9 \
    $here/jobclient job count 50 && cat count && rm count"

# the examples of the page
examples sshw.1
for e in examples/*; do
	sed 's/sshw far/sshw -F conf one/; s/sshw %1/sshw -F conf %1/; s/far >/one >/' \
	    "$e" >example
	t "sshw.1: $(head -n 1 "$e")" 0 - - sh -c '. ./example'
done
[ -e examples/4 ]
result $? 'examples were found'

command=$(pasted 4 | sed 's/sshw far/sshw -F conf one/')
t 'README: another host' 0 "$(printed 4 | sed 's/[01]$/[01]/' | sort)" '' \
    sh -c "{ $command; } | sort | sed 's/[01]\$/[01]/'"

# --- faults, 20 times each ---
: >sshs
ptbw -m -N "$T/w/pool" -J1 : & pool=$!
wait_until test -S pool
ptbw_link=1 ptbw_1=$T/w/pool
export ptbw_link ptbw_1
cat >work.sh <<END
trap 'exit 3' HUP
echo \$\$ >"$T/w/far.pid"
echo "\$wrapw_1" >"$T/w/far.socket"
while :; do echo data; sleep 0.02; done | xclate x
END
# many sections: who finds no master ends
sed '$d' work.sh >short.sh
echo 'while echo data | xclate x; do sleep 0.02; done' >>short.sh
work=work.sh
gone() {
	! kill -0 "$1" 2>/dev/null
}
# round HARM...: a far command has the token and writes a section; then harm
# is done
round() {
	rm -f far.pid far.socket
	: >sshs
	xclate -m far one "exec ptbw -R1 sh '$T/w/$work'" >stream 2>err \
	    </dev/null & run=$!
	wait_until test -s far.socket || return 1
	wait_until test -s stream || return 1
	"$@"
	now=$(date +%s)
	ptbw -T20 -R1 true || { echo 'the token is lost'; return 1; }
	[ $(($(date +%s) - now)) -gt 2 ] || soon=$((soon + 1))
	wait_until gone "$run" || return 1
	wait "$run"
	wait_until gone "$(cat far.pid)" || { echo "the far command lives"; return 1; }
	socket=$(cat far.socket)
	wait_until test ! -e "$socket" || { echo "$socket is left"; return 1; }
	wait_until test ! -e "${socket%.w}" || { echo "a link is left"; return 1; }
}
rounds() {      # rounds NAME HARM...
	name=$1
	shift
	i=0 bad=0 soon=0
	while [ $i -lt 20 ] && [ $bad -eq 0 ]; do
		i=$((i + 1))
		round "$@" >"$T/out" 2>&1 || bad=$i
	done
	result "$bad" "$name: 20 rounds" "round $bad: $(cat "$T/out" err)"
	# not of each, as a busy machine may stand still for some seconds
	[ $soon -ge 10 ]
	result $? "$name: the token is back soon" "in $soon of $i rounds"
}
kill_ssh() {
	kill -9 "$(tail -n 1 sshs)"
}
# what is between the far command and sshd
kill_far_wrapw() {
	kill -9 "$(ps -e -o pid= -o args= | awk -v s="$(cat far.socket)" \
	    '$2 ~ /wrapw$/ && $3 == "-P" && index($0, s) { print $1 }')"
}
kill_master() {
	kill -9 "$run"
}
# who is killed cannot clean up here
own_tmp=$TMPDIR TMPDIR=$T/killed
mkdir "$TMPDIR"
rounds 'ssh is killed' kill_ssh
kill_near() {
	kill -9 "$(ps -o ppid= -p "$(tail -n 1 sshs)")"
}
if command -v ps >/dev/null; then
	rounds 'the wrapw over there is killed' kill_far_wrapw
	rounds 'the near end of the link is killed' kill_near
else
	skip 'an end of the link is killed' 'ps is not installed'
fi
work=short.sh
rounds 'the collating master here is killed' kill_master
TMPDIR=$own_tmp
kill "$pool"
wait "$pool"
unset ptbw_link ptbw_1

# a link that stalls: 20 of them, for a second
cat >stalls.sh <<'END'
for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; sleep 0.05; done | xclate x
END
: >sshs
xclate -m sh -c "i=0; while [ \$i -lt 20 ]; do i=\$((i + 1))
    far one 'sh $T/w/stalls.sh' & done; wait" >stream 2>err </dev/null & run=$!
all_up() {
	[ "$(wc -l <sshs)" -eq 20 ]
}
wait_until all_up
kill -STOP $(cat sshs)
sleep 1
kill -CONT $(cat sshs)
wait $run
code=$?
awk '$1 != NR % 10 + 10 * (NR % 10 == 0) { exit 1 } END { exit NR != 200 }' stream &&
    [ $code -eq 0 ]
result $? 'links that stall for a second' "$code $(wc -l stream) $(cat err)"

# --- at a terminal ---
if ! command -v tmux >/dev/null; then
	skip 'at a terminal' 'tmux is not installed'
elif ! ssh -tt -F conf one true </dev/null >"$T/out" 2>&1; then
	skip 'at a terminal' 'this sshd has no terminals to give to who is not root'
else
	tm() {
		tmux -L "wks$$" -f /dev/null "$@"
	}
	shows() {
		tm capture-pane -p -J -S -200 | grep -q -x -e "\(.*[\$#] \)*$1"
	}
	keys() {
		tm send-keys -l "$1"
		tm send-keys Enter
	}
	sees() {        # sees NAME PATTERN
		wait_until shows "$2"
		result $? "$1" "the screen:$nl$(tm capture-pane -p -J -S -200)"
	}
	tm new-session -d -x 100 -y 50 "exec env PS1='$ ' ENV= TMPDIR=$TMPDIR sh"
	wait_until shows '\$ *'
	keys 'echo up'
	wait_until shows up
	keys 'ptbw -m -J3 xclate -m far one; echo code $?'
	keys 'echo at $FAR'
	sees 'a shell over there' 'at one'
	echo "PATH=$PATH" >path
	keys ". $T/w/path"
	keys 'ptbw -A -R1 echo token'
	sees 'with tokens of here' 'token 0'
	keys 'echo section | xclate x'
	sees 'and a section for the terminal here' section
	keys 'xclate y sh -c "echo \$((6 * 7))" </dev/null'
	sees 'and one of a command' 42
	keys 'wrapw -V | grep -c wrapw'
	sees 'and wrapw -V' '[1-9]'
	keys 'test -t 0 && test -t 1 && echo a terminal'
	sees 'on a terminal' 'a terminal'
	keys 'exit 5'
	sees 'and ends with the code of the shell' 'code 5'
	tm kill-server
fi

# --- nothing is left, on either side ---
wait_until sh -c 'test -z "$(ls -A one/tmp two/tmp closed/tmp | grep -v :)"'
result $? 'nothing is left over there' "$(ls -lA one/tmp two/tmp)"
finish
