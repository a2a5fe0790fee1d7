#!/bin/sh
# Give the image's compiled loops a private place that may be written to (numba takes no other), then start.
set -eu
mkdir -p -m 700 "$NUMBA_CACHE_DIR"
cp -Rn "$WARM_LOOPS/." "$NUMBA_CACHE_DIR/" 2>/dev/null || true
exec "$@"
