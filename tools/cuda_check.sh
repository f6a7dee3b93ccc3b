# shellcheck shell=bash
# Everything that only a GPU can tell. Sourced by ./run.

readonly no_device=5  # the exit code of the program, too, for a device that is not there

verb_cuda_check() {
  if [[ $(nvidia-smi -L 2>/dev/null) != GPU* ]]; then
    echo "run: cuda-check: no GPU on this machine: nvidia-smi names none, and nothing was checked" >&2
    exit $no_device
  fi
  command -v nvcc >/dev/null || die "cuda-check: the CUDA toolkit is missing: no nvcc on the PATH"
  libtorch
  nvidia-smi -L
  local media=OFF # on such machines OpenCV is often missing; what it brings has little to do with the GPU
  pkg-config --exists opencv4 2>/dev/null && media=ON
  say "building what a GPU is asked for (VITRAL_MEDIA=${VITRAL_MEDIA:-$media})"
  step cmake --preset cuda -DVITRAL_LIBTORCH="$(libtorch_path)" -DVITRAL_MEDIA="${VITRAL_MEDIA:-$media}" "$@"
  step cmake --build --preset cuda -j "$(jobs_for_compiling)" --target cuda_tests
  say "tests"
  local status=0
  step ctest --preset cuda -L '^cuda$' || status=$?
  googletest_summary build/cuda/Testing/Temporary/LastTest.log
  ((status == 0)) || die "cuda-check: tests failed"
  sanitize_kernels
  say "the GPU's tests passed, its kernels are clean"
}

# Each program whose label says that it runs kernels of our own, under the tools that watch memory and shared memory.
sanitize_kernels() {
  local sanitizer tool name
  sanitizer=$(command -v compute-sanitizer || echo "$(dirname "$(readlink -f "$(command -v nvcc)")")/compute-sanitizer")
  [[ -x $sanitizer ]] || die "cuda-check: compute-sanitizer is missing, a part of the CUDA toolkit of its own"
  local names
  mapfile -t names < <(ctest --preset cuda -N -L '^cuda-kernels$' | sed -n 's/^ *Test *#[0-9]*: //p')
  ((${#names[@]})) || die "cuda-check: no test is labelled cuda-kernels"
  for tool in memcheck racecheck; do
    for name in "${names[@]}"; do
      say "$tool: $name"
      # Without LibTorch's cache every tensor ends where its memory ends.
      PYTORCH_NO_CUDA_MEMORY_CACHING=1 step "$sanitizer" --tool "$tool" --error-exitcode 9 "build/cuda/bin/test_$name" ||
        die "cuda-check: $tool found something in $name"
    done
  done
}
