#!/bin/sh
# protocol.t - ptbw's wire protocol 0.4, byte for byte: an old client against
# our master, our client against an old master; each byte alone and all at once
. "$(dirname "$0")/lib.sh"

printf '# first\none\n# second\ntwo\n\n' >f
s=$T/w/s

# --- an old client, our master ---
old() {         # old NAME step...: pool of three names, from a file
	name=$1; shift
	case $* in
	*' e'|*' h '*) ;;
	*) set -- "$@" s:. e ;;         # and not a byte more
	esac
	t "$b $name" 0 '' '' ptbw -mq -J3 -N "$s" -t f \
	    peer $b connect "$s" 's:4711\n' "$@"
}
for b in '' -1; do
	old 'V' s:V 'r:0.4\n'
	old 'S' s:S 'r:3,9\n'
	old 'J' s:J 'r:3\n'
	old 'R' s:R 'r:1\n'
	old 'U: a file' s:U 'r:+f\0'
	old 'T' s:T 'r:one\0two\0\0'
	old 'C' s:C 'r:17\n# first\n# second\n'
	old 'H' s:H 'r:-Not yet\n'
	old 'Q: there is a utility' s:Q 'r:-No\n'
	old 'N' s:0N1N2N 'r:+one\n+two\n+\n'
	old 'N: no such token' s:3N99999999NN 'r:-No\n-No\n-No\n'
	old 'O: free' s:0O2O 'r:0\n0\n'
	old 'O: no such token' s:3O4OO 'r:-1\n-1\n-1\n'
	old 'O: held' s:1G0O1O 'r:0\n4711\n0\n'
	old 'D: not held' s:0D 'r:0\n'
	old 'D: no such token' s:7DD 'r:0\n0\n'
	old 'D: held' s:2G1D1D0D 'r:0,1\n1\n0\n1\n'
	old 'F: nothing' s:F 'r:0\n'
	old 'F: all' s:3GFF 'r:0,1,2\n3\n0\n'
	old 'G: one by default' s:GG 'r:0\n1\n'
	old 'G: the cursor moves on' s:2GFG2G 'r:0,1\n2\n2\n0,1\n'
	old 'G: more than there are' s:4GG 'r:-1\n0\n'
	old 'G: more than can be while some are held' s:2G2G 'r:0,1\n-1\n'
	old 'G: absurdly many' s:99999999999999999999G 'r:-1\n'
	old 'G: none' s:0GG 'r:\n0\n'
	old 'P: one, one, one, none' s:PPPPFP 'r:0\n1\n2\n-1\n3\n0\n'
	old 'unknown letters' 's:z%~' 'r:-No\n-No\n-No\n'
	old 'a newline clears the number, without a reply' 's:2\nN\n\nV' \
	    'r:-No\n0.4\n'
	old 'an unknown letter clears the number' 's:2zN' 'r:-No\n-No\n'
	old 'a number is for one request' s:2GG 'r:0,1\n2\n'
	old '. closes' s:VVV. 'r:0.4\n0.4\n0.4\n' e
	old 'what follows . is not read' S:V.VVV 'r:0.4\n' e
	old 'the end of our direction closes' s:V h 'r:0.4\n' e
	old 'I: now or never' s:2I2III 'r:0,1\n-1\n2\n-1\n'
	old 'A: seconds held' s:G0A1A9AA 'r:0\n0\n-1\n-1\n-1\n'
	old 'E: what is free is not offered' s:EGEG 'r:1\n0\n1\n1\n'
	old 'Z: nobody else is told of what one does oneself' s:Z4IZ4GPPPP \
	    'r:1\n-1\n1\n-1\n0\n1\n2\n-1\n'
	old 'W: nobody waits' s:W 'r:0\n'
	old 'K: free' s:0K2K 'r:0\n0\n'
	old 'K: no such token' s:3K4KK 'r:-1\n-1\n-1\n'
	old 'K: held' s:1G0K 'r:0\n' l s:1K 'r:0\n'
	old 'Y: nobody waits' s:Y l l s:V 'r:0.4\n'
	old 'B: a pool of its own' s:B 'r:0\n'
	old 'L: nothing to tie to' s:L 'r:-No\n'
	t "$b U: iota" 0 '' '' ptbw -m -J3 -N "$s" \
	    peer $b connect "$s" 's:1\nU' 'r:=iota\0'
	t "$b R: the group" 0 '' '' ptbw -m -R3 -N "$s" \
	    peer $b connect "$s" 's:1\nR' 'r:3\n'
	t "$b C: none" 0 '' '' ptbw -m -R3 -N "$s" \
	    peer $b connect "$s" 's:1\nC' 'r:0\n'
	t "$b M: the utility" 0 '' '' ptbw -m -N "$s" sh -c \
	    "exec peer $b connect $s 's:1\nM' \"r:\$\$\\n\""
	t "$b M and Q of a persistent master" 0 '' '' sh -c "
		ptbw -m -N $s : & p=\$!
		until ptbw -t $s true 2>/dev/null; do :; done
		peer $b connect $s 's:1\nMQ' \"r:\$p\\n1\\n\" && wait \$p"
	t "$b C of a borrowed pool: the source's" 0 '' '' ptbw -mq -J3 -t f \
	    ptbw -mq -J2 -t - -N "$s" peer $b connect "$s" 's:1\nCU' \
	    'r:17\n# first\n# second\n+f\0'

	t "$b B and L of a borrowed pool, one tie for each" 0 '' '' \
	    ptbw -m -J3 ptbw -m -J2 -t - -N "$s" \
	    peer $b connect "$s" 's:1\nGBL' 'r:0\n1\n+tie\n' s:LV 'r:-No\n0.4\n'

	# the first line
	t "$b pid@host" 0 '' '' ptbw -m -N "$s" \
	    peer $b connect "$s" 's:4712@some.host\nG0O' 'r:0\n4712\n'
	t "$b a minus sign: no pid, shown as the master's" 0 '' '' \
	    ptbw -m -N "$s" sh -c "exec peer $b connect $s 's:-\nG0O' \
	    \"r:0\\n\$PPID\\n\""
	t "$b minus and digits: no pid" 0 '' '' ptbw -m -N "$s" \
	    sh -c "exec peer $b connect $s 's:-5\nG0O' \"r:0\\n\$PPID\\n\""
	for bad in '\n' 'x\n' '12x\n' '@host\n' 'GET / HTTP/1.0\n' \
	    '123456789012\n'; do
		t "$b not a pid: $bad" 0 '' \
		    'ptbw: a client was dropped: it did not begin with a process id' \
		    ptbw -mv -N "$s" peer $b connect "$s" "S:$bad" e
	done
