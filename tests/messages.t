#!/bin/sh
# messages.t - every message, with what provokes it
#
# What users meet: the code, the line (a pattern of the shell's) and below it
# the command that brings it about, run in an empty directory; with & it runs
# from the start on beside the others, as it takes some seconds.  At the end the
# sources are asked for their formats: each must have been seen here, or stand
# in the second list with the reason why it cannot be.
. "$(dirname "$0")/lib.sh"
. "$here/tasks.sh"
cd "$T/w" || exit 1
unset ptbw_link xcl_link wrapw_link

cat >list <<'END'
64 ptbw: unknown option -Z
	ptbw -Z
64 ptbw: unknown option --masters, did you mean --master[?]
	ptbw --masters
64 ptbw: unknown option -Z in $PTBW
	PTBW=-Z ptbw
64 ptbw: -J needs an argument
	ptbw -m -J
64 ptbw: --jobs in $PTBW needs an argument
	PTBW=--jobs ptbw -m
64 ptbw: --master=1 takes no argument
	ptbw --master=1
65 ptbw: $PTBW: true is not an option
	PTBW='-q true' ptbw -m true
65 ptbw: $PTBW: a quote is left open: -N "x
	PTBW='-N "x' ptbw -m true
64 ptbw: -R: two is not a whole number
	ptbw -R two true
64 ptbw: -R: -1 is not between 0 and 1000000
	ptbw -R -1 true
64 xapply: --count (or -0): 0 is not between 1 and 1000000
	xapply -0 echo a
0 ptbw: the socket is */s
	ptbw -m -N s : 2>said & until test -s said; do :; done; cat said >&2; kill $!; wait
0 xclate: the socket is */1
	xclate -m : 2>said & until test -s said; do :; done; cat said >&2; kill $!; wait
64 ptbw: -T: soon is not a time in seconds
	ptbw -T soon true
64 ptbw: -T: 3651d is more than 3650 days
	ptbw -T 3651d true
64 ptbw: -A does not go with -m
	ptbw -mA true
64 ptbw: -J goes with -m only
	ptbw -J1 true
64 ptbw: -Q does not go with -x: nobody waits for the end
	ptbw -Qx true
64 ptbw: -j does not go with -m
	ptbw -mj true
64 ptbw: -A does not go with -j
	ptbw -jA true
64 ptbw: -x does not go with -j
	ptbw -jx true
64 ptbw: -R: with -j it is at least 1
	ptbw -jR0 true
64 ptbw: -J: the name is empty
	ptbw -j -J '' true
64 ptbw: -j needs a command
	ptbw -j
69 ptbw: */o: the master is too old for -j
	old o 3 pid & until test -s pid; do :; done; ptbw -j -t $PWD/o true; c=$?; kill $(cat pid); exit $c
0 ptbw: make: -j16 would leave the pool; use -R 16
	printf '#!/bin/sh\n' >make; chmod +x make; PATH=.:$PATH ptbw -m ptbw -j make -j16
0 ptbw: make: -j would leave the pool; do without
	printf '#!/bin/sh\n' >make; chmod +x make; PATH=.:$PATH ptbw -m ptbw -j make -j
0 ptbw: make: it is older than 4.4, and ends when it is given a fifo: -J pipe
	printf '#!/bin/sh\necho GNU Make 4.2' >make; chmod +x make; PATH=.:$PATH ptbw -m ptbw -j -J fifo make
0 ptbw: 1 byte too many in the jobserver
	ptbw -m -J2 ptbw -j -J fifo sh -c 'jobclient make44 -tr; jobclient make44 -+'
0 ptbw: a byte that is not ours came back, and counts as one
	ptbw -m -J2 ptbw -j -J fifo sh -c 'jobclient make44 -tx; ptbw true'
0 ptbw: 1 token came back from those that were killed
	ptbw -m -J2 ptbw -jv -J fifo sh -c "jobclient make44 -tk 2>&-; sleep 0.5" 2>said; grep came said >&2
64 ptbw: -t: the name is empty
	ptbw -t '' true
64 ptbw: -N: the name is empty
	ptbw -m -N '' true
65 ptbw: f: line 1: '1A' is not the name of a variable
	printf 'a\t1A=2\n' >f; ptbw -m -t f true
64 ptbw: --resize does not go with --retag
	ptbw --resize 2 --retag f
64 ptbw: --retag does not go with -m
	ptbw -m --retag f true
