#!/bin/sh
# repool.t - pools that change while they are in use: --resize, --retag; the
# moments of a seed (WRAPKIT_SEED); -l: 200 of them
. "$(dirname "$0")/lib.sh"
tab=$(printf '\t')
moments=20
[ "$1" != -l ] || moments=200
report() {      # the rows of the report, blanks made one, lock as 0 or P
	ptbw -t "$s" | sed -n '4,$p' | sed 's/^ *//' |
	    awk -F'\t' -v OFS=' ' '{ $2 = $2 ? "P" : 0; print }' | paste -sd, -
}
has() {
	[ "$(report)" = "$1" ] || { report; return 1; }
}
begin() {       # begin ARGS: a persistent master
	s=$T/w/s
	ptbw -m -N "$s" "$@" : 2>log & master=$!
	wait_until test -S "$s"
}
end() {
	kill "$master"
	wait "$master" 2>/dev/null
}
hold() {        # hold FILE ARGS: a client that has its tokens until FILE is there
	f=$1
	shift
	ptbw -t "$s" "$@" sh -c 'echo "$ptbw_list" >"$0.has"; until test -e "$0"; do sleep 0.01; done' "$f" &
	wait_until test -e "$f.has"
}

# --- numbers ---
begin -J2
t 'more: at once' 0 '' '' ptbw -t "$s" --resize 4
has '0 0 0,1 0 1,2 0 2,3 0 3'
result $? 'they are there'
t 'and can be had' 0 '0 1 2 3' '' ptbw -t "$s" -R4 -A echo
t 'the heading has their number' 0 '~ptbw: master has 4 tokens, max length 1 (total space 8)*' '' ptbw -t "$s"
hold a -R3
t 'less than is held' 0 '' '' ptbw -t "$s" --resize 2
has '0 P 0,1 P 1,2 P 2 withdrawn'
result $? 'what is held is shown as withdrawn'
t 'the heading counts what is in the pool' 0 '~ptbw: master has 2 tokens,*' '' ptbw -t "$s"
t 'none can be had' 75 '' '~*timed out*' ptbw -t "$s" -T0 true
t 'with -v, too' 0 "~*2${tab}withdrawn${tab}*" '' ptbw -t "$s" -v
: >a
wait_until has '0 0 0,1 0 1'
t 'what came back is gone' 73 '' '~*cannot allocate 3 tokens, the pool has 2' ptbw -t "$s" -R3 true
hold b -R2
ptbw -t "$s" -R1 -A echo >one & one=$!
ptbw -t "$s" -R2 true 2>two.err & two=$!
wait_until sh -c "ptbw -t $s -v | sed -n '/Waiting/,\$p' | grep -c '	2	'"
t 'one that waits for more than there will be: ' 0 '' '' ptbw -t "$s" --resize 1
wait $two
t 'is told at once, 73' 0 "73 ptbw: $s: cannot allocate 2 tokens, the pool has 1" '' echo $? "$(cat two.err)"
t 'to six, while two are held' 0 '' '' ptbw -t "$s" --resize 6
wait $one
t 'one that waited has one of the new tokens' 0 2 '' cat one
t 'those that are held are there all along' 0 "~*0${tab}[1-9]*${tab}0${nl}*1${tab}[1-9]*${tab}1${nl}*" '' ptbw -t "$s"
: >b
wait_until has '0 0 0,1 0 1,2 0 2,3 0 3,4 0 4,5 0 5'

# --- names ---
printf 'x\tV=1\ny\n1\n' >names
hold c -R2 # 3 and 4
t 'other names' 0 '' '' ptbw -t "$s" --retag names
has '1 0 1,3 P 3 withdrawn,4 P 4 withdrawn,6 0 x,7 0 y'
result $? 'in the place of numbers'
t 'the source is the file' 0 "~*from file: $T/w/names
*" '' ptbw -t "$s"
t 'with their variables' 0 'x y 1 1' '' ptbw -t "$s" -R3 sh -c 'echo $ptbw_list $V'
t 'numbers are no more' 65 '' "ptbw: $s: its tokens have names, --retag changes those" ptbw -t "$s" --resize 3
: >c
wait_until has '1 0 1,6 0 x,7 0 y'
printf 'p\np\n' >twice
t 'with nobody there' 0 '' '' ptbw -t "$s" --retag twice
has '0 0 p,1 0 p'
result $? 'their places are new'
hold d
printf 'q\np\n' >once
t 'of two with one name' 0 '' '' ptbw -t "$s" --retag once
has '0 P p,2 0 q'
result $? 'the one that is held stays'
: >d
printf 'a\t1=2\n' >bad
t 'a variable that is no name' 65 '' "ptbw: bad: line 1: '1' is not the name of a variable" ptbw -t "$s" --retag bad
t 'no tokens' 65 '' 'ptbw: /dev/null: no tokens, the file is empty' ptbw -t "$s" --retag /dev/null
t 'no file' 66 '' 'ptbw: none: No such file or directory' ptbw -t "$s" --retag none
check 'the pool is what it was' sh -c "ptbw -t $s | grep -q '	q$'"
end

