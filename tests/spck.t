#!/bin/sh
# spck.t - the example of a wrapper: built as somebody else would, and used
. "$(dirname "$0")/lib.sh"

for v in $(env | sed -n 's/^\(spck_[^=]*\)=.*/\1/p; s/^\(SPCK[^=]*\)=.*/\1/p'); do
	unset "$v"
done
# as installed, with nothing of the source at hand
cat >pkg-config <<END
#!/bin/sh
# for where there is none; it knows what our file says
sed -n 's,\\\${prefix},$T/w/dest,g; s,\\\${libdir},$T/w/dest/lib,g
    s,\\\${includedir},$T/w/dest/include,g; s/^Cflags: //p; s/^Libs: //p' "$T/w/dest/lib/pkgconfig/libdivconnect.pc"
END
chmod +x pkg-config
(cd "$top" && make -s CC="${CC:-cc}" CFLAGS="${CFLAGS--O2}" PREFIX="$T/w/dest" \
    install) >log 2>&1
result $? 'install' "$(tail -n 20 log)"
if command -v pkg-config >/dev/null; then
	PKG_CONFIG_PATH=$T/w/dest/lib/pkgconfig
	export PKG_CONFIG_PATH
	check 'pkg-config knows the library' pkg-config --exists libdivconnect
else
	skip 'pkg-config knows the library' 'pkg-config is not installed'
	PATH=$PATH:$T/w
fi
cp "$top/examples/spck.c" .
# the words of these two are meant to be several
# shellcheck disable=SC2046,SC2086
check 'the example is built from what is installed' \
    ${LIBCC:-cc} ${CFLAGS-} -std=c11 -Wall -Wextra -Wpedantic -Werror \
    -D_GNU_SOURCE spck.c $(pkg-config --cflags --libs libdivconnect) -o spck
PATH=$T/w:$PATH
printf 'the\nand\nword\n' >words

t 'known words are silent' 0 '' '' spck -m -f words spck the and
t 'unknown ones are printed, and the code says so' 1 "x${nl}y" '' \
    spck -m -f words spck x the y
t 'a text' 1 "is${nl}here" '' \
    spck -m -f words sh -c 'echo "the word, and 2 the; is-here" | spck'
t 'the file is that of the one master' 66 '' 'spck: none: No such file or directory' \
    spck -m -f none spck the
t 'a text that cannot be read' 66 '' 'spck: standard input: Is a directory' \
    spck -m -f words sh -c 'spck </'
t 'nor can a dictionary' 66 '' 'spck: /: Is a directory' spck -m -f / true
t 'a word that was taught is known' 0 '' '' \
    spck -m -f words sh -c 'spck -l foo && spck foo'
t 'to the master that was asked, and those within it' 1 'foo' '' \
    spck -m -f words sh -c 'spck -m sh -c "spck -l foo; spck foo the || echo bad"; spck foo'
t 'one further out' 0 '' '' \
    spck -m -f words sh -c 'spck -m spck -1 -l foo; spck foo'
t 'which those within it ask as well' 0 '' '' \
    spck -m -f words sh -c 'spck -m sh -c "spck -1l foo; spck foo the"'
t 'looking further out leaves the inner one unasked' 1 'foo' '' \
    spck -m -f words spck -m sh -c 'spck -l foo; spck -1 foo the'
t 'deeper than the stack' 65 '' 'spck: requested depth -2 is too great for current stack of 1' \
    spck -m -f words spck -2 the
t 'no diversion' 66 '' 'spck: no enclosing diversion: no spck is around this (spck -m command starts one, -t names one)' spck the
t 'a detached one is hinted at' 66 '' '~spck: no enclosing diversion (a detached one: -t /*)' \
    spck -md -f words spck the
t 'and used by its path' 0 '' '' spck -md -f words sh -c 'spck -t $spck_d the'
t 'persistent, with a name; it quits when asked' 1 'x' '' sh -c '
    spck -m -f words -N "$PWD/s" : & until test -S s; do sleep 0.1; done
    spck -t s the x; code=$?
    spck -t s -l x; spck -t s x; spck -t s -Q || exit 9
    wait $! || exit 8; test ! -e s || exit 7; exit $code'
t 'the options of the user' 1 'x' '' env SPCK='-f words' spck -m spck the x
t 'the status is that of the utility' 7 '' '' spck -m -f words sh -c 'exit 7'
t 'two languages side by side' 1 'wort' '' sh -c '
    echo wort >de
    spck -m -f de -N "$PWD/de.s" : & until test -S de.s; do sleep 0.1; done
    spck -m -f words sh -c "spck -t de.s wort || exit 9; spck wort"; code=$?
    spck -t de.s -Q; wait; exit $code'
t 'behind a wrapw' 0 '' '' \
    spck -m -f words wrapw -m sh -c 'spck the && env -u spck_link spck -t $wrapw_1/spck word'
t '-V' 0 '~spck: wrapkit [0-9]*spck: environment prefix "spck"*\[target\]' '' \
    spck -m -f words spck -V
t '-h' 0 '~usage: spck -m*' '' spck -h
t 'one who sends nonsense harms nobody' 0 '' '' spck -m -f words sh -c '
    long=$(printf "?%0200d" 0)
    peer connect $spck_1 "s:$long\n" e && peer connect $spck_1 "s:$long" e &&
    peer connect $spck_1 "s:?the\n" r:+ "s:\n" r:- "s:x\n" r:- &&
    peer connect $spck_1 "s:?th" "s:e\n?no\n" "r:+-" && spck the'
t 'a word that is none' 65 '' '~spck: a*: not a word of at most 100 bytes' \
    spck -m -f words spck "$(printf 'a%0200d' 0)"

# another event loop in the same program, the most likely one to share names
cat >both.c <<'END'
#include <ev.h>
#include <wrapkit/event.h>
#define main spck_main
#include "spck.c"
#undef main

static void
expired(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)events;
	ev_timer_stop(loop, timer);
}

int
main(int argc, char **argv)
{
	struct ev_loop *loop = ev_default_loop(0);
	ev_timer timer;

	ev_timer_init(&timer, expired, 0., 0.);
	ev_timer_start(loop, &timer);
	ev_run(loop, 0);
	return EV_READ == WK_READ ? spck_main(argc, argv) : 1;
}
END
both() {        # both HOW [FLAG...]
	how=$1
	shift
	# shellcheck disable=SC2046,SC2086
	peer limit 60 ${LIBCC:-cc} ${CFLAGS-} -std=c11 -D_GNU_SOURCE both.c "$@" -o both \
	    $(pkg-config --cflags --libs libdivconnect) -lev -lm >"$T/out" 2>&1
	result $? "with libev, $how" "$(cat "$T/out")"
	t "and works, $how" 1 x '' ./both -m -f words ./both x the
}
printf '#include <ev.h>\nint main(void) { return ev_version_major() == 0; }\n' >ev.c
# shellcheck disable=SC2086
libev() {
	${LIBCC:-cc} ${CFLAGS-} "$@" ev.c -o ev -lev -lm >/dev/null 2>&1
}
if libev; then
	both 'linked dynamically'
else
	skip 'with libev' 'it is not installed'
fi
if libev -static; then
	both 'linked statically' -static
else
	skip 'with libev, linked statically' 'it or a static libc is not installed'
fi
(cd "$top" && make -s PREFIX="$T/w/dest" uninstall) >log 2>&1
t 'nothing of it is left' 0 '' '' find dest ! -type d
finish
