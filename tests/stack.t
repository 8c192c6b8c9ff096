#!/bin/sh
# stack.t - what all wrappers share, seen through ptbw: environment, sockets,
# names, options, exit codes
. "$(dirname "$0")/lib.sh"

# --- choosing a diversion ---
t 'no diversion' 66 '' 'ptbw: no enclosing diversion: no ptbw is around this (ptbw -m command starts one, -t names one)' ptbw -
t 'no diversion, but a detached one' 66 '' \
    'ptbw: no enclosing diversion (a detached one: -t /x/y)' \
    env ptbw_d=/x/y ptbw -
t 'a link that is no level' 65 '' \
    'ptbw: ptbw_link: "1x" is neither a level nor d' \
    env ptbw_link=1x ptbw_1=/x ptbw -
t 'an empty link' 65 '' 'ptbw: ptbw_link: "" is neither a level nor d' \
    env ptbw_link= ptbw -
t 'a link too large for any stack' 65 '' \
    '~*99999999999999999999*' env ptbw_link=99999999999999999999 ptbw -
t 'depth beyond the stack' 65 '' \
    'ptbw: requested depth -1 is too great for current stack of 1' \
    ptbw -m ptbw -1 true
t 'an absurd depth' 65 '' '~*too great for current stack of 1' \
    ptbw -m ptbw -99999999999999999999 true
t 'level 0 is no level' 65 '' '~*too great for current stack of 0' \
    env ptbw_link=0 ptbw_0=/x/y ptbw -
t 'the level variable is missing' 65 '' \
    'ptbw: ptbw_2: the variable is not set' env ptbw_link=2 ptbw_1=/x ptbw -
t 'link=d without a detached one' 65 '' \
    'ptbw: ptbw_d: the variable is not set' env ptbw_link=d ptbw -
t 'no such socket' 69 '' 'ptbw: /nonexistent/s: No such file or directory' \
    env ptbw_link=1 ptbw_1=/nonexistent/s ptbw -
: >file
t 'not a socket' 65 '' 'ptbw: ./file: not a socket (a file of tokens is for a master, -m)' \
    ptbw -t ./file true
t 'below something that is no socket' 65 '' '~ptbw: ./file/0: not a socket*' \
    ptbw -t ./file/0 true
t 'variables beyond the link are stale' 0 0 '' \
    env ptbw_9=/stale ptbw -m -J1 ptbw -A echo
t 'link=d chooses the detached one' 0 d0 '' ptbw -m -J1 sh -c '
    echo d0 >f; ptbw -md -t f sh -c "ptbw_link=d ptbw -A echo"'
t 'a detached master is not on the stack' 0 '1 0' '' ptbw -m -J1 sh -c '
    echo d0 >f; ptbw -md -t f sh -c "echo \$ptbw_link \$(ptbw -A echo)"'
t 'depth chooses an outer level' 0 "c b a" '' sh -c '
    for i in a b c; do echo $i >$i; done
    ptbw -m -t a ptbw -m -t b ptbw -m -t c sh -c "
	echo \$(ptbw -A echo) \$(ptbw -1 -A echo) \$(ptbw -2 -A echo)"'
t '-t - is the tightest, -t path any' 0 'b a' '' sh -c '
    echo a >a; echo b >b
    ptbw -m -t a ptbw -m -t b sh -c "
	echo \$(ptbw -t - -A echo) \$(ptbw -t \$ptbw_1 -A echo)"'

# --- what a master puts in the environment ---
t 'published: <p>_N and <p>_link' 0 "~ptbw_1=$TMPDIR/ptbd??????/sta0 ptbw_link=1" '' \
    ptbw -m sh -c 'echo $(env | grep ^ptbw_ | sort)'
t 'detached: <p>_d alone' 0 "~ptbw_d=$TMPDIR/ptbd??????/sta0" '' \
    ptbw -md sh -c 'env | grep ^ptbw_'
