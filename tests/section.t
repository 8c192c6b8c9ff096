#!/bin/sh
# section.t - turns, records and streams by themselves, see section.c
. "$(dirname "$0")/lib.sh"
unset XCLATE
# whatever we were started with: none of these is open
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-

check 'turns and records' section
grep '^not ok' "$T/out" | sed 's/^/# /'

# --- outputs ---

old() {
	printf 'AAAA\n' >o
}

old
t '>file' 0 'b' '' sh -c 'umask 027; echo b | section output ">o"; c=$?
    cat o; exit $c'
old
t '>>file' 0 "AAAA${nl}b" '' sh -c 'echo b | section output ">>o"; cat o'
old
t 'file' 0 "b${nl}AA" '' sh -c 'echo b | section output o; cat o'
for spec in '>' '>>' ''; do
	rm -f new
	t "${spec}new: made, with the umask's mode" 0 '-rw-r-----b' '' sh -c '
	    umask 027; echo b | section output "$1new"; ls -l new |
	    cut -c 1-10 | tr -d "\n"; cat new' sh "$spec"
done
t 'no blank is skipped' 0 'b' '' sh -c 'echo b | section output "> x"; cat " x"'
t '>&N' 0 'b' '' sh -c 'echo b | section output ">&7" 7>o; cat o'
t '>&1' 0 'b' '' sh -c 'echo b | section output ">&1"'
t '>&2' 0 '' 'b' sh -c 'echo b | section output ">&2"'
t '>&007' 0 'b' '' sh -c 'echo b | section output ">&007" 7>o; cat o'
t '>&-' 0 '' '' sh -c 'echo b | section output ">&-"'
t '|cmd' 0 'O:b' '' sh -c 'echo b | section output "|sed s/^/O:/"'
t '|cmd that fails' 0 '' '' sh -c 'section output "|exit 7"'
t '|cmd that dies' 0 '' '' sh -c 'section output "|kill -9 \$\$"'
t '|' 0 '' '' section output '|'
t '|cmd waits' 0 'late' '' section output '|sleep .2; echo late'
t '|-cmd' 0 '' '~*-no_such_command*' section output '|-no_such_command'
old
t 'a file and no descriptor' 0 'b' '' sh -c 'echo b | section output "&7"
    cat "./&7"'

for spec in '' '>&' '>&x' '>&1x' '>&x1' '>& 1' '>&+1' '>&-1' '>&--' '>&1 ' \
    '>&0x1' '>&2147483648' '>&4294967297' '>&18446744073709551617' \
    '>&99999999999999999999999999'; do
	t "refused: '$spec'" 65 '' '~*:*' section output "$spec"
done
t 'not open' 71 '' '~>&9:*not open*' section output '>&9'
t 'far from open' 71 '' '~*not open*' section output '>&2147483647'
t 'none of our own is meant' 71 '' '~*>&*: *not open*' sh -c '
    for fd in 3 4 5 6; do section output ">&$fd"; [ $? -eq 71 ] || exit 1; done
    exit 71'
t 'none that another spec has opened' 71 '' '~>&9:*' sh -c '
    section outputs ">>o1" ">>o2" ">>o3" ">>o4" ">>o5" ">>o6" ">&9"'
t 'one descriptor for two specs' 0 "0${nl}1" '' sh -c '
    section outputs ">&7" ">&7" 7>o; cat o'
for spec in '/no/dir' '>/no/dir' '>>/no/dir' '>' '>>' '.' '>.' '/dev/null/x'; do
	t "no file: '$spec'" 66 '' '~*: *' section output "$spec"
done
if [ "$(id -u)" -ne 0 ]; then
	: >mine && chmod 400 mine
	t 'a file that is not ours to write' 66 '' '~mine: *' section output mine
else
	skip 'a file that is not ours to write' 'root may'
fi
t 'a FIFO' 0 'b' '' sh -c 'mkfifo f; cat f & echo b | section output f; wait'

