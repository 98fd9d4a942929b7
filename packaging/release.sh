#!/usr/bin/env bash
# Builds the host for this machine and packs it: hookstep-<version>-<target>.tar.gz with the program, its licences, the shell
# completions and the systemd unit, and SHA256SUMS beside it. With --lambda also a zip of each Lambda function. The same commit,
# toolchain and directory give the same archives, to the byte.
#
# Usage: packaging/release.sh [--lambda] [--profile <cargo profile>] [<out>]
#   <out> is target/dist by default. Another profile than `release` is for trying this script.
# Needs GNU tar, gzip and git; --lambda also zip and readelf.
set -euo pipefail
cd "$(dirname "$0")/.."

lambda=false profile=release out=""
while (($#)); do
  case "$1" in
  --lambda) lambda=true ;;
  --profile)
    profile="${2:?--profile needs a name}"
    shift
    ;;
  -*)
    echo "unknown option $1" >&2
    exit 2
    ;;
  *) out="$1" ;;
  esac
  shift
done

build="${CARGO_TARGET_DIR:-target}"
case "$profile" in dev) built="$build/debug" ;; *) built="$build/$profile" ;; esac
package=$(cargo pkgid --locked --package hookstep)
version="${package##*[#@]}"
target=$(rustc --version --verbose | sed -n 's/^host: //p')
name="hookstep-$version-$target"
# Every file in an archive carries the time of the commit.
time="@$(git log -1 --format=%ct)"
export TZ=UTC

out="${out:-$build/dist}"
mkdir -p "$out"
out=$(realpath "$out")
archives=("$name.tar.gz")
stage=$(mktemp --directory)
trap 'rm -rf "$stage"' EXIT

cargo build --profile "$profile" --locked --package hookstep --bin hookstep
install -D -m 755 "$built/hookstep" "$stage/$name/hookstep"
install -m 644 LICENSE-APACHE LICENSE-MIT README.md CHANGELOG.md packaging/hookstep.service "$stage/$name"
mkdir "$stage/$name/completions"
"$built/hookstep" completions bash >"$stage/$name/completions/hookstep.bash"
"$built/hookstep" completions zsh >"$stage/$name/completions/_hookstep"
"$built/hookstep" completions fish >"$stage/$name/completions/hookstep.fish"
chmod -R u=rwX,go=rX "$stage/$name"
tar --create --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mtime="$time" --directory "$stage" "$name" |
  gzip -9 --no-name >"$out/$name.tar.gz"

if $lambda; then
  infra/package.sh "$stage/functions"
  for bootstrap in "$stage"/functions/*/bootstrap; do
    function=$(basename "$(dirname "$bootstrap")")
    # The runtime provided.al2023 has glibc 2.34.
    needed=$(readelf --version-info "$bootstrap" | grep --only-matching 'GLIBC_2\.[0-9]*' | sort --unique --version-sort | tail -1)
    if [ "${needed#GLIBC_2.}" -gt 34 ]; then
      echo "$function needs $needed, Lambda has GLIBC_2.34: build on an older system, or with sam build" >&2
      exit 1
    fi
    zip="hookstep-lambda-$function-$version-${target%%-*}.zip"
    touch --date="$time" "$bootstrap"
    # zip would add to an archive that is there.
    rm -f "$out/$zip"
    zip -q -j -X -9 "$out/$zip" "$bootstrap"
    archives+=("$zip")
  done
fi

cd "$out"
sha256sum -- "${archives[@]}" | tee SHA256SUMS
