#!/usr/bin/env bash
# The package under a real systemd: a Debian system of its own is booted (systemd-nspawn), the package installed, and the service
# watched through its life: readiness, a killed process, a hung process (watchdog), upgrade, stop, purge. Needs root, debootstrap
# and systemd-container; takes two minutes, so it is a command of its own (`make boot`) and not part of `make test`.
# Usage: package-boot.sh [PACKAGE.deb]; without one it is built.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

need_command debootstrap debootstrap
need_command systemd-nspawn systemd-container
[ "$(id -u)" -eq 0 ] || die 'a system can only be booted by root'
work=$(mktemp -d)
machine=frontdesk-boot-$$
stop() {
    pkill -KILL -f -- "-M $machine" 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT
package=${1:-}
if [ -z "$package" ]; then
    need_rust
    scripts/deb.sh dev '' "$work"
    package=$(echo "$work"/*.deb)
fi
echo 'making a Debian system ...'
debootstrap --variant=minbase --include=systemd,systemd-sysv,ca-certificates,curl,procps \
    "${DEBIAN_SUITE:-$(. /etc/os-release && echo "$VERSION_CODENAME")}" "$work/root" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" \
    >"$work/debootstrap.log" 2>&1 || { tail "$work/debootstrap.log"; die 'no system could be made'; }
cp "$package" "$work/root/frontdesk.deb"
cp scripts/package-boot-inside.sh "$work/root/inside.sh"
cat >"$work/root/etc/systemd/system/inside.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash -c '/bin/bash /inside.sh >/inside.log 2>&1; echo $? >/inside.code'
ExecStartPost=/bin/systemctl --no-block poweroff
[Install]
WantedBy=multi-user.target
UNIT
ln -s ../inside.service "$work/root/etc/systemd/system/multi-user.target.wants/inside.service" 2>/dev/null ||
    { mkdir -p "$work/root/etc/systemd/system/multi-user.target.wants" &&
        ln -s ../inside.service "$work/root/etc/systemd/system/multi-user.target.wants/inside.service"; }
echo 'booting it ...'
timeout 300 systemd-nspawn --quiet --directory="$work/root" --boot --private-network --register=no --keep-unit -M "$machine" \
    >"$work/boot.log" 2>&1 || true
cat "$work/root/inside.log" 2>/dev/null || { tail "$work/boot.log"; die 'the system did not boot'; }
[ "$(cat "$work/root/inside.code" 2>/dev/null)" = 0 ] || die 'the package does not live well under systemd'
