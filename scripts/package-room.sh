#!/usr/bin/env bash
# Run by package-test.sh as root in a mount namespace of its own: package-room.sh FOLDER OLD.deb NEW.deb. Shows this system
# through an overlay in memory and runs package-life.sh in it. Ends with 3 where overlays are not allowed.
set -euo pipefail

room=$1/room
mount -t tmpfs -o mode=755 none "$room" || exit 3
mkdir "$room"/{upper,work,root}
root=$room/root
mount -t overlay -o "lowerdir=/,upperdir=$room/upper,workdir=$room/work" none "$root" || exit 3
mount --rbind /dev "$root/dev"
mount -t proc none "$root/proc"
mkdir "$root/packages"
cp "$2" "$root/packages/old.deb"
cp "$3" "$root/packages/new.deb"
chroot "$root" "$PWD/scripts/package-life.sh"
