#!/bin/sh
# gateway.t - services handed through walls: a chroot made of copied programs,
# a container of unshare's; and the transcript of wrapw's document
. "$(dirname "$0")/lib.sh"

sh=$(command -v sh)

# copy_in ROOT FILE...: programs, at the same place below ROOT, with what
# they are linked to; our own in /usr/local/bin
copy_in() {
	root=$1
	shift
	for f; do
		case $f in
		"$top/bin"/*) to=$root/usr/local/bin/${f##*/} ;;
		*) to=$root$f ;;
		esac
		mkdir -p "${to%/*}" && cp "$f" "$to" || return
		{ ldd "$f" 2>/dev/null || :; } | sed -n 's/^[^/]*\(\/[^ ]*\).*/\1/p' |
		    while read -r lib; do
			[ -e "$root$lib" ] && continue
			mkdir -p "$root${lib%/*}" && cp "$lib" "$root$lib"
		done
	done
}
slash() {       # a new root in $T/w/slash
	rm -rf slash
	mkdir -p slash/bin slash/tmp slash/dev slash/proc slash/outside
	chmod 1777 slash/tmp
	: >slash/dev/null
	# where programs made with sanitizers look for their options
	mkdir slash/proc/self
	printf 'ASAN_OPTIONS=%s\0' "${ASAN_OPTIONS-}" >slash/proc/self/environ
	copy_in "$T/w/slash" "$sh" "$top/bin/ptbw" "$top/bin/wrapw" "$top/bin/xclate" &&
	    { [ -e slash/bin/sh ] || cp "slash$sh" slash/bin/sh; } &&
	    copy_in "$T/w/slash" /bin/echo
}
# in.sh: what is done inside; the real service's own path is of no use there
cat >in.sh <<'END'
PATH=$PATH:/usr/local/bin:/bin:/usr/bin
ptbw -t "$1" -A echo no way 2>/dev/null
wrapw -t "$2" sh -c '
	echo "tokens $(ptbw -A -R3 echo)"
	ptbw -R1 sh -c "ptbw -T0.1 -R3 true; echo code \$?" 2>/dev/null
	echo section | xclate s'
wrapw -Q -t "$2" echo Fini
END
# (sanitizers say that they find no /proc in a chroot)
quiet=
[ -z "${ASAN_OPTIONS-}" ] || quiet=-
gateway() {     # gateway NAME COMMAND...: have the command run in.sh inside
	wall=$1
	shift
	slash || { result 1 "$wall: a new root"; return; }
	cp in.sh slash/in.sh
	mkdir outside
	printf '108\n109\n136\n' >outside/tags
	ptbw -m -t outside/tags -N "$T/w/outside/pool" : & pool=$!
	xclate -m -u "$T/w/outside/xcl" : >collated & xcl=$!
	wait_until test -S outside/pool -a -S outside/xcl
	env ptbw_link=1 ptbw_1="$T/w/outside/pool" xcl_link=1 xcl_1="$T/w/outside/xcl" \
	    wrapw -m -N "$T/w/slash/tmp/out" : & gate=$!
	wait_until test -S slash/tmp/out
	t "$wall: tokens, and the quit from inside" 0 'tokens 108 109 136
code 75
Fini' "$quiet" "$@"
	[ "$failed" -eq 0 ] || kill $gate       # it was not asked to end
	wait $gate
	result $? "$wall: the gateway has ended"
	[ ! -e slash/tmp/out ]
	result $? "$wall: its socket is gone"
	t "$wall: a section of the outer stream" 0 section '' cat collated
	t "$wall: the pool is whole" 0 3 '' sh -c \
	    'ptbw -t outside/pool -T1 -R3 printenv ptbw_list | wc -l | tr -d " "'
	kill $pool $xcl
	wait $pool $xcl
	rm -rf outside slash
}

root=
[ "$(id -u)" -ne 0 ] || root=yes
if [ -n "$root" ] && chroot / true 2>/dev/null; then
	gateway chroot chroot "$T/w/slash" /bin/sh /in.sh "$T/w/outside/pool" /tmp/out
elif unshare -Ur chroot / true 2>/dev/null; then
	gateway chroot unshare -Ur chroot "$T/w/slash" /bin/sh /in.sh \
	    "$T/w/outside/pool" /tmp/out
else
	skip 'into a chroot' 'neither chroot nor a user name space is allowed here'
fi
if unshare -Urmpnf sh -c 'mount -t tmpfs none /mnt' 2>/dev/null; then
	# the services' own directory is hidden by an empty one
	cat >container <<END
exec unshare -Urmpnf sh -c 'mount -t tmpfs none "$T/w/outside" &&
    PATH="$top/bin:$PATH" exec sh "$T/w/in.sh" "$T/w/outside/pool" "$T/w/slash/tmp/out"'
END
	gateway 'a container' sh ./container
	cat >container <<END
exec unshare -Urmpnf sh -c 'mount -t tmpfs none "$T/w/outside" &&
    exec chroot "$T/w/slash" /bin/sh \
    /in.sh "$T/w/outside/pool" /tmp/out'
END
	gateway 'a chroot in a container' sh ./container
else
	skip 'into a container' 'unshare may not make all its name spaces here'
