#!/bin/sh
# build.t - make from nothing, install, uninstall; the archive in a program of
# somebody else's
. "$(dirname "$0")/lib.sh"

LIMIT=200
mkdir src && cd src || exit 1
(cd "$top" && tar cf - --exclude='*.o' --exclude=.git --exclude=./bin .) |
    tar xf -
log=$T/w/log
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
t 'clean leaves no product' 0 '' '' sh -c 'ls -d *.o */*.o bin \
    tests/chaos tests/driver tests/expand tests/holder tests/peer tests/records tests/riot \
    tests/section tests/text tests/unit bench/lease 2>/dev/null; true'
cd ..
finish
