#!/bin/sh
# crowd.t - xclate with many clients, much data, readers that stop, and
# everybody killed at random
. "$(dirname "$0")/lib.sh"

LIMIT=120
cat >each <<'EOS'
# each N: a section of N % 7 + 2 lines, from a process of its own
i=$1
{ echo "begin $i"
n=$((i % 7)); while [ $n -gt 0 ]; do echo "line $i"; n=$((n - 1)); done
echo "end $i"; } | xclate $i
EOS
cat >whole <<'EOS'
# every section whole, in line order, each once
$1 == "begin" { if (open) bad = NR; open = 1; id = $2; want = id % 7; n++
    if (seen[id]++) bad = NR; next }
!open || $2 != id { bad = NR; next }
$1 == "line" { want--; next }
$1 == "end" { if (want != 0) bad = NR; open = 0 }
END { if (bad) print "line " bad; print n; exit bad || open }
EOS
t '2,000 sections from 2,000 processes at once' 0 2000 '' sh -c '
    xclate -m sh -c "i=0; while [ \$i -lt 2000 ]; do
	sh ./each \$i & i=\$((i + 1)); done; wait" >out 2>err; echo $? >code
    grep -v "waiting: its master is stopped, or has too many clients" err >&2
    awk -f whole out && [ $(cat code) -eq 0 ]'
t 'the same through a master that looks at them' 0 500 '' sh -c '
    xclate -m --json -N ">n" sh -c "i=0; while [ \$i -lt 500 ]; do
	sh ./each \$i & i=\$((i + 1)); done; wait" >out
    [ "$(wc -l <n)" -eq 500 ] && awk -f whole out'
t 'in the order of arrival' 0 same '' sh -c '
    xclate -m -k -N ">n" sh -c "i=0; while [ \$i -lt 300 ]; do
	sh ./each \$i & i=\$((i + 1)); done; wait" >out
    tr "\0" "\n" <n >order; sed -n "s/^begin //p" out | cmp - order && echo same'

t '1 GiB through one section' 0 same '' sh -c '
    made() { yes "a line that is not too short, number by number" |
	head -c 1073741824; }
    made | cksum >a & xclate -m sh -c "
	yes \"a line that is not too short, number by number\" |
	head -c 1073741824 | xclate x" | cksum >b; wait; cmp a b && echo same'
big='seq 300000'
for o in '' -g -l -b '-L 1m' '-L 0' '-s --tagstring=' --newline; do
	t "much data through $o" 0 same '' sh -c "
	    $big >want; xclate -m sh -c '$big | xclate $o x' >got
	    case '$o' in *tag*) tr -d '\t' <got >g2; mv g2 got ;; esac
	    cmp want got && echo same"
	t "much output of a command with $o" 0 same '' sh -c "
	    $big >want; xclate -m sh -c 'xclate $o x $big </dev/null' >got
	    case '$o' in *tag*) tr -d '\t' <got >g2; mv g2 got ;; esac
	    cmp want got && echo same"
done
for o in --json '--ci github' '--results dir' '--joblog log' --newline; do
	t "much data through a master with $o" 0 same '' sh -c "
	    $big >want; xclate -m $o sh -c '$big | xclate x; $big | xclate y' >got
	    cat want want >two; grep -v '^::' got | cmp two - && echo same"
done
check 'the sections in files are the same' cmp want dir/x
rm -rf dir want got two out

# --- many sections of one process, as xapply has them ---
t '300 sections of one process, in one loop' 0 '300 sections
0 15000' '' sh -c '
    xclate -mr -N ">n" -u "$PWD/s" -O ">o" driver "$PWD/s" 300 >d 2>&1; cat d
    awk "{ if (\$1 != last) { if (seen[\$1]++) bad = NR; n = 0; last = \$1 }
	if (\$3 != n++) bad = NR } END { print bad + 0, NR }" o'
t 'and their exit codes' 0 '100 0
100 1
100 2' '' sh -c 'tr "\0" "\n" <n | sed "s/,.*//" | sort | uniq -c | sed "s/^ *//"'

# --- readers that stop ---
mkfifo fifo go
t 'a reader that stops for a while: all of it arrives' 0 same '' sh -c '
    xclate -m sh -c "for i in 1 2 3; do seq 100000 | xclate \$i & done; wait" |
	(sleep 1; cat) >got
    seq 100000 >one; cat one one one | cmp - got && echo same'
t 'meanwhile those who wait are not held up' 0 'done' '' sh -c '
    xclate -m sh -c "
	yes | xclate front & 
	(seq 200000; : >produced) | xclate -g behind &
	exec >/dev/null" | (
	until test -e produced; do sleep 0.01; done; echo done >res) &
    until test -s res; do sleep 0.01; done; cat res; kill $! 2>/dev/null; :'
t 'nobody reads the widow output: sections go on' 0 'fine' '' sh -c '
    (exec 3<>fifo; xclate -m -W ">fifo" sh -c "
	yes & p=\$!; for i in 1 2 3 4 5 6 7 8 9; do echo fine | xclate x >/dev/null; done
	kill \$p; : >sections" >got
    ) & until test -e sections; do sleep 0.01; done
    cat fifo >/dev/null & wait $!; sed -n 1p got'
t 'nobody reads the records: sections go on' 0 3000 '' sh -c '
    exec 3<>go; xclate -m -N ">go" sh -c "i=0; while [ \$i -lt 3000 ]; do
	echo x; i=\$((i + 1)); done | xclate first
	i=0; while [ \$i -lt 300 ]; do
	: | xclate -s \$i-a-rather-long-name-so-that-the-pipe-fills-up-as-soon-as-it; 
	i=\$((i + 1)); done; : >over" >got & p=$!
    until test -e over; do sleep 0.01; done
    cat <go >/dev/null 3>&- & exec 3>&-; wait $p; wc -l <got | tr -d " "'
t 'a stopped client that waits holds up nobody' 0 'b
c' '' sh -c '
    xclate -m sh -c "
	# cat is there for f also when xclate was killed before the echo
	mkfifo f; (trap : PIPE; echo a; cat f) | xclate -g a & pid=\$!
	kill -STOP \$pid; echo b | xclate b; echo c | xclate c; kill -CONT \$pid; kill \$pid
	: >f & wait \$pid; :" 2>/dev/null'

# --- killed at random moments ---
rounds=500
[ -n "${WRAPKIT_LONG-}" ] && rounds=20000
mkdir riot && cd riot || exit 1
LIMIT=1500
t "$rounds rounds of killing" 0 "~# seed *
$rounds rounds, * killed" - riot $rounds
cd ..
finish
