#!/bin/sh
# rows.t - what the xclate of 2010 did, row by row, and where ours differs
#
# The exit codes are those of the suite: 64 for usage, 126 and 127, 69 for a
# master that cannot be reached, the command's own for a client.
. "$(dirname "$0")/lib.sh"

row() {         # row NUMBER CODE OUT ERR SCRIPT
	rm -rf row && mkdir row
	t "row $1: $5" "$2" "$3" "$4" sh -c "cd row || exit
$5"
}

row 1 0 hi '' "xclate -m sh -c 'echo hi | xclate a'"
row 2 7 '' '' "xclate -m sh -c 'exit 7'"
row 3 0 '[a 0]
hi
--
[b 1]
ho
--' '' "xclate -m -T '[%x %s]' -H -- sh -c 'echo hi|xclate a; echo ho|xclate b'"
row 4 0 'a: hi
100%' '' "xclate -m -T '%x: %' -H '100%%' sh -c 'echo hi | xclate a'"
row 5 0 '<z>
hi' '' "XY=z xclate -m -T '<%{XY}>%0' sh -c 'echo hi | xclate a'"
row 6 0 'a
v
b' '' "xclate -m -T t sh -c 'echo a | xclate -T \"\" x; echo b | xclate -T u -T v y'"
row 7 0 nonlh '' "xclate -m -H h sh -c 'printf nonl | xclate a'"
row 8 0 '?
hi' '' "xclate -m -T %x sh -c 'echo hi | xclate \"\"'"
row 9 0 't
h
t
h' '' "xclate -m -T t -H h sh -c 'xclate f </dev/null; xclate -s g </dev/null; xclate c true </dev/null; xclate -s d true </dev/null'"
row 10 0 'tk
K' '' "xclate -m -T t%x sh -c 'xclate -sI i true; xclate -sE j true </dev/null; xclate -sI k echo K'"
row 11 0 'tb
B
h' '' "xclate -m -s -T 't%x' -H h sh -c 'xclate a true </dev/null; xclate b echo B </dev/null'"
row 12 0 t '' "xclate -m -q sh -c 'xclate a true </dev/null; xclate -T t b true </dev/null'"
row 13 0 'Hi
Ji
Ki' '' "xclate -m sh -c 'echo hi | xclate a tr h H; echo hi | xclate b -- tr h J; echo hi | xclate -- -- tr h K'"
row 14 0 'hi
ho' '' "xclate -m sh -c 'echo hi | xclate - ; echo ho | xclate -- x'"
row 15 0 'a
b
c' '' "xclate -m sh -c '(echo a; until test -e go; do :; done; sleep .2; echo b) | xclate x &
    until test -s o; do :; done; (echo c; : >go) | xclate y; wait' >o; cat o"
row 16 0 'c
a
b' '' "xclate -m sh -c '(echo a; : >begun; until test -e go; do :; done; echo b) | xclate x cat &
    until test -e begun; do :; done; echo c | xclate y; : >go; wait'"
