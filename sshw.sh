#!/bin/sh
# sshw - run a command on another host, with the diversions of this one
#
# wrapw consolidates the stack and exports it on a socket here; ssh forwards
# that to a socket over there; the wrapw over there projects it for the
# command.  ssh does all the rest: no daemon, no rights but those of a login.
#
# SPDX-License-Identifier: ISC

# as the programs have it: what is closed is the null device
(exec 3>&1) 2>/dev/null || exec >/dev/null

synopsis='usage: sshw [-dEqv] [-depth] [-r wrapw] [--allow-bind] [--] [ssh options] host [command [args]]
       sshw -h | -V'
# of ssh: the letters that take an argument
with_argument=BbcDEeFIiJLlmOoPpQRSWw
nl='
'

fail() {        # fail CODE MESSAGE
	printf 'sshw: %s\n' "$2" >&2
	exit "$1"
}

usage() {
	printf 'sshw: %s\nusage: see sshw -h\n' "$1" >&2
	exit 64
}

# To standard output, which may be full.
put() {         # put TEXT
	exec 3>&1
	why=$(printf '%s\n' "$1" | LC_ALL=C cat 2>&1 >&3) ||
	    fail 71 "standard output: ${why##*: }"
	exit
}

help() {
	put "$synopsis
  -d, --detached            publish in wrapw_d alone over there
  -E, --everything          project wrapw diversions, too
  -q, --quiet               no remarks about sockets that are not there
  -v, --verbose             say more
  -depth, --depth n         so many diversions further out (-1, -2, ...)
  -r, --remote-wrapw path   what wrapw is called over there
      --allow-bind          the far side may change the name space
  -V, --version             print the version and the stack
  -h, --help                print this
Options behind these, or behind --, are those of ssh."
}

# What we need here must be here.
need() {        # need PROGRAM...
	for p; do
		command -v "$p" >/dev/null || fail 127 "$p: not found in \$PATH"
	done
}

version() {
	need wrapw
	said=$(wrapw -V) || exit
	ssh=$(ssh -V 2>&1) || ssh='not installed'
	put "$(printf '%s\n' "$said" | sed 's/^wrapw: /sshw: /')
sshw: ssh: $ssh"
}

# What a shell reads as the one word that was given.
quote() {
	printf "'"
	printf '%s\n' "$1" | sed "s/'/'\\\\''/g; \$s/\$/'/"
}

# The same for any login shell over there.  csh minds ! and line ends between
# quotes, and fish backslashes: those go as numbers, which printf knows.
numbered() {
	printf '%s\n' "$1" | LC_ALL=C sed -e ':a' -e '$!{' -e N -e ba -e '}' \
	    -e 's/\\/\\0134/g' -e "s/'/\\\\0047/g" -e 's/!/\\0041/g' \
	    -e 's/\n/\\0012/g' -e "s/^/'/" -e "s/\$/'/"
}

detached='' everything='' quiet='' verbose='' depth='' bind='' remote=wrapw
while [ $# -gt 0 ]; do
	case $1 in
	--) shift; break ;;
	--detached) detached=-d ;;
	--everything) everything=-E ;;
	--quiet) quiet=-q ;;
	--verbose) verbose=-v ;;
	--allow-bind) bind=--allow-bind ;;
	--depth=*) depth=-${1#*=} ;;
	--remote-wrapw=*) remote=${1#*=} ;;
	--depth) [ $# -gt 1 ] || usage "$1 needs a number"
		depth=-$2; shift ;;
	-r | --remote-wrapw) [ $# -gt 1 ] || usage "$1 needs a path"
		remote=$2; shift ;;
	-r*) remote=${1#-r} ;;
	-V | --version) version ;;
	-h | --help) help ;;
	--*) usage "unknown option $1" ;;
	-[0-9]*)        # but -4C is for ssh
		case ${1#-} in *[!0-9]*) break ;; esac
		depth=$1 ;;
	-*[!dEqv]* | -) break ;;
	-*)
		case $1 in *d*) detached=-d ;; esac
		case $1 in *E*) everything=-E ;; esac
		case $1 in *q*) quiet=-q ;; esac
		case $1 in *v*) verbose=-v ;; esac ;;
	*) break ;;
	esac
	shift
done
case $depth in
'') ;;
-*[!0-9]* | -) usage "--depth ${depth#-}: not a number" ;;
esac
[ -n "$remote" ] || usage '-r: the path is empty'

