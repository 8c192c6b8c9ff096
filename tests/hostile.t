#!/bin/sh
# hostile.t - environments that nobody would choose: the tests and the demo
# work in them, or say in a line what is missing
. "$(dirname "$0")/lib.sh"

LIMIT=200
mkdir 'a blank' 'a blank/bin'
printf '#!/bin/sh\nexec /bin/sh "$@"\n' >'a blank/shell'
chmod +x 'a blank/shell'
long=$T/w/$(printf '%0150d' 1)
mkdir "$long"

# works NAME ENVIRONMENT...: a test does
works() {
	name=$1
	shift
	t "$name" 0 '~*nothing is left*' - env "$@" sh "$here/stack.t"
}
works 'no TMPDIR' -u TMPDIR
works 'a TMPDIR that is not there' TMPDIR=/nowhere
works 'a TMPDIR that is too long for a socket' "TMPDIR=$long"
works 'a TMPDIR with a blank' "TMPDIR=$T/w/a blank"
works 'an IFS' IFS=/_t
works 'a PATH with a blank' "PATH=$T/w/a blank/bin:$PATH"
works 'a SHELL with a blank' "SHELL=$T/w/a blank/shell"
works 'a SHELL that is not there' SHELL=/nowhere
works 'next to nothing' -i "PATH=$PATH" "ASAN_OPTIONS=${ASAN_OPTIONS-}"

t 'the demo, with all of that at once' 0 '~*demo: all steps done' - \
    env -u HOME "TMPDIR=$long" IFS=/_t "SHELL=$T/w/a blank/shell" \
    "PATH=$T/w/a blank/bin:$PATH" CDPATH=/ sh "$top/examples/demo"

# programs by themselves say what is wrong
t 'one that is not there' 73 '' '~ptbw: /nowhere/*: No such file or directory' \
    env TMPDIR=/nowhere ptbw -m true
if mount -t tmpfs -o size=4k none "$long" 2>/dev/null; then
	head -c 100000 /dev/zero >"$long/full" 2>/dev/null
	t 'a TMPDIR that is full' 0 '~*nothing is left*' - \
	    env "TMPDIR=$long" sh "$here/stack.t"
	umount "$long"
else
	skip 'a TMPDIR that is full' 'no mount here'
fi
if unshare -Urn true 2>/dev/null; then
	t 'no network' 0 '~*nothing is left*' - unshare -Urn sh "$here/protocol.t"
else
	skip 'no network' 'unshare is not allowed here'
fi

# what is missing is said in one line
mkdir few && ln -s "$(command -v dirname)" few
t 'the demo: a program is missing' 69 '' 'demo: awk is needed, and not installed' \
    env PATH="$T/w/few" /bin/sh "$top/examples/demo"
t 'tests: a TMPDIR that is not there' 0 \
    '~# /nowhere: no place for tests, /tmp is used*passed, 0 failed, *' '' \
    env TMPDIR=/nowhere sh "$here/run" text.t
if unshare -rm sh -c 'mount -t tmpfs none /mnt' 2>/dev/null; then
	cat >full <<'END'
mount -t tmpfs -o size=4k none /mnt && TMPDIR=/mnt exec sh "$@"
END
	t 'the demo: a TMPDIR that is full' 73 '' 'demo: there is no room in /mnt (see TMPDIR)' \
	    unshare -rm sh ./full "$top/examples/demo"
	t 'tests: a TMPDIR that is full' 0 \
	    '~# /mnt: no place for tests, /tmp is used*passed, 0 failed, *' '' \
	    unshare -rm sh ./full "$here/run" text.t
else
	skip 'a full TMPDIR of the demo' 'no file system of its own can be mounted here'
fi
finish
