#!/bin/sh
# wraptree.t - the tree and what stands beside its processes
. "$(dirname "$0")/lib.sh"

mkdir none
if [ -r /proc/self/stat ]; then
	t 'without ps it reads /proc' 0 '~[0-9]* ptbw -m *0 of 1 held\]*-[0-9]* *wraptree' '' \
	    ptbw -m -J1 env PATH="$T/w/none" "$top/bin/wraptree"
elif ! ps -A -o pid= -o ppid= -o args= >/dev/null 2>&1; then
	skip 'wraptree' 'ps is not installed'
	finish
	exit
else
	t 'without ps it says so' 69 '' \
	    'wraptree: ps: it lists no processes; is it installed?' \
	    env PATH="$T/w/none" "$top/bin/wraptree" -a
fi
t 'no diversion' 66 '' '~wraptree: no enclosing diversion*(*-a)' wraptree
t 'a process that is not there' 66 '' 'wraptree: 99999999: no such process' \
    wraptree 99999999
t 'what is no process id' 64 '' '~wraptree: x1: not a process id*usage:*' wraptree x1
t 'two of them' 64 '' '~wraptree: more than one process id*' wraptree 1 2
t 'it has no depth' 64 '' '~wraptree: unknown option -1*usage:*' wraptree -1
t '-a and a process' 64 '' '~wraptree: -a takes no process id*' wraptree -a 1
t '-V' 0 '~wraptree: wrapkit [0-9]*wraptree: environments of others: *' '' wraptree -V

# what the system does not tell cannot be drawn
ptbw -m wraptree >seen 2>&1
if grep -q '^elsewhere' seen; then
	skip 'the tree' 'the system does not tell who listens at a socket'
	finish
	exit
fi

# the tree with the numbers taken out
cat >shape <<'END'
s/[0-9][0-9]* \([a-z]\)/\1/; s/, [0-9]* s]/, N s]/
END
cat >busy <<'END'
ptbw -A -R2 sh -c ': >held; until test -e over; do sleep 0.1; done' &
until test -e held; do sleep 0.1; done
ptbw -R3 true &
until ptbw -v - | grep -q Waiting; do sleep 0.1; done
wraptree; code=$?
: >over
wait
exit $code
END
printf 'gpu0\ngpu1\ngpu 2\n' >gpus
ptbw -m -t gpus sh busy >tree 2>err
t 'held and waited for' 0 '~ptbw -m -t gpus sh busy \[ptbw_1: 2 of 3 held, 1 waiting\]
`-sh busy
  |-ptbw -A -R2 sh -c * \[ptbw_1: holds gpu0 gpu1\]
  | `-sh -c : >held;*
*  |-ptbw -R3 true \[ptbw_1: waits for 3, N s\]
  `-wraptree' '' sed -f shape tree

t 'one in the other, through wrapw; each once' 0 '~ptbw -m -J2 xclate -m -W >&1 wrapw -m wraptree \[ptbw_1: 0 of 2 held\]
`-xclate -m -W >&1 wrapw -m wraptree \[xcl_1\]
  `-wrapw -m wraptree \[wrapw_1: presents ptbw_1, xcl_1\]
    `-wraptree' '' sh -c 'ptbw -m -J2 xclate -m -W ">&1" wrapw -m wraptree >tree; code=$?
    sed -f shape tree; exit $code'
t 'a target that does not answer' 0 '~*wrapw_1: presents ptbw_1 (does not answer)\]*' '' \
    sh -c 'ptbw_link=1 ptbw_1=$PWD/gone wrapw -q -m wraptree | grep presents'
t 'a master that is gone' 0 '~*elsewhere: a process that cannot be seen from here \[ptbw_1: */gone: nobody answers\]' '' \
    env ptbw_link=1 ptbw_1="$PWD/gone" wraptree
t 'a detached one' 0 '~*ptbw -md -J1 wraptree*ptbw_d: 0 of 1 held*' '' \
    ptbw -md -J1 wraptree
