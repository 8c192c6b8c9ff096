#!/bin/sh
# life.t - a master's life and a client's: exit codes, signals, what the
# utility finds, names and options
. "$(dirname "$0")/lib.sh"

# --- exit codes ---
t 'exit code of the utility' 45 '' '' ptbw -m sh -c 'exit 45'
t 'utility ended by a signal' 143 '' '' ptbw -m sh -c 'kill -TERM $$'
t 'utility ended by SIGKILL' 137 '' '' ptbw -m sh -c 'kill -KILL $$'
t 'utility not found' 127 '' '~ptbw: nosuch: No such file or directory' \
    ptbw -m nosuch
t 'utility not found, by a path' 127 '' '~ptbw: /no/such: No such file*' \
    ptbw -m /no/such
t 'utility not found, a directory of $PATH closed to us' 127 '' \
    '~ptbw: nosuch: No such file*' sh -c 'mkdir -m 0 closed
	PATH=$PWD/closed:$PATH; ptbw -m nosuch; r=$?; rmdir closed; exit $r'
t 'utility not executable' 126 '' '~ptbw: ./plain: Permission denied' \
    sh -c ': >plain; ptbw -m ./plain'
t 'utility is a directory' 126 '' '~ptbw: ./dir: Permission denied' \
    sh -c 'mkdir dir; ptbw -m ./dir'
t 'a script without #! runs' 0 yes '' \
    sh -c 'echo echo yes >script; chmod +x script; ptbw -m ./script'
t 'also one found in $PATH, with arguments' 0 'yes a b' '' \
    sh -c 'echo echo yes \$1 \$2 >script; PATH=$PWD:$PATH ptbw -m script a b'
t 'exit code of the command' 46 '' '' ptbw -m ptbw sh -c 'exit 46'
t 'command ended by a signal' 137 '' '' ptbw -m ptbw sh -c 'kill -KILL $$'
t 'command not found' 127 '' '~ptbw: nosuch: *' ptbw -m ptbw nosuch
t 'command not found, with -x' 127 '' '~ptbw: nosuch: *' ptbw -m ptbw -x nosuch
t 'command not executable' 126 '' '~ptbw: ./plain: *' ptbw -m ptbw ./plain
t 'command of another machine' 126 '' '~ptbw: ./alien: *' sh -c '
    printf "\177X\0\n" >alien; chmod +x alien; ptbw -m ptbw ./alien'
t 'arguments too long for the system' 126 '' '~ptbw: true: *' sh -c '
    unset WRAPKIT_TRACE
    ptbw -m -J200000 ptbw -A -R200000 true'

# --- what the utility finds ---
t 'its stdin and stdout are its own' 0 in '' \
    sh -c 'echo in | ptbw -m cat'
t 'the working directory is untouched' 0 "$T/w" '' ptbw -m pwd
t 'the shell when there is no utility' 0 'sh: here' '' \
    sh -c 'printf "#!/bin/sh\necho sh: here\n" >myshell; chmod +x myshell
	SHELL=$PWD/myshell ptbw -m'
t 'an empty $SHELL means /bin/sh' 0 fine '' \
    sh -c 'echo echo fine | SHELL= ptbw -m'
t 'no descriptor leaks into the utility' 0 'same' '' sh -c '
    ls /dev/fd >/dev/null; sh -c "ls /dev/fd" >a; ptbw -m sh -c "ls /dev/fd" >b
    cmp a b && echo same'
t 'nor into a command, but the connection' 0 1 '' sh -c '
    sh -c "ls /dev/fd" | wc -l >a
    ptbw -m ptbw sh -c "ls /dev/fd" | wc -l >b
    echo $(($(cat b) - $(cat a)))'
t 'nor with a borrowed pool' 0 1 '' sh -c '
    sh -c "ls /dev/fd" | wc -l >a
    ptbw -m ptbw -m -t - ptbw sh -c "ls /dev/fd" | wc -l >b
    echo $(($(cat b) - $(cat a)))'
t 'nor with -x' 0 1 '' sh -c '
    sh -c "ls /dev/fd" | wc -l >a; ptbw -m ptbw -x sh -c "ls /dev/fd" | wc -l >b
    echo $(($(cat b) - $(cat a)))'
t '$ptbw_fd is the connection' 0 socket '' ptbw -m ptbw sh -c '
    test -S /dev/fd/$ptbw_fd && echo socket'
