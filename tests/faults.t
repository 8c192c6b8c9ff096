#!/bin/sh
# faults.t - one call that fails, anywhere in any of the programs: the result is
# right, or there is a message and an exit code that is not 0
#
#	FAULT_SEED=N		choose as that run did
#	FAULT_ONLY='SCENARIO [FAULT]'	only that, as faultlib.c has it
#
# A few, chosen by the seed, of all the calls, numbers and errors; with -l every
# one of them.
. "$(dirname "$0")/lib.sh"

library=$T/faultlib.so
unset WRAPKIT_TRACE     # it would be written to, too
end() {         # end REASON: nothing of this is possible here
	skip 'one call that fails' "$1"
	finish
	exit
}
case "${CFLAGS-}${LDFLAGS-}" in
*-fsanitize*) end 'a sanitizer has the calls already' ;;
esac
compiler=${LIBCC:-cc}
$compiler -std=c11 -O1 -fno-builtin -shared -fPIC -o "$library" \
    "$here/faultlib.c" -ldl 2>/dev/null ||
    end "the library cannot be made with $compiler"
loaded() {
	LD_PRELOAD=$library FAULT_LIST=1 "$1" 2>/dev/null </dev/null |
	    grep -q '^1 read '
}
# Programs that are static cannot be met this way: then there are others.
if ! loaded ptbw; then
	mkdir "$T/tree"
	(cd "$top" && tar cf - --exclude=./bin --exclude=./.git .) |
	    (cd "$T/tree" && tar xf -) 2>/dev/null
	for p in ptbw wraptree wrapw xapply xclate; do
		set -- "$@" "bin/$p"
	done
	(cd "$T/tree" && make -s CC="$compiler" STATIC= CFLAGS=-O1 "$@") \
	    >"$T/made" 2>&1 || end 'programs for it cannot be made'
	PATH=$T/tree/bin:$PATH
	loaded ptbw || end 'nothing can be preloaded here'
fi
LD_PRELOAD=$library FAULT_LIST=1 ptbw >"$T/calls"

# --- what is tried: each prints the same whenever it succeeds ---

mkdir "$T/try"
try() {         # try NAME: the script is stdin
	cat >"$T/try/$1"
}
try pool <<'TRY'
exec ptbw -m -J3 sh -ec 'ptbw -R2 sh -c "echo \$ptbw_list"
ptbw -A -R3 echo all; exec ptbw -T 0 echo one'
TRY
try pool-named <<'TRY'
printf 'left\nright\n' >names
ptbw -m -t names sh -ec 'ptbw -A echo
ptbw -m -J1 -t - ptbw -A echo inner'
TRY
try filter <<'TRY'
yes 0123456789abcdef0123456789abcde | head -n 8000 >in
xclate -m xclate a <in >out && cksum <out
TRY
try held <<'TRY'
yes 0123456789abcdef0123456789abcde | head -n 8000 >in
xclate -m sh -ec '{ xclate 1 sh -ec ": >here
    until [ -e held ]; do sleep 0.01; done; echo 1" || { : >here; exit 1; }; } &
a=$!
until [ -e here ]; do sleep 0.01; done
{ cat in || :; : >held; } | xclate -g 2; wait $a' >out && cksum <out
TRY
try direct <<'TRY'
echo in >in
xclate -m --fail xclate -T title -H rule a sh -c 'cat; echo out' <in
TRY
try captured <<'TRY'
xclate -m xclate -s --tag a sh -c 'echo one; echo two'
TRY
try lines <<'TRY'
printf 'one\ntwo\nthree\n' >in
xclate -m xclate -l --tag a <in
TRY
try stderr-last <<'TRY'
xclate -m xclate --stderr-last a sh -c 'echo err >&2; echo out'
TRY
try sections <<'TRY'
xclate -m -k sh -c 'for i in 1 2 3; do
	yes "$i" | head -n 3000 | xclate $i || exit 1; done' >out && uniq -c out
