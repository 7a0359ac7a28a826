#!/usr/bin/env bash
# Run by package-test.sh within a system that is thrown away: a package's life, with data. Needs /packages/{old,new}.deb.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
examples=/usr/share/doc/frontdesk/examples

fail() {
    echo "package: $*" >&2
    exit 1
}
status() {
    dpkg-query -W -f '${db:Status-Abbrev}${Version}' frontdesk 2>/dev/null || true
}
install() {
    apt-get install -y -qq --no-install-recommends "$1" >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; fail "$1 does not install"; }
}
as_service() {
    runuser -u frontdesk -- "$@"
}

# The service as its unit starts it, on a port of its own; makes the first owner on an empty store.
serve_once() {
    local log=/tmp/serve.log pid code
    as_service env FRONTDESK_LISTEN=127.0.0.1:0 FRONTDESK_OWNER_EMAIL=owner@example.com \
        FRONTDESK_OWNER_PASSWORD=correct-horse-battery \
        /usr/bin/frontdesk serve --config /etc/frontdesk/frontdesk.toml >"$log" 2>&1 &
    pid=$!
    for _ in $(seq 300); do
        grep -q '^Frontdesk serves on' "$log" && break
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    grep -q '^Frontdesk serves on' "$log" || { cat "$log"; fail 'it does not start'; }
    pkill -TERM -P "$pid" 2>/dev/null || kill -TERM "$pid"
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 0 ] || [ "$code" -eq 143 ] || { cat "$log"; fail "it ended with $code"; }
}
data_is_kept() {
    [ "$(stat -c '%U %a' /var/lib/frontdesk)" = 'frontdesk 700' ] || fail 'the data directory is not the service'\''s alone'
    [ "$(sha256sum </var/lib/frontdesk/master.key)" = "$key" ] || fail 'the master key changed'
}

dpkg-query -W frontdesk >/dev/null 2>&1 && apt-get purge -y -qq frontdesk >/dev/null

install /packages/old.deb
getent passwd frontdesk >/dev/null || fail 'no user'
[ -e /etc/systemd/system/multi-user.target.wants/frontdesk.service ] || fail 'the service is not enabled'
systemd-analyze verify /lib/systemd/system/frontdesk.service
frontdesk --version
man -w frontdesk >/dev/null || [ -s /usr/share/man/man1/frontdesk.1.gz ] || fail 'no man page'
serve_once
key=$(sha256sum </var/lib/frontdesk/master.key)
echo 'log_filter = "warn"' >>/etc/frontdesk/frontdesk.toml
echo 'installed, started, filled'

install /packages/new.deb
case $(status) in *0.0.9*) fail 'not upgraded' ;; esac
grep -q '^log_filter = "warn"' /etc/frontdesk/frontdesk.toml || fail 'the upgrade lost a change of the configuration'
data_is_kept
as_service frontdesk verify --data /var/lib/frontdesk
serve_once
echo 'upgraded over data; the store is sound'

proxies() {
    command -v nginx >/dev/null && command -v caddy >/dev/null ||
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends nginx-light caddy; } >/dev/null 2>&1 ||
        { echo 'NOT TRIED, nginx and caddy cannot be installed: proxy examples' && return; }
    mkdir -p /etc/ssl/desk.example.com
    openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=desk.example.com \
        -keyout /etc/ssl/desk.example.com/privkey.pem -out /etc/ssl/desk.example.com/fullchain.pem 2>/dev/null
    rm -f /etc/nginx/sites-enabled/*
    cp "$examples/nginx.conf" /etc/nginx/sites-enabled/frontdesk
    nginx -t -q
    caddy validate --adapter caddyfile --config "$examples/Caddyfile" >/dev/null 2>&1 || fail 'Caddyfile'
    echo 'proxy examples are valid: nginx, Caddy'
}
proxies

dpkg --remove frontdesk >/dev/null
[ ! -e /usr/bin/frontdesk ] || fail 'removing left the program'
[ -s /etc/frontdesk/frontdesk.toml ] || fail 'removing took the configuration'
data_is_kept
install /packages/new.deb
data_is_kept
serve_once
echo 'removed and installed again; data kept'

dpkg --purge frontdesk >/dev/null
[ ! -e /var/lib/frontdesk ] || fail 'purging left data'
[ ! -e /etc/frontdesk ] || fail "purging left configuration: $(ls -A /etc/frontdesk)"
! getent passwd frontdesk >/dev/null || fail 'purging left the user'
! getent group frontdesk >/dev/null || fail 'purging left the group'
[ -z "$(status)" ] || fail "purging left $(status)"
echo 'purged; nothing left'
