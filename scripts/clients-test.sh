#!/usr/bin/env bash
# Client libraries that others wrote, from PyPI, against the simulator: what they take for the provider, the adapters may too.
# Needs Python and PyPI; a command of its own (`make clients`), so that `make test` depends on neither.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

need_rust
need_command python3 python3-venv
target=${CARGO_TARGET_DIR:-target}
cargo build --locked --quiet
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work"
"$work/bin/pip" install --quiet --disable-pip-version-check -r tests/clients/requirements.txt
for client in tests/clients/*.py; do
    echo "$client"
    timeout 120 "$work/bin/python" "$client" "$target/debug/frontdesk"
done
