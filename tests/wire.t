#!/bin/sh
# wire.t - xclate's wire protocol 0.8, byte for byte: clients of 2010 and our
# master, our client and masters of 2010; each byte alone and all at once
. "$(dirname "$0")/lib.sh"

s=$T/w/s b='' cr=$(printf '\r')
export s b

# --- clients of 2010, our master ---
# raw: a connection; c0: one that is number 0; any: one of several
printf '#!/bin/sh\nexec peer $b connect "$s" "$@"\n' >raw
printf '#!/bin/sh\nexec ./raw "R:0.8\\\\0" "s:a\\\\0" "R:0\\\\n" "$@"\n' >c0
printf '#!/bin/sh\nx=$1; shift\nexec ./raw "r:0.8\\\\0" "s:$x\\\\0" l "$@"\n' >any
chmod +x raw c0 any

old() {         # old NAME STDOUT [option...] ./raw|./c0 step...
	name=$1 out=$2; shift 2
	case $* in
	*' e'|*' c') ;;
	*) set -- "$@" 's:cq \0' e ;;   # and not a byte more
	esac
	rm -f n
	t "$b $name" 0 "$out" '' xclate -m -u "$s" "$@"
}
records() {     # records NAME TEXT: what -N has got, @ for NUL
	got=$(tr '\0' @ <n)
	[ "$got" = "$2" ]
	result $? "$b $1: the record" "wanted $2, got $got"
}
xid() {         # xid NAME WANTED SENT...
	name=$1 wanted=$2; shift 2
	old "$name" '' -N '>n' ./raw 'R:0.8\0' "$@" 'R:0\n' 's:?d \0' 'R:d\0'
	records "$name" "$wanted@"
}
d63=$(printf '%063d' 7) d5000=$(printf '%05000d' 7)
z63=$(printf '%063d' 0)
long=$(printf '%030000d' 0)
many='' reply=''
while [ ${#many} -lt 3000 ]; do
	many="$many?d \\0?T \\0" reply="${reply}d\\0.\$"
done
reply=$(printf %s "$reply" | tr -d '$')

for b in '' -1; do
	old 'greeting' '' ./raw 'R:0.8\0' h e
	xid 'xid and NUL' abc 's:abc\0'
	xid 'xid and LF' abc 's:abc\n'
	xid 'xid and CR' abc "s:abc$cr"
	xid 'xid and CR LF' abc "s:abc$cr\\n"
	xid 'xid in pieces' abc s:a s:b 's:c\0'
	xid 'empty xid' '' 's:\0'
	xid 'xid of 63 bytes' "$d63" "s:$d63\\0"
	xid 'xid of 64 bytes' "$z63" "s:${z63}7\\0"
	xid 'xid of 5000 bytes' "$z63" "s:$d5000\\0"
	old 'sequence numbers: of those with an xid' '' sh -c '
		./raw "R:0.8\0" "s:a\0" "R:0\n" c && ./raw "R:0.8\0" s:a c &&
		./raw "R:0.8\0" c && ./raw "R:0.8\0" "s:\0" "R:1\n" c &&
		./raw "R:0.8\0" "s:b\0" "R:2\n" c'" && : c"

	old '?T: none' '' ./c0 's:?T \0' R:.
	old '?T' '' -T '[%x]' ./c0 's:?T \0' 'R:5:[%x]\0'
	old '?T: empty' '' -T '' ./c0 's:?T \0' 'R:1:\0'
	old '?T: long' '' -T "$long" ./c0 's:?T \0' "R:30001:$long\\0"
	old '?H: none' '' -T x ./c0 's:?H \0' R:.
	old '?H' '' -H 'end %s%' ./c0 's:?H \0' 'R:8:end %s%\0'
	old '?H: empty' '' -H '' ./c0 's:?H \0' 'R:1:\0'
	old '?L: none' '' ./c0 's:?L \0' R:.
	for l in 1:1024 1k:2048 1023:1024 1025:2048 2k:3072 64k:66560 0:1024; do
		old "?L: $l" '' -L "${l%:*}" ./c0 's:?L \0' "R:${l#*:}\\n"
	done
	old '?s and ?q: neither' '' ./c0 's:?s \0' 'R:-\0' 's:?q \0' 'R:-\0'
	old '?s and ?q: -s' '' -s ./c0 's:?s \0' 'R:s\0' 's:?q \0' 'R:q\0'
	old '?s and ?q: -q' '' -q ./c0 's:?s \0' 'R:-\0' 's:?q \0' 'R:q\0'
	old '?d: published' '' ./c0 's:?d \0' 'R:d\0'
	old '?d: detached' '' -d ./c0 's:?d \0' 'R:-\0'
	old '?: with a utility' '' ./c0 's:?: \0' 'R:-\0'
	old '?: when a finish was asked for' '' ./c0 's:Q! \0' 's:?: \0' 'R:Q\0'
	t "$b ?: without a utility, Q!" 0 '' '' sh -c '
		xclate -m -u $s : & p=$!
		until peer connect $s "r:0.8\0" c 2>/dev/null; do :; done
		./c0 "s:?: \0" "R::\0" "s:Q! \0" "s:?: \0" "R:Q\0" c && wait $p'
	t "$b ?: when the utility has ended" 0 '' '' sh -c '
		rm -f there over
		xclate -m -u $s sh -c "until test -e there; do :; done" & p=$!
		until peer connect $s "r:0.8\0" c 2>/dev/null; do :; done
		./any a "s:?: \0" "R:-\0" t:there w:over c & c=$!
		until test -e there; do :; done
		until ./any x "s:?: \0" "R:Q\0" c 2>/dev/null; do :; done
		: >over; wait $c && wait $p'
	old '-V' '' ./c0 's:-V \0' 'R:0.8\0'
	: >here
	old 'od' '' ./c0 's:od \0' 'f:.\n\0' a:here 's:od \0' 'f:.\n\0' a:here
	rm -f w
	old 'ow' '' -W '>w' ./c0 's:ow \0' 'f:widow\n\0' 'o:text\n' 's:?d \0' 'R:d\0'
	[ "$(cat w)" = text ]
	result $? "$b ow: what was written to it" "$(cat w)"
	old 'od and ow during a turn' X ./c0 's:o1 \0ex \0' 'f:out\0' o:X \
	    's:od \0' 'f:.\n\0' a:here 's:ow \0' 'f:widow\n\0'

	# turns
	old 'o1 alone' '' ./c0 's:o1 \0?d \0' 'R:d\0'
	for status in ex hd bx rf qm; do
		old "$status alone" '' ./c0 "s:$status \\0?d \\0" 'R:d\0'
		old "o1, $status" X ./c0 "s:o1 \\0" "s:$status \\0" 'f:out\0' o:X
		old "$status, o1" X ./c0 "s:$status \\0o1 \\0" 'f:out\0' o:X
		old "a turn, then $status" X ./c0 "s:o1 \\0hd \\0" 'f:out\0' \
		    "s:$status \\0?d \\0" 'R:d\0' o:X
	done
	old 'o0, o2 without o1: no answer' '' ./c0 's:o0 \0o2 \0ex \0?d \0' 'R:d\0'
	old 'o0, o1' '' ./c0 's:o0 \0o1 \0ex \0' 'f:out\0' 'f:in\n\0' 's:?d \0' 'R:d\0'
	old 'o2, o1' '' ./c0 's:o2 \0o1 \0ex \0' 'f:out\0' 'f:err\n\0' 's:?d \0' 'R:d\0'
	for order in 'o0 \0o2 \0o1 \0' 'o1 \0o0 \0o2 \0' 'o2 \0o1 \0o0 \0'; do
		t "$b $order: out, err, in" 0 O E sh -c '
			printf input | xclate -m -u $s ./c0 "s:$1ex \0" \
			"f:out\0" o:O "f:err\n\0" o:E "f:in\n\0" i:input \
			"s:cq \0" e' - "$order"
	done

	# statuses and ends
	for k in '003\0:3' '000\0:0' '007\0003\0:3' '007\0000\0:0' \
	    '076\0:76' '255 :255' '001x:1'; do
		old "code $k" '' -r -N '>n' ./c0 "s:${k%:*}" 's:?d \0' 'R:d\0'
		records "code $k" "${k#*:},a@"
	done
	old 'no code' '' -r -N '>n' ./c0 c
	records 'no code' '0,a@'
	old 'cq' '' -N '>n' ./c0 's:?d \0cq \0' 'R:d\0' e
	records cq a@
	for nonsense in 'exx\0' 'o1x\0' '?Tx\0' '00x\0' 'zzz\0' '-V\0\0' '\0\0\0\0'; do
		old "nonsense: $nonsense" '' ./c0 "S:$nonsense" e
	done
	old 'nonsense behind a question' '' ./c0 's:?d \0' 'R:d\0' 'S:?d \0oops?T \0' E 't:end' c
	old 'unknown letters' '' ./c0 's:zz \0?z \0o9 \0?d \0' 'R:d\0'
	old 'the fourth byte' '' -T x ./c0 's:?T x' 'R:2:x\0' 's:?d ?' 'R:d\0' \
	    's:-V x' 'R:0.8\0'
	old 'many questions in one write' '' -L 1 -s ./c0 \
	    's:?T \0?H \0?L \0?s \0?q \0?d \0?: \0-V \0' \
	    'r:..1024\ns\0q\0d\0-\00.8\0'
	old 'hundreds of questions in one write' '' ./c0 "s:$many" "r:$reply"
	for half in o o1 'o1 ' 'o1 \0e' '?d \0ex '; do
		t "$b half a request, then the end: $half" 0 x '' \
		    xclate -m -N '>n' -u "$s" sh -c '
			./c0 "s:$1" h E && ./c0 "s:$1" c 2>/dev/null
			./any b "s:$1" c; echo x | xclate -u $s x' - "$half"
		records "half a request: $half" a@a@b@x@
	done 2>/dev/null
	t "$b no xid, no record" 0 '' '' xclate -m -N '>n' -u "$s" sh -c '
		./raw "R:0.8\0" c; ./raw "R:0.8\0" s:abc c; ./raw s:abc h E
		xclate -u $s -vV >/dev/null'
	records 'no xid' ''

	# the traces
	old 'filter, as in 2010' '[a]
hi' -T '[%x]' -r -N '>n' ./c0 's:?T \0' 'R:5:[%x]\0' 's:?H \0' R:. 's:?L \0' R:. \
	    's:?s \0' 'R:-\0' 's:?q \0' 'R:-\0' 's:o1 \0' 's:hd \0' 's:rf \0' \
	    'f:out\0' 'o:[a]\n' 'o:hi\n' C 's:076\0' c
	records 'filter, as in 2010' 76,a@
	t "$b command, as in 2010" 0 'title
out
end' '' sh -c 'printf input | xclate -m -H end -r -N ">n" -u $s ./c0 \
	    "s:?T \0" R:. "s:?H \0" "R:4:end\0" "s:?L \0" R:. "s:?s \0" "R:-\0" \
	    "s:?q \0" "R:-\0" "s:o0 \0" "s:o1 \0" "s:ex \0" "f:out\0" \
	    "o:title\nout\nend\n" "f:in\n\0" i:input "s:003\0" c'
	records 'command, as in 2010' 3,a@
	old 'squeeze, as in 2010' x -r -N '>n' ./c0 's:o1 \0' 's:hd \0' 's:000\0' \
	    's:qm \0' 'f:out\0' o:x c
	records 'squeeze, as in 2010' 0,a@

	# what is ours
	old '-V +' '' ./c0 's:-V +' 'R:0.8+s\0'
	old '-V + of one who keeps records' '' -N '>n' ./c0 's:-V +' 'R:0.8+\0'
	t "$b kt: the turn is wanted back, then and at once" 0 'one
other
two
last' '' xclate -m -u "$s" sh -c '
		rm -f granted waits both
		./any a "s:kt \0o1 \0hd \0" "f:out\0" "o:one\n" t:granted \
		    "r:back\0" C "s:yt \0o1 \0bx \0?d \0" "r:d\0" t:waits \
		    "f:out\0" "r:back\0" "o:two\n" c & a=$!
		./any b w:granted "s:o1 \0qm \0" "f:out\0" "o:other\n" \
		    w:waits w:both c & d=$!
		./any c w:waits "s:o1 \0ex \0?d \0" "r:d\0" t:both \
		    "f:out\0" "o:last\n" c; wait $a $d'
	old 'yt without a turn' '' ./c0 's:yt \0?d \0' 'R:d\0'
	t "$b yt: the turn comes back, one record" 0 'one
other
two' '' xclate -m -N '>n' -u "$s" sh -c '
		rm -f granted waiting
		./any a "s:o1 \0hd \0" "f:out\0" "o:one\n" t:granted w:waiting \
		    "s:yt \0o1 \0hd \0" "f:out\0" "o:two\n" "s:cq \0" e & c=$!
		./any b w:granted "s:o1 \0bx \0?d \0" "r:d\0" t:waiting \
		    "f:out\0" "o:other\n" c; wait $c'
	records yt b@a@
done

# who is next: NAME ORDER xid:status,status... - places in order of their turn
b=''
cat >elect.sh <<'END'
rm -f held go q.*
./any hold 's:o1 \0hd \0' 'f:out\0' t:held w:go c &
until test -e held; do :; done
i=0
for x; do
	words=$(printf '%s \\0' $(echo "${x#*:}" | tr , ' '))
	./any "${x%%:*}" "s:o1 \\0$words?d \\0" 'r:d\0' t:q.$i 'f:out\0' "o: $i" c &
	until test -e q.$i; do :; done
	i=$((i + 1))
done
: >go
wait
END
elect() {
	name=$1 order=$2; shift 2
	t "next: $name" 0 " $order" '' xclate -m -u "$s" sh elect.sh "$@"
}
elect 'by status' '4 2 3 1 0' a:ex b:hd c:bx d:rf e:qm
elect 'statuses add up' '3 2 1 0' a:hd b:ex,hd c:bx d:bx,ex
elect 'bx and rf are the same' '1 0' b:bx a:rf
elect 'bx and rf do not add up' '0 1' a:bx b:bx,rf
elect 'all but qm is less than qm' '1 0' a:ex,hd,bx,rf b:qm
elect 'qm is alone' '0 1 2' a:qm b:ex,qm c:qm,hd
elect 'numbers' '3 2 0 1 4' 9:hd 10:hd 2:hd 1:hd 100:hd
elect 'numbers without end' '1 0' 100000000000000000000000:hd 99999999999999999999999:hd
elect 'numbers in names' '2 1 0' app10:hd app2:hd app1:hd
elect 'two numbers in names' '1 2 0' a2b1:hd a1b9:hd a1b10:hd
elect 'text' '2 1 0' c:hd b:hd a:hd
elect 'text behind numbers' '1 0' 10b:hd 10a:hd
elect 'status before name' '1 0' 1:hd 2:bx
elect 'arrival' '0 1 2' x:hd x:hd x:hd

rm -f n
t 'a record before the next turn' 0 '' '' xclate -m -r -N '>n' -u "$s" sh -c '
	rm -f held waits
	./any a "s:o1 \0hd \0" "f:out\0" t:held w:waits "s:003\0" c &
	./any b w:held "s:o1 \0hd \0?d \0" "r:d\0" t:waits "f:out\0" "F:n=3,a\0" c
	r=$?; wait; exit $r'

# --- those who do not behave ---
silent() {      # silent NAME REDIRECTION
	rm -f silent dropped
	from=$(date +%s)
	t "one who says nothing is dropped$1" 0 '' '' xclate -m -u "$s" sh -c "
		./raw 'r:0.8\\0' t:silent E t:dropped $2 &
		until test -e silent; do :; done"
	wait_until test -e dropped
	result $? "it sees the end$1"
	for_=$(($(date +%s) - from))
	[ $for_ -le 15 ] && [ $for_ -ge 1 ]
	result $? "that is about a second after the utility's$1" "after $for_ s"
}
silent '' '>/dev/null 2>&1'
silent ', also with the widow pipe open' ''
rm -f silent ended
t 'within that second an xid still counts' 0 late '' xclate -m -u "$s" sh -c '
	./raw "r:0.8\0" t:silent w:ended "s:a\0" l "s:o1 \0hd \0" "f:out\0" \
	    o:late c >/dev/null & until test -e silent; do :; done; : >ended'
rm -f flooded ended
t '100000 questions, and nobody reads' 0 hi '' sh -c '
	t=$(printf "%060000d" 0)
	xclate -m -u $s -T "$t" sh -c "
		./c0 n:40 \"s:?T \\0\" t:flooded n:99960 \"S:?T \\0\" E t:ended &
		until test -e flooded; do :; done
		echo hi | xclate -u $s -T \"\" b && test ! -e ended || exit 9
		wait; test -e ended"'

# fifty and fifty
cat >crowd.sh <<'END'
i=0
while [ $i -lt 50 ]; do
	./any old$i 's:?T \0' r:. 's:?H \0' r:. 's:?L \0' r:. 's:?s \0' 'r:-\0' \
	    's:?q \0' 'r:-\0' 's:o1 \0' 's:hd \0' 'f:out\0' n:20 "o:old$i\\n" \
	    's:rf \0' C 's:076\0' c &
	(j=0; while [ $j -lt 20 ]; do echo our$i; j=$((j + 1)); done) |
	    xclate -u $s our$i &
	i=$((i + 1))
done
wait
END
rm -f n
t 'fifty old clients and fifty of ours: all sections whole' 0 100 '' sh -c '
	xclate -m -N ">n" -u $s sh crowd.sh >out || exit
	uniq -c out | sort -u -k2 | grep -c "^ *20 "'
[ "$(wc -l <out)" -eq 2000 ] && [ "$(tr '\0' '\n' <n | sort -u | wc -l)" -eq 100 ]
result $? 'the crowd: all lines, a record for each' "$(tr '\0' '\n' <n)"

seed=${FUZZ_SEED:-$(date +%s)}
for m in '' '-s -q' '-k' '--newline' '--tag -r'; do
	t "nonsense to a master $m, seed $seed" 0 '~*served' '~' sh -c "
	xclate -m $m -N '>/dev/null' -W '>/dev/null' -u $s sh -c '
	peer xfuzz $s 1000 $seed && echo served | xclate -u $s x' 2>err ||
	    { cat err >&2; exit 1; }"
	seed=$((seed + 1))
done

# --- our client, masters of 2010 ---
cat >meet.sh <<'END'
# meet.sh CLIENT STEP...: stdout is what the client and the master's side wrote
rm -f go s widow
client=$1; shift
peer $b master s t:go "$@" >mout 2>merr & master=$!
until test -e go; do :; done
sh -c "$client" 2>cerr; code=$?
wait $master || { echo 'the master was not content:'; cat merr; exit 99; }
cat cerr >&2
cat merr >&2
cat mout
exit $code
END
ours() {        # ours NAME CODE OUT ERR CLIENT step...
	name=$1 code=$2 out=$3 err=$4; shift 4
	t "$b our client: $name" "$code" "$out" "$err" sh meet.sh "$@"
}
ruined() {      # ruined NAME CLIENT step...: 76, and one line that says so
	what=$1; shift
	ours "$what" 76 '' '~xclate: *' "$@"
	[ "$(wc -l <"$T/err")" -eq 1 ]
	result $? "$b our client: $what: one line" "$(cat "$T/err")"
}
filter='echo hi | xclate -u s a'
echo input >in
for b in '' -1; do
	ours 'filter' 0 '[a]
hi' '' "$filter" A j:a 's:0\n' 'vT5:[%x]\0' 'v:T5:[%x]\0' q:hd \
	    'k:[?]T [?]H [?]L [?]s [?]q o1 hd ' 'g:out\0' q:
	ours 'filter, the turn late: no code' 0 '0
hi
end' '' 'echo hi | xclate -T %s -u s a' A j:a 's:0\n' 'v:H4:end\0' q:rf \
	    'k:[?]H [?]L [?]s [?]q o1 hd rf ' 'g:out\0' q: k:
	ours 'the sequence number' 0 '123 a
hi' '' 'echo hi | xclate -T "%s %x" -H "" -u s a' A j:a 's:123\n' q:hd 'g:out\0' q:
	ours 'three round trips: hello, questions and turn, code' 3 't
out
h' '' 'xclate -u s -I a sh -c "echo out; exit 3"' A 's:0.8\0' 'r:a\0' 's:0\n' \
	    'r:?T \0?H \0?L \0?s \0?q \0o0 \0o1 \0ex \0' \
	    's:2:t\02:h\0.-\0-\0' 'g:out\0' 'g:in\n\0' 'r:003\0' e
	ours 'a filter needs no more' 0 hi '' "$filter" A 's:0.8\0' 'r:a\0' \
	    's:0\n' 'r:?T \0?H \0?L \0?s \0?q \0o1 \0hd \0' 's:...-\0-\0' \
	    'g:out\0' E
	ours '-I' 0 input '' 'xclate -u s -I a cat' A j:a 's:0\n' q:ex \
	    'k:*o0 o1 ex ' 'g:out\0' 'g:in\n\0' q: k:
	ours '-E' 3 out err 'xclate -u s -cE a sh -c "echo out; echo err >&2; exit 3"' \
	    A j:a 's:0\n' q:ex 'k:*o2 *o1 *ex ' 'g:out\0' 'g:err\n\0' q: 'k:003 '
	ours '-I -E' 0 input err 'xclate -u s -IE a sh -c "cat; echo err >&2"' \
	    A j:a 's:0\n' q:ex 'k:*o0 *o2 *o1 *ex ' \
	    'g:out\0' 'g:err\n\0' 'g:in\n\0' q:
	rm -rf elsewhere; mkdir elsewhere
	ours '-D: od before any status' 0 "$T/w" '' \
	    'cd elsewhere; xclate -u ../s -cD a pwd' \
	    A j:a 's:0\n' q:ex 'k:*od *ex ' 'g:out\0' q:
	ours '-D: the directory is /' 0 / '' 'xclate -u s -cD a pwd' A 's:0.8\0' \
	    'r:a\0' 's:0\n' 'r:?T \0?H \0?L \0?s \0?q \0od \0' 's:...-\0-\0' \
	    'g:/\n\0' 'r:o1 \0ex \0' 'g:out\0' e
	ours '-w: no turn' 0 '' '' 'echo hi | xclate -u s -w a' A j:a 's:0\n' \
	    q: 'k:[?]T [?]H [?]L [?]s [?]q ow '
	[ "$(cat widow)" = hi ]
	result $? "$b our client: -w: the widow output" "$(cat widow)"
	ours '-Q: after the turn is granted' 0 hi '' 'echo hi | xclate -u s -Q a' \
	    A j:a 's:0\n' q:hd 'k:*o1 hd ' 'g:out\0' 'q:Q!' q:
	ours 'the command: ex at the end of its input' 0 hi '' \
	    'echo hi | xclate -u s a cat' A j:a 's:0\n' q:ex 'k:*o1 ex ' 'g:out\0' q: k:
	ours 'the command: bx at the cap' 0 100001 '' \
	    'printf "%0100000d\n" 0 | xclate -u s -b -L 1k a wc -c' A j:a 's:0\n' q:bx \
	    'k:*o1 bx ' 'g:out\0' q: k:
	ours 'squeeze: hd, the code, qm' 0 'hi
end' '' 'xclate -u s -s a echo hi </dev/null' A j:a 's:0\n' 'v:H4:end\0' q:qm \
	    'k:*o1 hd 000 qm ' 'g:out\0' q:
	ours 'squeeze: the code is told, 000 too' 0 hi '' \
	    'xclate -u s -s a echo hi </dev/null' A j:a 's:0\n' q:hd 'g:out\0' q:000 q:
	ours 'squeeze: no output, a code' 3 '' '' 'xclate -u s -s a sh -c "exit 3" </dev/null' \
	    A j:a 's:0\n' 'v:T2:t\0' q: 'k:*[?]q 003 '
	ours 'squeeze: no output, no code' 0 '' '' 'xclate -u s -s a true </dev/null' \
	    A j:a 's:0\n' 'v:T2:t\0' q: 'k:*[?]q '
	ours 'the master squeezes' 0 '' '' 'xclate -u s a true </dev/null' \
	    A j:a 's:0\n' 'v:T2:t\0' 'v:ss\0' 'v:qq\0' q: 'k:*[?]q '
	ours 'the master is quick: never qm' 0 hi '' \
	    'xclate -u s a echo hi </dev/null' A j:a 's:0\n' 'v:qq\0' q:rf \
	    'k:*o1 hd *000 rf ' 'g:out\0' q:
	ours 'the cap of the master' 0 3001 '' 'printf "%03000d\n" 0 | xclate -u s -b a wc -c' \
	    A j:a 's:0\n' 'v:L2048\n' q:bx 'g:out\0' q:
	ours 'another version' 0 hi '' "$filter" A 's:0.9\0' 'r:a\0' 's:0\n' q:hd 'g:out\0' q:
	ours 'empty xid' 0 '?
hi' '' 'echo hi | xclate -T %x -u s ""' A 's:0.8\0' 'r:\0' 's:0\n' q:hd 'g:out\0' q:
	ours 'a master as a client: -O -' 0 hi '' \
	    'xcl_link=1 xcl_1=$PWD/s xclate -m -O - sh -c "echo hi | xclate b"' \
	    A j: 's:0\n' q:ex 'k:*o1 ex ' 'g:out\0' q:
	ours 'below a socket: +' 0 hi '' 'echo hi | xclate -u s/cookie a' A \
	    'r:cookie\0' s:+ j:a 's:0\n' q:hd 'g:out\0' q:
	ours 'below a socket: a descriptor' 0 hi '' 'echo hi | xclate -u s/cookie a' A \
	    'r:cookie\0' s:@ d:cookie j:a 's:0\n' q:hd 'g:out\0' q:
	ours 'below a socket: not found' 69 '' '~xclate: *' \
	    'echo hi | xclate -u s/cookie a' A 'r:cookie\0' s:- e

	# lines
	rm -f fifo third; mkfifo fifo
	ours '-l: a connection for each batch' 0 'one
two' '' 'xclate -u s -l a <fifo & exec 3>fifo; echo one >&3
	    until test "$(cat mout)" = one; do :; done; echo two >&3
	    until test -e third; do :; done; exec 3>&-; wait $!' \
	    A j:a 's:0\n' q:hd 'g:out\0' q: A j:a 's:1\n' q:hd 'g:out\0' q: \
	    A j:a 's:2\n' q:-V t:third q:

	# masters that fail
	for client in "$filter" 'xclate -u s -I a echo hi' 'xclate -u s -s a echo hi </dev/null' \
	    'echo hi | xclate -u s -w a' 'echo hi | xclate -u s -l a'; do
		ruined "gone at once: $client" "$client" A c
		ruined "gone in the greeting: $client" "$client" A s:0. c
		ruined "gone after the greeting: $client" "$client" A 's:0.8\0' c
		ruined "gone after the xid: $client" "$client" A j:a c
		ruined "gone in the sequence number: $client" "$client" A j:a s:1 c
		ruined "gone after it: $client" "$client" A j:a 's:1\n' c
		ruined "gone at a question: $client" "$client" A j:a 's:1\n' 'q:?L' c
	done
	for client in "$filter" 'xclate -u s -I a echo hi' 'xclate -u s -s a echo hi </dev/null' \
	    'echo hi | xclate -u s -l a'; do
		ruined "gone before the turn: $client" "$client" A j:a 's:1\n' q:o1 c
	done
	ruined 'gone between out and in' 'xclate -u s -I a echo hi' A j:a 's:0\n' q:ex 'g:out\0' c
	ruined 'gone before the widow output' 'echo hi | xclate -u s -w a' \
	    A 's:0.8\0' 'r:a\0' 's:0\n' 'r:?T \0?H \0?L \0?s \0?q \0ow \0' c
	ours 'gone during the turn: the section is whole' 76 'hi
ho' '~xclate: *' '(echo hi; until test -e gone; do :; done; echo ho; rm gone) | xclate -u s a' \
	    A j:a 's:0\n' q:hd 'g:out\0' c t:gone
	for n in 'x\n' '-1\n' '\n' '1 2\n' '1x\n' 1111111111111111111111111111; do
		ruined "sequence number $n" "$filter" A 's:0.8\0' 'r:a\0' "S:$n" E
	done
	ruined 'a greeting without end' "$filter" A "S:$d63" E
	for x in 'x' 5:abcdef '0:' ':a\0' 'T4:ab\0c' '3:a\0b' '-1:a\0' ' 2:a\0' \
	    99999999999:a; do
		ruined "title $x" "$filter" A j:a 's:0\n' "v:T$x" q:
		ruined "rule $x" "$filter" A j:a 's:0\n' "v:H$x" q:
	done
	for x in 'x\n' '-5\n' '5x\n' '5\0' 1111111111111111111111111111; do
		ruined "cap $x" "$filter" A j:a 's:0\n' "v:L$x" q:
	done
	ruined '?s without end' "$filter" A j:a 's:0\n' "v:s$d5000" q:
	ruined '?s of 63 bytes' "$filter" A j:a 's:0\n' "v:s$d63\\0" q:
	ruined '?q without end' "$filter" A j:a 's:0\n' "v:q$d63" q:
	ruined '?q of 63 bytes' "$filter" A j:a 's:0\n' "v:q$d63\\0" q:
	for x in 'quick\n\0' 'bogus\0' '\0' 'O\0' "$d63" 'in\n\0' 'err\n\0'; do
		ruined "tag $x" "$filter" A j:a 's:0\n' q:hd "g:$x" E
	done
	ruined 'a tag without a descriptor' "$filter" A j:a 's:0\n' q:hd 'S:out\0' E
	ruined 'a message that is none' "$filter" A j:a 's:0\n' q:hd 'S:hello\n\0' E
	ruined 'no descriptor of -w' 'echo hi | xclate -u s -w a' A 's:0.8\0' 'r:a\0' \
	    's:0\n' 'r:?T \0?H \0?L \0?s \0?q \0ow \0' 'S:...-\0-\0widow\n\0' E
done
b=''
rm -f n fifo; mkfifo fifo
t 'our -l and our master: turns between, one record' 0 'one
other
two' '' sh -c 'xclate -m -O ">o" -N ">n" -u $s sh -c "$1"; cat o' - '
	xclate -u $s -l a <fifo & exec 3>fifo; echo one >&3
	until test -s o; do :; done
	./any b "s:o1 \0hd \0" "f:out\0" "o:other\n" c
	echo two >&3; exec 3>&-; wait $!'
records '-l and our master' b@a@
rm -f s go fifo
finish