# --- sockets ---

listen() {      # listen STEP...: a server at s
	rm -f s
	peer listen s "$@" 2>"$T/peer" &
	server=$!
	wait_until test -S s
}

served() {
	wait "$server"
	result $? "$1: what the server saw" "$(cat "$T/peer")"
}

for spec in s ./s '>s'; do
	listen 'r:b\n' e
	t "a socket: $spec" 0 '' '' sh -c 'echo b | section output "$1"' sh "$spec"
	served "$spec"
done
listen 's:hello\n' c
t '>> is for files alone' 66 '' '~>>s: *' section output '>>s'
t 'a socket to read from' 0 hello '' section input s
served 'to read from'
for spec in '<s' '<>s'; do
	listen 's:hello\n' c
	t "a socket: $spec" 0 hello '' section input "$spec"
	served "$spec"
done
listen 's:ask\n' 'r:answer\n' e
t 'a socket is for both directions' 0 ask '' section utility input s sh -c '
    head -n 1; echo answer >&0'
served 'both directions'
rm -f s
listen e
kill "$server"
wait "$server" 2>/dev/null
t 'a dead socket' 66 '' '~s: *' section output s
t 'a dead socket, input' 66 '' '~s: *' section input s
rm -f s

# --- inputs ---

printf 'in\n' >i
for spec in i '<i' '<>i'; do
	t "$spec" 0 in '' section input "$spec"
done
t '-' 0 '' '' section input -
t 'empty' 0 same '' section input ''
t '<&-' 0 closed '' section input '<&-'
t '<&N' 0 in '' sh -c 'section input "<&7" 7<i'
t '<&0' 0 in '' sh -c 'section input "<&0" <i'
t '<&' 0 in '' sh -c 'section input "<&" <i'
t '|cmd' 0 out '' section input '|echo out'
t 'the input of |cmd is ours' 0 'Hi' '' sh -c '
    echo hi | section input "|tr h H"'
for spec in '<&x' '<&1x' '<& 1' '<&-1' '<&2147483648' \
    '<&99999999999999999999'; do
	t "refused: '$spec'" 65 '' '~*:*' section input "$spec"
done
t '<&9' 71 '' '~<&9:*not open*' section input '<&9'
t '<&3 is none of our own' 71 '' '~<&3:*not open*' section input '<&3'
for spec in '<<x' '<<' '<<-x'; do
	t "refused: '$spec'" 69 '' '~*:*' section input "$spec"
done
for spec in /no/file '</no/file' '<>/no/file' no '<no' '<>no' '<' '<>'; do
	t "no file: '$spec'" 66 '' '~*: *' section input "$spec"
done
[ ! -e no ]
result $? 'no input is made'
printf 'abc' >rw
t '<>file is not truncated, and may be written' 0 '' '' section utility input \
    '<>rw' sh -c 'printf X >&0'
t 'as was seen' 0 Xbc '' cat rw

# --- the shell of |cmd ---

mkdir bin
printf '#!/bin/sh\nprintf "%%s\\n" "${0##*/}" "$@"\n' >bin/args
chmod 755 bin/args
cp bin/args bin/perl
t 'its arguments' 0 "args${nl}-c${nl}a b" '' env SHELL=./bin/args \
    section output '|a b'
t 'a command like an option' 0 "args${nl}-c${nl}--${nl}-a" '' \
    env SHELL=./bin/args section output '|-a'
t 'perl' 0 "perl${nl}-e${nl}a" '' env SHELL=./bin/perl section output '|a'
t 'perl takes what follows -e' 0 "perl${nl}-e${nl}-a" '' \
    env SHELL=./bin/perl section input '|-a'
