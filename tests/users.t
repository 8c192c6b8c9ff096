#!/bin/sh
# users.t - what one user can do to another: the rules about owners, tried with
# two real users, and root
. "$(dirname "$0")/lib.sh"

if [ "$(id -u)" -ne 0 ] || ! setpriv --reuid 47001 --regid 47001 \
    --clear-groups true 2>/dev/null; then
	skip 'the rules about owners' 'needs root and setpriv, for two users'
	finish
	exit
fi
ann=47001 bob=47002 eve=47003 team=47009
unset WRAPKIT_TRACE     # a file of root's
chmod 755 "$T" "$T/w"
mkdir "$T/bin" "$T/tmp.0" && cp "$top/bin/ptbw" "$top/bin/xclate" "$top/bin/wrapw" "$here/peer" "$T/bin" || exit 1
PATH=$T/bin:$PATH
for u in $ann $bob $eve; do
	mkdir "$T/tmp.$u" && chown "$u" "$T/tmp.$u"
done
cat >"$T/bin/as" <<'END'
#!/bin/sh
# as USER command...: of the group $team, and with a TMPDIR of its own
u=$1
shift
TMPDIR=${TMPDIR_FOR_ALL-${0%/bin/as}/tmp.$u}
export TMPDIR
[ "$u" -ne 0 ] || exec "$@"
exec setpriv --reuid "$u" --regid "$u" --groups 47009 -- "$@"
END
chmod +x "$T/bin/as"

# --- where a new master puts its socket ---
keeper=''
ground() {      # ground OWNER MODE OWNER2 MODE2: p, in it p/d, in that a socket
	[ -z "$keeper" ] || { kill "$keeper"; wait "$keeper" 2>/dev/null; }
	rm -rf p
	mkdir -p p/d
	peer listen "$T/w/p/d/s" w:never & keeper=$!
	wait_until test -S p/d/s
	chown "$3" p/d/s
	chown "$3:$team" p/d && chmod "$4" p/d
	chown "$1:$team" p && chmod "$2" p
}
private() {     # private WHO NAME: no nested master of theirs is in p/d
	for p in ptbw,ptbw,ptbd xclate,xcl,xcl wrapw,wrapw,wrapw; do
		IFS=,
		# shellcheck disable=SC2086
		set -- "$1" "$2" $p
		unset IFS
		t "$2: $3" 0 '' "~$T/tmp.$1/$5??????" as "$1" \
		    env "${4}_link=1" "${4}_1=$T/w/p/d/s" \
		    "$3" -m sh -c "echo \${${4}_2%/*} >&2"
	done
	t "$2: ptbw_0" 0 "~$T/tmp.$1/ptbd??????" '' as "$1" \
	    env ptbw_0="$T/w/p/d/any" ptbw -m sh -c 'echo ${ptbw_1%/*}'
	t "$2: an enclosing xclate's" 0 "~$T/tmp.$1/ptbd??????" '' as "$1" \
	    env xcl_link=1 xcl_1="$T/w/p/d/s" ptbw -m sh -c 'echo ${ptbw_1%/*}'
	t "$2: -N, a name in it" 0 "~$T/tmp.$1/ptbd??????/name" '' as "$1" \
	    env ptbw_link=1 ptbw_1="$T/w/p/d/s" ptbw -m -N name \
	    sh -c 'echo $ptbw_2'
}
shared() {      # shared WHO NAME
	t "$2" 0 "$T/w/p/d" '' as "$1" env ptbw_link=1 ptbw_1="$T/w/p/d/s" \
	    ptbw -m sh -c 'echo ${ptbw_2%/*}'
}
ground 0 755 $bob 755
shared $bob 'a directory of our own is shared'
private 0 "root does not use bob's"
ground 0 1777 $bob 700
shared $bob 'below a sticky one, too'
ground 0 755 $ann 2775
private $bob "ann's, which the group may write"
private $ann "the same, ann herself"
ground 0 755 $ann 1777
private $bob "ann's, sticky"
ground 0 755 $bob 775
private $bob "bob's own, which the group may write"
ground 0 755 $bob 1777
private $bob "bob's own, sticky"
ground 0 775 $bob 755
private $bob "bob's own, but the group may replace it"
ground 0 757 $bob 755
private $bob "bob's own, but everybody may replace it"
ground $ann 755 $bob 755
private $bob "bob's own, but ann may replace it"
ground $ann 1777 $bob 700
private $bob "bob's own, but ann owns the sticky directory around it"
mkdir p/d/sub
chown $eve p/d/sub
ground 0 755 $bob 755
mkdir p/d/sub && chown $eve p/d/sub
t "-N leads to a directory of somebody else's" 73 '' - as $bob \
    env ptbw_link=1 ptbw_1="$T/w/p/d/s" ptbw -m -N sub/name true
