#!/bin/sh
# xdirect.t - no shell where none is needed, and nobody can tell: each command
# as it is and with -S /bin/sh must write the same and end in the same way
. "$(dirname "$0")/lib.sh"
. "$here/tasks.sh"

# both: to stdout and stderr, and an exit code
printf '#!/bin/sh\necho out; echo err >&2; exit "${1:-0}"\n' >"$T/bin/both"
chmod +x "$T/bin/both"
HOME=$T/w
export HOME

# what is there for commands; each has a copy of it
(mkdir things && cd things && mkdir dir 'a b' dir/sub || exit
: >'a b/c' && : >a.txt && : >b.txt && : >'*' && : >empty && ln -s loop loop || exit
echo 'echo plain' >plain
printf 'printf "script:%%s" "$0"; for i; do printf "<%%s>" "$i"; done; echo\nexit 4\n' >script
printf '#!/bin/sh\necho "interpreted:${0##*/}:$*"\nexit 5\n' >interpreted
printf '#!/no/such/interpreter\n' >badint
printf '#!%s -e\necho dash-e "$-" | grep -c e\n' /bin/sh >withopt
for f in ./-dash 'blank name' dir/inner if cd V=1 = '[x]' '~'; do
	cp interpreted "$f" && chmod +x "$f"
done
chmod +x script interpreted badint withopt empty)
files() {       # x, anew
	rm -rf x && cp -RP things x
}

run() {         # run NAME OPTION... : as given, leaves NAME.out .err .end
	as=$1
	shift
	files
	: >j
	(cd x && peer limit "${LIMIT:-20}" xapply --joblog ../j "$@" \
	    <"$T/in" >"../$as.out" 2>"../$as.err")
	echo "xapply: $?" >"$as.end"
	# what names a file of ours, or says once more what stands below
	sed '/XAPPLY_STDERR=/d' "$as.out" >"$as.o" && mv "$as.o" "$as.out"
	sed '/^xapply: .* tasks failed: /d' "$as.err" >"$as.e" && mv "$as.e" "$as.err"
	# a shell that waited says 128+N for what is a signal to others
	awk -F '\t' 'NR > 1 { print ($8 > 0 ? 128 + $8 : $7), $9 }' j >>"$as.end"
	ls -RA x >>"$as.end"
}
printf 'line 1\nline 2\n' >"$T/in"

compare() {     # compare NAME: of direct and shell, which must have run something
	sed -n 2p direct.end | grep -q '^[0-9]' && cmp -s direct.out shell.out && cmp -s direct.err shell.err &&
	    cmp -s direct.end shell.end
	result $? "$1" "$(for f in out err end; do
	    diff direct.$f shell.$f | sed "s/^/$f: /; s/^\(.....\)</\1as it is:/; s/^\(.....\)>/\1-S sh:/"
	done)"
}

name() {        # name COMMAND: of a test
	printf %s "$1" | tr '\n\t#' '^>_' | LC_ALL=C tr -c ' -~' '?' | cut -c 1-60
}

same() {        # same COMMAND [OPTION...]
	command=$1
	shift
	run direct "$@" %1 "$command"
	run shell -S /bin/sh "$@" %1 "$command"
	compare "same: $(name "$command${1+ $*}")"
}

# The shell says such things in its own words: one line that has the name in it.
alike() {       # alike NAME COMMAND [OPTION...]
	name=$1 command=$2
	shift 2
	run direct "$@" %1 "$command"
	run shell -S /bin/sh "$@" %1 "$command"
	for f in direct shell; do
		if [ "$(wc -l <$f.err)" -eq 1 ] && grep -q -F -e "$name" $f.err; then
			echo "a line about $name" >$f.err
		fi
	done
	compare "alike: $(name "$command${1+ $*}")"
}

# A shell may have something to say about a command that a signal ended.
killed() {      # killed COMMAND
	run direct %1 "$1"
	run shell -S /bin/sh %1 "$1"
	sed '/Killed/d; /Terminated/d' shell.err >shell.e && mv shell.e shell.err
	compare "killed: $1"
}

ends() {        # ends CODE: the last one is in the log with it
	grep -q "^$1 " direct.end
	result $? "... and the code is $1" "$(cat direct.end)"
}

# --- words and quotes ---
same 'show a b c'
same '  show  a	b   '
same "show 'a b' c"
same 'show "a b" c'
same 'show a\ b c'
same "show ''"
same 'show "" a'
same "show a'b'\"c\"\\d"
same "show 'a\\b' \"a\\b\" a\\\\b"
same 'show "\$\`\"\\\n"'
same "show '\"' \"'\""
same "'show' a"
same 's"ho"w a'
same 's\how a'
same 'show a\nb'
same "show 'a
b'"
same 'show "a
b"'
same 'show a\
b'
same 'show "a\
b"'
same "show 'unended"
same 'show "unended'
same 'show a\'
same 'show \'
same '\'
same "show a=b --c=d +e %f @g,h:i/j"
same "show $(printf '\303\244\377\200\001')"
same "show $(printf 'a\rb\fc\vd\177')"
same "show $(awk 'BEGIN { for (i = 0; i < 60000; i++) printf "x" }')"
same "show $(awk 'BEGIN { for (i = 0; i < 20000; i++) printf "x%d ", i % 10 }')"

