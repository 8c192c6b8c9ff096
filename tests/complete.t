#!/bin/sh
# complete.t - -h and -V of all programs, and the completions made of them
. "$(dirname "$0")/lib.sh"

version=$(sed -n 's/^.define DIV_VERSION "\(.*\)"/\1/p' "$top/divconnect.h")
t 'the version as a number' 0 "#define DIV_VERSION_NUMBER $(echo "$version" |
    awk -F. '{ print 10000 * $1 + 100 * $2 + $3 }')" '' \
    grep '^#define DIV_VERSION_NUMBER' "$top/divconnect.h"
programs='ptbw sshw wraptree wrapw xapply xclate'
for p in $programs; do
	$p --help >"$p.h" 2>err
	result $? "$p --help" "$(cat err)"
	if [ $p = xapply ]; then
		t 'xapply -h: fits a terminal' 0 '~*%1*standard input*Examples:*' '' xapply -h
		t 'xapply -h: 24 lines' 0 24 '' sh -c 'xapply -h | head -n 25 | awk "length < 80" | wc -l | awk "{ print \$1 < 25 ? 24 : \$1 }"'
	else
		t "$p -h" 0 "$(cat "$p.h")" '' "$p" -h
	fi
	t "$p --version: the first line" 0 "$p: wrapkit $version" '' \
	    sh -c "$p --version | head -n 1"
	t "$p: every line begins with the name" 1 '' '' sh -c "$p -V | grep -v '^$p: '"
	t "$p -V is --version" 0 "$(env "$p" --version)" '' "$p" -V
	t "$p: -h with a full output" 71 '' "$p: standard output: No space left on device" \
	    sh -c "$p -h >/dev/full"
	t "$p: -V with a full output" 71 '' "$p: standard output: No space left on device" \
	    sh -c "$p -V >/dev/full"
	t "$p: an unknown option" 64 '' "~$p: unknown option --none*$p *" "$p" --none
	# each option of the usage that has a letter is in the table, and the
	# other way round; -count stands for digits
	grep -v '^  *-' "$p.h" | tr '[] |' '[\n*]' |
	    sed -n 's/^-\([A-Za-z]*\)$/\1/p' |
	    grep -v -x -e depth -e count | fold -w 1 | sort -u >used
	sed -n 's/^  -\([A-Za-z]\),.*/\1/p' "$p.h" | sort -u >table
	grep -q long-option "$p.h" || t "$p: usage and table" 0 '' '' diff table used
	for s in bash zsh; do
		sh "$top/complete.sh" $s "$top/bin/$p" >"$p.$s"
		result $? "$p for $s"
		# options are words
		# shellcheck disable=SC2013
		for o in $(sed -n 's/^  -\(.\), -\(-[^ ]*\).*/-\1 -\2/p
		    s/^  .*[ ]--\([^ ]*\).*/--\1/p' "$p.h"); do
			grep -q -F -e "$o" "$p.$s" || echo "$o"
		done >lacks
		t "$p for $s: no option is missing" 0 '' '' cat lacks
	done
done
t 'no such shell' 64 '' 'complete.sh: tcsh: neither bash nor zsh' \
    sh "$top/complete.sh" tcsh "$top/bin/ptbw"

if command -v bash >/dev/null; then
	cat >ask <<'END'
. ./$1.bash
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_wrapkit_$1
printf '%s\n' "${COMPREPLY[@]}" | sort
END
	: >some-file
	t 'bash: long options' 0 "--master" '' bash ask ptbw --m
	t 'bash: of another program' 0 "--resume${nl}--resume-by-args${nl}--resume-failed" '' bash ask xapply -m --resum
	t 'bash: the argument of an option' 0 'some-file' '' bash ask ptbw -m -t some
	t 'bash: behind letters in one word' 0 'some-file' '' bash ask ptbw -mt some
	t 'bash: behind an equals sign' 0 'some-file' '' bash ask ptbw -m --tags = some
	t 'bash: one that is no file' 0 '' '' bash ask ptbw -m -J some
	t 'bash: an option behind an argument' 0 '--quit' '' bash ask ptbw -R 2 --quit
	t 'bash: what is attached is an argument' 0 '--quit' '' bash ask ptbw -R2 --quit
	t 'bash: the command' 0 '~*xargs*' '' bash ask ptbw -m xarg
	t 'bash: behind what a section is called' 0 '~*xargs*' '' bash ask xclate -c a xarg
	t 'bash: which is anything' 0 '' '' bash ask xclate -c xarg
	t 'bash: a master has no section' 0 '~*xargs*' '' bash ask xclate -m xarg
	t 'bash: nor has one that is spelt out' 0 '~*xargs*' '' bash ask xclate --master xarg
	if ps -A -o pid= >/dev/null 2>&1; then
		t 'bash: a process' 0 "~*$$*" '' bash ask wraptree "$$"
	fi
	t 'bash: and no more' 0 '' '' bash ask wraptree 1 some
	t 'bash: a command on a host' 0 '~*xargs*' '' bash ask sshw far xarg
	t 'bash: its options are not ours' 0 '' '' bash ask ptbw -m none --mast
	t 'bash: its files' 0 'some-file' '' bash ask ptbw -m none some
else
	skip 'completions in bash' 'bash is not installed'
fi
if command -v zsh >/dev/null; then
	for p in $programs; do
		cp "$p.zsh" "_$p"
		check "$p: zsh reads it" zsh -n "_$p"
	done
	# a terminal of its own, in which the key is pressed
	cat >press <<'END'
zmodload zsh/zpty || exit 99
zpty z zsh -f -i
# keys that come before the prompt would not be completed
zpty -w z "fpath=($PWD \$fpath); autoload -U compinit; compinit -u -D; PS1=rea''dy"
zpty -r -m z seen '*ready*'
sleep 0.3
zpty -w -n z "print $1"$'\t'
# what it makes of it, or nothing in ten seconds
tries=0
until [[ $all == ${~2} ]]; do
	((++tries <= 100)) || break
	sleep 0.1
	zpty -r -t z seen && all+=$seen
done
print -r -- "$all"
zpty -d z
END
	t 'zsh: a long option' 0 '~*ptbw --master*' '' zsh -f press '; ptbw --mas' '*ptbw --master*'
	t 'zsh: of another program' 0 '~*wrapw -m --everything*' '' zsh -f press '; wrapw -m --every' '*wrapw -m --everything*'
else
	skip 'completions in zsh' 'zsh is not installed'
fi
finish