64 ptbw: --resize takes no command
	ptbw --resize 3 true
65 ptbw: */sta1: its tokens are borrowed from another pool
	ptbw -m -J4 ptbw -m -J2 -t - ptbw --resize 3
65 ptbw: */sta0: its tokens have names, --retag changes those
	echo a >f; ptbw -m -t f ptbw --resize 3
64 ptbw: --linger goes with --shared only
	ptbw --linger 3 true
64 ptbw: --shared: the name is empty
	ptbw --shared '' true
64 ptbw: -t - does not go with --shared
	ptbw --shared a -t - true
64 ptbw: --shared does not go with -m
	ptbw -m --shared a true
64 ptbw: -J, -R: 1000000000000 tokens are more than 16000000
	ptbw -m -J 1000000 -R 1000000 true
66 ptbw: no enclosing diversion: no ptbw is around this (ptbw -m command starts one, -t names one)
	ptbw true
66 ptbw: no enclosing diversion (a detached one: -t /*/sta0)
	ptbw -md ptbw true
65 ptbw: ptbw_link: "x" is neither a level nor d
	ptbw_link=x ptbw true
65 ptbw: requested depth -3 is too great for current stack of 1
	ptbw -m ptbw -3 true
65 ptbw: ptbw_2: the variable is not set
	ptbw_link=2 ptbw true
69 ptbw: none: No such file or directory
	ptbw -t none true
69 ptbw: dead: the master is gone
	ptbw -m -N "$PWD/dead" : & until test -S dead; do sleep 0.1; done; kill -9 $!; wait $! 2>/dev/null; ptbw -t dead true
65 ptbw: list: not a socket (a file of tokens is for a master, -m)
	echo a >list; ptbw -t list true
66 ptbw: none: No such file or directory
	ptbw -m -t none true
65 ptbw: list: no tokens, the file is empty
	: >list; ptbw -m -t list true
65 ptbw: list: no tokens, only comments
	echo '# a' >list; ptbw -m -t list true
65 ptbw: list: line 2 holds a NUL byte
	printf 'a\nb\0c\n' >list; ptbw -m -t list true
65 ptbw: list: has 1 token, a group (-R) needs 2
	echo a >list; ptbw -m -R2 -t list true
65 ptbw: /*/sta0: has 1 token, a group (-R) needs 2
	ptbw -m -J1 ptbw -m -R2 -t - true
0 ptbw: token count 1 less than suggested (3)
	echo a >list; ptbw -m -J3 -t list true
73 ptbw: /*/sta0: cannot allocate 2 tokens, the pool has 1
	ptbw -m -J1 ptbw -R2 true
75 ptbw: /*/sta0: timed out waiting for 1 token
	ptbw -m -J1 ptbw ptbw -T0 true
127 ptbw: none: No such file or directory
	ptbw -m none
126 ptbw: /: Permission denied
	ptbw -m ptbw /
127 ptbw: $SHELL: /none: No such file or directory
	SHELL=/none ptbw -m
73 ptbw: */s: another master listens there
	ptbw -m -N "$PWD/s" ptbw -m -N "$PWD/s" true
73 ptbw: */s: it exists and is not a socket
	: >s; ptbw -m -N "$PWD/s" true
73 ptbw: ../s: a relative name may not lead out of its directory
	ptbw -m -N ../s true
73 ptbw: */x*: a socket's path may have * bytes at most
	ptbw -m -N "$PWD/x$(printf %0200d 0)" true
73 ptbw: /none/s: No such file or directory
	ptbw -m -N /none/s true
71 ptbw: standard output: No space left on device
	ptbw -h >/dev/full
76 ptbw: s: the answer makes no sense
	peer listen s l 's:what\n' p & p=$!; until test -S s; do sleep 0.1; done; ptbw -t s true; c=$?; kill $p; exit $c
76 ptbw: s: it is an xclate, not a ptbw
	xclate -m -u "$PWD/s" : & p=$!; until test -S s; do sleep 0.1; done; ptbw -t s true; c=$?; kill $p; exit $c
76 ptbw: */ww0: it is a wrapw, not a ptbw, which may be at */ww0/ptbw
	ptbw -m wrapw -m sh -c 'ptbw -t $wrapw_1 true'
75 ptbw: s: the master does not answer
	& peer listen s p & p=$!; until test -S s; do sleep 0.1; done; ptbw -t s true; c=$?; kill $p; exit $c
75 wrapw: s: the master does not answer
	& peer listen s p & p=$!; until test -S s; do sleep 0.1; done; wrapw -t s true; c=$?; kill $p; exit $c
75 xclate: s: the master does not answer
	& peer listen s p & p=$!; until test -S s; do sleep 0.1; done; xclate -u s x true; c=$?; kill $p; exit $c
75 xapply: s: the master does not answer
	& peer listen s p & p=$!; until test -S s; do sleep 0.1; done; xapply -t s echo a; c=$?; kill $p; exit $c
0 ptbw: s: waiting: its master is stopped, or has too many clients
	& ptbw -m -N "$PWD/s" : & m=$!; until test -S s; do sleep 0.1; done; kill -STOP $m; (sleep 6; kill -CONT $m) & ptbw -t s true; c=$?; kill $m; exit $c
69 ptbw: s: the master is gone
	peer listen s l c & until test -S s; do sleep 0.1; done; ptbw -t s true
0 ptbw: */s: the master is gone
	ptbw -m -N "$PWD/s" : & m=$!; until test -S s; do sleep 0.1; done; ptbw -t "$PWD/s" sh -c "kill -9 $m; while kill -0 $m; do sleep 0.1; done 2>/dev/null"
- ptbw: */s: the master that the tokens were borrowed from is gone
	ptbw -m -N "$PWD/s" : & m=$!; until test -S s; do sleep 0.1; done; ptbw -m -t "$PWD/s" sh -c "kill -9 $m; while kill -0 $m; do sleep 0.1; done 2>/dev/null"
0 ptbw: $WRAPKIT_TRACE: /none/x: No such file or directory
	WRAPKIT_TRACE=/none/x ptbw -m true
64 wrapw: -a, -B and -c do not go together
	wrapw -baB x ptbw_1
64 wrapw: -a, -B and -c go with -b only
	wrapw -a
64 wrapw: -R, -n, -b and -u do not go together
	wrapw -Rn
64 wrapw: -Q does not go with -n
	wrapw -Qn
64 wrapw: -N goes with -m, -X or -P only
	wrapw -N x true
64 wrapw: -d goes with -m or -P only
	wrapw -d true
64 wrapw: --allow-bind goes with -X only
	wrapw --allow-bind true
64 wrapw: -P: the path of a link is absolute
	wrapw -P link true
69 wrapw: /nowhere: No such file or directory
	wrapw -P /nowhere true
69 wrapw: */l: it is not a socket
	: >l; wrapw -P "$PWD/l" true
0 wrapw: there is nothing to export
	wrapw -m wrapw -Xv true
64 wrapw: -b takes a target and a name
	wrapw -b x
65 wrapw: x y: a name has no blanks
	wrapw -m wrapw -u 'x y'
65 wrapw: a^Jb: a target has no newlines
	wrapw -m wrapw -b "$(printf 'a\nb')" ptbw_1
65 wrapw: /000*...: too long, target and name may have * bytes
	wrapw -m wrapw -b /$(printf %010000d 0) ptbw_1
69 wrapw: */ww0: /: the target is not a socket
	wrapw -m wrapw -b / ptbw_1
69 wrapw: */ww0: x: no such entry; a new name is like ptbw_1 or ptbw_d
	wrapw -m wrapw -b /none x
69 wrapw: */ww0: ptbw_1: the name is bound already
	ptbw -m wrapw -m wrapw -b -c /x ptbw_1
0 wrapw: ptbw_1: /none: no socket is there
	ptbw_link=1 ptbw_1=/none wrapw -m true
65 wrapw: ptbw_1: */s leads back to this socket
	ptbw_link=1 ptbw_1=$PWD/s wrapw -m -N "$PWD/s" true
66 wrapw: rec: it names no master to quit
	: >rec; wrapw -Q -t rec true
65 wrapw: rec: it is not a record: no socket's path comes first
	echo PATH=x >rec; wrapw -t rec true
65 wrapw: rec: it sets what is no diversion's variable
	printf '/s\0PATH=/x\0' >rec; wrapw -t rec true
76 wrapw: s: it is no wrapw master, or of another version
	peer listen s 's:hello\n' p & p=$!; until test -S s; do sleep 0.1; done; wrapw -t s true; c=$?; kill $p; exit $c
69 wrapw: s: it is a ptbw, not a wrapw: it has hung up
	ptbw -m -N "$PWD/s" wrapw -t s true
69 wrapw: s: the master has hung up
	peer listen s c & until test -S s; do sleep 0.1; done; wrapw -t s true
65 wrapw: file: not a socket
	: >file; wrapw -t file -n -Q; wrapw -t file -u ptbw_1
69 wraptree: ps: it does not list us
	printf '#!/bin/sh\necho 1 0 init\n' >ps; chmod +x ps; PATH=$PWD:$PATH ptbw -m wraptree
66 wraptree: no enclosing diversion: no wrapper is around this (all that can be seen: -a)
	wraptree
64 wraptree: me: not a process id
	wraptree me
66 wraptree: 99999999: no such process
	wraptree 99999999
64 wraptree: -a takes no process id
	wraptree -a 1
66 xclate: no enclosing diversion: no xclate is around this (xclate -m command starts one, -u names one)
	xclate a
64 xclate: -u: the name is empty
	xclate -u '' a
64 xclate: --ci: travis is neither github nor gitlab
	xclate -m --ci travis true
64 xclate: -a: '%%' is not one character
	xclate -a %% a
64 xclate: -m was given twice
	xclate -mm true
64 xclate: -depth was given twice
	xclate -1 -2 a
64 xclate: -g does not go with -m (options for all clients: $XCLATE_1)
	xclate -mg true
64 xclate: -k does not go with --order-from
	xclate -m -k --order-from 1 true
64 xclate: -E does not go with -e and --stderr-last
	xclate -cEe a true
64 xclate: -e does not go with --stderr-last
	xclate -ce --stderr-last a true
64 xclate: -I does not go with -c
	xclate -Ic a true
64 xclate: -g does not go with -l
	xclate -gl a
64 xclate: -p goes with the utility : only
	xclate -m -p 1 true
65 xclate: -p 1: not a child of this process
	xclate -m -p 1 :
65 xclate: -L 12q: not a size
	xclate -L 12q a
65 xclate: -L 1/0: a division by zero
	xclate -L 1/0 a
65 xclate: -L 1-2: negative or too large
	xclate -L 1-2 a
64 xclate: --halt: later is not never, soon or now[[],fail=N], nor that with success or done
	xclate -m --halt later true
1 xclate: halt: 1 section failed: a (exit 1)
	xclate -m --halt soon sh -c 'xclate -c a false; true'
73 xclate: aaaa*: an xid may have 63 bytes at most
	xclate -m xclate $(printf %0100d 0 | tr 0 a)
65 xclate: a^Gb: an xid may not contain control characters
	xclate -m xclate "$(printf 'a\007b')"
65 xapply: $XCLATE: -e says nothing to a section of ours
	xclate -m env XCLATE=-e xapply -m echo a
65 xapply: $XCLATE: -L 1z: not a size
	xclate -m env XCLATE='-L 1z' xapply -m echo a
65 xapply: $XCLATE: -a: 'xy' is not one character
	xclate -m env XCLATE='-a xy' xapply -m echo a
65 xapply: $XCLATE: -T needs an argument
	xclate -m env XCLATE=-T xapply -m echo a
65 xapply: $XCLATE: a quote is left open: -T "x
	xclate -m env XCLATE='-T "x' xapply -m echo a
0 xapply: $XCLATE: -I, -E and -D mean nothing to a section of ours
	xclate -m env XCLATE=-I xapply -m echo a
- xclate: -I, -E and -D mean nothing without a command
	echo | xclate -m xclate -D a
- xclate: %{none}: the variable is not set
	xclate -m -T '%{none}' sh -c 'echo | xclate a'
- xclate: section a: standard input
	xclate -m sh -c 'echo | xclate -n a'
- xclate: section a: its turn lasted longer than 0.200 s
	xclate -m --turn-timeout 0.2 sh -c '(echo; sleep 1) | xclate a'
127 xclate: none: No such file or directory (in section a)
	xclate -m xclate a none
73 xclate: --joblog /none/log: No such file or directory
	xclate -m --joblog /none/log true
73 xclate: --results /none/dir: No such file or directory
	xclate -m --results /none/dir true
66 xclate: -O >/none/x: No such file or directory
	xclate -m -O '>/none/x' true
74 xclate: standard input: Is a directory
	xclate -m sh -c 'xclate a <.'
64 xapply: there is no command
	xapply
64 xapply: -P takes an attached number: -P3
	xapply -P 3 : a
64 xapply: -p goes with -f only
	xapply -p x : a
64 xapply: -z goes with -f only
	xapply -z : a
64 xapply: -X takes an attached number: -X20
	xapply -X 20 : a
64 xapply: -X does not go with --header
	xapply -X --header : a
64 xapply: --max-args: 1 are fewer than the 2 that stay together
	xapply -2 --max-args 1 : a b
0 xapply: j: without a hash a line names its task by the command alone; a task with another one is run
	printf 'Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n1\t:\t1\t0\t0\t0\t0\t0\ttrue\n' >j; xapply --joblog j --resume-by-args : a
64 xapply: %$ is one parameter of a batch, all are %[*]
	xapply -X 'rm %$' a
64 xapply: %1 is one parameter of a batch, all are %[*]
	xapply -X 'echo %1' a b
65 xapply: a batch cannot hold even one parameter: 'abc' makes more than 4 bytes
	xapply --max-chars 4 echo abc
64 xapply: --zip needs files, -f, or lists, --sep
	xapply --zip : a
64 xapply: -count does not go with --product
	xapply -2 -f --product : a
65 xapply: --product: list 2 is empty, so there is no product
	xapply --sep :: : a ::
65 xapply: e: no line, so there is no product
	: >e; xapply -f --product : e
64 xapply: --columns: 'ab' is not a character, tab, white or csv
	xapply --columns ab : a
64 xapply: --jobserver does not go with -t
	xapply --jobserver -t - : a
0 xapply: the jobserver of $MAKEFLAGS cannot be used: one task at a time
	MAKEFLAGS='--jobserver-auth=88,89' xapply --jobserver : a
64 xapply: --skip-empty goes with -f only
	xapply --skip-empty : a
64 xapply: --crlf goes with -f only
	xapply --crlf : a
65 xapply: f: line 1: a quote is left open
	echo '"a' >f; xapply -f --columns csv : f
65 xapply: "a: a quote is left open
	xapply --columns csv : '"a'
65 xapply: f: line 1: text behind a quoted column
	echo '"a"b' >f; xapply -f --columns csv : f
65 xapply: "a"b: text behind a quoted column
	xapply --columns csv : '"a"b'
65 xapply: f: the header has 'a' twice
	echo 'a,a' >f; xapply -f --columns , --header : f
65 xapply: g: its header is not that of f
	echo a >f; echo b >g; xapply -f --header : f g
65 xapply: f: line 2 has 2 columns, the header 1
	printf 'a\nb,c\n' >f; xapply -f --columns , --header : f
65 xapply: b,c: it has 2 columns, the header 1
	xapply --columns , --header : a b,c
64 xapply: -f was given twice
	xapply -ff : a
64 xapply: -e: 1x is not the name of a variable
	xapply -e 1x : a
64 xapply: -a: 'ab' is not one character (files of parameters are operands, with -f)
	xapply -a ab : a
78 xapply: -a: NUL cannot be in a command
	xapply -a '^@' : a
69 xapply: -g: gtfw is not supported
	xapply -g : a
64 xapply: -q: ./perl has quotes of its own (-S sh)
	ln -s /bin/sh perl; xapply -q -S ./perl : a
69 xapply: -S: the name of the shell is empty
	xapply -S '' : a
64 xapply: --load: x is not a load
	xapply --load x : a
64 xapply: --block: x is not a size
	xapply --pipe --block x :
64 xapply: --block: 2g is not between 1 and 1073741824 bytes
	xapply --pipe --block 2g :
64 xapply: --recend: the text has 1 to 1000 bytes
	xapply --pipe --recend '' :
64 xapply: --block goes with --pipe only
	xapply --block 1m : a
64 xapply: --pipe: 'a': there are no parameters
	xapply --pipe : a
64 xapply: -f does not go with --pipe
	xapply --pipe -f :
65 xapply: standard input: the record at byte 1 is longer than a block of 1 bytes (--block)
	echo a | xapply --pipe --block 1 :
64 xapply: --memfree: x is not a size
	xapply --memfree x : a
64 xapply: --halt: x is not never, soon or now[[],fail=N|N%], nor that with success or done
	xapply --halt x : a
64 xapply: --stderr does not go with --stderr-apart
	xapply --stderr --stderr-apart : a
73 xapply: --results /none/dir: No such file or directory
	xapply --results /none/dir : a
74 xapply: results of section a in r: Is a directory
	mkdir -p r/a; xapply --results r : a
64 xapply: --termseq: FOO is not a signal
	xapply --termseq TERM,1,FOO : a
64 xapply: --termseq: more than 16 signals
	xapply --termseq 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1 : a
64 xapply: --resume needs --joblog
	xapply --resume : a
64 xapply: --show goes with -n only
	xapply --show : a
64 xapply: --argv does not go with -S
	xapply --argv -S sh : a
64 xapply: --argv does not go with -A
	xapply --argv -A : a
0 xapply: $PARALLEL is not a plain number: -j4
	PARALLEL=-j4 xapply -P : a
65 xapply: 'echo %[[]1': position *: *
	xapply 'echo %[1' a
65 xapply: log: line 1 is not one of a joblog
	echo what >log; xapply --joblog log --resume : a
73 xapply: /none/log: No such file or directory
	xapply --joblog /none/log : a
64 xapply: --re may be more than one option
	xapply --re
64 xapply: unknown option -j: so many tasks at a time are -P4
	xapply -j4 : a
64 xapply: unknown option --jobz=4, did you mean --jobs?
	xapply --jobz=4 : a
64 xapply: ':::': parameters stand right behind the command, names of files of them with -f
	xapply : ::: a
64 xapply: ':::' in front of another list: --sep ::: combines them
	xapply echo a b ::: c
64 xapply: '--header :' is --header alone
	xapply --header : echo a b
64 xapply: 'x' is no command: lines of files are -f, ended by NUL with -z, fields %[[]1,2]; -d is --detached
	xapply -d x : a
0 xapply: {} is plain text, the parameter is %1
	xapply ': {}' a
0 xapply: -n is a dry run; so many parameters for each task are -1, -2, ...
	xapply -n1 : a
64 xapply: no parameters; [`]-[`] reads standard input, with -f
	echo a | xapply :
0 xapply: {2} is plain text, parameter 2 is %2, its last component %n2
	xapply 'echo {2}' a
0 xapply: {.} is plain text, here it is %r1
	xapply 'echo {.}' a
64 xapply: -N 2: so many parameters for each task are -2; -N is a command
	xapply -N2 echo a
64 xapply: -P: +2: jobs are a number, 0 for the processors, or 50% of them
	xapply -P+2 echo a
1 xapply: 1 of 2 tasks failed: b (exit 1)
	xapply 'test %1 = a' a b
11 xapply: 11 of 11 tasks failed: 1 (exit 1), 2 *, 10 (exit 1), and 1 more
	xapply 'false %1' 1 2 3 4 5 6 7 8 9 10 11
1 xapply: halt: 1 task failed: a (exit 1)
	xapply --no-fail --halt soon false a b
1 xclate: 1 of 1 sections failed: a (exit 1)
	xclate -m --fail xclate a false
- xapply: task 1 (30): its time is up
	xapply -T 0.1 'sleep %1' 30
0 xapply: 1 task done in *, 0 failed
	xapply --progress : a
66 xapply: no enclosing diversion: no ptbw is around this (ptbw -m command starts one, -t names one)
	xapply -t - : a
65 xapply: */sta0: cannot provide 2 tokens, the pool has 1
	ptbw -m -J1 xapply -R2 -t - : a
127 xapply: none: No such file or directory
	xapply -S none : a
65 xapply: 'echo | *': needs a shell, and --argv means none
	xapply --argv 'echo |' a
66 xapply: none: No such file or directory
	xapply -f : none
0 xapply: becoming ptbw
	xapply -v -m -J1 : a
0 xapply: -n: the tokens shown are not held any more
	xapply -n --show -J1 'echo %t1' a
END

# Not provoked here: the format, a tab, the reason.
cat >others <<'END'
out of memory	the system's
%s: it cannot be removed: %s	names.t
%s: it was removed, and is there again	names.t
%s: nobody can connect any more: %s	names.t
%s: the other end is no exporting wrapw	relay.t
%s: the other end does not answer	one that waits: relay.t
the connection to the other host is gone	relay.t
%s: a symbolic link of somebody else's	needs another user: relay.t
ps: it lists no processes; is it installed?	where there is no /proc
the link is of version %s here and of %.15s at the other end	relay.t
a connection was ended: %s	relay.t
/dev/null: %s	the system's
%s	the loop's, of the system
--pty: a terminal cannot be made (/dev/ptmx, /dev/pts): %s	pty.t
cannot serve: %s	the system's
cannot wait: %s	the system's
signals: %s	the system's
pipe: %s	the system's
descriptors: %s	the system's
environment: %s	the system's
working directory: %s	the system's
cannot start a task: %s	the system's limit of processes
cannot become a session leader: %s	only a leader of a group meets it
%s: no turn was to be had there	an outer master of another kind: xclate.t
%s: the master does not answer	a master that is stopped for 5 s
%s: the master's answer makes no sense	a broken master: wire.t
the enclosing master (of -O -) is gone	a master that is killed: xcompose.t, xclate.t
%s: the pool is there, with %zu tokens	shared.t
%s: the pool is there, with tokens from %s	shared.t
%s: waiting for the commands that hold tokens of a master that is gone	shared.t
%s: timed out waiting for its master	shared.t
%s: it is no private directory of ours	shared.t
%s: others may replace it	shared.t
%s: the master did not start	a master that fails: it says why
cannot start a master: %s	fork or pipe fails
%s: the pool is another user's, its variables are not set	users.t
a redirection of a master's cannot be its client: copying as cat does	section.t
section %s: output: %s	an output that fails: section.t
section %s: no room for its standard error, which is lost from there on (TMPDIR names a directory for it)	xclate.t
section %s: standard error: %s	nobody can see it: xcompose.t
section %s: what it wrote cannot be read: %s	a read that fails: faults.t
section %s: what its task wrote cannot be read: %s	a read that fails: xlost.t
section %s: out of memory	likewise, of memory
section %s: what was written after its command's end is lost (see --linger)	linger.t
what was written after a task's end is lost (see --linger)	linger.t
%s: the link to the master, or the master, is gone, section %s may be lost	relay.t
%s: the master is gone, section %s may be lost	a master that is killed: xlost.t
section %s: the master could not write all of it	a disk that is full: xlost.t
%s: the master is gone, section %s was not written	a master that is killed: xcompose.t
%s: the master is gone, section %s was not written (%llu bytes)	likewise: xclate.t
END
: >all
run() {         # run NUMBER COMMAND: in a directory of its own
	mkdir "m$1"
	peer limit 20 sh -c "cd m$1 || exit
$2" >"out$1" 2>"err$1" </dev/null
	echo $? >"got$1"
}
number=0
while IFS= read -r line; do
	number=$((number + 1))
	case $line in '	& '*) run $number "${line#*& }" & ;; esac