done
long=$(printf '%0400d' 7)
t 'a first line without end' 0 '' '~*did not begin with a process id' \
    ptbw -mv -N "$s" peer connect "$s" "S:1@$long" e
t 'a number without end' 0 '' 'ptbw: a client was dropped: a number is too long' \
    ptbw -mv -N "$s" peer connect "$s" "S:1\\n$long" e
t 'without -v nothing is said of it' 0 '' '' \
    ptbw -m -N "$s" peer connect "$s" "S:1\\n$long" e
t 'a client that claims the pid of another cannot free its tokens' 0 '' '' \
    ptbw -m -J2 -N "$s" sh -c "
	peer connect $s 's:9\\n2G' 'r:0,1\\n' t:one w:two 's:0O' 'r:9\\n' &
	peer connect $s w:one 's:9\\n0D1DFP' 'r:0\\n0\\n0\\n-1\\n' t:two; r=\$?
	wait; exit \$r"
rm -f one two
t 'requests behind a waiting G are read later, in order' 0 '' '' \
    ptbw -m -J1 -N "$s" sh -c "
	peer connect $s 's:8\\nG' 'r:0\\n' t:one w:two s:F 'r:1\\n' &
	peer connect $s w:one 's:9\\nVG0NFV.' 'r:0.4\\n' t:two \\
	    'r:0\\n+0\\n1\\n0.4\\n' e"
rm -f one two
t 'one that waits with its direction ended still gets its token' 0 '' '' \
    ptbw -m -J1 -N "$s" sh -c "
	peer connect $s 's:8\\nG' 'r:0\\n' t:one w:two s:F 'r:1\\n' &
	peer connect $s w:one 's:9\\nVG' h 'r:0.4\\n' t:two 'r:0\\n' e"
rm -f one two
# offered NAME 'steps of who waits' 'steps of a third': of a pool of one
offered() {
	t "$1" 0 '' '' ptbw -m -J1 -N "$s" sh -c "
		peer connect $s 's:8\\nG' 'r:0\\n' t:one w:two s:F 'r:1\\n' & first=\$!
		peer connect $s w:three $3 & third=\$!
		peer connect $s w:one 's:9\\nEG' 'r:1\\n' t:two 'r:+\\n' $2 &&
		    wait \$first && wait \$third"
	rm -f one two three four
}
offered 'E: what was waited for is offered, and then taken' \
    "s:GIP 'r:0\\n-1\\n-1\\n' s:F 'r:1\\n' t:three" "'s:7\\nP' 'r:0\\n'"
