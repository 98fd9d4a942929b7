#!/usr/bin/env bash
# Builds the functions for this machine's architecture in the layout that Lambda expects:
# <out>/<function>/bootstrap.
# Usage: infra/package.sh [out], by default target/lambda. To upload a function, zip the content of its
# folder.
set -euo pipefail
cd "$(dirname "$0")/.."

# The template names each function's crate.
mapfile -t functions < <(sed -n 's|^ *CodeUri: \.\./crates/||p' infra/template.yaml)
target="${CARGO_TARGET_DIR:-target}"
out="${1:-$target/lambda}"

cargo build --release --locked "${functions[@]/#/-phookstep-}"
for function in "${functions[@]}"; do
  install -D -m 755 "$target/release/$function" "$out/$function/bootstrap"
  strip --strip-all "$out/$function/bootstrap"
  # A zip is as large as the output of gzip plus some hundred bytes.
  printf '%-14s %5d KiB, zipped %5d KiB\n' "$function" "$(($(stat -c %s "$out/$function/bootstrap") / 1024))" \
    "$(($(gzip -9 <"$out/$function/bootstrap" | wc -c) / 1024))"
done
