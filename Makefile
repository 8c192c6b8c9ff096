# wrapkit: POSIX make, a C compiler and a shell are all it takes.
#
#   make                            the programs and libdivconnect.a, in bin/
#   make check                      the tests (T=ptbw.t: that one alone)
#   make coverage                   which lines and branches they meet
#   make demo                       the programs at work on real files
#   make bench                      measure
#   make html                       the pages for a browser
#   make dist                       a tar ball, which needs no git
#   make DESTDIR=... PREFIX=... install
#
# What is started thousands of times should start fast.  Static programs do,
# so those are made where the system can (STATIC= to have none).  And where
# musl is there it is preferred: before main, glibc executes dozens of
# CPUID instructions, each of which leaves a virtual machine, and so needs
# near a millisecond on some of them, where musl needs a tenth.  "make CC=cc"
# decides otherwise.  The sections leave functions that a program does not
# call out of it.  The archive is for other people's programs: LIBCC, the
# system's own compiler, makes it.
.POSIX:

CC = $$(command -v musl-gcc || echo cc)
CFLAGS = -O2 -ffunction-sections -fdata-sections
CPPFLAGS =
LDFLAGS =
LDLIBS =
AR = ar
LIBCC = cc
STATIC = -static -Wl,--gc-sections
PREFIX = /usr/local
HTML = html
T =
VERSION = $$(sed -n 's/^.define DIV_VERSION "\(.*\)"/\1/p' divconnect.h)
NAME = wrapkit-$(VERSION)

OWN_FLAGS = -std=c11 -D_GNU_SOURCE -D_DARWIN_C_SOURCE -D_NETBSD_SOURCE -I.
COMPILE = $(CC) $(OWN_FLAGS) $(CPPFLAGS) $(CFLAGS)

# What is made goes to bin/: the name of a program is that of its folder, too.
PROGRAMS = ptbw wraptree wrapw xapply xclate
FOLDERS = base wire ptbw wraptree wrapw xapply xclate
MADE = bin/ptbw bin/sshw bin/wraptree bin/wrapw bin/xapply bin/xclate \
	bin/libdivconnect.a

# The installed library, and its headers, is the part of base that a wrapper
# of one's own needs; the archive of the programs is all of base and wire.
PUBLIC = codes.h event.h master.h options.h serve.h wrapper.h
LIBRARY = divconnect.c base/event.c base/master.c base/options.c base/serve.c \
	base/spawn.c base/terminal.c base/trace.c base/visible.c base/wrapper.c
ARCHIVE = bin/libwrapkit.a
SHARED = divconnect.o base/buffer.o base/colour.o base/cpus.o \
	base/dial.o base/event.o base/failures.o base/flow.o base/halt.o \
	base/high.o base/jobline.o base/kin.o base/lines.o base/master.o \
	base/options.o base/peer.o base/progress.o base/pty.o base/results.o \
	base/serve.o base/size.o base/spawn.o base/terminal.o base/text.o \
	base/trace.o base/visible.o base/wall.o base/window.o base/wrapper.o \
	wire/broker.o wire/control.o wire/door.o wire/extra.o wire/holders.o \
	wire/jobs.o wire/late.o wire/section.o wire/share.o wire/style.o \
	wire/tag.o wire/talk.o wire/things.o wire/title.o wire/tokens.o \
	wire/turn.o
PTBW = ptbw.o ptbw/change.o ptbw/client.o ptbw/expect.o ptbw/fifo.o \
	ptbw/jobserver.o ptbw/makeflags.o ptbw/maker.o ptbw/master.o \
	ptbw/pool.o ptbw/repool.o ptbw/shared.o ptbw/source.o ptbw/tableau.o \
	ptbw/wait.o
WRAPTREE = wraptree.o wraptree/ask.o wraptree/diversion.o wraptree/note.o \
	wraptree/process.o wraptree/reach.o wraptree/tree.o
WRAPW = wrapw.o wrapw/carry.o wrapw/client.o wrapw/guard.o wrapw/link.o \
	wrapw/master.o wrapw/record.o wrapw/relay.o wrapw/space.o
