#!/usr/bin/env bash
# Every measurement. Each bench says what it measures, beside a ceiling of the same machine where there is one.
# A name runs that one only: `scripts/bench.sh search`. The bars are those of a machine with two cores, so that is what the
# measurements get, the load generators included; `FRONTDESK_BENCH_CORES=0-7` gives them others.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

need_rust
need_command taskset util-linux
cargo bench --locked --bench "${1:-*}" --no-run
taskset -c "${FRONTDESK_BENCH_CORES:-0,1}" cargo bench --locked --bench "${1:-*}"
