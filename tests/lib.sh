# lib.sh - what every test of this folder uses; TAP goes to stdout
#
#	t NAME CODE OUT ERR command...	run it: exit code, stdout, stderr must be
#					as said.  OUT and ERR are shell patterns
#					when they begin with ~ (which is not part
#					of them), and - for "anything".
#	check NAME command...		it must succeed
#	result 0|1 NAME [DETAIL]	what the test found out by itself
#	skip NAME REASON
#	wait_until command...		ask until it succeeds; after a minute or
#					more it has failed
#	finish				the last line of every test
# Each works in a directory of its own, $T/w; $TMPDIR must end up empty.

umask 022       # a directory that the group may write is no place for sockets
unset IFS       # some shells take it from the environment
# what `make -j check` hands down is meant for its own children alone
unset MAKEFLAGS MFLAGS MAKELEVEL
here=$(cd "$(dirname "$0")" && pwd) || exit 1
top=$(cd "$here/.." && pwd) || exit 1
# short, and nothing that the scripts of the tests would have to quote
base=${TMPDIR:-/tmp}
[ ${#base} -le 50 ] && [ -d "$base" ] || base=/tmp
case $base in *[!A-Za-z0-9_./-]*) base=/tmp ;; esac
T=$(mktemp -d "$base/wk.XXXXXX") || exit 1
trap 'cd /; rm -rf "$T"' EXIT
trap 'exit 130' INT TERM HUP
mkdir "$T/tmp" "$T/w" && cd "$T/w" || exit 1
TMPDIR=$T/tmp
PATH=$top/bin:$here:$PATH
# the user's own may be nologin, and then tmux would give no shell to anybody
SHELL=/bin/sh
TERM=vt100      # one that can move its cursor
export TMPDIR PATH SHELL TERM
for v in $(env | sed -n 's/^\(ptbw_[^=]*\)=.*/\1/p; s/^\(xcl_[^=]*\)=.*/\1/p
    s/^\(wrapw_[^=]*\)=.*/\1/p') PTBW XCLATE WRAPW XAPPLY; do
	unset "$v"
done
# what masters were asked since the last t or check began, for one that fails
WRAPKIT_TRACE=$T/asked
export WRAPKIT_TRACE
count=0 failed=0
nl='
'

note() {
	printf '%s\n' "$1" | sed 's/^/# /'
}

result() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		printf 'ok %d - %s\n' "$count" "$2"
	else
		printf 'not ok %d - %s\n' "$count" "$2"
		note "${3-}"
		[ ! -s "$T/asked" ] || note "the end of the trace:
$(tail -n 40 "$T/asked")"
		failed=$((failed + 1))
	fi
}

matches() {     # matches PATTERN TEXT
	case $1 in
	-) return 0 ;;
	"~"*) pattern=${1#"~"}
		# shellcheck disable=SC2254
		case $2 in $pattern) return 0 ;; esac
		return 1 ;;
	*) [ "$1" = "$2" ] ;;
	esac
}

t() {
	name=$1 code=$2 out=$3 err=$4
	shift 4
	: >"$T/asked"
	peer limit "${LIMIT:-60}" "$@" >"$T/out" 2>"$T/err" </dev/null
	got=$?
	gout=$(cat "$T/out") gerr=$(cat "$T/err")
	[ "$got" -eq "$code" ] && matches "$out" "$gout" && matches "$err" "$gerr"
	result $? "$name" "command: $*${nl}wanted: exit $code${nl}stdout: $out
stderr: $err${nl}got: exit $got${nl}stdout: $gout${nl}stderr: $gerr"
}

check() {
	name=$1
	shift
	: >"$T/asked"
	peer limit 60 "$@" >"$T/out" 2>&1 </dev/null
	result $? "$name" "$* failed: $(cat "$T/out")"
}

skip() {
	count=$((count + 1))
	printf 'ok %d - %s # SKIP %s\n' "$count" "$1" "$2"
}

wait_until() {
	tries=0
	until "$@" 2>/dev/null; do
		tries=$((tries + 1))
		[ "$tries" -le 6000 ] || { result 1 "waited in vain: $*"; return 1; }
		sleep 0.01 2>/dev/null || sleep 1
	done
}

# the processors that this process may use: a container may have a quota
cpus() {
	{
		nproc 2>/dev/null || getconf _NPROCESSORS_ONLN
		awk '$1 > 0 { print int(($1 - 1) / $2) + 1 }' /sys/fs/cgroup/cpu.max
		paste /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us |
		    awk '$1 > 0 { print int(($1 - 1) / $2) + 1 }'
	} 2>/dev/null | sort -n | head -n 1
}

# pasted NUMBER: the lines of that block of commands in the README;
# printed NUMBER: what it shows of their output.  Blocks have blank lines around
# them, and the first line of an output is indented further.
pasted() {
	readme_block 1 "$1"
}
printed() {
	readme_block 0 "$1"
}
readme_block() {
	awk -v pasted="$1" -v n="$2" '
	!/^    / { in_one = 0 }
	/^    / && last == "" { in_one = 1; is_pasted = !/^        /; i += is_pasted }
	in_one && i == n && is_pasted == pasted {
		print substr($0, is_pasted ? 5 : 9)
	}
	{ last = $0 }' "$top/README"
}

# examples PAGE: each example of a page, as a reader sees it, in examples/N; what
# it prints, where the page shows that, in examples/N.out.  An example is a .Dl,
# or what is displayed behind a comment that says so.
examples() {
	rm -rf examples
	mkdir examples
	awk '
	function seen(text) {
		gsub(/\\e/, "\\", text)
		gsub(/\\&/, "", text)
		return text
	}
	/^\.Dl / { print seen(substr($0, 5)) >("examples/" ++n) }
	/^\.\\" example$/ { to = "examples/" ++n }
	last == "prints" && /^\.Bd/ { to = "examples/" n ".out" }
	/^\.Ed/ { to = "" }
	to != "" && !/^\.(Bd|\\")/ { print seen($0) >to }
	{ last = $0 }' "$top/man/$1"
}

# the numbers of processes that work in our directory still; none where the
# system does not tell
at_work() {
	(cd / && ls -l /proc/[0-9]*/cwd) 2>/dev/null | sed -n \
	    "s|.* /proc/\([0-9]*\)/cwd -> $T/w.*|\1|p" | grep -vx "$$"
}
all_went() {
	tries=0
	while [ -n "$(cd / && at_work)" ]; do
		tries=$((tries + 1))
		[ "$tries" -le 100 ] || return 1
		sleep 0.1 2>/dev/null || sleep 1
	done
}

finish() {
	all_went
	result $? 'nobody is left at work' "$(here=$(cd / && at_work); for p in $here; do
		echo "$p $(tr '\0' ' ' <"/proc/$p/cmdline")"; done 2>&1)"
	[ -z "$(ls -A "$TMPDIR")" ]
	result $? "nothing is left in \$TMPDIR" "$(find "$TMPDIR")"
	echo "1..$count"
	[ "$failed" -eq 0 ]
}
