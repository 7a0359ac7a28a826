#!/usr/bin/env bash
# Every check and every test, the quick ones first. `lint`: only those that run nothing of the product.
#
# One cargo profile (dev) builds the tests and the program that the package, manual and browser tests drive.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never}

shell_scripts() {
    need_command shellcheck shellcheck
    shellcheck -x -P scripts scripts/*.sh .ci/run packaging/scripts/*
    echo "shell scripts are fine"
}

licences() {
    need_cargo_tool cargo-deny 0.20.2
    cargo fetch --locked
    cargo deny --offline --locked check licenses bans sources
}

rust_tests() {
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --locked --no-fail-fast --status-level fail --final-status-level fail
    else
        cargo test --locked --no-fail-fast
    fi
}

browser_tests() {
    need_node
    need_browser
    local bin
    bin=$(realpath "$target/debug/frontdesk")
    FRONTDESK_BIN=$bin npm --prefix ui run --silent e2e
}

step 'set-up' need_rust
step 'house rules' scripts/floors.sh
step 'formatting' cargo fmt --all --check
step 'shell scripts' shell_scripts
step 'browser app: checks and unit tests' scripts/ui.sh check
step 'clippy' cargo clippy --locked --all-targets -- -D warnings
if [ "${1:-}" = lint ]; then
    exit 0
fi
step 'browser app: ui-dist is what the sources build' scripts/ui.sh fresh
step 'browser app: sizes' npm --prefix ui run --silent size
step 'licences and sources' licences
step 'tests' rust_tests
step 'API description' scripts/api.sh check
step 'package' scripts/package-test.sh
step 'manual: its examples' scripts/manual-test.sh
step 'browser tests' browser_tests

printf '\nAll passed in %d s:\n' "$SECONDS"
printf '%s\n' "${timings[@]}"