done <list
number=0
while IFS= read -r line; do
	number=$((number + 1))
	case $line in
	'	& '*)
		command=${line#*& }
		wait_until test -s got$number ;;
	'	'*)
		command=$(printf '%s\n' "$line" | sed 's/^	//')
		run $number "$command" ;;
	*)	wanted=${line%% *} pattern=${line#* }
		continue ;;
	esac
	got=$(cat got$number)
	found=1
	while IFS= read -r said; do
		# shellcheck disable=SC2254
		case $said in $pattern) found=0 ;; esac
	done <err$number
	case $wanted in "$got" | -) ;; *) found=1 ;; esac
	result $found "$pattern" "command: $command${nl}wanted: exit $wanted
got: exit $got${nl}$(cat err$number)"
	cat err$number >>all
	rm -rf m$number
done <list

# each format as a pattern of the shell's
# (awk alone sees where a file ends: one for each; all folders but those of
# tests, bench and examples are the product's)
(cd "$top" && ls ./*.c ./*/*.c |
    sed '/^\.\/tests\//d; /^\.\/bench\//d; /^\.\/examples\//d' | while read -r f; do
	awk -f tests/formats.awk "$f"
done) | sort -u >formats
t 'formats were found' 0 '' '' test "$(grep -c . formats)" -gt 120
cut -f 1 others >known
grep -v -x -F -f known formats | grep '[a-z][a-z]' |
    sed 's/%[-0-9.*]*[a-z]*[sdu]/@/g; s/%c/@/g; s/%%/%/g; s/[][*?]/[&]/g; s/\\"/"/g
	s/@/*/g' >patterns
while IFS= read -r pattern; do
	found=1
	while IFS= read -r said; do
		# shellcheck disable=SC2254
		case $said in *": "$pattern) found=0; break ;; esac
	done <all
	[ $found -eq 0 ] || printf '%s\n' "$pattern"
done <patterns >unseen
t 'every format in the sources was seen, or stands in the second list' 0 '' '' cat unseen
t 'all in the second list are in the sources' 1 '' '' grep -v -x -F -f formats known
finish
