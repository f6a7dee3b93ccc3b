#!/usr/bin/env bash
# What ./run promises about itself: usage: run_test.sh REPOSITORY
set -euo pipefail
root=$1
failed=0

check() {
  local what=$1
  shift
  "$@" || { echo "FAILED: $what" >&2 && failed=1; }
}

exits_with() {
  local expected=$1 code=0
  shift
  "$@" >/dev/null 2>&1 || code=$?
  ((code == expected))
}

# A copy, so that nothing is fetched into the real .deps.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -r "$root/run" "$root/tools" "$scratch"

usage=$("$root/run")
for verb in setup build demo test parity bench train-bundled format lint docs clean; do
  check "./run alone lists $verb" grep -qE "^  $verb +[a-z]" <<<"$usage"
done
check "./run alone exits with 0" exits_with 0 "$root/run"
check "an unknown verb exits with 2" exits_with 2 "$root/run" nonsense

without_root() {
  (
    . "$scratch/tools/common.sh"
    . "$scratch/tools/setup.sh"
    can_be_root() { false; }
    packages "$@"
  ) 2>&1
}
check "what is there needs no root" without_root "command:bash:bash" "file:/:base-files"
message=$(without_root "command:no-such-tool:the-package" "command:bash:bash" || true)
check "what is missing is named" grep -q "apt-get install the-package$" <<<"$message"
check "without root it is an error" exits_with 1 without_root "command:no-such-tool:the-package"

check "a VITRAL_LIBTORCH without libraries is refused" \
  grep -q "VITRAL_LIBTORCH=$scratch has no lib/libtorch_cpu.so" <<<"$(
    cd "$scratch" && . tools/common.sh && . tools/setup.sh && VITRAL_LIBTORCH=$scratch libtorch 2>&1 || true
  )"

exit $failed