XAPPLY = xapply.o xapply/apart.o xapply/batch.o xapply/columns.o \
	xapply/ends.o xapply/expand.o xapply/hints.o xapply/hold.o \
	xapply/input.o xapply/joblog.o xapply/limit.o xapply/look.o \
	xapply/make.o xapply/pipe.o xapply/quote.o xapply/rows.o xapply/run.o \
	xapply/say.o xapply/sides.o xapply/source.o xapply/stream.o \
	xapply/task.o xapply/termseq.o xapply/tty.o
XCLATE = xclate.o xclate/client.o xclate/inspect.o xclate/master.o \
	xclate/redirect.o xclate/report.o
HEADERS = divconnect.h base/buffer.h base/codes.h base/colour.h \
	base/cpus.h base/dial.h base/event.h base/failures.h base/flow.h \
	base/halt.h base/high.h base/jobline.h base/kin.h base/lines.h \
	base/master.h base/options.h base/peer.h base/progress.h base/pty.h \
	base/results.h base/serve.h base/size.h base/spawn.h base/terminal.h \
	base/text.h base/trace.h base/visible.h base/wall.h base/window.h \
	base/wrapper.h wire/broker.h wire/control.h wire/door.h wire/extra.h \
	wire/holders.h wire/jobs.h wire/late.h wire/section.h wire/share.h \
	wire/style.h wire/tag.h wire/talk.h wire/things.h wire/title.h \
	wire/tokens.h wire/turn.h ptbw/change.h ptbw/expect.h ptbw/fifo.h \
	ptbw/makeflags.h ptbw/maker.h ptbw/pool.h ptbw/ptbw.h ptbw/shared.h \
	ptbw/source.h ptbw/tableau.h wraptree/wraptree.h wrapw/carry.h \
	wrapw/guard.h wrapw/link.h wrapw/record.h wrapw/relay.h wrapw/space.h \
	wrapw/wrapw.h xapply/apart.h xapply/batch.h xapply/columns.h \
	xapply/ends.h xapply/expand.h xapply/hints.h xapply/hold.h \
	xapply/input.h xapply/limit.h xapply/look.h xapply/make.h \
	xapply/pipe.h xapply/quote.h xapply/rows.h xapply/sides.h \
	xapply/source.h xapply/stream.h xapply/termseq.h xapply/xapply.h \
	xclate/inspect.h xclate/redirect.h xclate/report.h xclate/xclate.h
CHECKERS = tests/chaos tests/driver tests/expand tests/holder \
	tests/jobclient tests/model tests/old tests/peer tests/records \
	tests/riot tests/section tests/text tests/unit

all: $(MADE)

.SUFFIXES: .c .o
.c.o:
	$(COMPILE) -c -o $@ $<

$(SHARED) $(PTBW) $(WRAPTREE) $(WRAPW) $(XAPPLY) $(XCLATE): bin/begun $(HEADERS)

