#!/bin/sh
# expand.t - templates of commands, and the shell's quotes, see expand.c
. "$(dirname "$0")/lib.sh"
times=1
[ -z "${WRAPKIT_LONG-}" ] || times=20
peer limit 600 expand "$(date +%s)" "$times"
[ -z "$(ls -A "$TMPDIR")" ]