# ssh's own options, to where the host is: counted, and quoted for later
options='' terminal=''
while [ $# -gt 0 ]; do
	case $1 in
	--) shift; break ;;
	-?*) ;;
	*) break ;;
	esac
	options="$options $(quote "$1")"
	letters=${1#-}
	while [ -n "$letters" ]; do
		rest=${letters#?}
		letter=${letters%"$rest"}
		letters=$rest
		case $letter in
		[fNOsW]) usage "-$letter does not go with a command over there" ;;
		[tT]) terminal=given ;;
		["$with_argument"])
			if [ -z "$letters" ]; then
				shift
				[ $# -gt 0 ] || usage "ssh's -$letter needs an argument"
				options="$options $(quote "$1")"
			fi
			letters='' ;;
		esac
	done
	shift
done
[ $# -gt 0 ] || usage 'no host is given'
host=$1
shift
[ $# -gt 0 ] || [ -n "$terminal" ] || [ ! -t 0 ] || terminal=-t
[ "$terminal" = -t ] || terminal=''

# ssh joins the words of a command by blanks, and so do we
command="$*"

# The socket over there has a name by chance.  Its first half is on command
# lines, where others of both hosts can read it; the second, without which
# nobody can take its place beforehand, only in the environment of ssh.
random=$(od -An -v -N24 -tx1 /dev/urandom | tr -d ' \n')
[ ${#random} -eq 48 ] || fail 71 '/dev/urandom: no random bytes are there'
SSHW_SECRET=${random#????????????????}
known=/tmp/.sshw.${random%"$SSHW_SECRET"}
link=$known.$SSHW_SECRET
export SSHW_SECRET

# What is done over there, in a line: there are login shells that know no
# longer words.  The shell stays, to remove what a wrapw that was killed
# leaves behind.  A bash that has become sh has left the count of shells; the
# next one would take itself for the login shell, and read .bashrc once more.
# shellcheck disable=SC2016
there='host=$(printf "%b" "$1") known=$2 wrapw=$(printf "%b" "$3");
detached=$4 quiet=$5 verbose=$6 command=$(printf "%b." "$7");
command=${command%.};
shell=${SHELL:-/bin/sh};
me=$(id -u);
link=; others=;
for s in "$known".*; do
	if [ -n "$(find "$s" -prune -type s -user "$me" 2>/dev/null)" ]; then
		link=$s;
	elif [ -e "$s" ] || [ -h "$s" ]; then
		others=$s;
	fi;
done;
if ! command -v "$wrapw" >/dev/null 2>&1; then
	[ -z "$link" ] || rm -f "$link";
	echo "sshw: $host: $wrapw not found in the remote PATH, see -r" >&2;
	exit 127;
fi;
if [ -z "$link" ]; then
	if [ -n "$others" ]; then
		why="$others belongs to somebody else";
	elif [ -w /tmp ] && [ -x /tmp ]; then
		why="AllowStreamLocalForwarding or DisableForwarding of
		    sshd_config(5), or restrict of authorized_keys, forbids it";
	else
		why="/tmp cannot be written there";
	fi;
	printf "sshw: %s: sshd did not forward the socket: %s\n" "$host"
	    "$why" >&2;
	exit 69;
fi;
if [ -n "$command" ]; then
	case ${SHLVL-} in 0) SHLVL=1 ;; esac;
	set -- "$shell" -c "$command";
else
	set -- "$shell" -l;
fi;
"$wrapw" -P "$link" -N "$link.w" $detached $quiet $verbose "$@";
code=$?;
rm -f "$link" "$link.w";
exit $code'

far="exec sh -c $(quote "$(printf '%s\n' "$there" | tr -s '\n\t ' ' ')") sshw $(numbered "$host") '$known' \
$(numbered "$remote") '$detached' '$quiet' '$verbose' $(numbered "$command")"

# With a socket to forward, or as plain ssh: wrapw -X knows which.  The first
# of several values is the one that ssh takes, so what the user said counts.
# shellcheck disable=SC2016
here='if [ -n "${WRAPW_EXPORT-}" ]; then
	if [ -n "$6" ]; then
		echo "sshw: ClearAllForwardings leaves no socket to forward" >&2
		exit 64
	fi
	exec ssh '"$options"' -o ControlMaster=no -o ControlPath=none \
	    -o ExitOnForwardFailure=no -R "$2:$WRAPW_EXPORT" $3 -- "$1" "$4"
fi
unset SSHW_SECRET
if [ -n "$5" ]; then
	exec ssh '"$options"' $3 -- "$1" "$5"
fi
exec ssh '"$options"' $3 -- "$1"'

need wrapw ssh
# What ssh makes of its options and of its files: they can say what the letters
# refused above say.  And from 8.4 on it fills in the environment.
# shellcheck disable=SC2016
forward="$known."'${SSHW_SECRET}'
settings=$(eval "ssh -G $options -R $(quote "$forward:/"
    ) -- $(quote "$host") true" 2>/dev/null </dev/null)
cleared=''
case $nl$settings$nl in
*"${nl}forkafterauthentication yes$nl"*)
	usage 'ForkAfterAuthentication (-f) does not go with a command over there' ;;
*"${nl}sessiontype none$nl"*)
	usage 'SessionType none (-N) does not go with a command over there' ;;
*"${nl}sessiontype subsystem$nl"*)
	usage 'SessionType subsystem (-s) does not go with a command over there' ;;
*"${nl}clearallforwardings yes$nl"*) cleared=1 ;;
esac
case $settings in
*"remoteforward $link "*) ;;
*) forward=$link ;;
esac
[ -n "$depth" ] || set -- wrapw -m ${everything:+"$everything"} \
    ${quiet:+"$quiet"} ${verbose:+"$verbose"}
[ -z "$depth" ] || set --
exec "$@" wrapw -X ${depth:+"$depth"} ${bind:+"$bind"} ${quiet:+"$quiet"} \
    ${verbose:+"$verbose"} sh -c "$here" sshw "$host" "$forward" "$terminal" \
    "$far" "$command" "$cleared"