# --- what only a shell knows ---
same 'show *'
same 'show *.txt'
same 'show ?.txt [ab].txt'
same 'show nothing*'
same "show '*' \\* \"*\""
same 'show a\*'
same 'show [a'
same 'show $HOME ${HOME} "$HOME"'
same "show '\$HOME' \\\$HOME"
same 'show $'
same 'show a$ "a$" $/'
same 'show $0 $# $* "$@" $?'
same 'show $(echo a  b) "$(echo a  b)"'
same 'show `echo a  b`'
same 'show $((1 + 2))'
same 'show {a,b} {}'
same 'show }'
same '{ show a; }'
same '(show a)'
same 'show a; show b'
same 'show a;'
same ';'
same 'show a & wait'
same 'show a && show b'
same 'false || show b'
same '! true'
same '! false'
same '!'
same 'show !'
same 'show a | tr a b'
same 'show a |'
same 'show a >f; cat f'
same 'show a >f'
same 'show a>f b'
same 'show a 2>&1'
same 'both 2>/dev/null'
same '>f'
same '>f show a'
same 'cat <a.txt'
same 'cat <<E
a $HOME
E'
same 'V=1'
same 'V=1 show a'
same 'V=1 printenv V'
same "V=1 sh -c 'echo \$V'"
same 'V=a show $V'
same '+=x'
same 'a+=x'
same '1V=1 show a'
same 'show V=1'
same 'show a # comment'
same '# comment'
same 'show a#b #c'
same "show '#' \\#"
same 'show ~'
same 'show ~/x a~ ~nobody_of_this_name'
same 'show a:~ V=~'
same "show '~' \\~"
same '~'
same 'show a
show b'
same 'show a
'
same '
show a'
same '
'
same ''
same '   '
same '	'
same '()'
same 'f() { show "$1"; }; f a'
same 'if true; then show a; fi'
same 'if'
same 'for i in a b; do show $i; done'
same 'case a in a) show yes;; esac'
same 'while false; do :; done'
same 'then'
same 'do'
same 'done'
same '}'
same 'else'
same 'in'
same ')'
same "show 'a'\$'b'"
same 'show ^a a^b'
same 'show -- -a --b'

# --- what shells do themselves ---
same 'cd'
same 'cd dir'
same 'cd nowhere'
same 'cd dir && pwd'
same 'exit'
same 'exit 3'
same 'exit 300'
same 'exit x'
same 'return 3'
same 'true'
same 'false'
same 'true a b'
same ':'
same ': a'
same 'test -f a.txt'
same 'test -f nothing'
same 'test'
same '[ -f a.txt ]'
same '[ -f a.txt'
same 'echo'
same 'echo a'
same 'echo -n a'
same 'echo -e a'
same 'echo -nn a'
same 'echo a\\nb'
same "echo 'a\\nb\\c' d"
same "echo 'a\\0101'"
same "printf 'a\\n'"
same "printf '%s|' a b"
same 'printf'
same 'pwd'
same 'pwd -P'
same 'kill'
same 'kill -l'
same 'kill -0 $$'
same 'export V=1'
same 'export'
same 'readonly V=1'
same 'set -e'
same 'set a b'
same 'shift'
same 'umask'
same 'umask 077'
same 'ulimit -n'
same 'read l'
same 'exec show a'
same 'exec'
same 'eval show a'
same '. ./plain'
same '. plain'
same 'command show a'
same 'command -v show'
same 'type cd'
same 'unset V'
same 'wait'
same 'times >/dev/null'
same 'trap'
same 'alias x=y'
same 'hash'
same 'getopts a b'
same 'break'
same 'continue'
same 'jobs'
same 'local a'

# --- programs ---
same 'cat'
same 'head -n 1'
same 'cat a.txt nothing'
same 'ls'
same 'ls -d dir a.txt'
same 'both'
same 'both 3'
ends 3
same 'both 255'
same 'sh -c "exit 7"'
ends 7
killed "sh -c 'kill -9 \$\$'"
ends 137
killed "sh -c 'kill -TERM \$\$'"
ends 143
same './interpreted a b'
ends 5
same 'dir/inner a'
same "$T/bin/show a"
same './/interpreted'
same '"./blank name" a'
same './script a "b c"'
ends 4
same './empty'
same './empty a'
same './withopt'
same './-dash a'
same './if'
same './cd'
same '"./[x]" a'
same "'if' a"
same 'if\ '
same "'cd' dir"
same '\cd dir'
same '"exit" 3'
same "'echo' -n a"
same 'V\=1 a'
same "'V=1' a"
same './V=1 a'
same '= a'
same "'' a"
same '"" a'
same '-dash'
same '/'
same 'dir/'
same './plain/x'
same './loop'
same '../x/interpreted'
same 'printenv HOME'
same 'env -i printenv HOME'
same 'sh -c "echo \$0 \$#" a b'
alike nosuch 'nosuch'
ends 127
alike nosuch 'nosuch a b'
alike 'no/such' 'no/such a'
ends 127
alike '/no/such' '/no/such'
alike './plain' './plain'
ends 126
alike dir './dir'
ends 126
alike dir "$T/w/x/dir"
alike './badint' './badint'
ends 127
alike '-x' '-x a'
alike '--' '-- show a'
alike '-' '-'
alike "$(printf '\377')" "$(printf '\377')"
alike 'NOSUCH' 'NOSUCH'

