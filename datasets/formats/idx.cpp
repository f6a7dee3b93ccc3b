#include "datasets/formats/idx.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "common/core/checked.h"
#include "common/core/error.h"

namespace vitral {
namespace {

constexpr std::uint64_t kMaxBytes = std::uint64_t{4} << 30;

/// The bytes of a file, unpacked as far as they are asked for.
class Bytes {
 public:
  virtual ~Bytes() = default;
  /// At most `count` bytes more; fewer only at the end.
  virtual std::string take(std::size_t count) = 0;
};

class PlainBytes final : public Bytes {
 public:
  explicit PlainBytes(std::string_view file) : rest_(file) {}
  std::string take(std::size_t count) override {
    const std::string bytes(rest_.substr(0, count));
    rest_.remove_prefix(bytes.size());
    return bytes;
  }

 private:
  std::string_view rest_;
};

class GzipBytes final : public Bytes {
 public:
  GzipBytes(std::string_view file, const std::string& subject) : rest_(file), subject_(subject) {
    if (inflateInit2(&stream_, 16 + MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  ~GzipBytes() override { inflateEnd(&stream_); }
  GzipBytes(const GzipBytes&) = delete;
  GzipBytes& operator=(const GzipBytes&) = delete;

  std::string take(std::size_t count) override {
    // Grown as it fills: a header may promise gigabytes that never come.
    std::string bytes;
    while (bytes.size() < count && !ended_) {
      const std::size_t have = bytes.size();
      const std::size_t piece = std::min(count - have, std::max<std::size_t>(have, 1 << 16));
      bytes.resize(have + piece);
      bytes.resize(have + inflate_into(bytes.data() + have, piece));
    }
    return bytes;
  }

 private:
  std::size_t inflate_into(char* to, std::size_t count) {
    constexpr std::size_t kMost = std::numeric_limits<uInt>::max() / 2;
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = static_cast<uInt>(std::min(count, kMost));
    const uInt wanted = stream_.avail_out;
    while (stream_.avail_out > 0 && !ended_) {
      const auto feed = std::min(rest_.size(), kMost);
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));
      stream_.avail_in = static_cast<uInt>(feed);
      const int status = inflate(&stream_, Z_NO_FLUSH);
      rest_.remove_prefix(feed - stream_.avail_in);
      if (status == Z_STREAM_END) {
        ended_ = true;
      } else if (status != Z_OK) {
        throw Error(ErrorKind::input, subject_, rest_.empty() ? "its gzip data is cut off" : "its gzip data is broken");
      }
    }
    return wanted - stream_.avail_out;
  }

  std::string_view rest_;
  const std::string& subject_;
  z_stream stream_{};
  bool ended_ = false;
};

}  // namespace

IdxArray parse_idx(std::string_view file, const std::string& subject) {
  const auto fail = [&](const std::string& message) { throw Error(ErrorKind::input, subject, message); };
  std::unique_ptr<Bytes> bytes;
  if (file.starts_with("\x1f\x8b")) {
    bytes = std::make_unique<GzipBytes>(file, subject);
  } else {
    bytes = std::make_unique<PlainBytes>(file);
  }
  const std::string magic = bytes->take(4);
  if (magic.size() < 4 || magic[0] != 0 || magic[1] != 0) fail("is no IDX file: it does not begin with two zero bytes");
  if (magic[2] != 8) fail("holds numbers of type " + std::to_string(magic[2]) + ", expected unsigned bytes (8)");
  const int rank = static_cast<unsigned char>(magic[3]);
  if (rank < 1 || rank > 4) fail("has " + std::to_string(rank) + " dimensions, expected 1 to 4");
  const std::string sizes = bytes->take(4 * static_cast<std::size_t>(rank));
  if (sizes.size() < 4 * static_cast<std::size_t>(rank)) fail("ends inside its header");
  IdxArray array;
  std::uint64_t total = 1;
  for (std::size_t i = 0; i < sizes.size(); i += 4) {
    std::uint64_t size = 0;
    for (std::size_t k = 0; k < 4; ++k) size = size << 8 | static_cast<unsigned char>(sizes[i + k]);
    const auto product = checked_mul(total, std::max<std::uint64_t>(size, 1));
    if (!product || *product > kMaxBytes) fail("promises more than 4 GiB");
    total = *product;
    array.shape.push_back(size);
  }
  if (std::find(array.shape.begin(), array.shape.end(), 0u) != array.shape.end()) total = 0;
  array.bytes = bytes->take(total);
  if (array.bytes.size() < total) {
    fail("has " + std::to_string(array.bytes.size()) + " bytes of data, its header says " + std::to_string(total));
  }
  if (!bytes->take(1).empty()) fail("goes on behind the " + std::to_string(total) + " bytes that its header says");
  return array;
}

}  // namespace vitral
