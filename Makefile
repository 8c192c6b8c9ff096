# wrapkit: POSIX make, a C compiler and a shell are all it takes.
#
#   make                            the programs and libdivconnect.a
#   make check                      the tests
#   make demo                       the programs at work on real files
#   make DESTDIR=... PREFIX=... install
#
# What is started thousands of times should start fast.  Static programs do,
# so those are made where the system can (STATIC= to have none).  And where
# musl is there it is preferred: before main, glibc executes some eighty
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

OWN_FLAGS = -std=c11 -D_GNU_SOURCE -D_DARWIN_C_SOURCE -D_NETBSD_SOURCE
COMPILE = $(CC) $(OWN_FLAGS) $(CPPFLAGS) $(CFLAGS)

PROGRAMS = ptbw
LIBRARY = libdivconnect.a
HEADERS = broker.h divconnect.h event.h pool.h serve.h spawn.h tableau.h \
	wrapper.h
COMMON = divconnect.o event.o serve.o spawn.o wrapper.o
PTBW = ptbw.o broker.o pool.o tableau.o $(COMMON)
HELPERS = tests/chaos tests/holder tests/peer tests/unit bench/lease

all: $(PROGRAMS) $(LIBRARY)

.SUFFIXES: .c .o
.c.o:
	$(COMPILE) -c -o $@ $<

$(PTBW): $(HEADERS)

# A system without a static libc gets ordinary programs.
ptbw: $(PTBW)
	@echo "linking $@"; \
	$(CC) $(CFLAGS) $(LDFLAGS) $(STATIC) -o $@ $(PTBW) $(LDLIBS) \
	    2>/dev/null || $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(PTBW) $(LDLIBS)

$(LIBRARY): divconnect.c divconnect.h
	$(LIBCC) $(OWN_FLAGS) $(CPPFLAGS) $(CFLAGS) -c -o library.o divconnect.c
	rm -f $@
	$(AR) rcs $@ library.o
