#!/bin/sh
# shared.t - pools that start themselves
. "$(dirname "$0")/lib.sh"
XDG_RUNTIME_DIR=$T/w/run
export XDG_RUNTIME_DIR
mkdir -m 700 run
dir=$T/w/run/wrapkit
gone() {        # gone NAME: its master has ended, and left nothing
	wait_until test ! -e "$dir/$1"
	wait_until test ! -e "$dir/$1.lock"
}
processes() {   # PID and arguments of each; not everybody has ps
	if [ -r /proc/self/cmdline ]; then
		for p in /proc/[0-9]*; do
			echo "${p#/proc/} $(tr '\0' ' ' <"$p/cmdline")"
		done 2>/dev/null
	else
		ps -e -o pid= -o args=
	fi
}
master() {      # master PATH: its pid
	processes | awk -v p="$1" '
	    $3 == "-mq" && $4 == "--shared" && $5 == p { print $1 }'
}

# --- one that starts itself ---
t 'it starts itself' 0 '0 1' '' ptbw --shared a --linger 0.3 -J3 -R2 -A echo
t 'in a private directory' 0 "~*drwx------*" '' ls -ld "$dir"
check 'and is there for the next one' test -S "$dir/a"
t 'who has the same pool' 0 '2 0' '' ptbw --shared a -R2 -A echo
t 'of another size: a remark, and the pool as it is' 0 1 "ptbw: $dir/a: the pool is there, with 3 tokens" \
    ptbw --shared a -J5 -A echo
t 'not with -q' 0 2 '' ptbw -q --shared a -J5 -A echo
echo x >tags
t 'of other tokens' 0 0 "ptbw: $dir/a: the pool is there, with tokens from iota" \
    ptbw --shared a -t tags -A echo
t 'the report' 0 '~ptbw: master has 3 tokens*' '' ptbw --shared a
gone a
check 'it ends when it was unused, and its directory with it' test ! -e "$dir"
printf 'g0\tV=7\ng1\n' >tags
t 'with tokens of a file, by a relative name' 0 'g0 7' '' \
    ptbw --shared a --linger 0 -t tags sh -c 'echo $ptbw_list $V'
gone a
t 'a path' 0 0 '' ptbw --shared ./own --linger 0 -J1 -A echo
wait_until test ! -e own.lock
t 'without XDG_RUNTIME_DIR: in TMPDIR' 0 "$TMPDIR/wrapkit-$(id -u)/b" '' env -u XDG_RUNTIME_DIR \
    ptbw --shared b --linger 0 -R0 sh -c 'echo $ptbw_1'
wait_until test ! -e "$TMPDIR/wrapkit-$(id -u)"
t '-R0: those below find it' 0 '~ptbw: master has 2 tokens*' '' ptbw --shared a --linger 0 -J2 -R0 ptbw
gone a

# --- what it has of its caller: nothing ---
exec 7>seven
SECRET=1 ptbw --shared a --linger 0 sh -c 'until test -e end; do sleep 0.01; done' & held=$!
exec 7>&-
wait_until test -S "$dir/a"
m=$(master "$dir/a")
if [ -r "/proc/$m/environ" ]; then
	t 'no variables' 0 '' '' cat "/proc/$m/environ"
	t 'no descriptors' 1 '' '' sh -c "ls -l /proc/$m/fd | grep -e seven -e '$T/w/[^r]' -e pts"
	t 'a directory of its own' 0 "$dir" '' readlink "/proc/$m/cwd"
	t 'a session of its own' 1 '' '' test "$(peer sid "$m")" = "$(peer sid $$)"
	t 'no signal is ignored but two of writing' 0 '~*[08]1001000' '' \
	    sed -n 's/^SigIgn:	//p' "/proc/$m/status"
else
	skip 'nothing of the caller' 'no /proc'
fi
: >end
wait $held
gone a

# --- 20 at the same instant: one master, and never more than 3 at work ---
cat >count <<'END'
#!/bin/sh
for i in $ptbw_list; do mkdir "at$i" || echo "$i twice" >>wrong; done
sleep 0.02
for i in $ptbw_list; do rmdir "at$i"; done
echo "$ptbw_list" >>did
END
chmod +x count
pids=''
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	sh -c 'until test -e start; do :; done; exec ptbw --shared many --linger 0.5 -J3 ./count' 2>>log &
	pids="$pids $!"
done
: >start
# shellcheck disable=SC2086
wait $pids
t '20 at once: all had a token' 0 20 '' sh -c 'grep -c . did'
t 'of three, none with two holders' 0 '' '' sh -c 'cat log; test ! -e wrong; sort -u did | grep -v "^[012]$" || :'
gone many

# --- it is killed: no token has two holders ---
ptbw --shared k --linger 0.3 -J1 sh -c ': >in; until test -e out; do sleep 0.01; done; echo first >>order' 2>err1 & first=$!
wait_until test -e in
kill -9 "$(master "$dir/k")"
t 'killed: who comes in time only waits for the commands that are left' 75 '' '~*timed out waiting for its master' \
    ptbw --shared k -J1 -T0.2 true
ptbw --shared k --linger 0.3 -J1 sh -c 'echo second >>order' 2>err & second=$!
wait_until test -s err
t 'that is told' 0 "ptbw: $dir/k: waiting for the commands that hold tokens of a master that is gone" '' cat err
: >out
wait $first
wait $second
t 'one after the other' 0 "first${nl}second" '' cat order
gone k
ptbw --shared k --linger 5 -J1 true
kill -9 "$(master "$dir/k")"
t 'killed, and nobody has a token: the next one starts another' 0 0 '' ptbw --shared k --linger 0 -J1 -A echo
gone k

# --- what is wrong ---
t 'no such tags' 66 '' 'ptbw: none: No such file or directory' ptbw --shared a -t none true
rm -rf "$dir"
mkdir -m 755 "$dir"
t 'a directory that others may enter' 73 '' "ptbw: $dir: it is no private directory of ours" ptbw --shared a true
rmdir "$dir"
ln -s /tmp "$dir"
t 'a link' 73 '' "ptbw: $dir: it is no private directory of ours" ptbw --shared a true
rm "$dir"
chmod 777 run
t 'in one that others may write' 73 '' "ptbw: $dir: others may replace it" ptbw --shared a true
chmod 700 run
t 'no name' 64 '' '~ptbw: --shared: the name is empty*' ptbw --shared '' true
t '--linger alone' 64 '' '~ptbw: --linger goes with --shared only*' ptbw --linger 3 true
t 'a borrowed one' 64 '' '~ptbw: -t - does not go with --shared*' ptbw --shared a -t - true
t 'with -m' 64 '' '~ptbw: --shared does not go with -m*' ptbw -m --shared a true
finish
