#!/bin/sh
# jobserver.t - ptbw -j: make, and all that speaks its protocol, on one pool
#
# jobclient.c is each of the kinds of clients, where a version is not at hand;
# make, ninja and cargo themselves are tried where they are installed.
. "$(dirname "$0")/lib.sh"
kills=12
[ -z "${WRAPKIT_LONG-}" ] || kills=200
s=$T/w/s

# held: how many tokens of the pool have a holder
cat >lib <<'END'
held() {
	ptbw - | awk -F'\t' 'NR > 3 && $2 > 0 { n++ } END { print n + 0 }'
}
until_held() {          # until_held LEAST MOST, within ten seconds
	tries=0
	until n=$(held); [ "$n" -ge "$1" ] && [ "$n" -le "$2" ]; do
		tries=$((tries + 1))
		[ "$tries" -le 1000 ] || { echo "held: $n"; return 1; }
		sleep 0.01 2>/dev/null || sleep 1
	done
}
END
# in_pool NAME TOKENS OUT ERR 'shell commands': in a master, with those of lib
in_pool() {
	printf '. ./lib\n%s\n' "$5" >run.sh
	t "$1" 0 "$3" "$4" ptbw -m "-J$2" -N "$s" sh run.sh
	rm -f count log ready go up
}

# --- the rules of each form and kind ---
for pair in 'fifo make44' 'fifo ninja' 'fifo cargo' 'pipe make43' \
    'pipe make44' 'pipe cargo'; do
	form=${pair% *} kind=${pair#* }
	j="ptbw -j -J $form"
	in_pool "$pair: as many as the pool has, and no more" 4 '0 4 24' '' \
	    "$j jobclient $kind 24 jobclient job count 20; cat count"
	in_pool "$pair: -R 2: two at most" 4 '0 2 8' '' \
	    "$j -R2 jobclient $kind 8 jobclient job count 20; cat count"
	in_pool "$pair: a pool of one: one after the other" 1 '0 1 4' '' \
	    "$j jobclient $kind 4 jobclient job count 5; cat count"
	in_pool "$pair: a plain client gets one while a tree holds all" 3 \
	    'got one' '' "$j jobclient $kind -ttwWrr ready go & tree=\$!
	    until test -f ready; do :; done; until_held 3 3
	    : >go; ptbw echo got one; wait \$tree"
	in_pool "$pair: a second tree gets its half" 4 'good' '' "
	    one() { $j jobclient $kind 70 sh -c \"echo \$1 >>log
		exec jobclient job count 30\"; }
	    one a & a=\$!; until test -s log && [ \$(grep -c . log) -gt 9 ]; do
		sleep 0.01; done; one b; wait \$a
	    awk '{ n++; of[\$1]++; if (\$1 == \"b\" && !first)
		first = n }
	    n > 60 && n <= 100 { late[\$1]++ }
	    END { if (first <= 32 && late[\"a\"] - late[\"b\"] < 9 &&
		late[\"b\"] - late[\"a\"] < 9) print \"good\"
		else print first, late[\"a\"], late[\"b\"] }' log
	    read now most all <count; test \$most -le 4 || echo most: \$most"
	in_pool "$pair: bytes that are too many are swallowed" 3 '' \
	    '~*byte* too many in the jobserver*' \
	    "$j sh -c '. ./lib; until_held 2 3; jobclient $kind -+++; until_held 1 3
	    sleep 0.1; jobclient $kind 9 jobclient job count 20'
	    read now most all <count; test \$most -le 3 || echo most: \$most"
	in_pool "$pair: a byte that is not ours counts as one" 3 'two' \
	    "~*a byte that is not ours came back*" \
	    "$j jobclient $kind -txwp ready & tree=\$!
	    until test -f ready; do :; done; ptbw -R2 echo two
	    kill \$tree; wait \$tree; until_held 0 0"
	in_pool "$pair: a fifo that is full" 3 '0 ' - \
	    "$j -T9 jobclient $kind -ttf; until_held 0 0; echo \$? \$n | sed s/0\$//"
	in_pool "$pair: one that never returns, and ends: all is there after it" \
	    3 '' '' "$j jobclient $kind -tt; until_held 0 0"
	in_pool "$pair: KILL of ptbw: the tokens are the tree's, then free" 3 \
	    'held 3, then 0' '' "$j jobclient $kind -ttwW ready go & tree=\$!
	    until test -f ready; do :; done; kill -9 \$tree
	    wait \$tree 2>/dev/null; n=\$(held); : >go; until_held 0 0
	    echo held 3, then \$n"
	in_pool "$pair: -k: until the last one that has it is gone" 3 "first
last" '' "{ $j -k sh -c 'jobclient $kind -twWr ready go &
	    until test -f ready; do :; done'; echo last; } &
	    until test -f ready; do :; done; until_held 2 3; echo first; : >go
	    wait \$!; until_held 0 0"
done

# --- the environment ---
# flags NAME WANTED MAKEFLAGS: what becomes of it, our numbers left out
flags() {
	t "MAKEFLAGS: $1" 0 "$2" '' ptbw -m -N "$s" ptbw -j -J "${4:-fifo}" \
	    env -u MAKEFLAGS "MAKEFLAGS=$3" ptbw -j sh -c \
	    'printf "%s\n" "$MAKEFLAGS" | sed "s,[0-9][0-9]*/,PID/,
		s,fd/[0-9]*,fd/N,; s/=[0-9]*,[0-9]*/=R,W/"'
}
fifo='--jobserver-auth=fifo:/proc/PID/fd/N'
[ -d /proc/self/fd ] || fifo='~*--jobserver-auth=fifo:*'
flags 'none' " $fifo" ''
flags 'letters stay' "k $fifo" 'k'
flags 'of letters, those about jobs go' "kn $fifo" 'kj16n'
flags 'options about jobs go' " -k $fifo" \
    ' -k -j16 --jobserver-auth=3,4 --jobserver-style=fifo -j'
flags 'also with their numbers' " -n $fifo" '-j 4 -n --jobs 5 --jobs=6'
flags 'what begins like them stays' " --just-print $fifo" '--just-print -j4'
flags 'variables stay behind ours' "n $fifo -- VAR=a\\ b J=-j3" \
    'n -j3 -- VAR=a\ b J=-j3'
flags 'a backslash and a blank' " --eval=a\\ -j4 $fifo" '--eval=a\ -j4'
flags 'both forms' " $fifo --jobserver-fds=R,W" '' pipe
t 'MFLAGS and CARGO_MAKEFLAGS go, MAKELEVEL stays' 0 '1' '' ptbw -m -N "$s" \
    env MFLAGS=-j3 CARGO_MAKEFLAGS=-j3 MAKELEVEL=1 ptbw -j \
    sh -c 'echo "${MFLAGS-}${CARGO_MAKEFLAGS-}$MAKELEVEL"'
t 'ptbw_list and ptbw_fd are there' 0 'a' '' \
    sh -c "echo a >one; ptbw -m -t one ptbw -j sh -c 'test -S /dev/fd/\$ptbw_fd &&
	echo \$ptbw_list'"
t 'the exit status is that of the command' 3 '' '' ptbw -m ptbw -j sh -c 'exit 3'
t 'a signal ends the command' 143 '' '' ptbw -m ptbw -j sh -c 'kill $$'
t 'no such command' 127 '' 'ptbw: nonesuch: No such file or directory' \
    ptbw -m ptbw -j nonesuch
mkdir blank
in_pool 'a blank in TMPDIR' 3 '0 3 6' '' "mkdir 'blank/a b'
    export TMPDIR=\$PWD/blank/a\\ b; for k in make44 cargo; do
	ptbw -j -J fifo jobclient \$k 3 jobclient job count 50; done
    cat count; ls -A blank/*; rmdir blank/*"
in_pool 'a path of its own: blanks are escaped, and it is removed' 3 \
    ' --jobserver-auth=fifo:a\ b/f
fifo' '' "mkdir 'a b'
    ptbw -j -J 'a b/f' sh -c 'echo \"\$MAKEFLAGS\"; test -p \"a b/f\" &&
	echo fifo'; ls -A 'a b'; rmdir 'a b'"
t 'a path where there is something' 73 '' 'ptbw: there: File exists' \
    sh -c ': >there; ptbw -m ptbw -j -J there true; c=$?; rm there; exit $c'
if [ -d /proc/self/fd ]; then
	t 'descriptors: none from 3 to 59' 0 '' '' ptbw -m ptbw -j -J pipe \
	    sh -c 'for f in /proc/self/fd/*; do f=${f##*/}
		[ "$f" -lt 3 ] || [ "$f" -ge 60 ] || ls -l /proc/$$/fd/$f
	    done 2>/dev/null | grep -v /proc/; :'
fi

# --- masters and ends ---
old "$T/w/o" 3 pid & master=$!
wait_until test -S o
t 'an old master' 69 '' 'ptbw: o: the master is too old for -j' ptbw -j -t o true
kill "$master"
wait "$master" 2>/dev/null
rm -f o pid
in_pool 'the master is gone: the command goes on, and it is said' 3 'on' \
    '~*the master is gone' "ptbw -m -N other : & m=\$!
    until test -S other; do :; done
    ptbw -t other -j sh -c \"kill -9 \$m; sleep 0.1; echo on\"; rm -f other*"
t '-T: no token in time' 75 '' '~ptbw: *timed out waiting for 1 token' \
    ptbw -m -J1 ptbw ptbw -j -T 0.1 true
in_pool 'nested: no token of its own, on a pool of one' 1 'in' '' \
    'ptbw -j ptbw -j ptbw -jv echo in'
in_pool 'nested in another pool: a jobserver of its own' 1 '0 1 2' '' \
    'ptbw -j ptbw -m -J1 ptbw -j -J fifo jobclient make44 2 jobclient job count 5
    cat count'
in_pool 'a pool that is borrowed' 3 '0 2 6' '' \
    'ptbw -m -J2 -t - ptbw -j -J fifo jobclient make44 6 jobclient job count 50
    cat count'
t 'through wrapw' 0 '0 3 9' '' ptbw -m -J3 wrapw -m sh -c \
    'ptbw -j -J fifo jobclient make44 9 jobclient job count 50; cat count; rm count'
in_pool 'inotify used up' 3 'held 0, 0 3 9' '' '
    j="ptbw -j -J fifo jobclient"
    jobclient watches ready go & all=$!; until test -f ready; do :; done
    $j cargo 9 jobclient job count 50; $j cargo -tt; until_held 0 0
    echo "held 0, $(cat count)"; : >go; wait $all'
in_pool 'a client that is stopped: others go on' 4 'on' '' '
    ptbw -j -J fifo sh -c "jobclient make44 -ttwp ready & c=\$!
	until test -f ready; do :; done; kill -STOP \$c
	ptbw -R1 echo on; kill -CONT \$c; kill \$c; wait \$c"; until_held 0 0'

# it asks for the third, and would be granted it while nobody uses it
in_pool 'stopped by the terminal (TSTP): it expects nothing meanwhile' 3 \
    'not granted' '' '
    ptbw sh -c ": >up; until test -e go; do sleep 0.01; done" & other=$!
    until test -e up; do :; done
    ptbw -j -J fifo jobclient make44 -twp ready & tree=$!
    until test -e ready; do :; done; until_held 3 3; kill -TSTP $tree
    until test "$(peer state $tree)" = T; do :; done
    : >go; wait $other; test "$(held)" -eq 2 && echo not granted
    kill -CONT $tree; until_held 3 3; kill $tree; wait $tree'

# --- xapply as a client ---
for form in fifo pipe; do
	in_pool "$form: xapply --jobserver keeps to it" 3 '0 3 12' '' "
	    ptbw -j -J $form xapply --jobserver -P8 'jobclient job count 30;:' $(
	    seq 12 | tr '\n' ' '); cat count; until_held 0 0"
	in_pool "$form: xapply --jobserver: -P is a limit as well" 4 '0 2 6' '' "
	    ptbw -j -J $form xapply --jobserver -P2 'jobclient job count 30;:' \
	    1 2 3 4 5 6; cat count"
	in_pool "$form: xapply --jobserver gives back what it took" 3 '0 3 6' '' "
	    ptbw -j -J $form sh -c '. ./lib
	    xapply --jobserver -P8 \"sleep 0.05;:\" 1 2 3 4 5 6
	    xapply --jobserver -P8 \"jobclient job count 30;:\" 1 2 3 4 5 6'
	    cat count"
done
t 'xapply --jobserver: no jobserver' 0 a '' env -u MAKEFLAGS \
    xapply --jobserver -P2 'echo' a
t 'xapply --jobserver: one that is gone' 0 '0 1 3' \
    'xapply: the jobserver of $MAKEFLAGS cannot be used: one task at a time' \
    sh -c "MAKEFLAGS=' -j --jobserver-auth=888,889' xapply --jobserver -P3 \
	'jobclient job count 20;:' 1 2 3; cat count; rm count"
t 'xapply --jobserver: a fifo that is gone' 0 a '~*one task at a time' \
    env MAKEFLAGS='--jobserver-auth=fifo:/none' xapply --jobserver -P2 echo a

# --- killed, in a tree that lives on ---
i=0
cat >killing <<'END'
# killing ROUNDS SEED: clients of all kinds are killed in a tree that lives on
. ./lib
seed=$2
dice() { seed=$(((seed * 1103515245 + 12345) % 2147483648)); echo $((seed / 65536 % $1)); }
i=0
while [ $i -lt "$1" ]; do
	i=$((i + 1))
	set -- "$1" make44 ninja cargo
	shift $(($(dice 3) + 1)); kind=$1; set -- "$ROUNDS"
	jobclient "$kind" 50 sleep 0.0$(dice 9) 2>/dev/null & c=$!
	sleep 0.0$(dice 9)
	case $(dice 4) in 0) sig=TERM ;; 1) sig=INT ;; 2) sig=HUP ;; *) sig=KILL ;; esac
	kill -$sig $c; wait $c
	until_held 1 2 || { echo "$i: $kind, $sig"; exit 1; }
done 2>/dev/null
END
in_pool "whole again after each of $kills that were killed" 4 '' - \
    "ROUNDS=$kills ptbw -j -J fifo env ROUNDS=$kills sh ./killing $kills 4711
    until_held 0 0"
in_pool 'the pipe form: whole at the end' 4 '' - \
    "ptbw -j -J pipe sh -c 'for s in TERM INT HUP KILL; do
	jobclient make43 -twp ready & c=\$!
	until test -f ready; do :; done; kill -\$s \$c; wait \$c; rm ready
    done'; until_held 0 0"

# --- make, ninja, cargo, and all others ---
cat >many.mk <<'END'
all: 1 2 3 4 5 6 7 8 9 10 11 12
1 2 3 4 5 6 7 8 9 10 11 12:
	@jobclient job count 100
END
if make --version 2>/dev/null | grep -q 'GNU Make'; then
	in_pool 'make: the form that it knows' 4 '0 4 12' '' \
	    'ptbw -j make -f many.mk; cat count'
	in_pool 'make -j16 is remarked upon' 4 '' \
	    '~ptbw: make: -j16 would leave the pool; use -R 16*' \
	    'ptbw -j make -j16 -n -f many.mk >/dev/null'
	in_pool '-q: not so' 4 '' '~make: warning:*' \
	    'ptbw -jq make -j16 -n -f many.mk >/dev/null'
	cat >nested.mk <<'END'
all: a b c d
a b c d:
	@ptbw -j make -s -f many.mk
END
	in_pool 'a make in each recipe of a make, all by ptbw -j' 3 '0 3 48' '' \
	    'ptbw -j make -s -f nested.mk; cat count'
	printf 'all:\n\t+@xapply --jobserver -P8 "jobclient job count 30;:" %s\n' \
	    '1 2 3 4 5 6 7 8 9' >with.mk
	t 'xapply --jobserver in a rule of make -j3' 0 '0 3 9' '' \
	    sh -c 'make -s -j3 -f with.mk && cat count && rm count'
	in_pool 'two makes, an xapply and ten clients: never more than four' 4 \
	    'most 4, 54' '' '
	    ptbw -j make -s -f many.mk & a=$!
	    ptbw -j make -s -f many.mk & b=$!
	    xapply -P8 -t - "jobclient job count 50" $(seq 20) & c=$!
	    for i in 1 2 3 4 5 6 7 8 9 10; do
		ptbw jobclient job count 50 & done; wait
	    read now most all <count; echo most $most, $all'
else
	skip 'make' 'GNU make is not installed'
fi
if command -v gcc >/dev/null && command -v make >/dev/null &&
    make --version | grep -q 'GNU Make'; then
	echo 'int f(void) { return 0; }' >f.c
	echo 'int f(void); int main(void) { return f(); }' >main.c
	printf 'all:\n\t+@gcc -flto=jobserver -o linked f.c main.c && ./linked\n' >lto.mk
	t 'gcc -flto=jobserver, in a rule' 0 '' '' ptbw -m -J2 ptbw -j make -s -f lto.mk
else
	skip 'gcc -flto=jobserver' 'there is no gcc, or no GNU make'
fi
if cargo --version >/dev/null 2>&1; then
	mkdir -p crate/src
	printf '[package]\nname = "x"\nversion = "0.1.0"\n' >crate/Cargo.toml
	cat >crate/build.rs <<'END'
fn main() {
    println!("cargo:warning={}", std::env::var("CARGO_MAKEFLAGS").unwrap());
}
END
	echo 'fn main() {}' >crate/src/main.rs
	t 'cargo: it takes part, and so does what it starts' 0 '' \
	    '~*warning: x@0.1.0: *--jobserver-*' \
	    ptbw -m -J2 ptbw -j sh -c 'cd crate && cargo --offline build'
else
	skip 'cargo' 'it is not installed'
fi
case $(ninja --version 2>/dev/null) in
1.1[3-9].* | 1.[2-9][0-9].*)
	{
		printf 'rule r\n command = jobclient job count 50\n'
		for i in 1 2 3 4 5 6 7 8 9; do echo "build $i: r"; done
	} >build.ninja
	in_pool 'ninja' 3 '0 3 9' '' 'ptbw -j ninja >/dev/null; cat count' ;;
*)	skip 'ninja' 'there is none since 1.13' ;;
esac
finish