# --- usage ---
t 'with -m' 64 '' '~ptbw: --resize does not go with -m*' ptbw -m --resize 2 true
t 'both' 64 '' '~ptbw: --resize does not go with --retag*' ptbw --resize 2 --retag f
t 'a command' 64 '' '~ptbw: --retag takes no command*' ptbw --retag f true
t '--resize 0' 64 '' '~ptbw: --resize: 0 is not between 1 and 1000000*' ptbw --resize 0
t 'a borrowed pool' 65 '' '~*: its tokens are borrowed from another pool' ptbw -m -J4 ptbw -m -J2 -t - ptbw --resize 3
old "$T/w/old" 4 & old=$!
wait_until test -S old
t 'an old master' 69 '' '~*: the master is too old for that' ptbw -t "$T/w/old" --resize 3
t 'an old master, names' 69 '' '~*: the master is too old for that' ptbw -t "$T/w/old" --retag names
kill $old
wait $old 2>/dev/null
t 'the report of an old client' 0 '' '' ptbw -m -J2 sh -c '
    ptbw --resize 3; peer connect $ptbw_1 "s:1\nS2N3N2O" "r:3,6\n+2\n-No\n0\n" c'

# --- xapply ---
begin -J1
xapply -t "$s" -P4 'echo %t1 >>ran; until test -e go%1; do sleep 0.01; done' 1 2 3 4 & x=$!
wait_until test -s ran
t 'a run gets what comes' 0 '' '' ptbw -t "$s" --resize 3
wait_until sh -c 'test $(wc -l <ran) -eq 3'
t 'and gives back' 0 '' '' ptbw -t "$s" --resize 1
# the last task may have got one of these just before the run heard of it
: >go4; : >go2; : >go3
wait_until has '0 P 0'
result $? 'all but the first'
: >go1
wait $x
result $? 'it ends well'
t 'with all its tasks' 0 '~[012] [012] [012] [012]' '' echo $(cat ran)
end

# --- under load, with kills: never more at work than there are tokens, and none
# is lost ---
begin -J4
seed=${WRAPKIT_SEED:-$$}
note "seed $seed"
mkdir at
# each token in use is a directory: one that is there already has two holders
cat >work <<'END'
#!/bin/sh
set -- $ptbw_list
for i; do mkdir "at/$i" || echo "$i has two holders" >>wrong; done
sleep 0.0$(( $$ % 5 ))
for i; do rmdir "at/$i"; done
END
chmod +x work
clients() {     # clients N: that take one or two, one after another
	while test ! -e done; do
		ptbw -t "$s" -R$(($1 % 2 + 1)) ./work 2>>log
	done
}
for i in 1 2 3 4 5 6; do clients $i & eval "c$i=$!"; done
awk -v n="$moments" -v seed="$seed" 'BEGIN { srand(seed)
	for (i = 0; i < n; i++)
		printf "%.3f %d %d\n", rand() / 10, 2 * int(rand() * 3) + 2,
		    rand() < 0.5 }' >plan
while read -r pause size kills; do
	sleep "$pause"
	ptbw -t "$s" --resize "$size" || echo "resize $size failed" >>wrong
	if [ "$kills" -eq 1 ]; then
		# a client, whose command goes on and holds the tokens
		p=$(ptbw -t "$s" | awk -F'\t' 'NR > 3 && $2 { print $2; exit }')
		[ -z "$p" ] || kill -9 "$p" 2>/dev/null
	fi
done <plan
: >done
wait $c1 $c2 $c3 $c4 $c5 $c6
ptbw -t "$s" --resize 6
wait_until has '0 0 0,1 0 1,2 0 2,3 0 3,4 0 4,5 0 5'
has '0 0 0,1 0 1,2 0 2,3 0 3,4 0 4,5 0 5'
result $? "$moments changes: the pool is whole"
t "$moments changes: no token had two holders" 1 '' '' test -e wrong
t "$moments changes: nothing was refused" 1 '' '' grep -v -e 'cannot allocate' -e Killed log
end
finish
