#!/usr/bin/env bash
# Builds the program and starts its demo business. Arguments go to `frontdesk demo`.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

need_rust
echo 'Building Frontdesk; the first time takes some minutes.'
cargo build --release --locked --bin frontdesk

address=${FRONTDESK_LISTEN:-127.0.0.1:8080}
# Opens the browser as soon as someone answers, where there is a screen.
open_browser() {
    local host=${address%:*} port=${address##*:}
    for _ in $(seq 300); do
        if (exec 3<>"/dev/tcp/$host/$port") 2>/dev/null; then
            xdg-open "http://$address/" >/dev/null 2>&1 || true
            return
        fi
        sleep 0.2
    done
}
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && command -v xdg-open >/dev/null; then
    open_browser &
fi
echo "Frontdesk will be at http://$address (Ctrl-C stops it)"
exec "$target/release/frontdesk" demo "$@"