t 'a client adds ptbw_fd and ptbw_list and nothing else' 0 \
    "ptbw_fd ptbw_list" '' ptbw -m sh -c '
    env | sed "s/=.*//" | sort >before; ptbw env | sed "s/=.*//" | sort >after
    echo $(diff before after | sed -n "s/^> //p")
    diff before after | grep "^<"; :'
t 'a master takes options from PTBW, its utility from PTBW_1' 0 \
    '0 1 2|-R2|gone' '' env PTBW='-J 3' PTBW_1=-R2 ptbw -m sh -c '
    echo "$(PTBW= ptbw -R3 -A echo)|$PTBW|${PTBW_1-gone}"'
t 'PTBW is gone without PTBW_1' 0 'gone' '' env PTBW='-J 3' \
    ptbw -m sh -c 'echo ${PTBW-gone}'
t 'with -d PTBW_1 stays for a level to come' 0 '-R2 -R2' '' env PTBW_1=-R2 \
    ptbw -md sh -c 'echo $PTBW $PTBW_1'
printf 'a b\n' >'x y'
t 'PTBW: a quoted word' 0 'a b' '' env PTBW="-m -t 'x y'" ptbw ptbw -A echo
t 'PTBW: double quotes joined to text' 0 'a b' '' env PTBW='-m -t"x y"' \
    ptbw ptbw -A echo
t 'PTBW: a backslash' 0 'a b' '' env PTBW='-m -t x\ y' ptbw ptbw -A echo
t 'PTBW: the command line comes later and wins' 0 '0' '' env PTBW=-J9 \
    ptbw -m -J1 ptbw -A echo
t 'PTBW: only options' 65 '' 'ptbw: $PTBW: sh is not an option' \
    env PTBW='-m sh' ptbw true
t 'PTBW: no --' 65 '' 'ptbw: $PTBW: -- is not an option' \
    env PTBW='--' ptbw true
t 'PTBW: an open quote' 65 '' "ptbw: \$PTBW: a quote is left open: -t 'x" \
    env PTBW="-t 'x" ptbw true
t 'PTBW: it cannot take an argument from the command line' 64 '' \
    '~ptbw: -t in $PTBW needs an argument*' env PTBW=-t ptbw true
t 'a malformed link stops a master, too' 65 '' '~*neither a level nor d' \
    env ptbw_link=zz ptbw -m true

# --- where sockets live ---
t 'a private directory' 0 'drwx------' '' ptbw -m sh -c '
    ls -ld "${ptbw_1%/*}" | cut -c1-10'
t 'an inner master shares the directory' 0 'same sta1' '' ptbw -m ptbw -m sh -c '
    [ "${ptbw_1%/*}" = "${ptbw_2%/*}" ] && echo same "${ptbw_2##*/}"'
t 'a sibling gets the next number' 0 'sta2' '' ptbw -m ptbw -m \
    sh -c 'ptbw_link=1 ptbw -m sh -c "echo \${ptbw_2##*/}"'
mkdir zero xcl
t '<p>_0 names a directory' 0 "$T/w/zero/sta0" '' \
    env ptbw_0="$T/w/zero/any" ptbw -m sh -c 'echo $ptbw_1'
check 'and nothing stays there' rmdir zero
peer listen "$T/w/xcl/1" w:never & xclate=$!
wait_until test -S xcl/1
t 'the directory of an enclosing xclate is shared' 0 "$T/w/xcl/sta0" '' \
    env xcl_link=1 xcl_1="$T/w/xcl/1" ptbw -m sh -c 'echo $ptbw_1'
for m in 777 775 1777; do
	chmod $m xcl
	t "unless others can write there: $m" 0 "~$TMPDIR/ptbd??????/sta0" '' \
	    env xcl_link=1 xcl_1="$T/w/xcl/1" ptbw -m sh -c 'echo $ptbw_1'
done
chmod 755 xcl; chmod 775 .
t 'or can put another directory there' 0 "~$TMPDIR/ptbd??????/sta0" '' \
    env xcl_link=1 xcl_1="$T/w/xcl/1" ptbw -m sh -c 'echo $ptbw_1'
