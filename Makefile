# wrapkit: POSIX make, a C compiler and a shell are all it takes.
#
#   make                            the programs and libdivconnect.a
#   make check                      the tests
#   make demo                       the programs at work on real files
#   make bench                      measure
#   make html                       the pages for a browser
#   make DESTDIR=... PREFIX=... install
#
# What is started thousands of times should start fast.  Static programs do,
# so those are made where the system can (STATIC= to have none).  And where
# musl is there it is preferred: before main, glibc executes dozens of
# CPUID instructions, each of which leaves a virtual machine, and so needs
# near a millisecond on some of them, where musl needs a tenth.  "make CC=cc"
# decides otherwise.  The archive is for other people's programs: LIBCC, the
# system's own compiler, makes it.
.POSIX:

CC = $$(command -v musl-gcc || echo cc)
CFLAGS = -O2
CPPFLAGS =
LDFLAGS =
LDLIBS =
AR = ar
LIBCC = cc
STATIC = -static
PREFIX = /usr/local
HTML = html

OWN_FLAGS = -std=c11 -D_GNU_SOURCE -D_DARWIN_C_SOURCE -D_NETBSD_SOURCE
COMPILE = $(CC) $(OWN_FLAGS) $(CPPFLAGS) $(CFLAGS)

PROGRAMS = ptbw wraptree wrapw xapply xclate
LIBRARY = libdivconnect.a
PARTS = divconnect event master serve spawn terminal wrapper
PUBLIC = event.h master.h serve.h wrapper.h
HEADERS = broker.h buffer.h cap.h carry.h collate.h dial.h divconnect.h \
	event.h expand.h flow.h input.h lines.h master.h pool.h quote.h \
	record.h redirect.h relay.h restore.h section.h serve.h share.h \
	space.h spawn.h tableau.h terminal.h title.h tokens.h turn.h \
	wrapper.h wrapw.h xapply.h xclate.h
COMMON = divconnect.o event.o serve.o spawn.o terminal.o wrapper.o
PTBW = ptbw.o broker.o master.o pool.o tableau.o $(COMMON)
WRAPTREE = wraptree.o broker.o divconnect.o event.o spawn.o terminal.o \
	wrapper.o
WRAPW = wrapw.o wclient.o wmaster.o buffer.o carry.o dial.o flow.o lines.o \
	master.o relay.o restore.o space.o $(COMMON)
XCLATE = xclate.o xclient.o xmaster.o buffer.o cap.o collate.o flow.o \
	lines.o record.o redirect.o section.o share.o title.o turn.o $(COMMON)
XAPPLY = xapply.o xrun.o xsay.o xtask.o xtty.o broker.o buffer.o cap.o \
	collate.o expand.o flow.o input.o joblog.o lines.o quote.o share.o \
	title.o tokens.o turn.o divconnect.o event.o spawn.o terminal.o \
	wrapper.o
CHECKERS = tests/chaos tests/driver tests/expand tests/holder tests/peer \
	tests/records tests/riot tests/section tests/text tests/unit

all: $(PROGRAMS) sshw $(LIBRARY)

.SUFFIXES: .c .o
.c.o:
	$(COMPILE) -c -o $@ $<

$(PTBW) $(WRAPTREE) $(WRAPW) $(XAPPLY) $(XCLATE): $(HEADERS)

# A system without a static libc gets ordinary programs.
ptbw: $(PTBW)
	@echo "linking $@"; \
	$(CC) $(CFLAGS) $(LDFLAGS) $(STATIC) -o $@ $(PTBW) $(LDLIBS) \
	    2>/dev/null || $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(PTBW) $(LDLIBS)
wraptree: $(WRAPTREE)
	@echo "linking $@"; \
	$(CC) $(CFLAGS) $(LDFLAGS) $(STATIC) -o $@ $(WRAPTREE) $(LDLIBS) \
	    2>/dev/null || $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(WRAPTREE) $(LDLIBS)
wrapw: $(WRAPW)
	@echo "linking $@"; \
	$(CC) $(CFLAGS) $(LDFLAGS) $(STATIC) -o $@ $(WRAPW) $(LDLIBS) \
	    2>/dev/null || $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(WRAPW) $(LDLIBS)
xapply: $(XAPPLY)
	@echo "linking $@"; \
	$(CC) $(CFLAGS) $(LDFLAGS) $(STATIC) -o $@ $(XAPPLY) $(LDLIBS) \
	    2>/dev/null || $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(XAPPLY) $(LDLIBS)
xclate: $(XCLATE)
	@echo "linking $@"; \
	$(CC) $(CFLAGS) $(LDFLAGS) $(STATIC) -o $@ $(XCLATE) $(LDLIBS) \
	    2>/dev/null || $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(XCLATE) $(LDLIBS)

sshw: sshw.sh
	cp sshw.sh $@
	chmod 755 $@

