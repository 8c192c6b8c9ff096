#!/bin/sh
# build.t - make from nothing, install, uninstall; a tar ball, built in a place
# that is no clean one
. "$(dirname "$0")/lib.sh"

LIMIT=200
mkdir src && cd src || exit 1
log=$T/w/log
(cd "$top" && tar cf - [!.]*) | tar xf -
make clean >"$log" 2>&1
find . -type f | sed 's,^\./,,; /^MANIFEST$/d' >../list && mv ../list MANIFEST
make CC="${CC:-cc}" CFLAGS='-O1 -Wall -Wextra -Wpedantic -Wshadow' >"$log" 2>&1
result $? 'make' "$(tail -n 20 "$log")"
check 'no warning' sh -c "! grep -i warning '$log'"
make CC="${CC:-cc}" DESTDIR="$T/w/dest" PREFIX=/opt/wk install >"$log" 2>&1
result $? 'make DESTDIR= PREFIX= install' "$(tail -n 20 "$log")"
t 'what is installed' 0 './bin/ptbw
./bin/sshw
./bin/wraptree
./bin/wrapw
./bin/xapply
./bin/xclate
./include/divconnect.h
./include/wrapkit/codes.h
./include/wrapkit/event.h
./include/wrapkit/master.h
./include/wrapkit/options.h
./include/wrapkit/serve.h
./include/wrapkit/wrapper.h
./lib/libdivconnect.a
./lib/pkgconfig/libdivconnect.pc
./share/bash-completion/completions/ptbw
./share/bash-completion/completions/sshw
./share/bash-completion/completions/wraptree
./share/bash-completion/completions/wrapw
./share/bash-completion/completions/xapply
./share/bash-completion/completions/xclate
./share/man/man1/ptbw.1
./share/man/man1/sshw.1
./share/man/man1/wraptree.1
./share/man/man1/wrapw.1
./share/man/man1/xapply.1
./share/man/man1/xclate.1
./share/man/man3/divconnect.3
./share/man/man3/wrapper.3
./share/man/man7/wrapper.7
./share/zsh/site-functions/_ptbw
./share/zsh/site-functions/_sshw
./share/zsh/site-functions/_wraptree
./share/zsh/site-functions/_wrapw
./share/zsh/site-functions/_xapply
./share/zsh/site-functions/_xclate' '' \
    sh -c "cd '$T/w/dest/opt/wk' && find . ! -type d | sort"
t 'for others as well' 0 '' '' sh -c "umask 077 &&
    make DESTDIR='$T/w/closed' PREFIX=/wk install >/dev/null &&
    find '$T/w/closed/wk' ! -perm -044 && rm -rf '$T/w/closed'"
t 'the installed one works' 0 '0 1' '' env PATH="$T/w/dest/opt/wk/bin:$PATH" \
    ptbw -m -J2 ptbw -A -R2 echo
t 'wrapw, too' 0 '0 1' '' env PATH="$T/w/dest/opt/wk/bin:$PATH" \
    ptbw -m -J2 wrapw -m ptbw -A -R2 echo
t 'xapply, too' 0 'a 0' '' env PATH="$T/w/dest/opt/wk/bin:$PATH" \
    xapply -m -J1 'echo %1 %t1' a
t 'xclate, too' 0 'a
hi' '' env PATH="$T/w/dest/opt/wk/bin:$PATH" \
    xclate -m -T %x sh -c 'echo hi | xclate a'
t 'sshw, too' 0 '~usage: sshw *' '' env PATH="$T/w/dest/opt/wk/bin:$PATH" sshw -h
make DESTDIR="$T/w/dest" PREFIX=/opt/wk uninstall >"$log" 2>&1
result $? 'uninstall'
t 'nothing is left' 0 '' '' find "$T/w/dest" ! -type d
make clean >"$log" 2>&1
t 'clean leaves no product' 0 '' '' sh -c 'find . -type f |
    sed "s,^\./,,; /^MANIFEST\$/d" | grep -v -x -F -f MANIFEST; true'

make dist >"$log" 2>&1
result $? 'make dist' "$(tail -n 20 "$log")"
mkdir "$T/w/a b" && cd "$T/w/a b" || exit 1
check 'the tar ball is unpacked' sh -c 'gzip -dc ../src/wrapkit-*.tar.gz | tar xf -'
cd wrapkit-* || exit 1
t 'it has all files, and their list' 0 '' '' sh -c 'find . -type f |
    sed "s,^\./,,; /^MANIFEST\$/d" | sort >../found; sort MANIFEST | diff - ../found'

# what was built here before: where a folder belongs, and newer than all sources
mv ptbw ptbw.away && : >ptbw
t 'a program in the place of a folder' 0 \
    '~*make: ptbw is a program of an older version, where a folder belongs*' '' \
    sh -c '! make 2>&1'
rm ptbw && mv ptbw.away ptbw
for f in event.o ptbw.o libserve.o libdivconnect.a base/event.o xapply/run.o \
    tests/peer tests/holder sshw; do
	echo 'of another layout' >"$f"
done
make CC="${CC:-cc}" CFLAGS=-O0 >"$log" 2>&1
result $? 'make in a path with blanks, where old products are' "$(tail -n 20 "$log")"
t 'old ones that have no place are gone' 0 '' '' \
    sh -c 'ls event.o libserve.o libdivconnect.a sshw 2>/dev/null; true'
make CC="${CC:-cc}" CFLAGS=-O0 check T='text.t ptbw.t' >"$log" 2>&1
result $? 'make check T=..., there' "$(tail -n 20 "$log")"
t 'two files were run' 0 '~*# text.t*# ptbw.t* passed, 0 failed, *' '' cat "$log"
make DESTDIR="$PWD/a dest" PREFIX='/opt/w k' install >"$log" 2>&1
result $? 'make install, there' "$(tail -n 20 "$log")"
t 'and it works' 0 '0' '' "$PWD/a dest/opt/w k/bin/ptbw" -m -J1 \
    "$PWD/a dest/opt/w k/bin/ptbw" -A echo
make DESTDIR="$PWD/a dest" PREFIX='/opt/w k' uninstall >"$log" 2>&1
t 'uninstall, there' 0 '' '' find "a dest" ! -type d
make dist >"$log" 2>&1
t 'a tar ball from the tar ball' 0 '' '' sh -c '
    gzip -dc wrapkit-*.tar.gz | tar tf - | sed "/\/$/d; s,^[^/]*/,," | sort >../again
    { cat ../found; echo MANIFEST; } | sort | diff - ../again'
cd "$T/w" || exit 1
finish