TRY
try parallel <<'TRY'
xclate -m sh -c 'for i in 1 2 3; do
	yes $i | head -n 30000 | { xclate $i || echo $i >failed; } & done
wait; [ ! -e failed ]' >out && uniq -c out | sort
TRY
try inspected <<'TRY'
xclate -m --results res --joblog log --tag -N '>>notes' sh -ec '
echo one | xclate a; echo two | xclate b' && cat res/a res/b &&
    cut -f 7 log && tr '\0' '\n' <notes
TRY
try nested <<'TRY'
xclate -m sh -ec 'echo a | xclate 1
xclate -m -O - sh -ec "echo b | xclate 2; echo c | xclate 3"'
TRY
try apply <<'TRY'
xapply -P3 'echo %1 >o.%1' a b c d e f && cat o.*
TRY
try apply-collated <<'TRY'
printf '%s\n' a b c d e f >lines
xapply -m -P3 -k -f 'yes "%1" | head -n 5000' lines >out && uniq -c out
TRY
try apply-pool <<'TRY'
xapply -J2 -P3 'echo %1 >o.%1' a b c d && cat o.*
TRY
try apply-joblog <<'TRY'
xapply -P2 --joblog log 'exit 0; %1' a b c && wc -l <log
TRY
try gateway <<'TRY'
ptbw -m -J2 wrapw -m sh -ec '
    env -u ptbw_link ptbw -t $wrapw_1/ptbw -A echo
    wrapw -R one; env -u ptbw_link wrapw -t one ptbw -A echo'
TRY
try link <<'TRY'
ptbw -m -q -J1 xclate -m wrapw -mq wrapw -X sh -ec 'ln "$WRAPW_EXPORT" link
    exec wrapw -P "$PWD/link" sh -ec "ptbw -A echo; seq 20000 >n
xclate a <n; xclate b cat n"' >out && cksum <out
TRY
try pty <<'TRY'
xapply --pty -kP2 'test -t 1 && seq 3000; echo' a b >out && cksum <out
TRY
try tree <<'TRY'
ptbw -m -J1 xclate -m wraptree >out && wc -l <out
TRY

# --- one of them, with a fault ---

zero=$T/zero
dd if=/dev/zero of="$zero" bs=4096 count=1 2>/dev/null

# attempt SCENARIO FAULT: stdout is out, stderr err; $got is the exit code
attempt() {
	rm -rf "$T/at" "$TMPDIR"
	mkdir "$T/at" "$TMPDIR"
	cp "$zero" "$T/counts"
	# peer may be of another libc than the library
	(cd "$T/at" && exec peer limit 15 env FAULT_FILE="$T/counts" \
	    FAULT="$2" LD_PRELOAD="$library" sh "$T/try/$1") \
	    >"$T/out" 2>"$T/err" </dev/null
	got=$?
}
# Masters may outlive one that died, by what it takes them to notice.
all_gone() {
	[ -n "$(ls -A "$TMPDIR")" ] || return 0
	looks=0
	while [ -n "$(ls -A "$TMPDIR")" ] && [ "$looks" -lt 200 ]; do
		looks=$((looks + 1))
		sleep 0.01
	done
	[ "$looks" -lt 200 ]
}
# What is wrong with what an attempt left; nothing: $wrong is empty.
judge() {
	wrong=
	if [ "$got" -eq 124 ]; then wrong='it hangs'
	elif { [ "$got" -eq 141 ] || [ "$got" -eq 129 ]; } &&
	    [ -s "$T/err" ]; then
		:       # a reader, or the link, has said why it is gone
	elif [ "$got" -ge 128 ] && [ "$got" -ne 143 ]; then
		wrong="it died, with $got"
	elif [ "$got" -eq 0 ] && ! cmp -s "$T/out" "$T/good/$1"; then
		wrong='the result is wrong, the exit code is 0'
	elif [ "$got" -ne 0 ] && [ ! -s "$T/err" ]; then
		wrong="it ends with $got, and no message"
	elif ! all_gone; then
		wrong="files are left: $(ls -A "$TMPDIR")"
	fi
}

