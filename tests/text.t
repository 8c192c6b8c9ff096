#!/bin/sh
# text.t - what is done to text by itself, see text.c
. "$(dirname "$0")/lib.sh"
peer limit 60 text
[ -z "$(ls -A "$TMPDIR")" ]