offered 'E: other requests leave the offer as it is' \
    "s:V0N0A0D 'r:0.4\\n+0\\n-1\\n0\\n' s:G 'r:0\\n' t:three w:four" \
    "'s:7\\nP' 'r:-1\\n' t:four"
offered 'E: who does not take it is passed over, and is still in the queue' \
    "t:three w:four s:F 'r:0\\n' s:G 'r:0\\n'" \
    "'s:7\\nG' 'r:0\\n' 's:W' 'r:6\\n9 1 ' l s:F 'r:1\\n' t:four"
for request in I 0I P 0G 9G; do
	case $request in *0*) answer= ;; 9G) answer=-1 ;; *) answer=0 ;; esac
	offered "E: $request in its place gives it up" \
	    "s:$request 'r:$answer\\n' s:FW 'l' 'r:0\\n' t:three" \
	    "'s:7\\nP' 'r:0\\n'"
done
offered 'E: the end gives it back' "s:. e t:three" "'s:7\\nP' 'r:0\\n'"
offered 'E: the end of its direction gives it back' "h e t:three" \
    "'s:7\\nG' 'r:0\\n'"

# told NAME 'steps of who is told' 'steps of another': of a pool of one, which
# the first holds
told() {
	t "$1" 0 '' '' ptbw -m -J1 -N "$s" sh -c "
		peer connect $s 's:8\nGZ' 'r:0\n1\n' t:one w:two $2 s:. e & first=\$!
		peer connect $s w:one 's:9\n' $3 && wait \$first"
	rm -f one two three four
}
told 'Z: told, once, that another waits, and then it does not' \
    "'r:!\n' s:VZ 'r:0.4\n0\n' s:FZ 'r:1\n1\n'" "s:VG 'r:0.4\n' t:two 'r:0\n'"
for request in I P; do
	told "Z: told that another was refused ($request)" \
	    "'r:!\n' s:VZ 'r:0.4\n1\n'" "s:$request 'r:-1\n' t:two"
done
told 'Z: not told of what others can have, or do not take' \
    "s:F 'r:1\n' t:three w:four s:V 'r:0.4\n'" \
    "t:two w:three s:GEVZ0O0DZ 'r:0\n1\n0.4\n1\n9\n1\n1\n' t:four"
told 'Z: one that was passed over does not count, until it asks again' \
    "'r:!\n' s:F 'r:1\n' s:ZG 'r:1\n0\n' t:three 'r:!\n' s:F 'r:1\n'" \
    "s:EG 'r:1\n' t:two 'r:+\n' w:three s:G 'r:+\n' s:G 'r:0\n'"

# --- one token more, for those who go on meanwhile (nE) ---

# The trace of PROTOCOL: what C1, C2 and M send there, step by step.
awk '/^Two clients and a pool of three.  The first/ { in_it = 1 }
in_it && /^Tokens are given out/ { exit }
in_it && /^	(C|M)/ { print }' "$top/PROTOCOL" | awk -F'\t' '
function steps(who, kind, hex,   i, n, b, text) {
	n = split(hex, b, " ")
	for (i = 1; i <= n; i++)
		text = text sprintf("%c", value(b[i]))
	gsub(/\n/, "\\n", text)
	if (who != last && last != "") {
		turn++
		step[last] = step[last] " t:turn" turn
		step[who] = step[who] " w:turn" turn
	}
	last = who
	step[who] = step[who] " '\''" kind ":" text "'\''"
}
function value(h) {
	return (index("0123456789abcdef", substr(h, 1, 1)) - 1) * 16 + \
	    index("0123456789abcdef", substr(h, 2, 1)) - 1
}
$2 ~ /^C/ { steps($2, "s", $3) }
$2 ~ /^M to / { steps(substr($2, 6), "r", $3) }
END {
	print "peer connect \"$1\"" step["C1"] " w:over & first=$!"
	print "peer connect \"$1\"" step["C2"] " t:over && wait $first"
}' >expect.sh
check 'nE: the trace of PROTOCOL was found' test "$(grep -c 'turn[23]' expect.sh)" -eq 2
t 'nE: the trace of PROTOCOL' 0 '' '' ptbw -m -J3 -N "$s" sh expect.sh "$s"
rm -f turn* over

