#!/bin/sh
# names.t - a socket that loses its name while its master lives, and names that
# cannot be removed at its end
. "$(dirname "$0")/lib.sh"

cat >live <<'END'
#!/bin/sh
# live NAME VARIABLE: the utility of a master whose socket that variable names
eval "echo \"\$$2\"" >"$1.tmp"
mv "$1.tmp" "$1.path"
until test -e end; do sleep 0.05 2>/dev/null || sleep 1; done
END
chmod +x live
masters=''
master() {      # master NAME VARIABLE command...
	n=$1 v=$2
	shift 2
	"$@" ./live "$n" "$v" >/dev/null 2>"$n.err" &
	masters="$masters $!"
	wait_until test -s "$n.path"
	read -r path <"$n.path"
}

# --- names that vanish: all at once, as each takes some seconds ---
master socket ptbw_1 ptbw -m -J1
rm "$path"
master xclate xcl_1 xclate -m
rm -r "${path%/*}"
master wrapw wrapw_1 wrapw -mq
rm -r "${path%/*}"
master nested ptbw_2 ptbw -m -J1 ptbw -m -J1
rm -r "${path%/*}"
master absolute ptbw_1 ptbw -m -J1 -N "$T/w/s"
rm s
mkdir zero
master zero ptbw_1 env ptbw_0="$T/w/zero/x" ptbw -m -J1
rm "$path"
master taken ptbw_1 ptbw -m -J1 -N "$T/w/taken.s"
rm taken.s
: >taken.s
mkdir gone
master gone ptbw_1 ptbw -m -J1 -N "$T/w/gone/s"
rm -r gone
again() {       # again NAME WANTED command...: it can be asked
	read -r path <"$1.path"
	wait_until grep -q . "$1.err"
	wait_until test -S "$path"
	n=$1 want=$2
	shift 2
	t "the name is made again: $n" 0 "$want" '' "$@" "$path"
}
for n in socket nested absolute zero; do
	again $n 0 sh -c 'ptbw -t "$0" -A echo'
done
again xclate '' sh -c 'xclate -u "$0" x true'
again wrapw '' wrapw -n -t
for n in socket xclate wrapw absolute zero; do
	read -r path <$n.path
	t "it is said: $n" 0 "~*: $path: it was removed, and is there again" '' \
	    cat $n.err
done
read -r path <nested.path
t 'it is said: by both' 0 "~*${path%?}[01]: it was removed*${path%?}[01]: it*" '' \
    cat nested.err
t 'a directory that is made again is private' 0 'drwx' '' \
    sh -c "ls -ld '${path%/*}' | cut -c1-4"
wait_until test -s taken.err
t 'something else stands there: said, once' 0 \
    "ptbw: $T/w/taken.s: nobody can connect any more: File exists" '' cat taken.err
wait_until test -s gone.err
t 'the directory of a name that was given: said' 0 \
    "ptbw: $T/w/gone/s: nobody can connect any more: No such file or directory" \
    '' cat gone.err
: >end
# shellcheck disable=SC2086
wait $masters
rm end
check 'what stood there is there' rm taken.s
t 'their own names are removed' 0 '' '' find . "$TMPDIR" -type s

# --- cleaners that mind locks ---
if command -v flock >/dev/null; then
	for p in ptbw:ptbw_1 xclate:xcl_1 wrapw:wrapw_1; do
		t "a lock is on the private directory: ${p%:*}" 0 '' 1 \
		    "${p%:*}" -m sh -c 'flock -nx "${'"${p#*:}"'%/*}" true
			echo $? >&2'
	done
	t 'a nested master has one, too' 0 1 '' sh -c '
	    mkfifo up
	    ptbw -m sh -c "ptbw -m sh -c '\''echo \$ptbw_2 >up; read _ <up
		flock -nx \${ptbw_2%/*} true; echo \$? >code; : >done'\'' >&- 2>&- & read -r _ <up"
	    echo >up; until test -e done; do :; done; cat code; rm up'
	t 'none on a directory that was given' 0 '0 0' '' \
	    ptbw -m -N "$T/w/s" sh -c 'flock -nx "$PWD" true; echo $? \
		$(ptbw -m -N name sh -c "flock -nx \"\$PWD\" true; echo \$?")'
else
	skip 'locks on private directories' 'flock is not installed'
fi

# --- names that cannot be removed ---
as=''
if [ "$(id -u)" -eq 0 ]; then
	as='setpriv --reuid 47001 --regid 47001 --clear-groups'
	$as true 2>/dev/null || as=none
fi
if [ "$as" = none ]; then
	skip 'names that cannot be removed' 'root removes all, and setpriv is missing'
else
	chmod 755 "$T" "$T/w"
	mkdir bin x && cp "$top/bin/ptbw" bin && cp "$top/bin/xclate" bin &&
	    cp "$top/bin/wrapw" bin
	[ -z "$as" ] || chown 47001 x
	stays() {       # stays NAME PROGRAM STATUS WHICH COMMAND
		t "$1" "$3" '' "~$2: $4: it cannot be removed: Permission denied" \
		    $as env WRAPKIT_TRACE= TMPDIR="$T/w/x" PATH="$T/w/bin:$PATH" \
		    sh -c "$5"
		chmod -R u+w x
		rm -rf x/*
	}
	stays 'the socket stays: said' ptbw 0 "$T/w/x/s" \
	    'ptbw -m -N $TMPDIR/s chmod 555 $TMPDIR'
	stays 'in a private directory' xclate 0 "$T/w/x/xcl??????/1" \
	    'xclate -m sh -c "chmod 555 \${xcl_1%/*}"'
	stays 'the private directory stays' wrapw 7 "$T/w/x/wrapw??????" \
	    'wrapw -mq sh -c "chmod 555 \$TMPDIR; exit 7"'
	stays 'of a persistent master' ptbw 0 "$T/w/x/s" '
	    ptbw -m -N $TMPDIR/s : & until test -S $TMPDIR/s; do :; done
	    chmod 555 $TMPDIR; ptbw -Q -t $TMPDIR/s true; wait $!'
fi
finish
