# shellcheck shell=bash
# Style and documents. Sourced by ./run.

# The C++ and CUDA sources: what git knows and what is new but not ignored.
sources() { git ls-files -co --exclude-standard -- '*.h' '*.cpp' '*.cu' '*.cuh'; }

verb_format() {
  packages "${packages_lint[@]}"
  sources | xargs -r clang-format -i
  say "formatted"
}

verb_lint() {
  packages "${packages_build[@]}" "${packages_lint[@]}"
  libtorch
  say "clang-format"
  sources | xargs -r clang-format --dry-run -Werror
  say "layering and file rules"
  cmake -DROOT="$PWD" -P cmake/check_layering.cmake
  cmake -DROOT="$PWD" -P cmake/check_files.cmake
  if command -v shellcheck >/dev/null; then
    say "shellcheck"
    shellcheck -x -a run .ci/run
  fi
  lint_changed "${1:-HEAD~1}"
  say "clean"
}

# clang-tidy needs a database made for clang: the one of the release preset names precompiled headers of g++.
lint_changed() {
  local changed
  mapfile -t changed < <(git diff --name-only --diff-filter=d "$1" -- '*.cpp')
  ((${#changed[@]})) || return 0
  say "clang-tidy on what changed since $1: ${changed[*]}"
  cmake --preset lint -DVITRAL_LIBTORCH="$(libtorch_path)" >/dev/null
  printf '%s\n' "${changed[@]}" | xargs -P "$(jobs_for_compiling)" -n 1 clang-tidy --quiet --warnings-as-errors='*' -p build/lint
}

verb_docs() {
  local failed=0 page
  while read -r page; do
    links_resolve "$page" || failed=1
    commands_exist "$page" || failed=1
  done < <(git ls-files -co --exclude-standard -- '*.md')
  ((failed == 0)) || die "documents point at what does not exist"
  say "links resolve, commands exist"
}

# Every relative link of a page leads to a file or folder.
links_resolve() {
  local target status=0
  while read -r target; do
    [[ -e $(dirname "$1")/$target ]] || { echo "$1: no $target" >&2 && status=1; }
  done < <(grep -oE '\]\([^)#[:space:]]+' "$1" | sed 's/^](//' | grep -vE '^(https?|mailto):' || true)
  return $status
}

# Every `./run VERB` and `vitral SUBCOMMAND` that a page shows is known to the script and to the program.
commands_exist() {
  local verb status=0 known
  known=$(usage)
  while read -r verb; do
    grep -qE "^  $verb " <<<"$known" || { echo "$1: ./run has no verb $verb" >&2 && status=1; }
  done < <(grep -oE '\./run [a-z-]+' "$1" | cut -d' ' -f2 | sort -u || true)
  if [[ -x $vitral ]]; then
    while read -r verb; do
      "$vitral" "$verb" --help >/dev/null 2>&1 || { echo "$1: vitral has no subcommand $verb" >&2 && status=1; }
    done < <(grep -oE '(^|[ `/])vitral [a-z]+' "$1" | awk '{ print $NF }' | sort -u || true)
  fi
  return $status
}
