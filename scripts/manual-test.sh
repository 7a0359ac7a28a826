#!/usr/bin/env bash
# Runs the manual's examples, in order, against the program: every fenced block marked ```sh test in docs/api.md. They run
# in one shell that ends at the first failure, with URL, EMAIL and PASSWORD set as the page says.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

need_rust
need_command curl curl
need_command jq jq
need_command openssl openssl
build_dev
work=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    wait
    rm -rf "$work"
}
trap finish EXIT

awk '/^```sh test$/ { on = 1; blocks++; next } /^```/ { on = 0 } on { print } END { exit blocks < 5 }' docs/api.md >"$work/examples" ||
    die 'docs/api.md has too few examples'
EMAIL=owner@example.com PASSWORD=correct-horse-battery
: >"$work/out"
FRONTDESK_OWNER_EMAIL=$EMAIL FRONTDESK_OWNER_PASSWORD=$PASSWORD \
    "$target/debug/frontdesk" serve --data "$work/data" --listen 127.0.0.1:0 >"$work/out" 2>"$work/log" &
server=$!
for _ in $(seq 300); do
    grep -q '^Frontdesk serves on' "$work/out" && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
URL=$(sed -n 's/^Frontdesk serves on //p' "$work/out")
[ -n "$URL" ] || { cat "$work/log"; die 'the program does not start'; }
if ! (cd "$work" && URL=$URL EMAIL=$EMAIL PASSWORD=$PASSWORD bash -euxo pipefail "$work/examples") >"$work/shown" 2>&1; then
    tail -n 40 "$work/shown"
    die 'an example of docs/api.md fails'
fi
printf '%d lines of examples ran\n' "$(wc -l <"$work/examples")"