chmod 755 .
ln -s xcl way
t 'symbolic links are followed' 0 "$(pwd -P)/xcl/sta0" '' \
    env xcl_link=1 xcl_1="$T/w/way/1" ptbw -m sh -c 'echo $ptbw_1'
rm way
t 'a path through wrapw is no directory' 0 "~$TMPDIR/ptbd??????/sta0" '' \
    env ptbw_link=1 ptbw_1="$T/w/xcl/1/0" ptbw -m sh -c 'echo $ptbw_2'
kill $xclate; wait $xclate 2>/dev/null
rm -r xcl
if [ "$(id -u)" -eq 0 ]; then
	skip 'a directory that cannot be written' 'root can write everywhere'
else
	mkdir ro; peer listen "$T/w/ro/s" w:never & p=$!
	wait_until test -S ro/s; chmod 555 ro
	t 'a directory that cannot be written' 0 "~$TMPDIR/ptbd*/sta0" '' \
	    env ptbw_link=1 ptbw_1="$T/w/ro/s" ptbw -m sh -c 'echo $ptbw_2'
	chmod 755 ro; kill $p; wait $p 2>/dev/null; rm -r ro
fi
t '-N: an absolute path' 0 "$T/w/s $T/w/s" '' \
    ptbw -m -N "$T/w/s" sh -c 'echo $ptbw_1 "$PWD"/s*'
t '-N: a relative path is in the private directory' 0 \
    "~$TMPDIR/ptbd??????/name" '' ptbw -m -N name sh -c 'echo $ptbw_1'
t '-N: a live one' 73 '' "ptbw: $T/w/s: another master listens there" \
    ptbw -m -N "$T/w/s" ptbw -m -N "$T/w/s" true
t '-N: a live one, by a relative path' 73 '' '~*another master listens there' \
    ptbw -m -N name ptbw -m -N name true
t '-N: no socket' 73 '' "ptbw: $T/w/file: it exists and is not a socket" \
    ptbw -m -N "$T/w/file" true
ln -s "$T/w/nowhere" link
t '-N: a symbolic link' 73 '' '~*not a socket' ptbw -m -N "$T/w/link" true
t '-N: no such directory' 73 '' "ptbw: $T/w/no/s: No such file or directory" \
    ptbw -m -N "$T/w/no/s" true
