#!/bin/sh
# xpipe.t - records on standard input, in blocks for the tasks: every byte goes
# to one task, in order with -k, and no record is cut
. "$(dirname "$0")/lib.sh"
. "$here/tasks.sh"

seq 20000 >"$T/nums"
{ cat "$T/nums"; printf 'no end'; } >"$T/torn"
nums=$T/nums torn=$T/torn
export nums torn
cat >"$T/bin/lengths" <<'END'
#!/bin/sh
# lengths: of the block, and what its last line is
tee b | wc -c | tr -d ' \n'
echo " $(tail -n 1 b)"
END
chmod +x "$T/bin/lengths"

# --- every byte, once ---
for f in nums torn; do
	for b in 997 4096 65536 65537 100k 1m; do
		n "$f, blocks of $b: a file" same \
		    "xapply --pipe -kP3 --block $b cat <\$$f | cmp - \$$f && echo same"
		n "$f, blocks of $b: a pipe" same \
		    "cat \$$f | xapply --pipe -kP3 --block $b cat | cmp - \$$f && echo same"
		n "$f, blocks of $b: parts of a file" same \
		    "xapply --pipe-part \$$f -kP3 --block $b cat | cmp - \$$f && echo same"
	done
done
n 'without -k: all of it' same 'cat $nums | xapply --pipe -P4 --block 1k cat | sort -n | cmp - $nums && echo same'
n 'a slow writer' '[a]
[bc]' '(printf a; sleep 0.1; printf "\nb"; sleep 0.1; printf c) | xapply --pipe --block 2 "sed s/.*/[\&]/" | sed "s/]\[/]\n[/"'
for in in 'xapply --pipe --block 6 lengths <i' 'cat i | xapply --pipe --block 6 lengths' \
    'xapply --pipe-part i --block 6 lengths'; do
	n "as many records as fit: $in" '5 22
6 55555
6 7
2 8' "printf '%s\n' 1 22 55555 666 7 8 >i; $in"
done
# (a shell may read no further than its line)
n 'a file is taken from where it is read, to its end' '2
3
4
end' 'printf "%s\n" 1 2 3 4 >i; { read -r a; xapply --pipe --block 2 cat; cat; echo end; } <i'
x 'a file of /proc, which says that it is empty' 0 same '' 'xapply --pipe cat </proc/version | cmp - /proc/version && echo same'
n 'more than a pipe holds' same 'i=0; while [ $i -lt 60 ]; do cat $nums; i=$((i + 1)); done >i
    xapply --pipe -kP2 --block 5m cat <i | cmp - i && cat i | xapply --pipe -kP2 --block 5m cat | cmp - i && echo same'
n 'blocks are a MiB' '1048576 1048576 902848' 'head -c 3000000 /dev/zero | tr "\0" "\n" >i
    a=$(xapply --pipe "wc -c" <i); test "$a" = "$(cat i | xapply --pipe "wc -c")" && echo $a'
n 'of a long file a 64th, with any -P' '64 64 64 64' 'for n in 64 950; do
	: | dd of=i bs=1048576 seek=$n 2>/dev/null
	for p in 1 500; do xapply -n -P$p --pipe-part i -z : | wc -l; done
    done | xargs echo'