# --- programs by $PATH ---
same 'inner a' -e 'PATH=dir'
ends 5
same 'inner a' -e "PATH=$T/w/x/dir"
same 'interpreted a' -e 'PATH='
same 'interpreted a' -e 'PATH=:/nowhere'
same 'interpreted a' -e 'PATH=/nowhere:'
alike show 'show a' -e 'PATH=/nowhere'
ends 127
alike plain 'plain' -e 'PATH=.'
alike dir 'dir' -e 'PATH=.'
same 'script a' -e 'PATH=.'
same 'script a' -e "PATH=.:$PATH"
same 'show a' -e "PATH=/etc/passwd:/nowhere:$PATH"
same 'echo a' -e 'PATH=/nowhere'

# --- with options ---
for o in -v -x -P3 '-T 9' '--retries 2' '-i a.txt' -A '-e V=1'; do
	# shellcheck disable=SC2086
	same 'both 2' $o
done
for o in -m --stderr --tag -k -J1; do
	same 'both 2' $o
done
run direct -2 show a 'b c' '*' '$HOME'
run shell -S /bin/sh -2 show a 'b c' '*' '$HOME'
compare 'same: a tail'
run direct -2q show a 'b c' '*' '$HOME'
run shell -S /bin/sh -2q show a 'b c' '*' '$HOME'
compare 'same: a quoted tail'
run direct -P1 -N 'show none' false
run shell -S /bin/sh -P1 -N 'show none' false
compare 'same: the else-command'
run direct %1 'both 1' 'cd dir; ls' 'ls' 'nosuch; exit 3' 'read l; echo $l' 'head -n 1'
run shell -S /bin/sh %1 'both 1' 'cd dir; ls' 'ls' 'nosuch; exit 3' 'read l; echo $l' 'head -n 1'
compare 'same: several of both kinds'

# --- who starts a shell ---
# A shell of a good name that leaves a trace.
mkdir "$T/s"
for s in sh bash dash ksh mksh zsh other fish csh; do
	printf '#!/bin/sh\necho "%s" >>%s/trace\nexec /bin/sh "$@"\n' $s "$T" >"$T/s/$s"
	chmod +x "$T/s/$s"
done
who() {         # who WANTED COMMAND [OPTION...]: which shell was started
	want=$1 command=$2
	shift 2
	: >"$T/trace"
	files
	(cd x && peer limit 20 xapply --fail "$@" %1 "$command" <"$T/in" >"$T/out" 2>&1)
	[ "$(cat "$T/trace")" = "$want" ] && [ -s "$T/out" ]
	result $? "${SHELL##*/}: '$command'${1+ with $*} is run by ${want:-nothing}" \
	    "$(cat "$T/trace" "$T/out")"
}
SHELL=$T/s/sh
who '' 'show a'
who '' 'show "a b" '\''c d'\'' e\ f'
who '' "$T/bin/show a"
who '' 'ls -l /'
who '' './interpreted'
who '' 'show a=b -c'
who '' 'show a' -v
who '' 'show a' -m
who '' 'show a' -J2 -P2
who '' 'show a' -e V=1
who sh 'show *'
who sh 'show $HOME'
who sh 'show a;'
who sh 'cd / && pwd'
who sh 'exit 3'
who sh 'V=1 show a'
who sh 'show a 2>/dev/null'
who sh 'show a' -A
who sh 'show a' -S "$T/s/sh"
for s in bash dash ksh mksh; do
	SHELL=$T/s/$s
	who '' 'show a'
	who $s 'show *'
done
for s in other fish csh zsh; do
	SHELL=$T/s/$s
	who $s 'show a'
done
SHELL=$T/s/sh
: >"$T/trace"
t 'nor is one when words are quoted' 0 '<a  b>' '' xapply -q show 'a  b'
SHELL=$T/s/zsh
t 'also by zsh, which is started' 0 '<a  b>' '' xapply -q show 'a  b'
[ "$(cat "$T/trace")" = zsh ]
result $? 'that was so' "$(cat "$T/trace")"
SHELL=$T/s/sh
: >"$T/trace"
t 'or none is wanted' 0 '<a>' '' xapply --argv show a
[ ! -s "$T/trace" ]
result $? 'that was so' "$(cat "$T/trace")"
SHELL=/bin/sh
finish
