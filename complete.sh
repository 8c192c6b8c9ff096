#!/bin/sh
# complete.sh - completions for a shell, made from what a program says of itself
#
#	complete.sh bash|zsh program
#
# --help prints the table of options that the program itself goes by, a line for
# each: letter, long name, argument, and behind two blanks or more what it is
# for.  So the completions cannot know other options than the program.

set -u
[ $# -eq 2 ] || { echo "usage: complete.sh bash|zsh program" >&2; exit 64; }
name=${2##*/}

# letter, long name, argument and help of each option, separated by tabs; a
# letter or an argument that is not there is -
table=$("$2" --help | awk '/^  +-/ {
	help = $0
	sub(/^ +/, "", help)
	at = match(help, /   */)
	left = substr(help, 1, at - 1)
	help = substr(help, at + RLENGTH)
	letter = "-"
	n = split(left, word, " ")
	i = 1
	if (word[1] !~ /^--/)
		letter = substr(word[i++], 2, 1)
	# -depth stands for any digits
	if (left ~ /^-[a-z][a-z]/)
		letter = "-"
	printf "%s\t%s\t%s\t%s\n", letter, word[i], i < n ? word[i + 1] : "-", help
}')
[ -n "$table" ] || { echo "complete.sh: $2 --help: no options" >&2; exit 1; }

# What completes an argument, by what the table calls it.
files='path file spec dir tags wrap shell'
# What stands in front of the command, if something does (not with -m), or in
# its place.
case $name in
wraptree) first=pid ;;
sshw) first=host ;;
xclate) first=xid ;;
*) first= ;;
esac

bash() {
	printf '%s\n' "$table" | awk -F '\t' -v name="$name" -v files="$files" \
	    -v first="$first" '
	function add(option) {
		all = all " " option
		if ($3 == "-" || (option !~ /^--/ && $3 ~ /^\[/))
			return
		takes = takes option " "
		if (index(" " files " ", " " $3 " "))
			paths = paths option " "
	}
	{ if ($1 != "-") add("-" $1); add($2) }
	END {
		printf "# completion of %s for bash, made by complete.sh\n", name
		printf "_wrapkit_%s() {\n", name
		printf "\tlocal all=\047%s\047\n", substr(all, 2)
		printf "\tlocal takes=\047 %s\047\n", takes
		printf "\tlocal paths=\047 %s\047\n", paths
		printf "\tlocal first=\047%s\047\n", first
	}'
	cat <<'END'
	local cur=${COMP_WORDS[COMP_CWORD]} i=1 k w option=
	# where do the options end, and is this the argument of one?
	while ((i < COMP_CWORD)); do
		w=${COMP_WORDS[i]} option=
		case $w in
		--) ((i++)); break ;;
		--master) first= ;;
		--*) [[ $takes == *" $w "* ]] && option=$w ;;
		-?*)
			for ((k = 1; k < ${#w}; k++)); do
				[[ ${w:k:1} != m ]] || first=
				[[ $takes == *" -${w:k:1} "* ]] || continue
				((k + 1 == ${#w})) && option=-${w:k:1}
				break
			done ;;
		*) break ;;
		esac
		((i++))
		[[ -n $option ]] || continue
		[[ ${COMP_WORDS[i]} != '=' ]] || ((i++))
		((i >= COMP_CWORD)) || { ((i++)); option=; }
		((i < COMP_CWORD)) || break
	done
	[[ $cur != '=' ]] || cur=
	COMPREPLY=()
	if [[ -n $option ]]; then
		[[ $paths != *" $option "* ]] ||
		    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	elif ((i >= COMP_CWORD)) && [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$all" -- "$cur")
	elif ((i >= COMP_CWORD)) && [[ -n $first ]]; then
		case $first in
		pid) w=$(ps -A -o pid= 2>/dev/null)
		    mapfile -t COMPREPLY < <(compgen -W "$w" -- "$cur") ;;
		host) mapfile -t COMPREPLY < <(compgen -A hostname -- "$cur") ;;
		esac
	elif [[ $first != pid ]]; then
		[[ -z $first ]] || ((i++))
		if ((i >= COMP_CWORD)); then
			mapfile -t COMPREPLY < <(compgen -c -f -- "$cur")
		elif declare -F _command_offset >/dev/null; then
			_command_offset "$i"
		else
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		fi
	fi
}
END
	echo "complete -o filenames -F _wrapkit_$name $name"
}

zsh() {
	printf '%s\n' "$table" | awk -F '\t' -v name="$name" -v files="$files" \
	    -v first="$first" -v q="'" '
	function quoted(text) {
		gsub(/\\/, "\\\\&", text)
		gsub(/\[/, "\\\\&", text)
		gsub(/\]/, "\\\\&", text)
		gsub(/:/, "\\\\&", text)
		gsub(q, q "\\" q q, text)
		return text
	}
	function bare(arg) {
		gsub(/\[|\]/, "", arg)
		return arg
	}
	function spec(option,   text) {
		text = option
		if (option ~ /^--/ && $3 != "-")
			text = text "="
		else if ($3 ~ /^\[/)
			text = text "-"
		else if ($3 != "-")
			text = text "+"
		printf " \\\n\t%s%s%s[%s]", q, $1 != "-" ? "(-" $1 " " $2 \
		    (first && $1 == "m" ? " 1" : "") ")" : "", text, quoted($4)
		if ($3 != "-")
			printf "%s:%s:%s", text ~ /-$/ ? ":" : "", bare($3),
			    index(" " files " ", " " $3 " ") ? "_files" : " "
		printf "%s", q
	}
	BEGIN {
		printf "#compdef %s\n", name
		printf "# completion of %s for zsh, made by complete.sh\n", name
		printf "_arguments -s -S -A \"-*\" :"
	}
	{ if ($1 != "-") spec("-" $1); spec($2) }
	END {
		action["pid"] = "_pids"
		action["host"] = "_hosts"
		action["xid"] = " "
		if (first)
			printf " \\\n\t%s1:%s:%s%s", q, first, action[first], q
		if (first != "pid")
			printf " \\\n\t%s*::command:_normal%s", q, q
		print ""
	}'
}

case $1 in
bash) bash ;;
zsh) zsh ;;
*) echo "complete.sh: $1: neither bash nor zsh" >&2; exit 64 ;;
esac
