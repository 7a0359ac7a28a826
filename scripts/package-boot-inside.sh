#!/usr/bin/env bash
# Run by package-boot.sh within the booted system, which is thrown away afterwards.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

fail() {
    echo "boot: $*" >&2
    systemctl status --no-pager --full frontdesk >&2 || true
    journalctl --no-pager -n 40 -u frontdesk >&2 || true
    exit 1
}
pid() { systemctl show -P MainPID frontdesk; }
restarts() { systemctl show -P NRestarts frontdesk; }
is_ready() { curl -fsS -o /dev/null http://127.0.0.1:8080/readyz 2>/dev/null; }
# await SECONDS COMMAND...: until the command succeeds.
await() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.2
    done
}
restarted() { [ "$(restarts)" -gt "$1" ] && is_ready; }

dpkg -i /frontdesk.deb >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; fail 'it does not install'; }
[ "$(systemctl is-active frontdesk)" = active ] || fail 'installed, but the service is not active'
is_ready || fail 'systemd says ready, the appliance does not'
echo "installed and ready as $(ps -o user= -p "$(pid)") on $(systemctl --version | head -n 1)"

journalctl --no-pager -u frontdesk -o cat | grep -q "one-time code: " || fail 'the set-up code is not in the journal'
systemd-analyze security --no-pager frontdesk.service | tail -n 1

before=$(restarts)
kill -KILL "$(pid)"
await 30 restarted "$before" || fail 'a killed service does not come back'
echo 'killed: came back by itself'

before=$(restarts)
kill -STOP "$(pid)"
await 60 restarted "$before" || fail 'the watchdog does not notice a service that hangs'
echo 'hung: the watchdog started it anew'

key=$(sha256sum </var/lib/frontdesk/master.key)
old=$(pid)
dpkg -i /frontdesk.deb >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; fail 'it does not install again'; }
await 30 is_ready || fail 'not ready after installing it again'
[ "$(pid)" != "$old" ] || fail 'installing it again did not restart it'
[ "$(sha256sum </var/lib/frontdesk/master.key)" = "$key" ] || fail 'the data is not the same'
echo 'installed again: restarted on the same data'

start=$SECONDS
systemctl stop frontdesk
[ $((SECONDS - start)) -le 11 ] || fail "stopping took $((SECONDS - start)) s"
[ "$(systemctl show -P Result frontdesk)" = success ] || fail "it ended with $(systemctl show -P Result frontdesk)"
echo 'stopped in good order'

dpkg --purge frontdesk >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; fail 'it cannot be purged'; }
[ ! -e /var/lib/frontdesk ] || fail 'purged, but the data is still there'
echo 'purged'
