#!/usr/bin/env bash
# Every measurement. Each bench says what it measures, beside a ceiling of the same machine where there is one.
# A name runs that one only: `scripts/bench.sh search`.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

need_rust
cargo bench --locked --bench "${1:-*}"
