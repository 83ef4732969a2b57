#!/usr/bin/env bash
# usage: scripts/setup-libtorch.sh [--env]
#
# Puts LibTorch 2.9.0 for the CPU, which the feature `tch` is built against, into ${XDG_CACHE_HOME:-$HOME/.cache}/sym/ and prints the lines to export;
# with --env only those lines: eval "$(scripts/setup-libtorch.sh --env)". It is taken from PyTorch's wheel and the two CUDA libraries that the wheel's CPU
# library is linked to (911 MB to download, 487 MB kept), each known by its checksum. What is there already stays. Needs pip, unzip, Linux on x86-64.
set -euo pipefail

version=2.9.0
# A package, the sha256 of its wheel, and what is kept of it: the layout of the folders stays, since the libraries look for each other beside themselves.
packages=(
    "torch==$version 51de31219c97c51cf4bf2be94d622e3deb5dcc526c6dc00e97c17eaec0fc1d67 torch/include/* torch/lib/libtorch_cpu.so torch/lib/libc10.so torch/lib/libgomp.so.1"
    "nvidia-cuda-runtime-cu12==12.8.90 adade8dcbd0edf427b7204d480d6066d33902cab2a4707dcfc48a2d0fd44ab90 nvidia/cuda_runtime/lib/libcudart.so.12"
    "nvidia-cuda-cupti-cu12==12.8.90 ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182 nvidia/cuda_cupti/lib/libcupti.so.12"
)

fail() { echo "error: $*" >&2; exit 1; }
say() { echo "$*" >&2; }

case "${1-}" in
    "" | --env) ;;
    *) fail "found \`$1\`, expected \`--env\` or nothing" ;;
esac
[ "$(uname -sm)" = "Linux x86_64" ] || fail "this is $(uname -sm); the pinned LibTorch is for Linux x86_64. Set LIBTORCH to a LibTorch $version of your own"

# The name holds what is pinned, so that another pin is another folder.
pins=$(printf '%s\n' "${packages[@]}" | sha256sum | cut -c 1-12)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sym
kept=$cache/libtorch-$version-$pins

if [ ! -e "$kept" ]; then
    command -v unzip > /dev/null || fail "\`unzip\` is missing: install it"
    python3 -m pip --version > /dev/null || fail "\`python3 -m pip\` is missing: install it"
    mkdir -p "$cache"
    # Beside the final place: the last step is a rename, and an interrupted run leaves nothing under the final name.
    scratch=$(mktemp -d "$cache/unfinished-XXXXXX")
    trap 'rm -rf "$scratch"' EXIT
    mkdir "$scratch/wheels" "$scratch/libtorch"
    for package in "${packages[@]}"; do
        set -f; read -r name checksum patterns <<< "$package"; patterns=($patterns); set +f
        say "getting $name"
        python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version 311 --implementation cp --abi cp311 --abi none \
            --platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 --dest "$scratch/wheels" "$name" \
            || fail "$name could not be downloaded"
        wheel=$(echo "$scratch"/wheels/*.whl)
        found=$(sha256sum "$wheel" | cut -d ' ' -f 1)
        [ "$found" = "$checksum" ] || fail "$(basename "$wheel") is damaged or another one: found sha256 $found, expected $checksum"
        unzip -q "$wheel" "${patterns[@]}" -d "$scratch/libtorch"
        rm "$wheel"
    done
    ln -s libtorch_cpu.so "$scratch/libtorch/torch/lib/libtorch.so"
    echo "$version" > "$scratch/libtorch/torch/build-version"
    # Of two runs at once the second finds the place taken, by the same files.
    mv -T "$scratch/libtorch" "$kept" 2> /dev/null || [ -d "$kept" ] || fail "$kept could not be written"
    say "LibTorch $version is in $kept"
fi

[ "${1-}" = --env ] || say "for a build with the feature \`tch\`, and to run it:"
printf 'export LIBTORCH=%q\n' "$kept/torch"
printf 'export LD_LIBRARY_PATH=%q${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}\n' "$kept/torch/lib"
