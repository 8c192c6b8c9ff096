#!/bin/sh
# wrapw.t - wrapw as its users see it: masters, records, clients, and the name
# space that changes under running processes
. "$(dirname "$0")/lib.sh"

w() {           # w NAME CODE OUT ERR SCRIPT: the script, in a directory of its own
	rm -rf x && mkdir x
	t "$1" "$2" "$3" "$4" sh -c "cd x || exit
$5"
}
# pool NAME: a persistent ptbw whose one token has that name; ready when back
cat >"$T/pool" <<'END'
#!/bin/sh
echo "$1" >"$1.tok"
ptbw -m -t "$1.tok" -N "$PWD/$1" : &
echo "$!" >"$1.pid"
until test -S "$1"; do :; done
END
# full NAME: a socket whose backlog is full; ended by killing $(cat NAME.pids)
cat >"$T/full" <<'END'
#!/bin/sh
peer master "$1" p & echo $! >"$1.pids"
until test -S "$1"; do :; done
for i in 1 2 3 4 5 6; do peer connect "$1" "t:$1.$i" p & echo $! >>"$1.pids"; done
for i in 1 2 3 4 5 6; do until test -e "$1.$i"; do :; done; done
END
chmod +x "$T/pool" "$T/full"
PATH=$T:$PATH
ww="$TMPDIR/wrapw??????/ww0"

# --- what a master does to the environment ---
w 'every diversion leads through the one socket' 0 "~ptbw_1=$ww/0
ptbw_2=$ww/1
ptbw_link=2
wrapw_1=$ww
wrapw_link=1
xcl_1=$ww/2
xcl_link=1" '' 'ptbw -m ptbw -m xclate -m -W ">&1" wrapw -m sh -c "
    env | grep -E \"^(ptbw|xcl|wrapw)_\" | sort"'
w 'a detached one, too' 0 "~ptbw_1=$ww/0 ptbw_d=$ww/1" '' \
    'ptbw -m ptbw -md wrapw -m sh -c "echo \$(env | grep ^ptbw_[1d] | sort)"'
w '-d: wrapw_d alone' 0 "~ptbw_1=$ww/0 wrapw_d=$ww" '' \
    'ptbw -m wrapw -md sh -c "echo \$(env | grep -E ^\"(ptbw_1|wrapw_)\" | sort)"'
w 'the services work through it' 0 '0
[x]
hi' '' 'ptbw -m xclate -m -W ">&1" -T "[%x]" wrapw -m sh -c "
    ptbw -A echo; echo hi | xclate x"'
w 'a wrapper of somebody else' 0 "~$ww/0 1" '' 'pool p
    spck_link=1 spck_1=$PWD/p wrapw -m sh -c "echo \$spck_1 \$spck_link"
    kill $(cat p.pid)'
w 'what only looks like a diversion stays' 0 \
    '/etc x 2 http://x' '' 'conf_d=/etc my_link=x db_link=2 db_1=http://x \
    wrapw -m sh -c "echo \$conf_d \$my_link \$db_link \$db_1"'
w 'a level beyond the link is stale' 0 '/stale' '' \
    'ptbw_9=/stale ptbw -m wrapw -m sh -c "echo \$ptbw_9"'
w 'a link of d is kept' 0 "~d $ww/0 0" '' 'ptbw -md -J1 sh -c "
    ptbw_link=d wrapw -m sh -c \"echo \\\$ptbw_link \\\$ptbw_d \\\$(ptbw -A echo)\""'