n 'of a long stream more, behind 32 of them' '33 of 1048576, then more' 'head -c 80000000 /dev/zero | tr "\0" "\n" |
    xapply --pipe -k "wc -c" | awk "\$1 == 1048576 && NR == n + 1 { n++ } \$1 > most { most = \$1 }
    END { print n \" of 1048576,\" (most > 1500000 ? \" then more\" : \"\") }"'
n 'but not with many tasks, for which memory is needed' '1048576' 'head -c 80000000 /dev/zero | tr "\0" "\n" |
    xapply --pipe -k -P500 "wc -c" | sort -n | tail -n 1 | tr -d " "'
n '-z: records end in NUL' 'a.b@c.d@ e@' 'printf "a\nb\0c\nd\0e\0" | xapply --pipe -z --block 8 "tr \"\\n\\0\" .@; echo" | xargs echo'
n '--recend: a text' 'a--b-- c-d--- e' 'printf "a--b--c-d---e" | xapply --pipe --recend=-- --block 6 "cat; echo" | xargs echo'
n '--recend: with escapes' '2 2 1' 'printf "a\nb\n\nc\nd\n\ne\n\n" | xapply --pipe --recend "\n\n" --block 7 "grep -c .;%0" | xargs echo'
n '--recend: across what is looked at first' same 'i=0; while [ $i -lt 3000 ]; do printf "some text $i<end>"; i=$((i + 1)); done >i
    for b in 30 4096 4099 4101 4104; do
	xapply --pipe --recend "<end>" -k --block $b "sed \"s/<end>\$/&!/\"" <i | tr -d "\n" | sed "s/<end>!/<end>/g" | cmp - i
    done && echo same'

# --- tasks ---
n 'the number of the block' '0 1 2' 'seq 3 | xapply --pipe --block 2 "cat >b%u"; ls b? | tr -dc "0-9\n" | xargs echo'
n 'a variable' 'n2' 'seq 3 | xapply --pipe --block 2 -e V=n%u "echo \$V; cat >/dev/null" | tail -n 1'
n 'sections are named by numbers' '0	1
1	2' 'seq 2 | xapply --pipe --block 2 -k --tag cat'
n 'a task that does not read' '7' 'cat $nums | xapply --pipe --block 16k "echo" | wc -l | tr -d " "'
n 'a task that reads a line' '1 end' '{ cat $nums | xapply --pipe -k --block 50k "head -n 1 >/dev/null; echo %u" | sed -n 2p; echo end; } | xargs echo'
n 'tokens' '2' 'seq 4 | xapply --pipe -P2 -J2 --block 2 "echo %t1; cat >/dev/null" | sort -u | wc -l | tr -d " "'
n 'nothing else is open in a task' same 'seq 9 | xapply --pipe -P3 --block 2 "ls /dev/fd >l%u;"; ls /dev/fd </dev/null >l
    cmp l0 l && cmp l8 l && echo same'
n '--retries: the whole block once more' '1 2 1 2 3 4 3 4' 'seq 4 | xapply --no-fail --retries 2 --pipe --block 4 "cat >>o; exit 1"; xargs echo <o'
n '--retries: of a file' '1 2 1 2 3 4 3 4' 'seq 4 >i; xapply --no-fail --retries 2 --pipe --block 4 "cat >>o; exit 1" <i; xargs echo <o'
n '--retries that wait hold up the input, and nothing is lost' same 'cat $nums | xapply --retries 2 --retry-delay 0.2 --pipe -P2 --block 2k \
    "test -e t%u && cat >o%u || { : >t%u; false; }"; i=0; while test -e o$i; do cat o$i; i=$((i + 1)); done | cmp - $nums && echo same'
x '--halt' 3 '2' - 'seq 9 | xapply --pipe --block 2 --halt soon "echo >>p; test %u -lt 1 || exit 3"
    c=$?; wc -l <p | tr -d " "; exit $c'
n '--resume-by-args: a block is where it is, and how long' '3 4' 'seq 2 | xapply --joblog j --pipe --block 2 cat >/dev/null
    seq 4 | xapply --joblog j --resume-by-args --pipe --block 2 cat | xargs echo'
n '--resume: blocks of another size are others' '1 2 3 4' 'seq 4 | xapply --joblog j --pipe --block 2 cat >/dev/null
    seq 4 | xapply --joblog j --resume --pipe --block 4 cat | xargs echo'
n '--resume: what is in the log is left out' '1 3' 'seq 3 | xapply --no-fail --joblog j --pipe --block 2 "read x; exit \$((x %% 2))"
    seq 3 | xapply --joblog j --resume-failed --pipe --block 2 cat | xargs echo'
n '-n' 'echo 0
echo 1' 'seq 2 | xapply -n --pipe --block 2 "echo %u"'
n 'the reader leaves' '1 141' '{ seq 1000 | { xapply --pipe --block 8 -k cat; echo $? >c; } | head -n 1; } | tr "\n" " "; until test -s c; do sleep 0.01; done; cat c'
n 'nothing comes in: nothing runs' '' 'xapply --pipe "echo ran" </dev/null'
n 'nothing comes in: -N' 'none 0' 'xapply --pipe -N "echo none; wc -c" "echo ran" </dev/null | xargs echo'
x 'TERM, while nothing comes in' 143 '' - 'mkfifo f; exec 3<>f; { await up; kill $(cat pid); } &
    printf "a\nb\n" >&3; as xapply --pipe --block 2 ": >up; cat" <f >/dev/null 3>&-'
x 'TERM, while a task does not read' 143 '' - 'cat $nums $nums $nums $nums $nums $nums $nums $nums $nums $nums $nums >i; { await up; kill $(cat pid); } &
    cat i | as xapply --pipe ": >up; exec sleep 60"'

# --- what cannot be ---
for in in '--pipe' '--pipe-part i'; do
	x "a record longer than a block of a file: nothing starts, $in" 65 '' '~xapply: *the record at byte 3 is longer than a block of 4 bytes (--block)' \
	    "printf 'a\nlong line\nb\n' >i; xapply $in --block 4 'cat >more' <i; c=\$?; test ! -e more && exit \$c"
done
x 'a record longer than a block: of a pipe, what is before it has run' 65 'a' \
    '~xapply: standard input: the record at byte 3 is longer than a block of 4 bytes (--block)' 'printf "a\nlong line\nb\n" | xapply --pipe --block 4 cat'
x 'one that has no end, either' 65 '' '~xapply: *byte 1 is longer than a block of 4 bytes*' 'printf 12345 | xapply --pipe --block 4 cat'
n 'one that is as long as a block' 1234 'printf 1234 | xapply --pipe --block 4 cat'
x 'no such file' 66 '' '~xapply: nosuch: *' 'xapply --pipe-part nosuch "touch more"; c=$?; test ! -e more && exit $c'
x 'a directory' 66 '' '~xapply: .: *' 'xapply --pipe-part . cat'
x 'a pipe has no parts' 65 '' '~xapply: f: not a file that has parts*' 'mkfifo f; xapply --pipe-part f cat'
x 'a file that becomes shorter' 66 '' '~xapply: i: it has become shorter' 'cat $nums $nums $nums $nums $nums $nums $nums $nums $nums $nums $nums $nums >i
    xapply --pipe-part i --block 10m ":>i; exec cat >/dev/null;"'
for o in "--pipe -f|-f" "--pipe -2|-count" "--pipe -i f|-i" "--block 1m|--block" "--recend x|--recend" "--pipe --block 0|0" "--pipe --block x|x" \
    "--pipe --block 2g|2g" "--pipe --recend ''|--recend"; do
	x "usage: ${o%|*}" 64 '' "~xapply: *${o#*|}*" "xapply ${o%|*} 'touch more' </dev/null; c=\$?; test ! -e more && exit \$c"
done
x 'usage: parameters' 64 '' "~xapply: --pipe: 'a': there are no parameters*" 'xapply --pipe cat a </dev/null'
x '%1' 65 '' "~xapply: 'echo %1': position *" 'xapply --pipe "echo %1" </dev/null'
finish