mkdir links && chown $eve links && ln -s "$T/w/p/d" links/way
t "eve's symbolic link leads there: not named" 0 "$T/w/p/d" '' as $bob \
    env ptbw_link=1 ptbw_1="$T/w/links/way/s" \
    ptbw -m sh -c 'echo ${ptbw_2%/*}'
kill "$keeper"
wait "$keeper" 2>/dev/null
rm -rf p links

# --- what a pool of somebody else's says ---
mkdir things && chown $ann things && chmod 755 things
printf 'a\tMARK=1\n' >things/list
as $ann ptbw -m -N "$T/w/things/pool" -t "$T/w/things/list" : & pool=$!
wait_until test -S things/pool
chmod 777 things/pool
t "variables of ann's pool are not set for bob" 0 'a none' "ptbw: $T/w/things/pool: the pool is another user's, its variables are not set" \
    as $bob ptbw -t "$T/w/things/pool" sh -c 'echo $ptbw_list ${MARK-none}'
t "nor for root" 0 'a none' '~*not set' \
    as 0 ptbw -t "$T/w/things/pool" sh -c 'echo $ptbw_list ${MARK-none}'
t "but for ann" 0 'a 1' '' \
    as $ann ptbw -t "$T/w/things/pool" sh -c 'echo $ptbw_list ${MARK-none}'
if cp "$top/bin/xapply" "$T/bin"; then
	t "bob's tasks neither" 0 'a none' "xapply: $T/w/things/pool: the pool is another user's, its variables are not set" \
	    as $bob xapply -t "$T/w/things/pool" 'echo %t1 ${MARK-none} # %1' 1
fi
t "bob may not change ann's pool" 69 '' "ptbw: $T/w/things/pool: only its owner may change the pool" \
    as $bob ptbw -t "$T/w/things/pool" --retag "$T/w/things/list"
t "root may" 0 '' '' ptbw -t "$T/w/things/pool" --retag "$T/w/things/list"
kill $pool
wait $pool

# the pool is ann's, bob nests, eve wants to be where his socket is
mkdir -m 2775 project && chown "$ann:$team" project && chmod 2775 project
mkfifo hold && exec 3<>hold
as $ann ptbw -m -N "$T/w/project/pool" : & pool=$!
wait_until test -S project/pool
chmod 777 project/pool
as $bob env ptbw_link=1 ptbw_1="$T/w/project/pool" ptbw -m -N inner \
    sh -c "echo \"\$ptbw_2\" >'$T/tmp.$bob/where'; read _" <&3 & nested=$!
wait_until test -s "$T/tmp.$bob/where"
read -r inner <"$T/tmp.$bob/where"
for f in "$inner" "${inner%/*}"; do
	t "eve cannot take the place of ${f#"$T/"}" 1 '' '~*' as $eve \
	    mv "$f" "$f.away"
done
echo >&3
wait $nested
exec 3>&-
kill "$pool"
wait "$pool" 2>/dev/null
rm -rf project

# --- the private directory ---
place() {       # place WANTED NAME OWNER MODE: of $TMPDIR, for bob
	mkdir place && chown "$3:$team" place && chmod "$4" place
	t "\$TMPDIR $2" 0 "~$1/ptbd??????" '' env TMPDIR_FOR_ALL="$T/w/place" \
	    as $bob ptbw -m sh -c 'echo ${ptbw_1%/*}'
	rm -rf place
}
tmp=$(cd /tmp && pwd -P)
place "$T/w/place" "is bob's" $bob 755
place "$T/w/place" "is root's, and sticky" 0 1777
place "$tmp" "is ann's" $ann 777
place "$tmp" "is ann's, and sticky" $ann 1777
place "$tmp" "is bob's, and the group may write" $bob 2775
place "$tmp" "is root's, and everybody may write" 0 777

