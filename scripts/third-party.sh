#!/usr/bin/env bash
# Collects the notices of what the program contains into one file: third-party.sh OUT. The crates by cargo's own list of
# what is built for this machine; the browser app's packages as scripts/npm-licences.mjs wrote them.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

out=${1:?the file to write}
registry=${CARGO_HOME:-$HOME/.cargo}/registry/src
line=$(printf '=%.0s' {1..64})

# Name and version of each crate but our own.
crates() {
    cargo tree --locked --edges normal,no-proc-macro --prefix none --format '{p}' |
        sed -n 's/^\([^ ]*\) v\([^ ]*\).*/\1 \2/p' | grep -v '^frontdesk ' | sort -u
}

notices() {
    find "$1" -maxdepth 1 -type f \( -iname 'licen[sc]e*' -o -iname 'copying*' -o -iname 'notice*' \) | sort
}

{
    printf 'What Frontdesk contains beside its own code, with the notices of each.\n'
    crates | while read -r name version; do
        for folder in "$registry"/*/"$name-$version"; do
            printf '\n%s\n%s %s (%s)\n' "$line" "$name" "$version" "$(sed -n 's/^license = //p' "$folder/Cargo.toml")"
            notices "$folder" | while read -r file; do
                printf '\n'
                cat "$file"
            done
        done
    done
    printf '\n'
    cat packaging/browser-app-notices.txt
} >"$out"