t '-N: a relative path, something else stands there' 73 '' '~*is not a socket' \
    ptbw -m sh -c ': >${ptbw_1%/*}/x; ptbw -m -N x true; r=$?
	rm ${ptbw_1%/*}/x; exit $r'
t '-N: a relative path that leads out' 73 '' \
    'ptbw: a/../../x: a relative name may not lead out of its directory' \
    ptbw -m -N a/../../x true
mkdir -m 3700 made
t 'a directory that we did not make stays' 0 "$T/w/made/sta0" '' \
    env ptbw_0="$T/w/made/x" ptbw -m sh -c 'echo $ptbw_1'
check 'it does' rmdir made
i=0 early=0
while [ $i -lt 60 ]; do
	ptbw -m -N "$T/w/now" : & p=$!
	until test -S now; do :; done
	ptbw -t "$T/w/now" true || early=1
	kill $p; wait $p
	i=$((i + 1))
done
result $early '-N: when the name is there the socket listens (60 times)'
long=$(printf '%0120d' 0)
t '-N: too long' 73 '' "~ptbw: $T/w/$long: a socket* may have * bytes at most" \
    ptbw -m -N "$T/w/$long" true
t 'too long for a client' 69 '' '~*File*name too long' \
    sh -c ': >x; ptbw -t /tmp/'"$long$long$long"' true'
dead() {        # leave the socket of a killed master behind
	ptbw -m -N "$1" sh -c 'kill -9 $PPID; :' 2>/dev/null
	case $1 in /*) test -S "$1" ;; esac
}
dead "$T/w/s"
result $? '(a dead socket)'
t 'a dead socket is refused' 69 '' "ptbw: $T/w/s: the master is gone" \
    ptbw -t "$T/w/s" true
t '-N: a dead socket is replaced' 0 "$T/w/s" '' \
    ptbw -m -N "$T/w/s" sh -c 'echo $ptbw_1; ptbw true'
check 'and removed' test ! -e "$T/w/s"
if [ "$(id -u)" -eq 0 ]; then
	dead "$T/w/s"; chown 12345 "$T/w/s"
	t "-N: somebody else's dead socket" 73 '' \
	    "ptbw: $T/w/s: a dead socket of somebody else's" \
	    ptbw -m -N "$T/w/s" true
	check 'it is still there' rm "$T/w/s"
else
	skip "-N: somebody else's dead socket" 'needs root'
fi
twenty() {      # twenty NAME: masters, that want the place of a dead socket
	dead "$1"
	i=0 pids=''
	while [ $i -lt 20 ]; do
		{
			ptbw -m -N "$1" sh -c "echo won >>won; until test -f go; do sleep 0.01; done"
			echo $? >>codes
		} 2>/dev/null &
		pids="$pids $!"
		i=$((i + 1))
	done
	wait_until sh -c 'test $(wc -l <codes) -eq 19'
	: >go
	wait $pids
	result $(($(wc -l <won) - 1 + $(grep -vc 73 codes) - 1)) \
	    "twenty masters want the place of one dead socket: one gets it: $1"
	rm -f go won codes
}
twenty "$T/w/s"
mkfifo hold
ptbw -m sh -c 'echo $ptbw_1 >path; read _ <hold' & p=$!
wait_until test -s path
read -r path <path
export ptbw_link=1 ptbw_1="$path"
twenty name
unset ptbw_link ptbw_1
check 'no lock is left' test -z "$(find . "${path%/*}" -name '.wk*')"
echo >hold; wait $p
rm hold path
t 'TMPDIR too long: /tmp' 0 '~/tmp/ptbd??????/sta0' '' \
    env TMPDIR="/tmp/$long" ptbw -m sh -c 'echo $ptbw_1'
t 'TMPDIR empty: /tmp' 0 '~/tmp/ptbd??????/sta0' '' \
    env TMPDIR= ptbw -m sh -c 'echo $ptbw_1'
mkdir rel
t 'TMPDIR relative: published absolute' 0 "~$T/w/rel/ptbd??????/sta0" '' \
    env TMPDIR=rel ptbw -m sh -c 'echo $ptbw_1'
mkdir 'a b'
t 'TMPDIR with a blank in it' 0 '0 0' '' env TMPDIR="$T/w/a b" \
    ptbw -m ptbw -m -J1 sh -c 'echo $(ptbw -A echo) $(ptbw -1 -A echo)'
check 'nothing stays there' rmdir 'a b'
mkdir "$T/real" && ln -s "$T/real" way
t 'TMPDIR is a symbolic link: published without' 0 "~$T/real/ptbd??????/sta0" '' \
    env TMPDIR="$T/w/way" ptbw -m sh -c 'echo $ptbw_1'
chmod 777 "$T/real"
t 'TMPDIR that everybody may write: /tmp' 0 '~*/tmp/ptbd??????/sta0' '' \
    env TMPDIR="$T/w/way" ptbw -m sh -c 'echo $ptbw_1'
rmdir "$T/real"; rm way
t 'TMPDIR does not exist' 73 '' \
    '~ptbw: /nonexistent/ptbd*: No such file or directory' \
    env TMPDIR=/nonexistent ptbw -m true
mkfifo fifo
ptbw -m sh -c 'ptbw -m sh -c "echo >fifo; read _ <fifo" & read _ <fifo' 2>/dev/null
check 'an outer master that ends first leaves the directory' \
    sh -c 'test -d $TMPDIR/ptbd*'
echo >fifo; wait
wait_until sh -c 'test -z "$(ls $TMPDIR)"'
check 'to the inner one, which removes it' sh -c 'test -z "$(ls $TMPDIR)"'
t 'a socket that is not ours any more is not removed' 0 '' '' ptbw -m \
    -N "$T/w/s" sh -c 'rm s; : >s'
check 'it is still there' rm s

finish