t 'one that is not above us' 0 '~*elsewhere: [0-9]* ptbw -m -J1 *ptbw_1: 0 of 1 held\]' '' sh -c '
	ptbw -m -J1 -N "$PWD/s" : & until test -S s; do sleep 0.1; done
	ptbw_link=1 ptbw_1=$PWD/s sh -c "wraptree; exit \$?"; code=$?
	ptbw -Qt s true; wait; exit $code'
if [ -r /proc/self/environ ]; then
	t 'below a process' 0 '~[0-9]* ptbw -m -J1 sh -c * \[ptbw_1: 1 of 1 held\]*holds 0\]*' '' sh -c '
		ptbw -m -J1 sh -c "ptbw sh -c \": >in; until test -e out; do sleep 0.1; done\"" &
		until test -e in; do sleep 0.1; done
		wraptree $!; code=$?; : >out; wait; exit $code'
else
	skip 'below a process' 'no /proc/PID/environ'
fi
# some lists are made of what the system's own ps says
real_ps() {
	PATH=/bin:/usr/bin:/usr/local/bin ps -A -o pid= >/dev/null 2>&1
}
if [ -r /proc/self/environ ] && real_ps; then
	# of other trees nothing is asked here: they may be somebody else's tests
	mkdir few
	cat >few/ps <<-'EOF'
	#!/bin/sh
	PATH=/bin:/usr/bin:/usr/local/bin ps "$@" | awk -v root="$ROOT" '{ line[NR] = $0; up[$1] = $2 }
	END { for (i = 1; i <= NR; i++) { split(line[i], f)
	    for (p = f[1]; p in up && p != root; p = up[p]) ;
	    if (p == root && f[1] != root) print line[i] } }'
	EOF
	chmod +x few/ps
	t '-a: trees side by side' 0 '~[0-9]* ptbw -m -J[67] *0 of [67] held\]*
