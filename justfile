# Short chores. What needs a loop or a parser is in xtask.

# List the recipes
default:
    @just --list --unsorted

# Serve on localhost with a line for each relayed message
run *options:
    cargo run -- serve --listen 127.0.0.1:8765 --log-relay {{ options }}

# A client for the terminal: `just client --wire socketio`, `just client --auto --users 5`
client *options:
    cargo run -- client {{ options }}

# Run the tests with everything they need: all, or some of rust tidy instructions node python browser deploy
test *suites:
    cargo xtask test {{ suites }}

# Before a push: format, lints, documents
check: lint
    cargo fmt --all --check
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
    cargo xtask tidy

# Format everything
fmt:
    cargo fmt --all

# Clippy as in CI
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# Accept the transcripts as the wires speak now; the diff is the review
bless:
    SWITCHBOARD_BLESS=1 cargo test -p switchboard-dialects --test transcripts --test mixed

# Fuzz one target for some seconds
fuzz target seconds="60":
    cargo xtask soak fuzz --seconds {{ seconds }} {{ target }}

# Long runs: `just soak fuzz`, `just soak load --rooms 200 --users 20 --seconds 60`
soak *what:
    cargo xtask soak {{ what }}

# Where the time of a relayed message goes: docs/bench/profile.md
profile:
    cargo xtask profile

# This server beside others that do the same job: `just bench --quick`
bench *options:
    cargo xtask bench {{ options }}

# Licences, bans, sources and advisories of the dependencies
deny:
    cargo xtask deny

# Real clients and browsers only
interop:
    cargo xtask test node python browser deploy

# How long the files are: count, median, nine in ten, and the longest
shape:
    #!/usr/bin/env bash
    set -euo pipefail
    for crate in crates/* xtask; do
        find "$crate" -path '*/src/*.rs' -exec wc -l {} + | awk '$2 != "total" { print $1 }' | sort -n |
            awk -v crate="${crate#crates/}" '
                { n[NR] = $1; sum += $1 }
                END { if (NR) printf "%-24s %3d files %6d lines  median %4d  p90 %4d  max %4d\n",
                      crate, NR, sum, n[int((NR + 1) / 2)], n[int(NR * 0.9 + 0.5)], n[NR] }'
    done
    echo
    find crates xtask -path '*/src/*.rs' -exec wc -l {} + | awk '$2 != "total"' | sort -rn | sed -n 1,10p

# Take the picture of the page for the READMEs
screenshot out="docs/images/page.png":
    cargo build
    SWITCHBOARD_BIN="$PWD/target/debug/switchboard" node interop/browser/screenshot.mjs {{ out }}
