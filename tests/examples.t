#!/bin/sh
# examples.t - the scripts of examples/, in stand-ins of their surroundings
. "$(dirname "$0")/lib.sh"
E=$top/examples

for s in gpus shards nightly boxed ports; do
	t "$s says how it is used" 64 '' "~usage: $s *" sh "$E/$s"
done

# --- gpus ---
cat >./jobs <<'END'
echo training on $CUDA_VISIBLE_DEVICES; : >a; until test -e b; do sleep 0.1; done
echo validating on $CUDA_VISIBLE_DEVICES >&2; : >b; until test -e a; do sleep 0.1; done
exit 3
END
t 'gpus: two at a time, each on its own; one fails' 1 "~== 0 on gpu0
training on gpu0
== 1 on gpu1
validating on gpu1
== 2 on gpu[01]" 'xapply: 1 of 3 tasks failed: 2 (exit 3)' \
    sh -c "sh '$E/gpus' -d 'gpu0 gpu1' jobs >out; code=\$?
	# sections come as jobs end
	awk '/^==/ { n = \$2 } { print n \"\\t\" \$0 }' out | sort -s -n -k 1,1 | cut -f 2-; exit \$code"
t 'gpus: as nvidia-smi has them' 0 "== 0 on 7${nl}7" '' sh -c "
	mkdir bin; printf '#!/bin/sh\necho 7\n' >bin/nvidia-smi; chmod +x bin/nvidia-smi
	echo 'echo \$CUDA_VISIBLE_DEVICES' >job; PATH=\$PWD/bin:\$PATH sh '$E/gpus' job"
t 'gpus: a job may have more' 0 "== 0 on a${nl}and b" '' sh -c "
	echo 'ptbw -A echo and' >job; sh '$E/gpus' -d 'a b' job"
command -v nvidia-smi >/dev/null ||
    t 'gpus: no devices' 69 '' 'gpus: nvidia-smi finds no devices; name them with -d' \
	sh "$E/gpus" jobs
t 'gpus: no such file' 66 '' 'gpus: none: cannot be read' sh "$E/gpus" -d 1 none
t 'gpus: the name of a device is no pattern' 0 "== 0 on [*]${nl}[*]" '' \
    sh -c "echo 'echo \"\$CUDA_VISIBLE_DEVICES\"' >job; sh '$E/gpus' -d '[*]' job"

# --- signals ---
gone() {
	! kill -0 "$1" 2>/dev/null
}
# ended SIGNAL CODE SCRIPT [ARG...]: of a script that waits for "slow"
ended() {
	signal=$1 code=$2 script=$3
	shift 3
	rm -f running pid
	# (peer has INT do what it does at a terminal)
	peer limit 60 sh -c 'echo $$ >pid; exec sh "$@"' sh "$E/$script" "$@" \
	    >/dev/null 2>&1 & p=$!
	wait_until test -s running
	kill "-$signal" "$(cat pid)"
	wait $p
	[ $? -eq "$code" ] && wait_until gone "$(cat running)" && [ -z "$(ls "$TMPDIR")" ]
	result $? "$script is ended by $signal" "$(cat running; ls "$TMPDIR")"
}
printf '#!/bin/sh\necho $$ >running\nexec sleep 60\n' >slow
chmod +x slow
echo ./slow >job
for s in 'HUP 129' 'INT 130' 'TERM 143'; do
	# shellcheck disable=SC2086
	{
		ended $s gpus -d a job
		ended $s shards slow
		NIGHTLY_RSH='sh -c ./slow' ended $s nightly job x
	}
done

