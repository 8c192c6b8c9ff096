#!/bin/sh
# fuzz.t - nonsense harms nobody: FUZZ_SEED=N tests/run fuzz.t repeats a run
. "$(dirname "$0")/lib.sh"

LIMIT=300 count_of=3000
[ -z "${WRAPKIT_LONG-}" ] || count_of=200000
seed=${FUZZ_SEED:-$(date +%s)}
printf '# c\na\nb\n\n%0300d\n' 0 >tokens
# Nonsense may be to resize: no command can be told of so many tokens then.
for pool in '-J3' '-t tokens' '-t - -J2'; do
	t "$count_of conversations with a pool of $pool, seed $seed" 0 0 '' \
	    ptbw -m -J5 ptbw -m -q $pool -N "$T/w/s" sh -c "
	peer fuzz '$T/w/s' $count_of $seed || exit 1
	n=\$(ptbw -t '$T/w/s' - | sed -n '1s/.* has \([0-9]*\) .*/\1/p')
	if [ \$n -gt 9999 ]; then
		ptbw -t '$T/w/s' --resize 9999 && n=9999 || exit 3
		! ptbw -t '$T/w/s' - | grep withdrawn || exit 4
	fi
	ptbw -t '$T/w/s' -T 20 -R\$n true || exit 2    # none was lost
	echo 0"
	seed=$((seed + 1))
done
requests=100000
[ -z "${WRAPKIT_LONG-}" ] || requests=2000000
t "$requests requests to a wrapw, seed $seed" 0 0 '' ptbw -m -J1 sh -c "
	orig=\$ptbw_1 wrapw -m -N '$T/w/s' sh -c '
	peer wfuzz \$wrapw_1 $requests $seed || exit
	wrapw -b \$orig 0; ptbw -t \$wrapw_1/0 -A echo'"
sh "$here/fuzz/corpus" "$here/fuzz/record.seeds" corpus
peer limit 300 records -seed="$seed" -runs="$requests" corpus >out 2>&1
result $? "$requests mutated records, seed $seed" "$(cat out)"
finish
