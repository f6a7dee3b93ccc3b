// Any bytes as a picture: pixels of the size that the header states, the same ones each time, or an Error(input).
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>

#include "common/core/error.h"
#include "common/image/decode.h"
#include "common/image/sniff.h"
#include "tests/fuzz/corpus.h"
#include "tests/support/source_dir.h"

/// The small pictures of the unit tests.
std::vector<std::string> seeds() {
  std::vector<std::string> pictures;
  for (const auto& entry : std::filesystem::directory_iterator(vitral::test::source_dir() + "/tests/image/pictures")) {
    std::ifstream file(entry.path(), std::ios::binary);
    pictures.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return pictures;
}

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vitral;
  Limits limits;
  limits.pixels = 1 << 20;
  limits.jpeg_scans = 20;
  limits.decode_seconds = 1;
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    const image::Header header = image::sniff(bytes, "fuzz.ppm", limits);
    const image::Image picture = image::decode(bytes, "fuzz.ppm", limits);
    require(picture.width == header.upright_width() && picture.height == header.upright_height());
    require(picture.pixels.size() == picture.stride() * static_cast<std::size_t>(picture.height));
    require(picture == image::decode(bytes, "fuzz.ppm", limits));
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::input);
  }
  return 0;
}