[0-9]* ptbw -m -J[67] *0 of [67] held\]*
  `-[0-9]* wraptree -a*' '' sh -c 'export ROOT=$$
		(ptbw -m -J6 sh -c ": >in6; until test -e out6; do sleep 0.1; done"; true) &
		until test -e in6; do sleep 0.1; done
		(ptbw -m -J7 sh -c "PATH=\$PWD/few:\$PATH wraptree -a; exit \$?"); code=$?
		: >out6; wait; exit $code'
else
	skip '-a' 'no /proc/PID/environ, or ps is not installed'
fi
t 'its own children are drawn' 0 '~*wraptree*-[0-9]* ptbw sh -c *holds 0\]*' '' \
    sh -c 'ptbw -m -J1 sh -c "ptbw sh -c \": >up; until test -s kids; do sleep 0.1; done\" &
	until test -e up; do sleep 0.1; done; exec wraptree >kids"; cat kids'
t 'its own environment counts below a process' 0 '~[0-9]* ptbw -m -J1 *0 of 1 held*' '' \
    ptbw -m -J1 sh -c 'exec wraptree $PPID'
# a list without the parent, as in a namespace of processes
if real_ps; then
	mkdir orphan
	cat >orphan/ps <<-'EOF'
	#!/bin/sh
	PATH=/bin:/usr/bin:/usr/local/bin ps "$@" | awk -v parent="$ROOT" '$1 != parent'
	EOF
	chmod +x orphan/ps
	t 'a parent that cannot be seen' 0 '~[0-9]* wraptree*0 of 1 held\]*' '' \
	    ptbw -m -J1 sh -c 'PATH=$PWD/orphan:$PATH ROOT=$$ wraptree; exit $?'
else
	skip 'a parent that cannot be seen' 'ps is not installed'
fi
t 'at the far end of a link each stands for itself' 0 \
    '~[0-9]* wrapw -P *\[ptbw_1: 1 of 2 held\] \[ptbw_2: 1 of 1 held\]*holds 0\]*' '' \
    ptbw -m -J2 ptbw -m -J1 -t - wrapw -mq wrapw -X sh -c '
	ln "$WRAPW_EXPORT" link
	env -i ASAN_OPTIONS="${ASAN_OPTIONS-}" PATH="$PATH" TMPDIR="$TMPDIR" wrapw -P "$PWD/link" \
	    ptbw sh -c "wraptree; exit \$?"'
# whose sockets are asked
# as_user UID command...: in the place of this shell, so that $! is its process
as_user() {
	uid=$1
	shift
	exec setpriv --reuid "$uid" --regid "$uid" --clear-groups "$@"
}
if [ "$(id -u)" -eq 0 ] && [ -r /proc/self/environ ] && [ -x few/ps ] && command -v setpriv >/dev/null &&
    chmod 711 "$T" && chmod 711 "$T/w" && (as_user 12001 ptbw -V) >/dev/null 2>&1; then
	mkdir ours theirs
	chown 12001 ours
	chown 12002 theirs
	# one of each user; a listener who would tell that somebody came
	as_user 12001 ptbw -m -J3 -N "$T/w/ours/s" : 2>/dev/null & pool=$!
	wait_until test -S ours/s
	ptbw -m -J4 -N "$T/w/roots" : 2>/dev/null & roots=$!
	wait_until test -S roots
	chmod 666 roots
	as_user 12002 peer master "$T/w/theirs/s" A t:"$T/w/theirs/came" p 2>/dev/null & trap_pid=$!
	wait_until test -S theirs/s
	chmod 777 theirs/s
	ln -s "$T/w/theirs/s" link
	for at in 'theirs/s' 'link' 'theirs/s/0' 'theirs/s/' './/theirs/s/ptbw'; do
		as_user 12001 env ptbw_link=1 ptbw_1="$T/w/$at" sh -c ': >"$0"; exec sleep 60' "$T/w/ours/up" & named=$!
		wait_until test -e ours/up
		for how in "-a" "$named" "-al"; do
			# shellcheck disable=SC2086
			t "root does not ask what another user's process names: $at, $how" 0 \
			    "~*[[]ptbw_1: $T/w/$at: not asked, it belongs to user 12002]*" '' \
			    env ROOT=$$ PATH="$T/w/few:$PATH" wraptree $how
		done
		kill "$named"
		wait "$named" 2>/dev/null
		rm -f ours/up
	done
	result "$(! test -e theirs/came; echo $?)" 'nobody has come'
	as_user 12001 env ptbw_link=2 ptbw_1="$T/w/ours/s" ptbw_2="$T/w/roots" \
	    sh -c ': >"$0"; exec sleep 60' "$T/w/ours/up" & named=$!
	wait_until test -e ours/up
	t "but what is that user's, and root's" 0 "~*ptbw_1: 0 of 3 held*ptbw_2: 0 of 4 held*" '' \
	    sh -c 'wraptree "$0" | sort -t_ -k2' "$named"
	t 'root with the environment of somebody else' 0 \
	    "~*ptbw_1: $T/w/ours/s: not asked, it belongs to user 12001*" '' \
	    env ptbw_link=1 ptbw_1="$T/w/ours/s" wraptree
	kill "$named"
	wait "$named" 2>/dev/null
	# of two who name it, one may
	t 'who is entitled to name it counts' 0 '~*ptbw_1: 0 of 3 held*' '' sh -c '
	    ptbw_link=1 ptbw_1=$0 sh -c "
		setpriv --reuid 12001 --regid 12001 --clear-groups env ptbw_1=$0 sleep 60 & p=\$!
		until grep -q sleep /proc/\$p/comm; do :; done
		env -u ptbw_1 wraptree \$\$; kill \$p; :"' "$T/w/ours/s"
	chmod 777 ours/s
	t 'a user asks the shared pool of another, which its own process names' 0 '~*ptbw_1: 0 of 3 held*' '' \
	    setpriv --reuid 12002 --regid 12002 --clear-groups \
	    env ptbw_link=1 ptbw_1="$T/w/ours/s" wraptree
	kill "$pool" "$roots" "$trap_pid"
	wait "$pool" "$roots" "$trap_pid" 2>/dev/null
	rm -f theirs/s roots ours/s
else
	skip 'whose sockets are asked' 'needs root, setpriv, ps and /proc'
fi
# masters that are none
mkfifo fifo
t 'nobody at a FIFO' 0 '~*\[wrapw_1: */fifo: nobody answers\]' '' \
    env wrapw_link=1 wrapw_1="$PWD/fifo" wraptree
for answer in '5\n1 2 3' '2\n\n\n' 'x\n' '9\n'; do
	rm -f odd
	peer master odd A c A l r:SJRU 's:1,2\n1\n1\nJx\0' r:T 's:a\0' r:0O \
	    's:-1\n' r:W "s:$answer" E 2>odd.err & odd=$!
	wait_until test -S odd
	t "a bad list of who waits: $answer" 0 '~*\[ptbw_1: 0 of 1 held\]*' '' \
	    env ptbw_link=1 ptbw_1="$PWD/odd" wraptree
	wait $odd
	result $? 'as it was asked' "$(cat odd.err)"
done
esc=$(printf '\033[31m')
odd() {         # odd ANSWER SHOWN: a wrapw that gives this answer for its record
	rm -f odd
	peer master odd A c A 'r:\0' s:+ 'r:record\n' "s:$1" E 2>odd.err & odd=$!
	wait_until test -S odd
	t "a wrapw that answers $1" 0 "~*\\[wrapw_1$2\\]*" '' \
	    env wrapw_link=1 wrapw_1="$PWD/odd" wraptree
	wait $odd
	result $? 'as it was asked' "$(cat odd.err)"
}
odd 'x\n' ''
odd '- no\n' ''
odd '+ 99999999999\n' ''
odd '+ -1\n' ''
odd '+ 0\n' ''
odd '+ 8\n/o\0x' ''
odd '+ 12\nptbw_1=/o/0\0' ''
odd "+ 23\\n/o\\0${esc}ptbw_1=/o/0\\0/o\\0" ''
odd '+ 95\n/o\0spck_2=/o/1\0ptbw_1=/o/0\0ptbw_link=1\0PATH=/o/2\0xcl_1=/p/3\0xcl_2=/o/../x\0xcl_3=/o/7x\0xcl_4=/o\0' \
    ': presents ptbw_1 (does not answer), spck_2 (does not answer)'
peer master silent A c A p & silent=$!
wait_until test -S silent
t 'a wrapw that says nothing' 0 '~*\[wrapw_1\]*' '' \
    env wrapw_link=1 wrapw_1="$PWD/silent" wraptree
kill "$silent"
t 'a path cannot write to the terminal' 0 \
    '~*\[ptbw_1: /x^\[\[31m^Jroot 1 init: nobody answers\]' '' \
    env ptbw_link=1 ptbw_1="/x$esc${nl}root 1 init" wraptree
long=$(printf '%0900d' 0)
t 'nor is a long one cut' 0 "~*\\[ptbw_1: /$long: nobody answers\\]" '' \
    env ptbw_link=1 ptbw_1="/$long" wraptree
seq 20 >twenty
t 'many tokens are cut short' 0 '~*holds 1 2 3 4 5 6 7 8 and 12 more\]*' '' \
    ptbw -m -t twenty ptbw -R20 wraptree
t 'unless asked for' 0 '~*holds 1 2 3 * 18 19 20\]*' '' \
    ptbw -m -t twenty ptbw -R20 wraptree -l
t 'a name cannot write to the terminal' 0 '~*holds ^\[\[31m\]*' '' sh -c \
    'printf "\033[31m\n" >tags; ptbw -m -t tags ptbw wraptree'
t 'a full output is noticed' 71 '' 'wraptree: standard output: No space left on device' \
    sh -c 'ptbw -m wraptree >/dev/full'
finish