fi

# --- the transcript of wrapw's document, command by command ---
# A shell reads its commands from a fifo.  Those that it starts read on there,
# and say so first, for a shell may have read more than the line it is at.
printf '#!/bin/sh\necho up\nexec %s\n' "$sh" >newshell
chmod +x newshell
window() {      # window N: open one
	mkfifo "in$1" && : >"out$1"
	env -u ENV PS1= PS2= SHELL="$T/w/newshell" "$sh" <"in$1" >"out$1" 2>&1 &
	eval "shell$1=\$!"
	case $1 in
	1) exec 4>in1 ;;
	2) exec 5>in2 ;;
	3) exec 6>in3 ;;
	esac
}
keys() {        # keys N COMMAND: type it
	printf '%s\n' "$2" >&$(($1 + 3))
}
more() {        # more N WORD COUNT: has the word come more often than that?
	[ "$(grep -c "^$2\$" "out$1")" -gt "$3" ]
}
until_said() {  # until_said N WORD COMMAND: type it, wait for the word
	before=$(grep -c "^$2\$" "out$1")
	keys "$1" "$3"
	wait_until more "$1" "$2" "$before"
}
enters() {      # enters N COMMAND: one that starts a shell
	until_said "$1" up "$2; echo down"
}
leaves() {      # leaves N: that shell again
	until_said "$1" down exit
}
typed=0
types() {       # types N COMMAND PATTERN: type it and see what comes
	typed=$((typed + 1))
	from=$(wc -l <"out$1")
	keys "$1" "$2"
	keys "$1" "echo end of $typed"
	wait_until grep -q "^end of $typed\$" "out$1"
	got=$(tail -n +$((from + 1)) "out$1" | sed "/^end of $typed\$/d")
	matches "$3" "$got"
	result $? "window $1: $2" "wanted: $3${nl}got: $got"
}
three() {       # a report of ptbw: N tokens, the last line
	printf '~ptbw: master has %s tokens, max length 1 (total space %s)\n Master tokens from the internal function: iota\n*\n     %s\t0\t%s' \
	    "$1" "$2" "$3" "$3"
}
clean='env | grep "^[^=]*_[0-9ld].*="'
window 1
types 1 "$clean" ''
enters 1 'ptbw -m -J8 $SHELL'
types 1 'env | grep ptbw_ | sort' "~ptbw_1=$TMPDIR/ptbd??????/sta0
ptbw_link=1"
enters 1 'orig=$ptbw_1 wrapw -m $SHELL'
types 1 'env | grep ptbw_ | sort' "~ptbw_1=$TMPDIR/wrapw??????/ww0/0
ptbw_link=1"
types 1 'env | grep wrapw_ | sort' "~wrapw_1=$TMPDIR/wrapw??????/ww0
wrapw_link=1"
types 1 'ls -als $orig $wrapw_1' "~*srwx* $TMPDIR/ptbd??????/sta0*srwx* $TMPDIR/wrapw??????/ww0"
types 1 'ls $ptbw_1' "~ls: *$TMPDIR/wrapw??????/ww0/0*: Not a directory"
types 1 'wrapw -V' "~wrapw: wrapkit *
wrapw: environment tags: \"link\", \"list\", \"d\", \"1\"
*
wrapw:  1: $TMPDIR/wrapw??????/ww0 \[target\]"
types 1 'ptbw -' "$(three 8 16 7)"
types 1 'ptbw -t $orig -R4 -A echo' '0 1 2 3'
types 1 'wrapw -R one.ds' ''
types 1 'ls -als one.ds' '~*-rw-* one.ds'
types 1 'tr "\0" "\n" <one.ds' "~$TMPDIR/wrapw??????/ww0
wrapw_link=1
wrapw_1=$TMPDIR/wrapw??????/ww0
ptbw_1=$TMPDIR/wrapw??????/ww0/0
ptbw_link=1"
window 2
enters 2 'wrapw -t one.ds $SHELL'
types 2 'ptbw -V' "~ptbw: wrapkit *
ptbw:  1: $TMPDIR/wrapw??????/ww0/0 \[target\]"
types 2 'wrapw -V' "~wrapw: wrapkit *
wrapw:  1: $TMPDIR/wrapw??????/ww0 \[target\]"
leaves 2
window 3
enters 3 'ptbw -m -R2 -J2 wrapw -It one.ds $SHELL'
types 3 'ptbw -V' "~ptbw: wrapkit *
ptbw:  2: $TMPDIR/wrapw??????/ww0/0 \[target\]
ptbw:  1: $TMPDIR/ptbd??????/sta0"
types 3 'ptbw -1 -' "$(three 4 8 3)"
types 3 'ptbw -' "$(three 8 16 7)"
until_said 3 up 'lost=$ptbw_1 exec wrapw -t /dev/null $SHELL'
types 3 'ptbw -' 'ptbw: no enclosing diversion: no ptbw is around this (ptbw -m command starts one, -t names one)'
types 3 "$clean" ''
types 3 'ptbw -t $lost -A echo' '~[0-3]'
leaves 3
leaves 1
leaves 1
types 1 "$clean" ''
exec 4>&- 5>&- 6>&-
wait $shell1 $shell2 $shell3
finish
