#!/bin/sh
# model.t - the rules of ptbw's queue in all their interleavings, see model.c
. "$(dirname "$0")/lib.sh"
peer limit 60 model
[ -z "$(ls -A "$TMPDIR")" ]