# expects NAME SIZE 'steps of a' 'steps of b' ['steps of c']: of a pool so large
expects() {
	printf 'peer connect "$1" %s & one=$!\n' "'s:7\\n' $3" >expect.sh
	printf 'peer connect "$1" %s & two=$!\n' "'s:8\\n' $4" >>expect.sh
	printf 'peer connect "$1" %s && wait $one && wait $two\n' \
	    "'s:9\\n' ${5:-s:V 'r:0.4\\n'}" >>expect.sh
	t "$1" 0 '' '' ptbw -m "-J$2" -N "$s" sh expect.sh "$s"
	rm -f a b c d e f
}
expects 'nE: numbers that there are not' 3 "s:0E1E \"r:1\n1\n~+0\n\" \
    s:2E9E0E 'r:-1\n-1\n0\n' s:0E 'r:1\n' s:99999999999999999999E 'r:-1\n'" ''
expects 'nE: one that holds all, or has asked' 2 "s:2G1E 'r:0,1\n-1\n' \
    t:a w:b" "w:a s:1E1E 'r:1\n-1\n' s:0E0E 'r:1\n1\n' t:b"
expects 'nE: one that expects a token gives back, and is answered' 3 \
    "s:2G1E 'r:0,1\n1\n~+2\n' s:0D 'r:1\n' s:1E 'r:1\n~+0\n' t:a w:b" \
    "w:a s:1E1D 'r:1\n0\n' s:0NV 'r:+0\n0.4\n' t:b"
expects 'nE: granted before it is left: 0, and the token is there' 2 \
    "s:2G 'r:0,1\n' t:a w:b s:0D 'r:1\n' t:c w:d" \
    "w:a s:1E 'r:1\n' t:b w:c s:0E0D 'r:~+0\n0\n1\n' s:0D 'r:0\n' t:d"
expects 'nE: who waits in the queue comes first' 1 \
    "s:G 'r:0\n' t:a w:b s:0D 'r:1\n' t:c" \
    "w:a s:1E 'r:1\n' t:d w:e s:0E 'r:1\n' t:f" \
    "w:d s:VG 'r:0.4\n' t:b 'r:0\n' t:e w:f"
expects 'nE: who holds fewest comes first, not who came first' 4 \
    "s:2G1E 'r:0,1\n1\n~+2\n' s:1E 'r:1\n~+3\n' s:0D1D 'r:1\n1\n' t:a \
    w:b s:2D 'r:1\n' w:d" \
    "w:a s:2GV 'r:0,1\n0.4\n' s:1E 'r:1\n' t:c 'r:~-1\n~-0\n' \
    s:0E 'r:1\n' t:e" "w:c s:1E 'r:1\n' t:b 'r:~+2\n' w:e t:d"
expects 'nE: of those that hold as much who came first' 1 \
    "s:G 'r:0\n' t:a w:c s:. e" "w:a s:1E 'r:1\n' t:b 'r:~+0\n'" \
    "w:b s:1E 'r:1\n' t:c 'r:~+0\n'"
expects 'nE: asked back for one in the queue, no more when that has left' 3 \
    "s:0E3G 'r:1\n0,1,2\n' t:a 'r:~-1\n~-0\n' s:V 'r:0.4\n' t:c \
    'r:~-1\n' s:1D 'r:1\n' s:V 'r:0.4\n'" \
    "w:a s:VG 'r:0.4\n' c" "w:c s:VG 'r:0.4\n1\n'"
expects 'nE: not asked back for who would have more then' 3 \
    "s:0E2G 'r:1\n0,1\n' t:a w:b s:VF 'r:0.4\n2\n'" \
    "w:a s:G1E 'r:2\n1\n' s:0E 'r:1\n' t:b"
told 'Z: told that another expects a token' "'r:!\n' s:VFZ 'r:0.4\n1\n1\n'" \
    "s:1E 'r:1\n' t:two 'r:~+0\n' s:. e"
told 'Z: not alone while another expects a token' \
    "'r:!\n' s:Z 'r:0\n' t:three w:four s:Z 'r:1\n'" \
    "s:1E 'r:1\n' t:two w:three s:0E 'r:1\n' t:four"