w 'a wrapw in a wrapw goes through both' 0 "~/ww0/0 /ww1/0 0 0 2" '' '
    ptbw -m -J1 wrapw -m sh -c "one=\$ptbw_1 wrapw -m sh -c \"
	echo \\\${one##*/wrapw??????} \\\${ptbw_1##*/wrapw??????} \
	    \\\$(ptbw -t \\\$one -A echo) \\\$(ptbw -A echo) \\\$wrapw_link\""'
w 'without -E outer wrapws are left alone' 0 "~$ww $TMPDIR/wrapw??????/ww1" '' \
    'wrapw -m wrapw -m sh -c "echo \$wrapw_1 \$wrapw_2"'
w 'with -E they are entries, too' 0 \
    "~$TMPDIR/wrapw??????/ww1/0 $TMPDIR/wrapw??????/ww1 1.0" '' \
    'wrapw -m wrapw -mE sh -c "echo \$wrapw_1 \$wrapw_2
	wrapw -1 -Vv | sed -n \"s/.*(protocol \(.*\)) .target./\1/p\"" | xargs echo'
w 'an inner one shares the directory' 0 same '' 'wrapw -m wrapw -m sh -c "
    test \"\${wrapw_1%/*}\" = \"\${wrapw_2%/*}\" && echo same"'
w '-N, absolute' 0 "$T/w/x/s" '' \
    'wrapw -m -N $PWD/s sh -c "echo \$wrapw_1"; test ! -e s'
w 'a dead target is remarked on' 0 ok \
    'wrapw: ptbw_1: /no/such: no socket is there' \
    'ptbw_link=1 ptbw_1=/no/such wrapw -m echo ok'
w 'but not with -q' 0 ok '' 'ptbw_link=1 ptbw_1=/no/such wrapw -mq echo ok'
w 'and can be bound later' 0 a '' 'pool a
    ptbw_link=1 ptbw_1=/no/such wrapw -mq sh -c "
	wrapw -b $PWD/a ptbw_1 && ptbw -A echo"; kill $(cat a.pid)'
w 'nothing to present is no error' 0 "~$ww" '' 'wrapw -m sh -c "echo \$wrapw_1; wrapw -n"'
w 'WRAPW, WRAPW_1' 0 '-d x-x' '' 'WRAPW=-m WRAPW_1=-d wrapw sh -c "echo \$WRAPW x\$WRAPW_1-x" | sed "s/x-x/x-x/"'
for m in 'exit 5:5' 'kill -9 $$:137' 'kill -TERM $$:143'; do
	w "the utility: ${m%:*}" "${m##*:}" '' '' "wrapw -m sh -c '${m%:*}'"
	w "the command: ${m%:*}" "${m##*:}" '' '' "wrapw -m wrapw sh -c '${m%:*}'"
done
w 'utility not found' 127 '' '~wrapw: nosuch: *' 'wrapw -m nosuch'
w 'utility not executable' 126 '' '~wrapw: ./f: *' ': >f; wrapw -m ./f'
w 'command not found' 127 '' '~wrapw: nosuch: *' 'wrapw -m wrapw nosuch'
w 'command not executable, -Q' 126 '' '~wrapw: ./f: *' ': >f; wrapw -m wrapw -Q ./f'
w 'no descriptor leaks' 0 same '' 'ls /dev/fd >/dev/null
    sh -c "ls /dev/fd" >a; ptbw -m wrapw -m sh -c "ls /dev/fd" >b
    ptbw -m wrapw -m wrapw sh -c "ls /dev/fd" >c; cmp a b && cmp a c && echo same'
w 'called by another name' 0 'hi sh' '' \
    'peer name mysh wrapw -m sh -c "echo hi \$0" | sed s/mysh/sh/'

# --- what an environment may hold ---
w 'a path with a newline is not asked for' 0 '0' '' 'wrapw -m -N $PWD/o : & m=$!
    until test -S o; do :; done
    ptbw_link=1 ptbw_1="$PWD/o/zzz
quit" wrapw -mq sh -c "ptbw true 2>/dev/null; wrapw -t o -R | tr \"\\0\" \"\n\" | grep -c zzz"
    wrapw -t o -Q true; wait $m'
w 'odd names are nobody'\''s' 0 'wrapw_1 wrapw_link' '' 'pool p
    env _x_link=1 _x_1=$PWD/p "a;b_d=$PWD/p" "$(printf x%080d 0)_d=$PWD/p" \
	wrapw -m wrapw -R | tr "\0" "\n" | sed -n "s/=.*//p" | sort | xargs echo
    kill $(cat p.pid)'
w 'a detached one alone is removed, too' 0 none '' \
    'spck_link=d spck_d=/dead/x wrapw -t /dev/null sh -c "env | grep spck || echo none"'
printf '/a/b\0p_2=/a/b/0\0p_link=2\0' >"$T/gap"
w 'a gap in a record is one' 0 'p_1=/loc p_3=/a/b/0 p_link=3' '' \
    "p_link=1 p_1=/loc p_2=/STALE wrapw -It $T/gap sh -c 'env | grep ^p_ | sort | xargs echo'"
w 'also without a stack before' 0 'p_2=/a/b/0 p_link=2' '' \
    "p_1=/STALE wrapw -t $T/gap sh -c 'env | grep ^p_ | sort | xargs echo'"
printf '/a/b\0p_999999=/a/b/0\0p_link=999999\0' >"$T/deep"
w 'more levels than there can be' 65 '' 'wrapw: environment: too many levels' \
    "p_link=1 p_1=/loc wrapw -It $T/deep true"
w 'the last level is not for anybody' 69 '' '~*no such entry*' \
    'wrapw -m wrapw -qb /x wrapw_999999'
w 'a long reason is said to its end' 69 '' '~*: the target is not a socket' '
    p=$PWD/d; mkdir d; for i in 1 2 3 4 5 6 7 8; do p=$p/./././././././././././././././././././././././.; done
    wrapw -m wrapw -b $p ptbw_1'
w 'a link to a record stays one' 0 'link' '' ': >real; ln -s real link
    wrapw -m sh -c "wrapw -R link; test -s real && test -h link && echo link"'
w 'a relative path from a deep directory' 0 '' '' 'd=$(printf "%0100d" 0); mkdir $d
    wrapw -m -N $PWD/s sh -c "cd $d && ln -s $PWD/s out && wrapw -t out -n"'
w 'a master that has quit meanwhile' 4 '' '' 'wrapw -m -N $PWD/s : & m=$!
    until test -S s; do :; done; wrapw -Q -t s sh -c "kill $m
    while kill -0 $m; do sleep 0.01; done 2>/dev/null; exit 4"; r=$?; wait $m; exit $r'
w 'two that ask to quit' 0 '0 0' '' 'wrapw -m -N $PWD/s : & m=$!
    until test -S s; do :; done
    (wrapw -Q -t s sh -c ": >in; until test -e out; do sleep 0.01; done"; echo $? >a) & c=$!
    until test -e in; do :; done; wrapw -Q -t s true; b=$?; : >out; wait $c $m; echo $(cat a) $b'
w 'an escape sequence in a listing' 0 '~bind /x^\[\[7m *' '' 'peer master s A "r:\\0" s:+ "r:ns\\n" \
    "s:+ 14\\nbind /x$(printf "\033")[7m y\\n" e & until test -S s; do :; done; wrapw -t s -n; wait'

# --- records ---
w 'a record' 0 "~$ww@wrapw_link=1@wrapw_1=$ww@ptbw_1=$ww/0@ptbw_link=1@" '' \
    'ptbw -m wrapw -m wrapw -R | tr "\0" @'
w '- is stdout as well' 0 same '' \
    'ptbw -m wrapw -m sh -c "wrapw -R >a; wrapw -R - >b; cmp a b && echo same"'
w 'into a file, for its owner alone' 0 '-rw------- same' '' 'umask 0
    ptbw -m wrapw -m sh -c "wrapw -R f; wrapw -R | cmp - f &&
	echo \$(ls -l f | cut -c1-10) same"'
w 'an existing file keeps its mode' 0 '-rw-r--r--' '' ': >f; chmod 644 f
    wrapw -m wrapw -R f; ls -l f | cut -c1-10; test -s f'
w 'into a fifo' 0 1 '' 'mkfifo f; wrapw -m sh -c "cat f | tr \"\0\" \"\n\" |
    grep -c wrapw_1= & wrapw -R f; wait"; test -p f'
w 'where no file can be' 73 '' '~wrapw: no/f: *' 'wrapw -m wrapw -R no/f'
w 'stdout is full' 71 '' '~wrapw: standard output: *' 'wrapw -m wrapw -R >/dev/full'
w 'a full device leaves no half record' 73 '' '~wrapw: /dev/full: *' \
    'wrapw -m wrapw -R /dev/full; r=$?; test -z "$(ls)" && exit $r'
w '-R -W: without wrapw itself' 0 "~$ww@ptbw_1=$ww/0@ptbw_link=1@" '' \
    'ptbw -m wrapw -m wrapw -WR | tr "\0" @'
w 'several prefixes, levels, a detached one' 0 \
    'wrapw_link wrapw_1 ptbw_1 ptbw_2 ptbw_link ptbw_d xcl_1 xcl_link' '' \
    'ptbw -m ptbw -m ptbw -md xclate -m -W ">&1" wrapw -m sh -c "
	wrapw -R | tr \"\0\" \"\n\" | sed -n \"s/=.*//p\" | xargs echo"'
w '-E: outer wrapws in front of itself' 0 \
    "~wrapw_link=2@wrapw_1=*/ww1/0@wrapw_2=*/ww1@" '' \
    'wrapw -m wrapw -mE wrapw -R | tr "\0" @ | cut -d@ -f2-'
w 'a record of a record' 0 same '' \
    'ptbw -m wrapw -m sh -c "wrapw -R a; wrapw -t a -R b; cmp a b && echo same"'
w 'a record of nothing' 0 '' '' 'wrapw -t /dev/null -R'
w '-t: a relative path comes out absolute' 0 "$T/w/x/s@wrapw_link=1@wrapw_1=$T/w/x/s@" '' \
    'wrapw -m -N $PWD/s wrapw -t ./s -R | tr "\0" @ | sed "s,/\./,/,g"'
w 'the name that the socket has here' 0 \
    "$T/w/x/in/s $T/w/x/in/s/0 b" '' 'pool b; mkdir out
    ptbw_link=1 ptbw_1=$PWD/b wrapw -m -N $PWD/out/s sh -c "mv out in
	wrapw -t $PWD/in/s sh -c \"echo \\\$wrapw_1 \\\$ptbw_1 \\\$(ptbw -A echo)\"
	mv in out"; kill $(cat b.pid)'

# --- clients ---
w 'a record restores its name space' 0 "~1 $ww/0 1 $ww" '' '
    ptbw -m wrapw -m sh -c "wrapw -R r
    env -i PATH=\"\$PATH\" wrapw -t r sh -c \"echo \\\$ptbw_link \\\$ptbw_1 \\\$wrapw_link \\\$wrapw_1\""'
w 'what is in between is gone' 0 '0 1 -' '' 'ptbw -m -J1 wrapw -m sh -c "
    ptbw -m xclate -m -W \">&1\" ptbw sh -c \"
	wrapw sh -c \\\"echo \\\\\\\$(ptbw -A echo) \\\\\\\$ptbw_link \\\\\\\${xcl_link--}\\\"\""'
w 'ptbw_list is gone, other variables are not' 0 '- /etc 3' '' '
    ptbw -m ptbw sh -c "conf_d=/etc X_3=3 wrapw -t /dev/null sh -c \"
	echo \\\${ptbw_list--} \\\$conf_d \\\$X_3\""'
w '-t /dev/null: no diversions' 66 '' 'ptbw: no enclosing diversion: no ptbw is around this (ptbw -m command starts one, -t names one)' \
    'ptbw -m wrapw -m wrapw -t /dev/null ptbw -'
w 'an empty file likewise' 0 none '' ': >e; ptbw -md ptbw -m wrapw -m wrapw -t e sh -c "
    env | grep -E \"^(ptbw|wrapw)_\" || echo none"'
w 'a broken link variable goes, too' 0 none '' \
    'ptbw_link=abc ptbw_0=/x wrapw -t /dev/null sh -c "env | grep ^ptbw_ || echo none"'
w '-I: on top of what is there' 0 'a b 2 2' '' 'pool a; pool b
    ptbw_link=1 ptbw_1=$PWD/b wrapw -m wrapw -R r &
    wait $!; ptbw_link=1 ptbw_1=$PWD/b wrapw -m sh -c "wrapw -R r
    env -u wrapw_link ptbw_1=$PWD/a wrapw -It r sh -c \"
	echo \\\$(ptbw -1 -A echo) \\\$(ptbw -A echo) \\\$ptbw_link \\\$ptbw_link\""
    kill $(cat a.pid b.pid)'
w '-IW: not with a second wrapw' 0 '2 1' '' 'ptbw -m wrapw -m sh -c "
    wrapw -IW sh -c \"echo \\\$ptbw_link \\\$wrapw_link\""'
w '-I: a prefix that is not there yet' 0 "~1 $ww/0" '' 'ptbw -m wrapw -m sh -c "
    wrapw -R r; env -u ptbw_link -u ptbw_1 wrapw -It r sh -c \"echo \\\$ptbw_link \\\$ptbw_1\""'
w 'a record whose link is d' 0 "~d $ww/0" '' 'ptbw -md sh -c "ptbw_link=d
    export ptbw_link; wrapw -m sh -c \"wrapw -R r; unset ptbw_link
    wrapw -t r sh -c \\\"echo \\\\\\\$ptbw_link \\\\\\\$ptbw_d\\\"\""'
w '-W: without wrapw' 0 "~1 $ww/0 -" '' 'ptbw -m wrapw -m wrapw -W sh -c "
    echo \$ptbw_link \$ptbw_1 \${wrapw_link--}"'
w 'depth' 0 '1 2' '' 'ptbw -m wrapw -m ptbw -m wrapw -m sh -c "
    echo \$(wrapw -1 sh -c \"echo \\\$ptbw_link\") \$(wrapw sh -c \"echo \\\$ptbw_link\")"'
w '-t - is the tightest' 0 2 '' 'wrapw -m ptbw -m ptbw -m wrapw -m wrapw -t - sh -c "echo \$ptbw_link"'
w 'a path through another wrapw' 0 1 '' 'ptbw -m wrapw -m wrapw -mE sh -c "
    wrapw -t \$wrapw_1 sh -c \"echo \\\$ptbw_link\""'
w 'it becomes its command' 0 same '' 'wrapw -m sh -c "
    sh -c \"echo \\\$\\\$; exec wrapw sh -c \\\"echo \\\\\\\$\\\\\\\$\\\"\" | uniq | wc -l |
    sed \"s/ *1/same/\""'
w 'no diversion' 66 '' 'wrapw: no enclosing diversion: no wrapw is around this (wrapw -m command starts one, -t names one)' 'wrapw true'
w 'no diversion, but a detached one' 66 '' \
    "~wrapw: no enclosing diversion (a detached one: -t $ww)" 'wrapw -md wrapw true'
w 'too deep' 65 '' '~wrapw: requested depth -1 *' 'wrapw -m wrapw -1 true'
w 'no such file' 66 '' '~wrapw: nofile: *' 'wrapw -t nofile true'
w 'a dead master' 69 '' 'wrapw: d: the master is gone' \
    'peer master d p & until test -S d; do :; done; kill -9 $!; wait 2>/dev/null; wrapw -t d true'
w 'a master of another kind that hangs up' 69 '' '~wrapw: p: *hung up' \
    'pool p; wrapw -t p true; r=$?; kill $(cat p.pid); exit $r'
w 'a master of another kind that greets' 76 '' '~wrapw: *: it is no wrapw master*' \
    'xclate -m sh -c "wrapw -t \$xcl_1 true"'
w '-V: the stack, and what they say' 0 "~*protocol version 1.0*wrapw:  2: *ww1 (protocol 1.0) \[target\]*wrapw:  1: *ww0 (protocol 1.0)" '' \
    'wrapw -m wrapw -m wrapw -Vv'
for answer in "+ 4\\\\n$(printf '\033')[7m" '+ 4\\n1.0x' '+ 0\\n' '+ 17\\n0123456789012345\\n' '- no\\n'; do
	w "-V: what is no version: $answer" 0 '~*  1: */s (does not answer) \[target\]' '' 'peer master s A "r:\\0" s:+ \
	    "r:version\\n" "s:'"$answer"'" e & until test -S s; do :; done
	wrapw_link=1 wrapw_1=$PWD/s wrapw -Vv; r=$?; wait $! && exit $r'
done
w '-V names the record, too' 0 '~*-t: r*\[target\]*' '' ': >r; wrapw -Vt r'
printf '/a/b\0ptbw_1=/a/b/0\0ptbw_link=1\0' >good
cp good rest
bad() {         # bad NAME WHY FORMAT: a record that is refused, and sets nothing
	printf "$3" >rec
	t "a record with $1" 65 '' "wrapw: rec: $2" wrapw -t rec echo ran
}
no='it sets what is no diversion'\''s variable'
bad 'PATH' "$no" '/a/b\0PATH=/x\0'
bad 'LD_PRELOAD' "$no" '/a/b\0ptbw_link=1\0LD_PRELOAD=/x\0'
bad 'a name without a tag' "$no" '/a/b\0ptbw=/x\0'
bad 'a name that begins with _' "$no" '/a/b\0_x_1=/x\0'
bad 'a name that begins with a digit' "$no" '/a/b\0001x_1=/x\0'
bad 'a tag alone' "$no" '/a/b\0_1=/x\0'
bad 'another tag' "$no" '/a/b\0ptbw_fd=3\0'
bad 'a tag like one' "$no" '/a/b\0ptbw_1x=/x\0'
bad 'a signed level' "$no" '/a/b\0ptbw_-1=/x\0'
bad 'a blank in a name' "$no" '/a/b\0pt bw_1=/x\0'
bad 'a newline in a name' "$no" '/a/b\0PATH=/x\nptbw_1=/x\0'
bad 'no =' "$no" '/a/b\0ptbw_1\0'
bad 'an empty entry' "$no" '/a/b\0\0ptbw_1=/x\0'
bad 'an empty name' "$no" '/a/b\0=/x\0'
bad 'no path in front' 'it is not a record: no socket'\''s path comes first' 'ptbw_1=/x\0'
bad 'nothing but text' 'it is not a record: no socket'\''s path comes first' '# a file\n'
bad 'no end' 'its end is missing' '/a/b\0ptbw_1=/x'
bad 'a level that is no path' 'a diversion is no absolute path' '/a/b\0ptbw_1=x\0'
bad 'an empty level' 'a diversion is no absolute path' '/a/b\0ptbw_1=\0'
bad 'a link that is none' 'a link is neither a level nor d' '/a/b\0ptbw_link=1x\0'
bad 'an empty link' 'a link is neither a level nor d' '/a/b\0ptbw_link=\0'
bad 'a link too large' 'a link is neither a level nor d' '/a/b\0ptbw_link=1000000\0'
bad 'a name twice' 'it sets a variable twice' '/a/b\0ptbw_1=/x\0xcl_1=/y\0ptbw_1=/z\0'
{ printf '/a/b\0'; i=0; while [ $i -lt 4200 ]; do printf 'ptbw_%d=/%0250d\0' $i 0; i=$((i + 1)); done; } >rec
t 'a record over 1 MiB' 65 '' 'wrapw: rec: it is longer than 1 MiB' wrapw -t rec echo ran
t 'a record from an endless file' 65 '' 'wrapw: /dev/zero: it is longer than 1 MiB' \
    wrapw -t /dev/zero echo ran
t 'a good one' 0 '/a/b/0 1' '' wrapw -t good sh -c 'echo $ptbw_1 $ptbw_link'
printf '/a/b\0ptbw_list=any\nthing=PATH\0spck_d=/x\0ptbw_0=/y\0' >rec
t 'all tags' 0 "any
thing=PATH /x /y" '' wrapw -t rec sh -c 'echo "$ptbw_list $spck_d $ptbw_0"'
printf '/a/b\0p_1=/a/bc\0p_2=/a/b\0p_3=/a/b/x/y\0p_link=3\0' >rec
t 'only what leads through the socket follows it' 0 \
    'bind /a/bc p_1 bind /a/b p_2 bind /a/b/x/y p_3' '' \
    sh -c 'echo $(wrapw -t rec)'

# --- the name space, live ---
w 'the listing' 0 "~bind $TMPDIR/ptbd*/sta0 ptbw_1
# entry 0 ptbw_1: 3 connects, target answers" '' 'ptbw -m wrapw -m sh -c "
    for i in 1 2 3; do ptbw true; done; wrapw -n"'
w 'no command: the same' 0 same '' 'ptbw -m wrapw -m sh -c "
    wrapw -n >a; wrapw >b; cmp a b && echo same"'
w 'a target that is gone' 0 "~bind /no/such ptbw_1
# entry 0 ptbw_1: 0 connects, target does not answer" '' \
    'ptbw_link=1 ptbw_1=/no/such wrapw -mq wrapw -n'
w '-n of a record' 0 "~bind $ww/0 ptbw_1
bind $ww wrapw_1" '' 'ptbw -m wrapw -m sh -c "wrapw -R r; wrapw -t r -n"'
w 'a running loop is moved to another pool' 0 'a b' '' 'pool a; pool b
    ptbw_link=1 ptbw_1=$PWD/a wrapw -m sh -c "
	{ while test ! -e stop; do ptbw -A echo; done >got; } & 
	until grep -q a got 2>/dev/null; do :; done
	wrapw -b ./b ptbw_1
	until grep -q b got; do :; done; : >stop; wait"
    uniq got | xargs echo; kill $(cat a.pid b.pid)'
w 'a master is replaced under its clients' 0 'a a2' '' 'pool a
    ptbw_link=1 ptbw_1=$PWD/a wrapw -m sh -c "
	ptbw -A echo; kill -9 \$(cat a.pid); rm a; echo a2 >t2
	ptbw -m -t t2 -N $PWD/a : & until test -S a; do :; done
	ptbw -A echo; kill \$!" | xargs echo'
w 'a union: the first that answers' 0 'a b a c' '' 'pool a; pool b; pool c
    ptbw_link=1 ptbw_1=$PWD/a wrapw -m sh -c "
	wrapw -b -a b ptbw_1; ptbw -A echo
	kill -9 \$(cat a.pid); while ptbw -t a true 2>/dev/null; do :; done
	ptbw -A echo; rm a; pool a >/dev/null; ptbw -A echo
	wrapw -bB c ptbw_1; ptbw -A echo" | xargs echo; kill $(cat a.pid b.pid c.pid)'
w 'a union in the listing' 0 "bind /w/a ptbw_1
bind -a /w/b ptbw_1
# entry 0 ptbw_1: 0 connects, target 1 does not answer, target 2 answers" '' 'pool b
    ptbw_link=1 ptbw_1=$PWD/a wrapw -mq sh -c "wrapw -ba b ptbw_1; wrapw -n" |
    sed "s,$PWD,/w,"; kill $(cat b.pid)'
w 'a listing pasted back makes the same again' 0 same '' 'mkdir "it'\''s one"
    pool a; pool b; mv b "it'\''s one"
    ptbw_link=2 ptbw_1=$PWD/a ptbw_2=$PWD/a wrapw -m sh -c "
	wrapw -b -a \"it'\''s one/b\" ptbw_1; wrapw -b a spck_d
	wrapw -n >l1; grep -q \"bind -a .*it\" l1 || exit
	env -u ptbw_link -u spck_d wrapw -m -N $PWD/s2 sh -c \"
	bind() { wrapw -t s2 -b \\\"\\\$@\\\"; }; . ./l1; wrapw -t s2 -n >l2\"
	cmp l1 l2 && echo same"; mv "it'\''s one"/b b; kill $(cat a.pid b.pid)'
w 'a new name' 0 'a 1 a a' '' 'pool a; wrapw -m sh -c "
    wrapw -b a ptbw_1; wrapw sh -c \"ptbw -A echo; echo \\\$ptbw_link\"
    ptbw -t \$wrapw_1/ptbw_1 -A echo; ptbw -t \$wrapw_1/0 -A echo" | xargs echo
    kill $(cat a.pid)'
w 'cookies: number, name, prefix' 0 'a b b a d b' '' 'pool a; pool b; pool d
    ptbw_link=2 ptbw_1=$PWD/a ptbw_2=$PWD/b ptbw_d=$PWD/d wrapw -m sh -c "
	for c in 0 1 ptbw ptbw_1 ptbw_d ptbw_2; do ptbw -t \$wrapw_1/\$c -A echo; done" |
    xargs echo; kill $(cat a.pid b.pid d.pid)'
w 'unbind, and bind again: the same entry' 0 'no b' '' 'pool a; pool b
    ptbw_link=1 ptbw_1=$PWD/a wrapw -m sh -c "wrapw -u ptbw_1
	ptbw -A echo 2>/dev/null || echo no; test -z \"\$(wrapw -n)\" || exit
	wrapw -b a xcl_1; wrapw -b b ptbw_1; ptbw -t \$wrapw_1/0 -A echo" | xargs echo
    kill $(cat a.pid b.pid)'
w 'an unbound name is in no record' 0 'wrapw_1 wrapw_link' '' 'ptbw -m wrapw -m sh -c "
    wrapw -u 0; wrapw -R | tr \"\0\" \"\n\" | sed -n \"s/=.*//p\" | sort | xargs echo"'
w '-c: only what is not there' 69 a '~wrapw: */ww0: ptbw_1: the name is bound already' '
    pool a; pool b; wrapw -m sh -c "wrapw -bc a ptbw_1; wrapw -bc b ptbw_1; r=\$?
	ptbw -t \$wrapw_1/0 -A echo; exit \$r"; r=$?; kill $(cat a.pid b.pid); exit $r'
w 'a target that is not there yet: a remark' 0 '' \
    "wrapw: $T/w/x/soon: no socket is there" 'wrapw -m wrapw -b soon ptbw_1'
w 'and none with -q' 0 '' '' 'wrapw -m wrapw -qb soon ptbw_1'
refused() {     # refused NAME WHY OPTIONS
	w "$1" 69 '' "~wrapw: */ww0: $2" ": >file; wrapw -m wrapw $3"
}
refused 'a new name that is none' 'ptbw: no such entry; a new name is like ptbw_1 or ptbw_d' '-b /x/y ptbw'
refused 'a number that is not there' '7: no such entry; a new name is like*' '-b /x/y 7'
refused 'a name that could be PATH' 'PATH: no such entry; *' '-b /x/y PATH'
refused 'level 0' 'ptbw_0: no such entry; *' '-b /x/y ptbw_0'
refused 'a link' 'ptbw_link: no such entry; *' '-b /x/y ptbw_link'
refused 'a target that is no socket' '*/file: the target is not a socket' '-b file ptbw_1'
refused 'unbinding what is not there' 'ptbw_1: no such entry' '-u ptbw_1'
w 'a target with control characters' 65 '' '~wrapw: a^Jb: a target has no newlines' \
    "wrapw -m wrapw -b 'a
b' ptbw_1"
w 'a target too long' 65 '' '~wrapw: /000*...: too long*' \
    'wrapw -m wrapw -b /$(printf "%09000d" 0) ptbw_1'
w 'a name with a blank' 65 '' 'wrapw: a b: a name has no blanks' 'wrapw -m wrapw -b /x "a b"'
w 'itself' 69 '' '~wrapw: */ww0: */ww0/0: the target leads back to this socket' \
    'wrapw -m sh -c "wrapw -b \$wrapw_1/0 ptbw_1"'
w 'itself, by another name' 69 '' '~*leads back to this socket' \
    'wrapw -m sh -c "ln -s \$wrapw_1 link; wrapw -b link ptbw_1"'
w 'itself, from the beginning' 65 '' "wrapw: ptbw_1: $T/w/x/s/0 leads back to this socket" \
    'ptbw_link=1 ptbw_1=$PWD/s/0 wrapw -m -N $PWD/s true; r=$?; test ! -e s && exit $r'
w 'two that lead to each other: refused, soon' 69 quick 'ptbw: s1/0: No such file or directory' '
    wrapw -m -N $PWD/s1 : & one=$!; wrapw -m -N $PWD/s2 : & two=$!
    until test -S s1 && test -S s2; do :; done
    wrapw -t s1 -b s2/0 ptbw_1 && wrapw -t s2 -b s1/0 ptbw_1
    for i in 1 2 3; do	# (a busy machine may stand still)
	a=$(date +%s); ptbw -t s1/0 true 2>e; r=$?
	[ $(($(date +%s) - a)) -gt 3 ] || { echo quick; break; }
    done; cat e >&2
    kill $one $two; wait; exit $r'
w 'the same loop answers a listing' 0 '~*target does not answer' '' '
    wrapw -m -N $PWD/s1 : & a=$!; wrapw -m -N $PWD/s2 : & b=$!
    until test -S s1 && test -S s2; do :; done
    wrapw -t s1 -b s2/0 ptbw_1 && wrapw -t s2 -b s1/0 ptbw_1
    wrapw -t s1 -n; kill $a $b; wait'
# chain N: N wrapws, each of which leads to the one before it
cat >"$T/chain" <<'END'
#!/bin/sh
n=$1 i=0
pool p
at=$PWD/p pids=$(cat p.pid)
while [ $i -lt $n ]; do
	ptbw_link=1 ptbw_1=$at wrapw -m -N "$PWD/s$i" : & pids="$pids $!"
	at=$PWD/s$i/0
	until test -S "s$i"; do :; done
	i=$((i + 1))
done
ptbw -t "$at" -A echo
code=$?
kill $pids
wait
exit $code
END
chmod +x "$T/chain"
w '33 masters in a row' 0 p '' 'chain 33'
w '34 are too many' 69 '' '~ptbw: *: No such file*' 'chain 34'
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	chmod 755 "$T" "$T/w"
	as='setpriv --reuid 12345 --regid 12345 --clear-groups'
	for r in 'b /x/y ptbw_1' 'u ptbw_1'; do
		w "somebody else may not -${r%% *}" 69 '' '~wrapw: s: *bind: only the master*' \
		    "ptbw -m wrapw -m -N \$PWD/s sh -c 'chmod 777 s; $as wrapw -t s -$r'"
	done
	w 'nor -Q, but use it' 69 '0
hi' '~wrapw: s: quit: only the master*' "pool p
	    chmod 777 p; ptbw_link=1 ptbw_1=\$PWD/p wrapw -m -N \$PWD/s : & m=\$!
	    until test -S s; do :; done; chmod 777 s
	    $as ptbw -t s/0 -R0 echo 0; $as wrapw -t s -Q echo hi; r=\$?; kill \$m \$(cat p.pid); exit \$r"
	w '-o: everybody may' 0 '' '' "ptbw -m wrapw -mo -N \$PWD/s sh -c '
	    chmod 777 s; $as wrapw -t s -u ptbw_1'"
else
	skip 'somebody else may change nothing' 'needs root and setpriv'
fi

# --- targets that do not answer ---
w 'a target that does not accept: refused within 5 s, others are served' 0 \
    'served refused' '' 'full f; pool p
    ptbw_link=2 ptbw_1=$PWD/p ptbw_2=$PWD/f wrapw -m sh -c "
	(ptbw -T25 true 2>/dev/null; echo \$? >code) &
	ptbw -1 -R0 echo served; test ! -s code || echo late
	wait; [ \$(cat code) -eq 69 ] && echo refused" |
    xargs echo; kill $(cat p.pid f.pids)'
w 'in a union it takes its share of the time' 0 p '' 'full f; pool p
    ptbw_link=1 ptbw_1=$PWD/f wrapw -m sh -c "wrapw -ba p ptbw_1; ptbw -A echo"
    kill $(cat p.pid f.pids)'
w 'when it accepts again, who waits is served' 0 ok '' '
    peer master f w:go A A A A A A A t:done p & f=$!
    until test -S f; do :; done
    for i in 1 2 3 4 5 6; do peer connect f t:in.$i w:done & done
    for i in 1 2 3 4 5 6; do until test -e in.$i; do :; done; done
    ptbw_link=1 ptbw_1=$PWD/f wrapw -m sh -c "
	peer connect \$ptbw_1 t:served & : >go; wait \$!; test -e served && echo ok"
    until test -e done; do sleep 0.01; done; { kill $f; wait; } 2>/dev/null'
w 'a listing does not wait longer' 0 "~*does not answer" '' 'full f
    ptbw_link=1 ptbw_1=$PWD/f wrapw -m wrapw -n; kill $(cat f.pids)'
w 'a client that is killed while it waits' 0 ended '' 'full f
    ptbw_link=1 ptbw_1=$PWD/f wrapw -m sh -c "
	peer connect \$ptbw_1 & sleep 0.2; kill -9 \$!; wrapw -n & sleep 0.2; kill -9 \$!"
    echo ended; kill $(cat f.pids)' 2>/dev/null

# --- a master's life ---
w 'after the hand-over wrapw is not needed' 0 'a' '' 'pool a
    ptbw_link=1 ptbw_1=$PWD/a wrapw -m -N $PWD/s : & m=$!; until test -S s; do :; done
    ptbw -t s/0 -A sh -c "kill -9 $m; until ! kill -0 $m; do sleep 0.01; done 2>/dev/null; echo \$0" 2>/dev/null
    test "$(ptbw -t a -T1 -A echo)" = a; kill $(cat a.pid)' 2>/dev/null
w '-Q ends a persistent master' 0 'Fini
gone' '' 'wrapw -m -N $PWD/s : & m=$!
    until test -S s; do :; done; wrapw -Q -t s echo Fini; wait $m && test ! -e s && echo gone'
w '-Q and a listing' 0 '' '' 'wrapw -m -N $PWD/s : & m=$!
    until test -S s; do :; done; wrapw -Q -t s; wait $m'
w '-Q from a record' 4 '' '' 'wrapw -m -N $PWD/s : & m=$!
    until test -S s; do :; done; wrapw -t s -R r; wrapw -Q -t r sh -c "exit 4"; r=$?; wait $m; exit $r'
w '-Q of nothing' 66 '' 'wrapw: /dev/null: it names no master to quit' 'wrapw -Qt /dev/null true'
w '-Q at a master with a utility has no effect' 3 'a b' '' \
    'wrapw -m sh -c "echo \$(wrapw -Q echo a; wrapw echo b); exit 3"'
w '-Q -v says so' 0 '' '~wrapw: */ww0: this master ends with its utility' \
    'wrapw -m wrapw -Qv true'
w '-Q, and the master is killed meanwhile' 0 '' - 'wrapw -m -N $PWD/s : & m=$!
    until test -S s; do :; done; wrapw -Q -t s sh -c "kill -9 $m; wait"; r=$?; wait; exit $r' 2>/dev/null
w 'TERM ends a persistent one' 0 gone '' 'wrapw -m -N $PWD/s : & m=$!
    until test -S s; do :; done; kill $m; wait $m && test ! -e s && echo gone'
w 'a master is killed: clients see it' 69 '' '~wrapw: s: *' 'wrapw -m -N $PWD/s : & m=$!
    until test -S s; do :; done; kill -9 $m; wait $m 2>/dev/null; wrapw -t s true'
hard=$(ulimit -Hn)
if [ "$hard" = unlimited ] || [ "$hard" -gt 5200 ]; then
	w '5,000 at once, none refused' 0 0 '' 'ulimit -n 5100; pool p
	    ptbw_link=1 ptbw_1=$PWD/p wrapw -m sh -c "peer crowd \$ptbw_1 5000"; echo $?
	    kill $(cat p.pid)'
	w '1,000 at once through three levels' 0 0 '' 'pool p
	    ptbw_link=1 ptbw_1=$PWD/p wrapw -m wrapw -m wrapw -m sh -c "
		peer crowd \$ptbw_1 1000"; echo $?; kill $(cat p.pid)'
else
	skip '5,000 at once' "ulimit -Hn is $hard"
fi
w 'few descriptors: all are served' 0 0 '' 'pool p
    (ulimit -n 40; ptbw_link=1 ptbw_1=$PWD/p exec wrapw -m -N $PWD/s :) & m=$!
    until test -S s; do :; done; peer crowd s/0 300; echo $?; kill $m $(cat p.pid)'
w '1,000 processes' 0 1000 '' 'ptbw -m -J4 wrapw -m sh -c "
    i=0; while [ \$i -lt 1000 ]; do ptbw sh -c \"echo x >>out\" & i=\$((i + 1)); done; wait"
    wc -l <out | tr -d " "'

# --- the command line ---
usage() {       # usage MESSAGE OPTIONS...
	m=$1
	shift
	t "usage: $*" 64 '' "~wrapw: $m
usage: see wrapw -h" wrapw "$@"
}
for o in I W R n b u Q; do usage "-$o does not go with -m" -m -$o x; done
usage '-t does not go with -m' -m -t x
usage '-a, -B, -c does not go with -m' -m -a
for o in E o; do usage "-$o goes with -m only" -$o; done
usage '-N goes with -m, -X or -P only' -N x
usage '-d goes with -m or -P only' -d
usage '--allow-bind goes with -X only' -m --allow-bind
usage '-Q does not go with -X' -X -Q
usage '-P does not go with -X' -X -P /x
usage '-t does not go with -P' -P /x -t y
usage '-n does not go with -P' -P /x -n
usage '-N: the name is empty' -m -N ''
usage '-t: the name is empty' -t ''
usage 'unknown option -x' -x
usage '-R, -n, -b and -u do not go together' -Rn
usage '-a, -B and -c go with -b only' -a true
usage '-a, -B and -c do not go together' -bac x y
usage '-Q does not go with -R' -QR
usage '-I does not go with -n' -In
usage '-W does not go with -b' -Wb x ptbw_1
usage '-I does not go with -R' -IR
usage '-b takes a target and a name' -b x
usage '-b takes a target and a name' -b x y z
usage '-u takes a name' -u
usage '-n takes no words' -n x
usage '-R takes one file' -R x y
t '-h' 0 '~usage: wrapw -m *--bind*' '' wrapw -h
t '-V' 0 '~wrapw: wrapkit *wrapw: no current diversions' '' wrapw -V
finish