# --- sockets of others ---
mkdir -m 1777 spot && chmod 1777 spot
as $ann ptbw -m -N "$T/w/spot/live" : & live=$!
wait_until test -S spot/live
mkfifo stay && exec 4<>stay
as $ann ptbw -m -N "$T/w/spot/dead" sh -c 'kill -9 $PPID; :' 2>/dev/null
chmod 777 spot/dead
for u in $bob 0; do
	t "ann's dead socket is not replaced by $u" 73 '' \
	    "ptbw: $T/w/spot/dead: a dead socket of somebody else's" \
	    as $u ptbw -m -N "$T/w/spot/dead" true
	t "nor her live one, $u" 73 '' '~*another master listens there' \
	    as $u ptbw -m -N "$T/w/spot/live" true
done
t 'who connects is decided by the mode of the socket' 69 '' \
    "ptbw: $T/w/spot/live: Permission denied" \
    as $bob ptbw -t "$T/w/spot/live" true
chmod 777 spot/live
t 'and by nothing else' 0 0 '' as $bob ptbw -t "$T/w/spot/live" -A echo
t 'ann herself replaces her dead one' 0 '' '' \
    as $ann ptbw -m -N "$T/w/spot/dead" true
t "bob's lock file does not hold her up" 0 '' '' sh -c "
    as $ann ptbw -m -N $T/w/spot/dead sh -c 'kill -9 \$PPID; :' 2>/dev/null
    as $bob sh -c ': >$T/w/spot/.wk.lock'
    as $ann ptbw -m -N $T/w/spot/dead true"
kill "$live"
wait "$live" 2>/dev/null

# --- the control of a wrapw ---
as $ann ptbw -m -J1 wrapw -mq -N "$T/w/spot/names" sh -c 'read _' <&4 & names=$!
wait_until test -S spot/names
chmod 777 spot/names
for o in '-b /x/y ptbw_7' '-u ptbw_7' '-Q true'; do
	t "bob may not: wrapw $o" 69 '' '~wrapw: *: only the master*' as $bob \
	    sh -c "wrapw -t $T/w/spot/names $o"
	for u in $ann 0; do
		t "$u may: wrapw $o" 0 - - as $u \
		    sh -c "wrapw -t $T/w/spot/names -qb /x/y ptbw_7 2>/dev/null
		    wrapw -t $T/w/spot/names $o"
	done
done
t 'bob may use it' 0 0 '' as $bob ptbw -t "$T/w/spot/names/ptbw_1" -A echo
echo >&4
wait $names
exec 4>&-

# --- files that the programs name ---
results() {     # results NAME STATUS ERR COMMAND: with ann's secret beside spot
	rm -rf spot secret
	mkdir -m 1777 spot && chmod 1777 spot
	echo mine >secret && chown $ann secret
	sh -c "$4"
	t "results: $1" "$2" - "$3" as $ann xclate -m --results "$T/w/spot/r" \
	    sh -c 'echo hi | xclate a'
}
results "in bob's directory, where anybody makes one" 73 \
    "xclate: --results $T/w/spot/r: it belongs to somebody else" \
    "as $bob mkdir -m 777 spot/r"
results "in bob's, where he alone could make it" 0 '' \
    "chmod 755 spot; mkdir spot/r; chown $bob spot/r; chmod 777 spot/r"
check 'they are there' grep -q hi spot/r/a
results "a file of bob's is replaced" 0 '' \
    "mkdir -m 777 spot/r; chmod 777 spot/r; chown $ann spot/r
    as $bob sh -c 'umask 0; echo his >spot/r/a'"
t 'and is now hers' 0 "hi" '' sh -c "find spot/r/a -user $ann -exec cat {} +"
results 'where it cannot be replaced it is not written to' 74 \
    '~xclate: results of section a in *: Operation not permitted*' \
    "mkdir spot/r; chmod 1777 spot/r
    as $bob sh -c 'umask 0; echo his >spot/r/a'"
t 'it is as it was' 0 his '' cat spot/r/a
results 'another name of a file is replaced' 0 '' \
    "mkdir spot/r; chown $ann spot/r; ln secret spot/r/a"
t 'the file is as it was' 0 mine '' cat secret
results 'a symbolic link is not followed' 74 '~*results of section a*' \
    "mkdir spot/r; chown $ann spot/r; ln -s $T/w/secret spot/r/a"
t 'what it names is as it was' 0 mine '' cat secret
rm -rf spot secret hold stay

rm -f "$T"/tmp.*/where
t 'nothing is left of them' 0 '' '' find "$T"/tmp.* -mindepth 1
finish