t 'closed standard descriptors' 0 '' '' sh -c '
    ptbw -m ptbw -x sh -c "test -c /dev/fd/0 && test -c /dev/fd/1 &&
	test -S /dev/fd/\$ptbw_fd" <&- >&- 2>&-'
t 'SIGPIPE is as it was' 141 '' '' ptbw -m sh -c 'kill -PIPE $$'
t 'SIGINT is as it was' 130 '' '' ptbw -m sh -c 'kill -INT $$'
t 'SIGCHLD and the mask of a client are as they were' 0 'same' '' sh -c '
    grep "^Sig[BIC]" /proc/self/status >a 2>/dev/null
    ptbw -m ptbw grep "^Sig[BIC]" /proc/self/status >b 2>/dev/null
    ptbw -m ptbw -x grep "^Sig[BIC]" /proc/self/status >c 2>/dev/null
    ptbw -m grep "^Sig[BIC]" /proc/self/status >d 2>/dev/null
    cmp a b && cmp a c && cmp a d && echo same'
t 'started with all signals blocked: a master notices the end' 3 '' '' \
    peer blocked ptbw -m sh -c 'exit 3'
t 'a client, too' 3 '' '' ptbw -m peer blocked ptbw sh -c 'exit 3'
t 'and the utility has them blocked as it would without' 0 same '' sh -c '
    peer blocked grep ^SigBlk /proc/self/status >a 2>/dev/null
    peer blocked ptbw -m grep ^SigBlk /proc/self/status >b 2>/dev/null
    cmp a b && echo same'
t 'an ignored signal stays ignored' 0 alive '' sh -c '
    trap "" HUP; ptbw -m sh -c "kill -HUP \$\$; echo alive"'
t 'the limit of descriptors is as it was' 0 same '' sh -c '
    ulimit -Sn 64; a=$(ulimit -Sn)
    test $a = $(ptbw -m sh -c "ulimit -Sn") && echo same'

# --- when a master ends ---
mkfifo fifo
t 'it waits for clients that outlive the utility' 0 'first second' '' sh -c '
    ptbw -m -N "$PWD/s5" sh -c "
	ptbw sh -c \": >up0; read _ <fifo; echo second >>order\" &
	until test -e up0; do :; done" & p=$!
    until test -e up0; do :; done
    until peer connect s5 "s:1\nM" "r:-No\n" 2>/dev/null; do :; done
    echo first >>order; echo >fifo; wait $p
    echo $(cat order)'
t 'a silent connection holds it one second, no more' 0 'quick' '' ptbw -m sh -c '
    peer connect $ptbw_1 t:up e t:dropped & until test -e up; do :; done
    echo quick'
