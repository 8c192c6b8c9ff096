#!/bin/sh
# unit.t - the modules by themselves, see unit.c
. "$(dirname "$0")/lib.sh"
peer limit 60 unit
[ -z "$(ls -A "$TMPDIR")" ]
