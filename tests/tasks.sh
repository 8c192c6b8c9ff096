# tasks.sh - what the tests of xapply use besides lib.sh
#
#	x NAME CODE OUT ERR SCRIPT	as t, in an empty directory
#	n NAME OUT SCRIPT		it ends well and says nothing
# and as commands, also in tasks:
#	await FILE...	until all are there, 15 s at most
#	crowd N		stay until N of us have come, and a moment longer; note
#			how many are here at the same time
#	peak		the most that were here
#	show ARG...	our arguments
#	stubborn NAME SIGNAL...	until one of them comes; note which
#	as COMMAND...	become it, the pid is in the file pid
unset PARALLEL XAPPLY_WRAP
PATH=$T/bin:$T:$PATH

x() {
	rm -rf x && mkdir x
	t "$1" "$2" "$3" "$4" sh -c "cd x || exit
$5"
}
n() {
	x "$1" 0 "$2" '' "$3"
}

mkdir "$T/bin" && cd "$T/bin" || exit 1
cat >await <<'END'
#!/bin/sh
for f; do
	i=0
	until test -e "$f"; do
		i=$((i + 1))
		[ "$i" -lt 1500 ] || { echo "await: no $f" >&2; exit 1; }
		sleep 0.01
	done
done
END
cat >crowd <<'END'
#!/bin/sh
n=$1 i=0
: >"came.$$" && : >"here.$$" || exit
until set -- came.* && [ $# -ge "$n" ]; do
	i=$((i + 1))
	[ "$i" -lt 800 ] || break
	sleep 0.01
done
sleep 0.1
set -- here.*
echo $# >>most
rm "here.$$"
END
cat >peak <<'END'
#!/bin/sh
sort -n most | tail -n 1
END
cat >show <<'END'
#!/bin/sh
for i; do printf '<%s>' "$i"; done
echo
END
cat >stubborn <<'END'
#!/bin/sh
name=$1 i=0
shift
for s; do
	# shellcheck disable=SC2064
	trap "echo $s >>told; exit 0" "$s"
done
echo "$PPID" >ppid
: >"up$name"
while [ "$i" -lt 1500 ]; do
	i=$((i + 1))
	sleep 0.01
done
echo nothing >>told
END
cat >as <<'END'
#!/bin/sh
echo $$ >pid
exec "$@"
END
chmod +x ./*
cd "$T/w" || exit 1
