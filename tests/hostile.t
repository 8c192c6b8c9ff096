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
works 'next to nothing' -i "PATH=$PATH"

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
finish