t 'no $SHELL' 0 'b' '' sh -c 'unset SHELL; echo b | section output "|cat"'
t 'an empty $SHELL' 0 'b' '' sh -c 'SHELL=; echo b | section output "|cat"'
t '$SHELL by $PATH' 0 'b' '' sh -c 'SHELL=sh; echo b | section output "|cat"'
t 'no such shell' 127 '' '~*/no/shell: *' env SHELL=/no/shell \
    section output '|cat'
t 'no such shell, input' 127 '' '~*/no/shell: *' env SHELL=/no/shell \
    section input '|cat'
t 'no shell to execute' 126 '' '~*: *' env SHELL=. section output '|cat'
t 'too few descriptors' 71 '' '~*: *' sh -c 'ulimit -n 8
    section output "|cat"'

# --- $XCLATE ---

say='echo "in: ${XCLATE-none}"'
t 'guarded' 0 'in: -Z' 'old' env XCLATE=old section guard -Z "|$say"
t 'guarded, it had no value' 0 'in: -Z' 'none' section guard -Z "|$say"
t 'guarded, it was empty' 0 'in: -Z' '' env XCLATE= section guard -Z "|$say"
t 'guarded, and no shell' 127 '' "~*${nl}old" env XCLATE=old SHELL=/no \
    section guard -Z "|$say"
t 'without a guard' 0 'in: old' '' env XCLATE=old section output "|$say"

# --- what others see of descriptors ---

seen='for i in 3 4 5 6 7 8 9; do (: <&$i) 2>/dev/null && printf "$i "; done;:'
t 'a utility sees what was there' 0 '7 8 ' '' sh -c 'section utility output \
    ">o" sh -c "$1" 7<i 8<i' sh "$seen"
t 'but not N of >&N' 0 '8 ' '' sh -c 'section utility output ">&7" sh -c "$1" \
    7<>i 8<i' sh "$seen"
t 'and N of <&N' 0 '7 8 ' '' sh -c 'section utility input "<&7" sh -c "$1" \
    7<i 8<i' sh "$seen"
for mode in output input; do
	t "a utility, $mode |cmd" 0 '7 ' '' sh -c 'section utility "$2" \
	    "|cat >/dev/null" sh -c "$1" 7<i' sh "$seen" "$mode"
	t "|cmd, $mode" 0 '7 ' '' sh -c 'section "$2" "|$1" 7<i' sh "$seen" \
	    "$mode"
done
t 'a utility keeps 0, 1, 2 when they are N' 0 '' 'x' section utility output \
    '>&2' sh -c 'echo x >&2'
t 'closed at the start' 0 '' '' sh -c 'section output "|cat" <&- >&- 2>&-'
t 'closed at the start, input' 0 '' '' sh -c 'section input "|cat" <&- >&- 2>&-'

# --- in words ---

words() {       # words output|input SPEC WORDS
	t "words: $1 '$2'" 0 "$3" '' section words "$1" "$2"
}
words output '>o' 'open o, truncated'
words output '>>o' 'open o, appended to'
words output o 'open o, not truncated'
words output '>&7' 'write to descriptor 7'
words output '>&-' 'open /dev/null'
words output '>&x' 'refuse ">&x"'
words output '' 'refuse ""'
words output '|a b' 'run /bin/sh -c a b, and write to it'
words input '' 'leave it as it is'
words input - 'open /dev/null'
words input '<i' 'open i, to read'
words input i 'open i, to read'
words input '<>i' 'open i, to read and write'
words input '<&' 'read from descriptor 0'
words input '<&7' 'read from descriptor 7'
words input '<&-' 'close it'
words input '<<x' 'refuse "<<x"'
words input '|-a' 'run /bin/sh -c -- -a, and read from it'
rm -f nothing
words output '>nothing' 'open nothing, truncated'
[ ! -e nothing ]
result $? 'words touch nothing'
listen e
words output s 'connect to s'
words input '<s' 'connect to s'
words output '>>s' 'open s, appended to'
kill "$server"
wait "$server" 2>/dev/null
finish
