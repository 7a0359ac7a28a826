#!/usr/bin/env bash
# The package, from the development build: lintian, the unit's hardening, then its life on a Debian system: installed over an
# older version with data, removed, purged. The system is this one, seen through an overlay that is thrown away, so nothing
# here changes; that needs root. Start, readiness and watchdog under a real systemd are package-boot.sh's.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

need_rust
need_command lintian lintian
need_command systemd-analyze systemd
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
scripts/deb.sh dev 0.0.9-1 "$work"
scripts/deb.sh dev '' "$work"
old=$(echo "$work"/*_0.0.9-1_*.deb)
new=$(find "$work" -name '*.deb' ! -path "$old")
dpkg-deb --info "$new" | sed -n 's/^ \(Package\|Version\|Installed-Size\|Depends\): /  \1: /p'

lintian --allow-root --fail-on error,warning --suppress-tags unstripped-binary-or-object "$new"
echo 'lintian has nothing to say'
systemd-analyze security --offline=true --threshold=20 --no-pager systemd/frontdesk.service | tail -n 1

mkdir "$work/room"
as=()
if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
        echo 'NOT TRIED without root: installing, upgrading, removing, purging'
        exit 0
    fi
    as=(sudo -n)
fi
code=0
"${as[@]}" unshare --mount --propagation private scripts/package-room.sh "$work" "$old" "$new" || code=$?
if [ "$code" -eq 3 ]; then
    echo 'NOT TRIED, overlays are not allowed here: installing, upgrading, removing, purging'
    exit 0
fi
exit "$code"
