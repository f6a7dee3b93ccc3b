# shellcheck shell=bash
# What every verb of ./run uses. Sourced, from the root of the repository.

say() { printf '\n== %s\n' "$*"; }

die() {
  printf 'run: error: %s\n' "$*" >&2
  exit 1
}

# Shows a command as it could be typed, then runs it.
step() {
  printf '\n$'
  printf ' %q' "$@"
  printf '\n'
  "$@"
}

# Caches and temporary files of all the tools that are called stay inside the repository.
use_folders_of_the_repository() {
  local deps=$PWD/.deps
  mkdir -p "$deps/tmp"
  export TMPDIR=$deps/tmp
  # Who uses ccache already keeps one cache for all clones.
  local cache=${XDG_CACHE_HOME:-${HOME:-}/.cache}/ccache
  [[ -d $cache ]] || cache=$deps/ccache
  export CCACHE_DIR=${CCACHE_DIR:-$cache}
  export XDG_CACHE_HOME=$deps/cache HF_HOME=$deps/cache/huggingface TORCH_HOME=$deps/cache/torch
  export MPLCONFIGDIR=$deps/cache/matplotlib TORCHINDUCTOR_CACHE_DIR=$deps/cache/inductor TRITON_CACHE_DIR=$deps/cache/triton
  export PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
  export PYTHONDONTWRITEBYTECODE=1
}

# A file that includes LibTorch takes up to 2 GB of memory to compile.
jobs_for_compiling() {
  local cores by_memory
  cores=$(nproc)
  by_memory=$(awk '/^MemAvailable:/ { print int($2 / 2000000) }' /proc/meminfo)
  ((by_memory >= 1)) || by_memory=1
  echo $((cores < by_memory ? cores : by_memory))
}

# The closing line of every GoogleTest program in a CTest log, and their sum.
googletest_summary() {
  [[ -f $1 ]] || return 0
  awk '
    /^Command: / { n = split($2, path, "/"); program = path[n]; gsub(/"/, "", program) }
    /^\[==========\] .* ran\./ { sub(/^\[==========\] /, ""); printf "%-28s %s\n", program, $0; all += $1 }
    /^\[  SKIPPED \] [0-9]+ test/ { skipped += $4 }
    /^\[  FAILED  \] [0-9]+ test/ { failed += $4 }
    END { printf "GoogleTest: %d tests ran, %d skipped, %d failed\n", all, skipped, failed }
  ' "$1"
}