# What a build left here before there was a bin/, or before this file changed,
# is no part of the next one: it may be newer than the sources.
bin/begun: Makefile
	@for f in $(FOLDERS); do \
		[ ! -f $$f ] || { echo "make: $$f is a program of an older" \
		    "version, where a folder belongs: remove it, and copy" \
		    "the files anew" >&2; exit 1; }; \
	done
	rm -rf bin && mkdir bin
	rm -f *.o */*.o *.a sshw $(CHECKERS) bench/lease
	echo 'what is newer belongs to this build' >$@

$(ARCHIVE): $(SHARED)
	rm -f $@
	$(AR) rcs $@ $(SHARED)

# A system without a static libc gets ordinary programs.
LINK = @link() { \
	$(CC) $(CFLAGS) $(LDFLAGS) "$$@" $(ARCHIVE) $(LDLIBS); \
	}; echo "linking $@"; try() { \
	link $(STATIC) -o $@ "$$@" 2>/dev/null || link -o $@ "$$@"; }; try

bin/ptbw: $(PTBW) $(ARCHIVE)
	$(LINK) $(PTBW)
bin/wraptree: $(WRAPTREE) $(ARCHIVE)
	$(LINK) $(WRAPTREE)
bin/wrapw: $(WRAPW) $(ARCHIVE)
	$(LINK) $(WRAPW)
bin/xapply: $(XAPPLY) $(ARCHIVE)
	$(LINK) $(XAPPLY)
bin/xclate: $(XCLATE) $(ARCHIVE)
	$(LINK) $(XCLATE)

bin/sshw: sshw.sh bin/begun
	cp sshw.sh $@
	chmod 755 $@

bin/libdivconnect.a: $(HEADERS) $(LIBRARY) bin/begun
	rm -rf $@ bin/library && mkdir bin/library
	for f in $(LIBRARY); do \
		o=$${f##*/} && $(LIBCC) $(OWN_FLAGS) $(CPPFLAGS) $(CFLAGS) \
		    -c -o bin/library/$${o%.c}.o $$f || exit 1; \
	done
	$(AR) rcs $@ bin/library/*.o

# The programs of the tests and the bench.
TAP = tests/dice.h tests/tap.h
CHECKER = $(COMPILE) $(LDFLAGS) -o $@ $@.c
tests/chaos: tests/chaos.c tests/dice.h $(ARCHIVE)
	$(CHECKER) $(ARCHIVE) $(LDLIBS)
tests/driver: tests/driver.c $(ARCHIVE)
	$(CHECKER) $(ARCHIVE) $(LDLIBS)
tests/expand: tests/expand.c tests/shown.h $(TAP) $(XAPPLY) $(ARCHIVE)
	$(CHECKER) xapply/expand.o xapply/quote.o $(ARCHIVE) $(LDLIBS)
tests/holder: tests/holder.c bin/begun
	$(CHECKER) $(LDLIBS)
tests/jobclient: tests/jobclient.c bin/begun
	$(CHECKER) $(LDLIBS)
tests/model: tests/model.c $(TAP) $(PTBW)
	$(CHECKER) ptbw/pool.o $(LDLIBS)
tests/old: tests/old.c bin/begun
	$(CHECKER) $(LDLIBS)
tests/peer: tests/peer.c tests/dice.h $(ARCHIVE)
	$(CHECKER) $(ARCHIVE) $(LDLIBS)
tests/records: tests/fuzz/loop.c tests/fuzz/record.c $(WRAPW) $(ARCHIVE)
	$(COMPILE) $(LDFLAGS) -o $@ tests/fuzz/loop.c tests/fuzz/record.c \
	    wrapw/record.o $(ARCHIVE) $(LDLIBS)
tests/riot: tests/riot.c tests/dice.h bin/begun
	$(CHECKER) $(LDLIBS)
tests/section: tests/section.c $(TAP) $(XCLATE) $(ARCHIVE)
	$(CHECKER) xclate/redirect.o xclate/report.o $(ARCHIVE) $(LDLIBS)
tests/text: tests/text.c tests/shown.h $(TAP) $(ARCHIVE)
	$(CHECKER) $(ARCHIVE) $(LDLIBS)
tests/unit: tests/unit.c $(TAP) $(PTBW) $(ARCHIVE)
	$(CHECKER) ptbw/pool.o ptbw/tableau.o $(ARCHIVE) $(LDLIBS)
bench/lease: bench/lease.c $(ARCHIVE)
	$(CHECKER) $(ARCHIVE) $(LDLIBS)

check: all $(CHECKERS)
	LIBCC='$(LIBCC)' CFLAGS='$(CFLAGS)' sh tests/run $(T)

# In a copy, with gcc.
coverage:
	sh tests/coverage $(T)

demo: all
	sh examples/demo

bench: all bench/lease tests/peer
	sh bench/run

# Links to pages that are not ours would lead nowhere.
html: always
	@command -v mandoc >/dev/null || { echo "html: mandoc is needed" >&2; exit 1; }
	mkdir -p '$(HTML)'
	for m in man/*; do \
		mandoc -Thtml -O man=%N.%S.html,toc "$$m" \
		    >'$(HTML)'/"$${m#man/}.html" || exit 1; \
	done
	cd '$(HTML)' && for l in $$(sed -n \
	    's/.*<a class="Xr" href="\([^"]*\)".*/\1/p' *.html | sort -u); do \
		[ -e "$$l" ] || for h in *.html; do \
			sed "s,<a class=\"Xr\" href=\"$$l\">\([^<]*\)</a>,\1,g" \
			    "$$h" >new && mv new "$$h" || exit 1; \
		done; \
	done

