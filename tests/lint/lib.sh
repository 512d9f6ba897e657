# What the rules in this folder that are written in bash share: see common.py. Sourced after `set -euo pipefail`.
# shellcheck shell=bash

found=0
problem() { printf '%s\n' "$1"; found=1; }
skip() { printf '%s\n' "$1"; exit 77; }
finish() { exit "$found"; }
need() { command -v "$1" > /dev/null || skip "$1 is not installed: scripts/test installs it"; }

# Makes the tree the working directory: enter_tree [FOLDER]
enter_tree() { cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}" || exit; }
