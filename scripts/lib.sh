# Shared by the scripts beside it: set-up and steps. Sourced, never run.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
export DEBIAN_FRONTEND=noninteractive
# Where cargo puts what it builds.
# shellcheck disable=SC2034
target=${CARGO_TARGET_DIR:-target}

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Runs a command as root, by sudo if need be.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo --preserve-env=DEBIAN_FRONTEND "$@"
    else
        die "These need root, and there is no sudo here; run them as root first: $*"
    fi
}

# need_packages PACKAGE…: installs those of Debian's packages that are missing.
need_packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null || die "Please install: ${missing[*]}"
    echo "Installing ${missing[*]}"
    as_root apt-get update -qq
    as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# need_command COMMAND PACKAGE…: installs the packages unless the command is there, from wherever.
need_command() {
    command -v "$1" >/dev/null || need_packages "${@:2}"
}

# What the Rust build needs: the toolchain, and a C compiler for ring and zstd.
need_rust() {
    # shellcheck source=/dev/null
    command -v cargo >/dev/null || [ ! -f "$HOME/.cargo/env" ] || . "$HOME/.cargo/env"
    command -v cargo >/dev/null || die "Please install Rust 1.95 or newer with rustup, then run this again."
    need_command cc gcc libc6-dev
}

# need_cargo_tool COMMAND VERSION: a tool that comes as a crate.
need_cargo_tool() {
    command -v "$1" >/dev/null || cargo install --locked --quiet "$1" --version "$2"
}

# Builds the program as the tests do. `cargo build` alone would build half of the crates a second time: the tests' own
# dependencies ask for more of them.
build_dev() {
    cargo test --locked --quiet --no-run --test package
}

# What the browser app's build and tests need.
need_node() {
    need_command node nodejs
    need_command npm npm
    local found
    found=$(node --version)
    node -e 'const [a, b] = process.versions.node.split("."); process.exit(a * 100 + +b >= 2019 ? 0 : 1)' ||
        die "The browser app needs Node.js 20.19 or newer to build; this is $found."
    if [ ! -f ui/node_modules/.package-lock.json ] || [ ui/package-lock.json -nt ui/node_modules/.package-lock.json ]; then
        (cd ui && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    fi
}

# What the browser tests need: a browser, and letters of the languages that the product speaks.
need_browser() {
    need_command chromium chromium
    need_packages fonts-liberation fonts-noto-core
}

# step NAME COMMAND…: runs it, says how long it took, ends everything if it fails.
step() {
    local name=$1 begun=$SECONDS code
    shift
    printf '\n==> %s\n' "$name"
    # Not as a condition: in one, a function would go on after its first failure.
    set +e
    (set -e; "$@") </dev/null
    code=$?
    set -e
    if [ "$code" -ne 0 ]; then
        printf '==> %s FAILED after %d s\n' "$name" $((SECONDS - begun)) >&2
        exit 1
    fi
    printf '==> %s: %d s\n' "$name" $((SECONDS - begun))
    timings+=("$(printf '%5d s  %s' $((SECONDS - begun)) "$name")")
}
timings=()