lint:
	sh tests/lint

always:

# The files are those that git knows, or in a tar ball those of its list.
dist:
	name=$(NAME) && rm -rf bin/dist && mkdir -p bin/dist/$$name && \
	if [ -f MANIFEST ]; then cat MANIFEST; else git ls-files; fi \
	    >bin/dist/list && [ -s bin/dist/list ] && \
	tar cf bin/dist/files.tar $$(cat bin/dist/list) && \
	cd bin/dist && mv list $$name/MANIFEST && \
	(cd $$name && tar xf ../files.tar) && \
	tar cf $$name.tar $$name && gzip -9 $$name.tar && \
	mv $$name.tar.gz ../.. && rm -rf ../dist

BIN = $(DESTDIR)$(PREFIX)/bin
LIB = $(DESTDIR)$(PREFIX)/lib
INCLUDE = $(DESTDIR)$(PREFIX)/include
SHARE = $(DESTDIR)$(PREFIX)/share
BASH = $(SHARE)/bash-completion/completions
ZSH = $(SHARE)/zsh/site-functions

# The headers but the first stand in a folder: others have an event.h, too.
install: all
	umask 022 && mkdir -p '$(BIN)' '$(LIB)/pkgconfig' '$(INCLUDE)/wrapkit' \
	    '$(SHARE)/man/man1' '$(SHARE)/man/man3' '$(SHARE)/man/man7' \
	    '$(BASH)' '$(ZSH)'
	for p in $(PROGRAMS) sshw; do \
		cp bin/$$p '$(BIN)' || exit 1; \
	done
	cp bin/libdivconnect.a '$(LIB)'
	cp divconnect.h '$(INCLUDE)'
	for h in $(PUBLIC); do \
		cp base/$$h '$(INCLUDE)/wrapkit' || exit 1; \
	done
	sed -e 's,@PREFIX@,$(PREFIX),' -e "s,@VERSION@,$(VERSION)," \
	    libdivconnect.pc.in >'$(LIB)/pkgconfig/libdivconnect.pc'
	for s in 1 3 7; do \
		cp man/*.$$s '$(SHARE)/man/man'$$s || exit 1; \
	done
	for p in $(PROGRAMS) sshw; do \
		sh complete.sh bash bin/$$p >'$(BASH)'/$$p && \
		sh complete.sh zsh bin/$$p >'$(ZSH)'/_$$p && \
		chmod 644 '$(BASH)'/$$p '$(ZSH)'/_$$p || exit 1; \
	done
	cd '$(BIN)' && chmod 755 $(PROGRAMS) sshw
	cd '$(LIB)' && chmod 644 libdivconnect.a pkgconfig/libdivconnect.pc
	cd '$(INCLUDE)' && chmod 644 divconnect.h && cd wrapkit && \
	    chmod 644 $(PUBLIC)
	for s in 1 3 7; do for m in man/*.$$s; do \
		chmod 644 '$(SHARE)'/man/man$$s/$${m#man/} || exit 1; \
	done; done

uninstall:
	for p in $(PROGRAMS) sshw; do \
		rm -f '$(BIN)'/$$p '$(BASH)'/$$p '$(ZSH)'/_$$p; \
	done
	for h in $(PUBLIC); do rm -f '$(INCLUDE)/wrapkit'/$$h; done
	for s in 1 3 7; do for m in man/*.$$s; do \
		rm -f '$(SHARE)'/man/man$$s/$${m#man/}; \
	done; done
	rm -f '$(LIB)/libdivconnect.a' '$(LIB)/pkgconfig/libdivconnect.pc' \
	    '$(INCLUDE)/divconnect.h'
	rmdir '$(INCLUDE)/wrapkit' 2>/dev/null || :

clean:
	rm -rf bin
	rm -f *.o */*.o $(CHECKERS) bench/lease html/*.html wrapkit-*.tar.gz