row 17 0 'out
in' '' "xclate -m -W '>>w' sh -c 'echo in|xclate -w a; echo out|xclate b'; cat w"
row 18 0 o e "xclate -m sh -c 'xclate -E x sh -c \"echo o; echo e >&2\" </dev/null 2>/dev/null'"
row 19 0 1 '' "xclate -m sh -c 'cd /; xclate -D x pwd </dev/null' | grep -cx \"\$PWD\""
row 20 0 IN '' "echo IN | xclate -m -i - sh -c 'cat; xclate -I x cat'"
row 21 0 1 '' "printf '1\n2\n3\n' | xclate -m -i '<&-' sh -c 'xclate -I x head -n 1; :'"
row 22 0 '' Hi "echo hi | xclate -m -i '|tr h H' cat"
row 23 69 '' '~xclate: *' "xclate -m -i '<<x' cat"
row 24 65 '' '~xclate: *' "xclate -m -i '<&x' cat"
row 25 66 '' '~xclate: *' "xclate -m -i '<>/no/file' cat"
row 26 0 'b
AA' '' "printf 'AAAA\n' >o; xclate -m -O o sh -c 'echo b | xclate x'; cat o"
row 27 0 b '' "printf 'AAAA\n' >o; xclate -m -O '>o' sh -c 'echo b | xclate x'; cat o"
row 28 0 'AAAA
b' '' "printf 'AAAA\n' >o; xclate -m -O '>>o' sh -c 'echo b | xclate x'; cat o"
row 29 0 b closed "xclate -m -O '>&7' sh -c 'echo b | xclate x; (: >&7) 2>/dev/null || echo closed >&2' 7>o; cat o"
row 30 4 O:b '' "xclate -m -O '|sed s/^/O:/' sh -c 'echo b | xclate x; exit 4'"
row 31 65 '' '~xclate: *' "xclate -m -O '>&x' true"
row 32 66 '' '~xclate: *' "xclate -m -O '>>/no/dir' true"
row 33 0 'hi
W:w' '' "xclate -m -W '|sed s/^/W:/' sh -c 'echo w; echo hi | xclate a'"
row 34 0 'a
b
f@g@' '' "xclate -m -N '>n' sh -c 'echo a|xclate f; echo b|xclate g'; tr '\0' '@' <n"
row 35 0 '3,f@0,g@5,h@' '' "xclate -mr -N '>n' sh -c 'xclate f sh -c \"exit 3\" </dev/null; xclate g true </dev/null; xclate -s h sh -c \"exit 5\" </dev/null; :'; tr '\0' '@' <n"
row 36 0 'a
a@b
b@' '' "xclate -m -N '>&1' sh -c 'echo a | xclate a; echo b | xclate b' | tr '\0' '@'"
row 37 0 '' '' "xclate -mA -N '>n' sh -c 'echo \$xcl_1 >p'; tr '\0' '\n' <n | cmp - p"
row 38 66 '' '~xclate: *' "echo hi | env -u xcl_link xclate a"
row 39 65 '' '~xclate: *' "echo hi | xcl_link=abc xclate a"
row 40 65 '' '~xclate: *' "echo hi | xcl_link=1 xcl_1=/no/x xclate -2 a"
row 41 69 '' '~xclate: *' "echo hi | xcl_link=1 xcl_1=/no/x xclate a"
row 42 73 hi '' "xclate -m sh -c 'echo hi | xclate \$(printf \"%063d\" 0); echo hi | xclate \$(printf \"%064d\" 0) 2>/dev/null; exit \$?'"
row 43 127 '' '~xclate: *' "xclate -m nosuch"
row 44 126 '' '~xclate: *' "xclate -m /etc/passwd"
row 45 64 '' '~xclate: *' "xclate -m -m true"
row 46 64 '' '~xclate: *' "xclate -m -w true"
row 47 64 '' '~xclate: *' "xclate -="
row 48 0 'B x
1' 'XCLATE_2=-T C' "XCLATE='-T A' XCLATE_1='-T \"B %x\"' XCLATE_2='-T C' xclate -m sh -c 'echo 1|xclate x; env | grep ^XCLATE_ >&2'"
row 49 0 foo '' "XCLATE=\"-m sh -c 'echo foo|xclate b'\" xclate"
row 50 0 'a
b' '' "xclate -m sh -c 'xclate grp xclate -m sh -c \"echo a|xclate a; echo b|xclate b\" </dev/null'"
row 51 0 up in "xclate -m sh -c 'xclate -m sh -c \"echo in|xclate a; echo up|xclate -1 b\"'"
row 52 0 'a
gone' '' "xclate -mu ./s sh -c 'test -S s && echo a | xclate x'; test -e s || echo gone"
row 53 0 a unset "xclate -m -d sh -c 'echo a | xclate -u \$xcl_d x; echo \${xcl_link-unset} >&2'"
row 54 0 gone 700 "xclate -m sh -c 'd=\${xcl_1%/*}; stat -c %a \$d >&2; echo \$d >p'; test -e \$(cat p) || echo gone"
row 55 0 'a
q
m0
gone' '' "(sleep 1 | xclate -mu ./s :; echo m\$?) & until test -S s; do :; done; echo a|xclate -u ./s a; echo q|xclate -Qu ./s q; wait; test -e s || echo gone"
row 56 3 '' late "xclate -m sh -c '(sleep 1; echo late >&2) & exit 3'"
row 57 0 1 st=9 "(xclate -m sh -c 'seq 100000 | xclate a; exit 9'; echo st=\$? >&2) | head -n 1"
row 58 0 123 '' "xclate -m sh -c 'for i in 1 2 3; do head -c 1000000 /dev/zero | tr \"\\0\" \$i | xclate \$i & done; wait' | tr -s 123 | fold -w1 | sort | tr -d '\n'"

# --- where the one of 2010 did otherwise (on the left in the contract) ---
diff() {        # diff CODE OUT ERR SCRIPT
	row 'that differs' "$@"
}
diff 137 '' '' "xclate -m sh -c 'kill -9 \$\$'"
diff 0 '0,f@' '' "xclate -mr -N '>n' sh -c 'echo hi | xclate f' >/dev/null; tr '\0' @ <n"
diff 0 '' e "xclate -m -W '|cat' sh -c 'echo e >&2'"
diff 66 '' '~xclate: *' "xclate -m -O /no/dir/x true"
diff 0 a '' "xclate -m sh -c 'xclate -m -O - sh -c \"echo a|xclate a\"'"
diff 0 rule '' "xclate -m -H rule sh -c 'yes | head -c 100000 | xclate x true'"
diff 0 '' '' "xclate -mu ./s : & until test -S s; do :; done
	kill -9 \$!; wait 2>/dev/null; test -S s && xclate -mu s true"
diff 73 '' '~xclate: /nonexistent/*' "TMPDIR=/nonexistent xclate -m true"
diff 0 a '' "xclate -m sh -c 'echo a | xclate -L 0 x'"
if [ -c /dev/full ]; then
	diff 74 '' '~xclate: *' "xclate -m sh -c 'echo a|xclate x' >/dev/full"
else
	skip 'row that differs: a full disk' 'no /dev/full'
fi
diff 143 gone utility "xclate -m sh -c 'trap \"echo utility >&2; exit 143\" TERM; echo \${xcl_1%/*} >p; while :; do sleep .01; done' &
	until test -s p; do :; done; kill -TERM \$!; wait \$!; code=\$?
	test -e \$(cat p) || echo gone; exit \$code"
finish
