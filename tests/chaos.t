#!/bin/sh
# chaos.t - held + free = pool, and no token with two live holders, while
# thousands are killed.  The seed is printed; CHAOS_SEED=N tests/run chaos.t
# repeats its choices, though not the timing of the system.
. "$(dirname "$0")/lib.sh"

HOLDER=$here/holder LIMIT=300
export HOLDER
rounds=2 kills=1100
[ -z "${WRAPKIT_LONG-}" ] || rounds=25 kills=4000
seed=${CHAOS_SEED:-$(date +%s)}
while [ $rounds -gt 0 ]; do
	rm -rf "$T/w/r" && mkdir -p "$T/w/r/locks"
	t "$kills kills, seed $seed" 0 '~ok: *' '' sh -c "
	    cd '$T/w/r' && exec chaos '$T/w/r' $kills $seed"
	note "$(cat "$T/out")"
	seed=$((seed + 1)) rounds=$((rounds - 1))
done
finish
