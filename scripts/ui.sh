#!/usr/bin/env bash
# The browser app: `check` runs its checks and tests, `build` rebuilds ui-dist/, `fresh` fails unless ui-dist/ is what the
# sources build.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

fresh() {
    npm --prefix ui run --silent build -- --logLevel warn
    local changed
    changed=$(git status --porcelain -- ui-dist)
    [ -z "$changed" ] && return
    printf '%s\n' "$changed"
    die "ui-dist/ is not what ui/ builds: run 'make ui' and commit the result."
}

need_node
case ${1:-} in
build) npm --prefix ui run --silent build ;;
fresh) fresh ;;
check)
    node scripts/npm-licences.mjs
    npm --prefix ui run --silent typecheck
    npm --prefix ui run --silent lint
    npm --prefix ui run --silent test
    ;;
*) die 'usage: scripts/ui.sh build|fresh|check' ;;
esac