# what there is: "SCENARIO CALL ERRNO CALLS", in $T/all
mkdir "$T/good"
for f in "$T"/try/*; do
	name=${f##*/}
	case ${FAULT_ONLY-$name} in "$name" | "$name "*) ;; *) continue ;; esac
	attempt "$name" ''
	cp "$T/out" "$T/good/$name"
	[ "$got" -eq 0 ] && [ -s "$T/out" ]
	result $? "$name, without a fault" "$got $(cat "$T/err")"
	# (a near disk that fails is told at the near end alone)
	od -An -v -t d4 -w4 "$T/counts" | awk -v name="$name" '
	BEGIN { left_out["link", "writev"] = left_out["link", "write"] = 1 }
	NR == FNR { call[NR] = $0; calls = NR; next }
	FNR <= calls && $1 > 0 {
		n = split(call[FNR], c, " ")
		for (e = 3; e <= n; e++)
			if (!left_out[name, c[2]])
				print name, c[2], c[e], $1
	}' "$T/calls" - >>"$T/all"
done

# Chosen: a line of these, then a number, so that calls which are made often do
# not leave the others out.
seed=${FAULT_SEED:-$(date +%s)} some=${FAULT_COUNT:-80}
if [ -n "${FAULT_ONLY-}" ]; then
	printf '%s\n' "$FAULT_ONLY"
elif [ -n "${WRAPKIT_LONG-}" ]; then
	awk '{ for (i = 1; i <= $4; i++) print $1, $2 ":" i ":" $3 }' "$T/all"
else
	awk -v seed="$seed" -v some="$some" 'BEGIN { srand(seed) }
	{ line[NR] = $0 }
	END { while (some-- > 0) {
		split(line[1 + int(rand() * NR)], f, " ")
		print f[1], f[2] ":" 1 + int(rand() * f[4]) ":" f[3]
	} }' "$T/all"
fi >"$T/chosen"
# what was wrong once: SCENARIO CALL ERRNO FIRST LAST
[ -n "${FAULT_ONLY-}" ] || awk '
NR == FNR { is[$1, $2, $3] = 1; next }
is[$1, $2, $3] {
	for (i = $4; i <= $5; i++) print $1, $2 ":" i ":" $3
}' "$T/all" - >>"$T/chosen" <<'END'
filter read 4 3 4
filter splice 4 1 2
held splice 4 2 4
captured read 4 3 4
direct read 4 2 3
inspected read 4 3 4
direct sendmsg 105 1 6
direct pipe2 24 4 6
stderr-last epoll_ctl 28 7 10
inspected fclose 28 1 1
inspected calloc 12 1 4
apply-collated sendmsg 12 1 8
apply-collated poll 4 2 4
pool strdup 12 4 6
inspected fcntl 24 1 4
inspected read 11 3 6
apply-collated sendmsg 11 1 3
link calloc 12 8 12
link calloc 12 29 31
END
for f in "$T"/good/*; do
	echo "${f##*/} hangup"
done >>"$T/chosen"
tried=0 violations=0
while read -r name fault <&4; do
	attempt "$name" "$fault"
	judge "$name"
	tried=$((tried + 1))
	[ -n "$wrong" ] || continue
	violations=$((violations + 1))
	note "FAULT_ONLY='$name $fault': $wrong"
	note "$(diff "$T/out" "$T/good/$name" 2>&1 | head -n 9; head -n 5 "$T/err")"
done 4<"$T/chosen"
[ "$violations" -eq 0 ]
result $? "$tried faults, seed $seed"
rm -rf "$TMPDIR" && mkdir "$TMPDIR"
finish
