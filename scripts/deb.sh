#!/usr/bin/env bash
# Builds the Debian package for this machine's architecture and says where it is.
#
# cargo-deb makes it: it finds the shared libraries' packages, writes the unit's part of the maintainer scripts as
# debhelper would, and takes a minute to install (75 s of CPU time). `deb.sh dev VERSION FOLDER` packs the development
# build for the package's tests.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

profile=${1:-release} version=${2:-} folder=${3:-$target/debian}
need_rust
need_packages binutils dpkg-dev
need_cargo_tool cargo-deb 3.8.0
case $profile in
release)
    built=$target/release
    cargo build --locked --release --bin frontdesk
    ;;
dev)
    built=$target/debug
    build_dev
    ;;
*) die 'usage: scripts/deb.sh [release|dev [VERSION [FOLDER]]]' ;;
esac
scripts/third-party.sh "$built/third-party.txt"
# Who packs it is its maintainer, named as Debian's own tools take it. Without a name it says that nobody can be written to:
# .invalid is reserved for that (RFC 2606).
maintainer=
if [ -n "${DEBEMAIL:-}" ]; then
    maintainer="${DEBFULLNAME:-Frontdesk packager} <$DEBEMAIL>"
fi
mkdir -p "$folder"
cargo deb --locked --no-build --quiet --profile "$profile" ${version:+--deb-version "$version"} \
    ${maintainer:+--maintainer "$maintainer"} --output "$folder"