# --- shards ---
mkdir tests && cd tests || exit 1
printf '#!/bin/sh\necho fine\n' >good
printf '#!/bin/sh\necho "1 < 2 & \\"so\\""; exit 3\n' >bad
printf '#!/bin/sh\nkill -9 $$\n' >'kil led'
chmod +x ./*
t 'shards: what failed is shown' 1 'shard 1/1: 1 passed, 2 failed' "-- ./bad: exit 3
1 < 2 & \"so\"
-- ./kil led: signal 9" sh "$E/shards" -j2 good bad 'kil led'
t 'shards: the report' 0 '<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="shard 1/1" tests="3" failures="2">
<testcase name="./good" time="T"></testcase>
<testcase name="./bad" time="T"><failure message="exit 3">1 &lt; 2 &amp; &quot;so&quot;
</failure></testcase>
<testcase name="./kil led" time="T"><failure message="signal 9"></failure></testcase>
</testsuite>' '' sed 's/ time="[0-9.]*"/ time="T"/' report.xml
t 'shards: the second half' 1 'shard 2/2: 0 passed, 1 failed' - sh "$E/shards" -s 2/2 good bad 'kil led'
t 'shards: all of the first half but one' 0 'shard 1/3: 1 passed, 0 failed' '' \
    sh "$E/shards" -s 1/3 -o other.xml good bad 'kil led'
check 'shards: where -o says' test -s other.xml
for half in 3/2 2 08/10 0/1 1/ /; do
	t "shards: no such half: $half" 64 '' '~usage:*' sh "$E/shards" -s $half good
done
printf '#!/bin/sh\nprintf "a\\000b\\033\\377c\\303\\244\\n"; exit 1\n' >odd
chmod +x odd
t 'shards: bytes that XML has not' 1 'shard 1/1: 0 passed, 1 failed' - \
    sh "$E/shards" -o odd.xml odd
t 'shards: are not in the report' 1 '' '' sh -c \
    'LC_ALL=C tr -d "\012\040-\176\303\244" <odd.xml | grep .'
check 'shards: all others are' grep -q '>abc' odd.xml
printf '#!/bin/sh\nexec sleep 30\n' >slow; chmod +x slow
t 'shards: one that hangs' 1 'shard 1/1: 0 passed, 1 failed' '~-- ./slow: signal *' \
    sh "$E/shards" -T 0.3 slow
t 'shards: nobody reads what failed' 0 'rep' '' sh -c \
    "{ sh '$E/shards' -o late.xml bad good 2>&1; } | true
    until grep -q /testsuite late.xml 2>/dev/null; do sleep 0.1; done; echo rep"
t 'shards: a name of two lines' 65 '' '~shards: a*b: its name *' \
    sh "$E/shards" "a${nl}b"
cd ..

# --- nightly: an ssh that runs it here ---
mkdir rsh
cat >rsh/ssh <<'END'
#!/bin/sh
while [ "${1#-}" != "$1" ]; do shift 2; done
host=$1; shift
[ "$host" != down ] || { echo "ssh: $host: no route" >&2; exit 255; }
HOST=$host exec sh -c "$*"
END
chmod +x rsh/ssh
printf 'web1\n# not this one\n\nquiet\ndown\n' >hosts
NIGHT="PATH='$T/w/rsh':\$PATH; export PATH; sh '$E/nightly'"
t 'nightly: a report' 1 '== web1
it is   web1
== down
ssh: down: no route
down: failed with 255' 'xapply: 1 of 3 tasks failed: down (exit 255)' sh -c "$NIGHT -P1 -l log hosts 'test \$HOST = quiet || echo \"it is   \$HOST\"'"
t 'nightly: those that failed, once more' 0 '== down
back' '' sh -c "echo 'shift; eval \"\$*\"' >again; NIGHTLY_RSH='sh ./again' sh '$E/nightly' -l log hosts 'echo back'"
t 'nightly: another list' 0 '== new
back
== down
back' '' sh -c "printf 'new\nweb1\ndown\nquiet\n' >hosts; sed -i.b '\$d' log; sed 's/255/1/; s/	0	0	down/	1	0	down/' log >l2
    NIGHTLY_RSH='sh ./again' sh '$E/nightly' -P1 -l l2 hosts 'echo back'"
t 'nightly: no file at all' 66 '' '~*directory*' sh "$E/nightly" . true
t 'nightly: one that hangs' 1 '' '~*task 1 (quiet): its time is up*' \
    sh -c "echo quiet >one; $NIGHT -T 0.3 one 'exec sleep 30'"
t 'nightly: no such file' 66 '' 'nightly: none: cannot be read' sh "$E/nightly" none true

# --- boxed ---
if unshare -Urmpf sh -c 'mount --bind . /mnt && mount -t tmpfs none /tmp' 2>/dev/null; then
	t 'boxed: tokens of the pool outside, which cannot be seen' 0 "in the box with x y
0" '' sh -c "printf 'x\ny\nz\n' >xyz
	    ptbw -m -t xyz sh '$E/boxed' sh -c 'ptbw -A -R2 echo in the box with; ls -A \"$TMPDIR\" | wc -l | tr -d \" \"'"
	t 'boxed: what is held outside is not to be had' 75 '' 'ptbw: /mnt/out/0: timed out waiting for 1 token' \
	    ptbw -m -J1 ptbw sh "$E/boxed" ptbw -T 0 true
	t 'boxed: with a pool of its own, and the status' 3 '0' '' \
	    sh "$E/boxed" ptbw -A sh -c 'echo $1; exit 3' sh
else
	skip 'boxed' 'this system lets us make no container'
fi

# --- ports ---
PORTS_SOCKET=$T/w/ports.sock
export PORTS_SOCKET
t 'ports: none are lent yet' 69 '' "ports: $PORTS_SOCKET: no ports are lent (ports start does it)" \
    sh "$E/ports" run true
for range in '9 1' '08 10' '1 65536' '1 99999999' 'x 1'; do
	# shellcheck disable=SC2086
	t "ports start $range" 64 '' '~usage:*' sh "$E/ports" start $range
done
t 'ports start' 0 '' '' sh "$E/ports" start 8000 8002
t 'ports start, twice' 73 '' "ports: $PORTS_SOCKET: they are lent already" \
    sh "$E/ports" start 8000 8002
t 'ports run' 0 '8000 8001' '' sh "$E/ports" run -n 2 sh -c 'echo $PORTS'
t 'ports run: beside others' 0 '8002 8000' '' \
    sh "$E/ports" run sh -c 'a=$PORTS; exec sh "$0" run sh -c "echo $a \$PORTS"' "$E/ports"
t 'ports run: more than there are' 73 '' '~*cannot allocate 4 tokens, the pool has 3' \
    sh "$E/ports" run -n 4 true
t 'ports status' 0 '~ptbw: master has 3 tokens*8002	-	-*' '' sh "$E/ports" status
sh "$E/ports" run sh -c ': >had; until test -e free; do sleep 0.1; done' & user=$!
wait_until test -e had
sh "$E/ports" stop & stop=$!
wait_until test ! -e "$PORTS_SOCKET"
result $? 'ports stop: nobody is let in'
t 'ports start: some are lent still' 73 '' "ports: $PORTS_SOCKET: some are lent still, by process $(cat "$PORTS_SOCKET.pid")" \
    sh "$E/ports" start 8000 8002
kill -0 $stop
result $? 'ports stop: waits for who has ports'
: >free
wait $stop
result $? 'ports stop: and ends well'
wait $user
result $? 'ports stop: so does who had them'
t 'ports: a name without a directory' 0 9000 '' sh -c '
    PORTS_SOCKET=here sh "$0" start 9000 9000 && PORTS_SOCKET=here sh "$0" run sh -c "echo \$PORTS" &&
    PORTS_SOCKET=here sh "$0" stop && test ! -e here && test ! -e here.pid' "$E/ports"
t 'ports start: two at once' 0 '0 73' '~p*ports.sock: *' sh -c '
    sh "$0" start 7000 7001 & one=$!
    sh "$0" start 8000 8001; b=$?
    wait $one; a=$?
    printf "%s\n" $a $b | sort | xargs echo; sh "$0" stop' "$E/ports"
t 'ports start: where no socket can be' 73 '' '~ptbw: /none/s: *' \
    env PORTS_SOCKET=/none/s sh "$E/ports" start 1 2
finish