$(LIBRARY): $(HEADERS) divconnect.c event.c master.c serve.c spawn.c \
    terminal.c wrapper.c
	for p in $(PARTS); do \
		$(LIBCC) $(OWN_FLAGS) $(CPPFLAGS) $(CFLAGS) -c -o lib$$p.o \
		    $$p.c || exit 1; \
	done
	rm -f $@
	$(AR) rcs $@ libdivconnect.o libevent.o libmaster.o libserve.o \
	    libspawn.o libterminal.o libwrapper.o

# The programs of the tests and the bench.
tests/chaos: tests/chaos.c divconnect.o $(HEADERS)
	$(COMPILE) $(LDFLAGS) -o $@ tests/chaos.c divconnect.o $(LDLIBS)
DRIVER = buffer.o collate.o divconnect.o event.o flow.o lines.o share.o \
	spawn.o terminal.o title.o turn.o
tests/driver: tests/driver.c $(DRIVER) $(HEADERS)
	$(COMPILE) $(LDFLAGS) -o $@ tests/driver.c $(DRIVER) $(LDLIBS)
tests/expand: tests/expand.c tests/shown.h tests/tap.h expand.o quote.o $(HEADERS)
	$(COMPILE) $(LDFLAGS) -o $@ tests/expand.c expand.o quote.o $(LDLIBS)
tests/holder: tests/holder.c
	$(COMPILE) $(LDFLAGS) -o $@ tests/holder.c $(LDLIBS)
tests/peer: tests/peer.c divconnect.o $(HEADERS)
	$(COMPILE) $(LDFLAGS) -o $@ tests/peer.c divconnect.o $(LDLIBS)
tests/records: tests/records.c tests/tap.h restore.o divconnect.o $(HEADERS)
	$(COMPILE) $(LDFLAGS) -o $@ tests/records.c restore.o divconnect.o \
	    $(LDLIBS)
tests/riot: tests/riot.c
	$(COMPILE) $(LDFLAGS) -o $@ tests/riot.c $(LDLIBS)
tests/section: tests/section.c tests/tap.h turn.o redirect.o record.o \
    divconnect.o event.o spawn.o terminal.o $(HEADERS)
	$(COMPILE) $(LDFLAGS) -o $@ tests/section.c turn.o redirect.o \
	    record.o divconnect.o event.o spawn.o terminal.o $(LDLIBS)
tests/text: tests/text.c tests/shown.h tests/tap.h cap.o title.o lines.o \
    $(HEADERS)
	$(COMPILE) $(LDFLAGS) -o $@ tests/text.c cap.o title.o lines.o $(LDLIBS)
tests/unit: tests/unit.c tests/tap.h divconnect.o pool.o tableau.o $(HEADERS)
	$(COMPILE) $(LDFLAGS) -o $@ tests/unit.c divconnect.o pool.o \
	    tableau.o $(LDLIBS)
bench/lease: bench/lease.c divconnect.o $(HEADERS)
	$(COMPILE) $(LDFLAGS) -o $@ bench/lease.c divconnect.o $(LDLIBS)

check: all $(CHECKERS)
	LIBCC='$(LIBCC)' CFLAGS='$(CFLAGS)' sh tests/run

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
	cp $(PROGRAMS) sshw '$(BIN)'
	cp $(LIBRARY) '$(LIB)'
	cp divconnect.h '$(INCLUDE)'
	cp $(PUBLIC) '$(INCLUDE)/wrapkit'
	version=$$(sed -n 's/^.define WRAPKIT_VERSION "\(.*\)"/\1/p' wrapper.h) && \
	sed -e 's,@PREFIX@,$(PREFIX),' -e "s,@VERSION@,$$version," \
	    libdivconnect.pc.in >'$(LIB)/pkgconfig/libdivconnect.pc'
	for s in 1 3 7; do \
		cp man/*.$$s '$(SHARE)/man/man'$$s || exit 1; \
	done
	for p in $(PROGRAMS) sshw; do \
		sh complete.sh bash ./$$p >'$(BASH)'/$$p && \
		sh complete.sh zsh ./$$p >'$(ZSH)'/_$$p && \
		chmod 644 '$(BASH)'/$$p '$(ZSH)'/_$$p || exit 1; \
	done
	cd '$(BIN)' && chmod 755 $(PROGRAMS) sshw
	cd '$(LIB)' && chmod 644 $(LIBRARY) pkgconfig/libdivconnect.pc
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
	rm -f '$(LIB)/$(LIBRARY)' '$(LIB)/pkgconfig/libdivconnect.pc' \
	    '$(INCLUDE)/divconnect.h'
	rmdir '$(INCLUDE)/wrapkit' 2>/dev/null || :

clean:
	rm -f $(PROGRAMS) sshw $(LIBRARY) $(CHECKERS) bench/lease *.o
	rm -f html/*.html