wait_until test -e dropped
check 'the silent one was dropped' test -e dropped
ptbw -m sh -c 'peer connect $ptbw_1 "s:7\n" s:V "r:0.4\n" t:up2 w:go2 s:V "r:0.4\n" &
    until test -e up2; do :; done; ls -d ${ptbw_1%/*} >dir2' & p=$!
wait_until test -s dir2
check 'a client that said who it is is served on' test -d "$(cat dir2)"
: >go2; wait $p
result $? 'and then the master ends'
mkfifo out
t 'strangers who come one after the other do not keep it' 0 ended '' sh -c '
    ptbw -m -N "$PWD/s9" sh -c ": >up9" & p=$!
    until test -e up9; do :; done
    strangers=
    while peer connect s9 t:x c 2>/dev/null; do
	peer connect s9 p 2>/dev/null & strangers="$strangers $!"
    done
    wait $p && echo ended; kill $strangers 2>/dev/null; wait'
mkfifo in
t 'stdin is let go when the utility has let go' 0 'written' '' sh -c '
    ptbw -m sh -c "exec <&-; : >up13; read _ <fifo" <in & p=$!
    exec 7>in; until test -e up13; do :; done
    until ! (trap "" PIPE; echo x >&7) 2>/dev/null; do :; done
    echo written; echo >fifo; wait $p'
t 'stdin and stdout are let go' 0 ok '' sh -c '
    cat out & c=$!
    ptbw -m sh -c "exec >&-; read _ <fifo" >out &
    wait $c; echo ok; echo >fifo; wait'
t 'it works in its own directory' 0 same '' ptbw -m sh -c '
    until d=$(readlink /proc/$PPID/cwd 2>/dev/null || echo "${ptbw_1%/*}")
	[ "$d" = "${ptbw_1%/*}" ]; do :; done
    echo same'

# --- persistent ---
start() {       # start NAME [option...]: a persistent master at $T/w/NAME
	path=$T/w/$1; shift
	ptbw -m -N "$path" "$@" : & master=$!
	wait_until ptbw -t "$path" true
}
for sig in TERM HUP; do
	start s
	kill -$sig $master; wait $master
	result $? "persistent: SIG$sig ends it, 0"
	check 'and nothing stays' test ! -e s
done
# A shell without job control starts background commands with INT ignored,
# and what is ignored stays so: a killer in the foreground, then.
t 'persistent: SIGINT ends it, 0' 0 '' '' sh -c '
    (until ptbw -t $PWD/s true; do :; done; kill -INT $$) 2>/dev/null &
    exec ptbw -m -N $PWD/s :'
start s
t 'persistent: -Q ends it' 0 hi '' ptbw -t "$T/w/s" -Q echo hi
wait $master
result $? 'persistent: exit 0 after -Q'
start s
t 'persistent: report and -Q' 0 '~ptbw: master has*' '' ptbw -t "$T/w/s" -Q
wait $master
result $? 'exit 0 as well'
start s
ptbw -t "$T/w/s" sh -c ': >holding; read _ <fifo' & client=$!
wait_until test -e holding
ptbw -t "$T/w/s" -Q true
wait_until test ! -e s
check 'asked to quit it waits for present clients' sh -c "kill -0 $master"
t 'and lets no new ones in' 69 '' '~ptbw: */s: No such file*' \
    ptbw -t "$T/w/s" true
echo >fifo; wait $client
result $? 'the present one ends well'
wait $master
result $? 'then the master does'
start s
peer connect "$T/w/s" t:stranger1 e & a=$!
peer connect "$T/w/s" s:12 t:stranger2 e & b=$!
wait_until test -e stranger1 -a -e stranger2
t 'persistent: strangers do not keep it' 0 ended '' \
    sh -c "ptbw -t '$T/w/s' -Q true; while kill -0 $master; do sleep 0.01; done 2>/dev/null
	echo ended"
wait $a && wait $b && wait $master
result $? 'they see the end, and it ends well'
t '-Q to a master with a utility has no effect' 0 'a b' '' ptbw -m sh -c '
    echo $(ptbw -Q echo a; ptbw echo b)'
t 'called ":" without a utility: persistent' 0 gone '' sh -c '
    peer name : ptbw -m -N $PWD/s & p=$!
    until ptbw -t $PWD/s true 2>/dev/null; do :; done
    ptbw -t $PWD/s -Q true; wait $p && echo gone'

# --- signals to a master with a utility ---
t 'TERM goes to the utility' 7 '' '' sh -c '
    ptbw -m sh -c "trap \"exit 7\" TERM; : >up3; while :; do sleep 0.01; done" & p=$!
    until test -e up3; do :; done; kill -TERM $p; wait $p'
t 'HUP goes to the utility' 8 '' '' sh -c '
    ptbw -m sh -c "trap \"exit 8\" HUP; : >up4; while :; do sleep 0.01; done" & p=$!
    until test -e up4; do :; done; kill -HUP $p; wait $p'
t 'a second TERM ends the master at once, cleaned up' 143 '' '' sh -c '
    ptbw -m sh -c "trap \": >got\" TERM; : >up5; until test -e go5; do sleep 0.01; done" &
    p=$!
    until test -e up5; do :; done; kill -TERM $p; until test -e got; do :; done
    # one that comes at once is the same one
    while kill -TERM $p 2>/dev/null; do sleep 0.1; done
    wait $p; r=$?; : >go5; exit $r'
t 'the TERMs of timeout(1) are one' 0 'over' '' sh -c '
    ptbw -m sh -c "trap \": >got61\" TERM; : >up61; until test -e got61; do sleep 0.01; done
	ptbw true && echo over" & p=$!
    until test -e up61; do :; done; kill -TERM $p; kill -TERM $p; wait $p'
t 'USR1 goes to the utility, and does not count as a TERM' 7 '' '' sh -c '
    ptbw -m sh -c "trap \": >usr\" USR1; trap \"exit 7\" TERM; : >up8
	while :; do sleep 0.01; done" & p=$!
    until test -e up8; do :; done; kill -USR1 $p
    until test -e usr; do :; done; kill -TERM $p; wait $p'
t 'other signals that end a process leave no socket behind' 154 '' '' sh -c '
    ptbw -m -N "$PWD/vt" sh -c ": >up10; exec sleep 15" & p=$!
    until test -e up10; do :; done; kill -VTALRM $p; wait $p; r=$?
    test ! -e vt && exit $r'
t 'HUP of the terminal and of its shell is one' 6 '' '' sh -c '
    ptbw -m sh -c "trap \": >hup1\" HUP; : >up12; until test -e go12; do sleep 0.01; done
	ptbw true && exit 6" & p=$!
    until test -e up12; do :; done; kill -HUP $p; until test -e hup1; do :; done
    kill -HUP $p; : >go12; wait $p'
t 'INT and QUIT are left to the utility' 3 '' '' sh -c '
    ptbw -m sh -c "kill -INT \$PPID; kill -QUIT \$PPID; ptbw true; exit 3"'
t 'TERM when only clients are left ends the master' 143 '' \
    '~ptbw: *: the master is gone' sh -c '
    ptbw -m -N "$PWD/s6" sh -c "(ptbw sh -c \": >up6; read _ <fifo\"; : >over6) &
	until test -e up6; do :; done" & p=$!
    until test -e up6; do :; done
    until peer connect s6 "s:1\nM" "r:-No\n" 2>/dev/null; do :; done
    kill -TERM $p; wait $p; r=$?; echo >fifo
    until test -e over6; do :; done; exit $r'
# --- signals to a client ---
t 'a client passes TERM on' 9 '' '' ptbw -m sh -c '
    ptbw sh -c "trap \"exit 9\" TERM; : >up7; while :; do sleep 0.01; done" & p=$!
    until test -e up7; do :; done; kill -TERM $p; wait $p'
t 'a client leaves INT to its command' 0 done '' ptbw -m sh -c '
    ptbw sh -c "kill -INT \$PPID; kill -QUIT \$PPID; echo done"'
t 'a client that waits for tokens can be interrupted' 143 '' - ptbw -m -J1 sh -c '
    ptbw sh -c "
	ptbw true & p=\$!
	until ptbw -v - | grep -q \"^ *\$p	1	\"; do :; done
	kill -TERM \$p; wait \$p"'
t 'a master killed: its client says so, with the status of its command' 5 '' \
    '~*ptbw: *: the master is gone*' sh -c '
    ptbw -m sh -c "ptbw sh -c \"kill -9 \$PPID; exit 5\"; echo \$? >code" 2>err
    until test -s code; do sleep 0.01; done; cat err >&2; rm -rf $TMPDIR/ptbd*
    exit $(cat code)'

mkdir dot && (cd dot && printf 'echo "$0"\n' >-x && chmod 755 ./-x)
t 'an empty entry of $PATH: a script without #! that looks like an option' 0 \
    "./-x${nl}./-x" '' sh -c 'cd dot && PATH=:$PATH ptbw -m -- -x &&
    PATH=$PATH: ptbw -m -- -x'

# --- the name a wrapper is called by ---
t 'another name becomes argv[0] of the utility' 0 other '' \
    peer name other ptbw -m sh -c 'echo ${0##*/}' 
t 'its own name by a path is its own name' 0 sh '' \
    peer name /any/where/ptbw ptbw -m sh -c 'echo ${0##*/}'
t 'an empty name is its own name' 0 sh '' peer name '' ptbw -m sh -c 'echo $0'
t 'a dash: session leader' 0 'leader
0' '' sh -c '
    peer name -ptbw ptbw -m sh -c "
	set -- \$(peer sid \$PPID) \$PPID; [ \$1 = \$2 ] && echo leader"
    echo $?' 
t 'another name becomes argv[0] of the command' 0 "first: other" '' \
    ptbw -m sh -c 'printf "echo first: \$0" >x; peer name other ptbw sh -c "echo first: \$0"'

# --- options ---
t '-h' 0 '~usage: ptbw -m *' '' ptbw -h
t '--help' 0 '~usage: ptbw -m *' '' ptbw --help
t 'unknown option' 64 '' '~ptbw: unknown option -z
usage: see ptbw -h' ptbw -z
t 'unknown long option' 64 '' '~ptbw: unknown option --nope=1
usage: see ptbw -h' ptbw --nope=1
t 'a long option that takes no argument' 64 '' \
    '~ptbw: --master=1 takes no argument*' ptbw --master=1
t 'a missing argument' 64 '' '~ptbw: -R needs an argument*' ptbw -AR
t 'a missing argument of a long option' 64 '' \
    '~ptbw: --jobs needs an argument*' ptbw -m --jobs
t 'bundled, with an argument' 0 '0 1 2' '' ptbw -mJ3 ptbw -AR3 echo
t 'long' 0 '0 1 2' '' ptbw --master --jobs=3 ptbw --append --request 3 echo
t '-- ends them' 0 '-R' '' ptbw -m -- ptbw -- echo -R
t 'the last one counts' 0 '0 1' '' ptbw -m -J9 -J2 ptbw -A -R9 -R2 echo
for bad in 'x' '' '1x' '1000001' '99999999999999999999'; do
	t "-R '$bad'" 64 '' '~ptbw: -R: *' ptbw -m -R "$bad" true
	t "-J '$bad'" 64 '' '~ptbw: -J: *' ptbw -m -J "$bad" true
done
t '--depth=x' 64 '' '~ptbw: --depth: x is not a whole number*' \
    ptbw --depth=x true
t '--depth 1 is -1' 65 '' '~*depth -1 is too great*' ptbw -m ptbw --depth 1 true
t '-R -1' 64 '' '~ptbw: -R: -1 is not between 0 and 1000000*' ptbw -R -1 true
for bad in x '' . 1.x 1e3 -1 315360001; do
	t "-T '$bad'" 64 '' '~ptbw: -T: *' ptbw -T "$bad" true
done
t '-J is the master'\''s' 64 '' '~ptbw: -J goes with -m only*' ptbw -J1 true
t '-N is the master'\''s' 64 '' '~ptbw: -N goes with -m only*' ptbw -N x true
t '-d is the master'\''s' 64 '' '~ptbw: -d goes with -m only*' ptbw -d true
for o in -A -k -x -T1; do
	t "$o is the client's" 64 '' '~ptbw: -[AkxT] does not go with -m*' \
	    ptbw -m $o true
done
t '-Q and -x' 64 '' '~ptbw: -Q does not go with -x*' ptbw -Qx true
t 'an empty -t' 64 '' '~ptbw: -t: the name is empty*' ptbw -t '' true
t 'an empty -N' 64 '' '~ptbw: -N: the name is empty*' ptbw -m -N '' true
t 'a pool too large' 64 '' '~ptbw: -J, -R: *' ptbw -m -J1000000 -R1000000 true
t 'stdout is full' 71 '' '~ptbw: standard output: *' sh -c 'ptbw -h >/dev/full'

# --- -V ---
t '-V without diversions' 0 '~ptbw: wrapkit [0-9]*
ptbw: environment prefix "ptbw"
ptbw: environment tags: "link", "list", "d", "1"
ptbw: protocol version 0.4
ptbw: safe directory template: ptbdXXXXXX
ptbw: no current diversions' '' ptbw -V
t '-V: the stack, innermost first' 0 "~*\"2\"
*
ptbw:  2: $TMPDIR/ptbd*/sta1 \\[target\\]
ptbw:  1: $TMPDIR/ptbd*/sta0" '' ptbw -m ptbw -m ptbw -V
t '-V with a depth' 0 "~*
ptbw:  2: $TMPDIR/ptbd*/sta1
ptbw:  1: $TMPDIR/ptbd*/sta0 \\[target\\]" '' ptbw -m ptbw -m ptbw -V -1
t '-V with a direct path' 0 '~*
ptbw: -t: /x/y (gone) \[target\]
ptbw:  1: */sta0' '' ptbw -m ptbw -V -t /x/y
t '-V with a detached one' 0 '~*
ptbw:  d: */sta1
ptbw:  1: */sta0 \[target\]' '' ptbw -m ptbw -md ptbw -V
t '-V with link=d' 0 '~*
ptbw:  d: */sta0 \[target\]' '' ptbw -md env ptbw_link=d ptbw -V
t '-V: a socket that is gone' 0 '~*
ptbw:  1: /x/y (gone) \[target\]' '' env ptbw_link=1 ptbw_1=/x/y ptbw -V
t '-V: a missing level' 0 '~*
ptbw:  2: ptbw_2 is not set
ptbw:  1: /x/y (gone)' 'ptbw: ptbw_2: the variable is not set' \
    env ptbw_link=2 ptbw_1=/x/y ptbw -V
finish