# --- our client, an old master: it knows none of our requests ---
cat >meet.sh <<'EOF'
# meet.sh BYTES OPTIONS STEPS THEN: a client that waits until an old master, who
# must know its pid, is there; the status of both
rm -f go
then=$4
sh -c "until test -e go; do :; done; exec ptbw $2" & client=$!
eval "set -- $1 listen s 'r:$client\\n' $3"
peer "$@" & master=$!
until test -S s; do :; done
: >go
wait $client; code=$?
eval ":$then"
wait $master || exit 1
rm s
exit $code
EOF
ours() {        # ours NAME CODE OUT ERR 'ptbw options' 'steps of the master' \
		#	['; what to do when the client has ended']
	t "$1" "$2" "$3" "$4" sh meet.sh "$b" "$5" "$6" "${7-}"
}
for b in '' -1; do
	ours "$b our client: take, run, give back" 0 'a b' '' \
	    "-t $s -R2 -A echo" "r:0IE2G 's:-No\\n-No\\n3,7\\n' r:3N7NB 's:+a\\n+b\\n-No\\n' r:F. 's:2\\n' c"
	ours "$b our client: more than there are" 73 '' \
	    "ptbw: $s: cannot allocate 9 tokens, the pool has 2" \
	    "-t $s -R9 -A echo" "r:0IE9G 's:-No\\n-No\\n-1\\n' r:SJRU 's:2,4\\n1\\n1\\n=iota\\0' e"
	ours "$b our client: -T0 takes what is free" 0 'a b' '' \
	    "-t $s -T0 -R2 -A echo" "r:S2I 's:5,10\\n-No\\n' r:0O1O2O3O4O 's:9\\n0\\n9\\n9\\n0\\n' r:2G 's:1,4\\n' r:1N4NB 's:+a\\n+b\\n-No\\n' r:F. 's:2\\n' c"
	ours "$b our client: -T0 does not ask for what is not there" 75 '' - \
	    "-t $s -T0 -R2 -A echo" "r:S2I 's:5,10\\n-No\\n' r:0O1O2O3O4O 's:9\\n0\\n9\\n9\\n9\\n' e"
	ours "$b our client: others were faster than -T0: it gives them back" 75 '' - \
	    "-t $s -T0 -R2 -A echo" "r:S2I 's:5,10\\n-No\\n' r:0O1O2O3O4O 's:9\\n0\\n9\\n9\\n0\\n' r:2G w:late 's:1,4\\n' r:F. 's:2\\n' c" "; : >late"
	rm -f late
	ours "$b our client: -T, and an old master that it waits for" 75 '' - \
	    "-t $s -T0.1 -R2 -A echo" "r:0IE2G 's:-No\\n-No\\n' w:late 's:1,4\\n' r:F. 's:2\\n' c" "; : >late"
	rm -f late
	ours "$b our report of an old master" 0 "~ptbw: master has 2 tokens, max length 1 (total space 4)
 Master tokens from error: broken
*
     0	0	a
     1	4711	b" '' \
	    "-t $s" "r:SJRU 's:2,4\\n1\\n1\\n-broken\\0' r:T 's:a\\0b\\0' r:0O1O 's:0\\n4711\\n' r:F. 's:0\\n' c"
	ours "$b a master of ours borrows from an old one" 0 '~*max length 1*file: x*' '' \
	    "-mt $s -J2 ptbw" "r:SJRU 's:3,6\\n1\\n1\\n+x\\0' r:C 's:0\\n' r:0IE2G 's:-No\\n-No\\n0,1\\n' r:0N1NB 's:+a\\n+b\\n-No\\n' r:F. 's:2\\n' c"
	ours "$b our client: what it waited for is offered, twice" 0 'a b' '' \
	    "-t $s -R2 -A echo" "r:0IE2G 's:\\n1\\n' 's:+\\n' r:2G 's:+\\n' r:2G 's:3,7\\n' r:3N7NB 's:+a\\n+b\\n0\\n' r:F. 's:2\\n' c"
	ours "$b our client: a master that knows I, and not E" 0 'a b' '' \
	    "-t $s -R2 -A echo" "r:0IE2G 's:\\n-No\\n3,7\\n' r:3N7NB 's:+a\\n+b\\n0\\n' r:F. 's:2\\n' c"
	ours "$b our client: the answer to what was offered has its time" 0 'a b' '' \
	    "-t $s -T0.2 -R2 -A echo" "r:0IE2G 's:\\n1\\n+\\n' r:2G 's:3,7\\n' r:3N7NB 's:+a\\n+b\\n0\\n' r:F. 's:2\\n' c"
	for nonsense in 'x\n' '+\n' '1,2,\n' '0,1,2\n' ',\n' '9999999999999999999,1\n' \
	    '-2\n' '1\n' '0 1\n'; do
		ours "$b nonsense of a master: $nonsense" 76 '' \
		    "ptbw: $s: the answer makes no sense" \
		    "-t $s -R2 true" "r:0IE2G 's:-No\\n-No\\n$nonsense' e"
	done
	ours "$b a master that hangs up" 69 '' "ptbw: $s: the master is gone" \
	    "-t $s -R2 true" "r:0IE2G c"
done
finish
