// The files of the original word2vec.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/limits.h"
#include "common/core/text.h"
#include "text/word_vectors.h"

namespace vitral::text {
namespace {

constexpr std::uint64_t kMostNumbers = 100'000;  // of one vector

class Reader {
 public:
  Reader(std::string_view bytes, std::string subject) : bytes_(bytes), subject_(std::move(subject)) {}

  WordVectors read() {
    words_ = count("words", std::numeric_limits<std::uint32_t>::max());
    dim_ = count("numbers", kMostNumbers);
    // The shortest record: one letter, and for each number a blank and a digit, or four bytes behind one blank.
    const auto rest = bytes_.size() - at_;
    if (words_ == 0 || dim_ == 0 || words_ > rest / (2 * dim_ + 1)) {
      fail("the first line promises " + std::to_string(words_) + " words of " + std::to_string(dim_) +
           " numbers, the file has " + std::to_string(bytes_.size()) + " bytes");
    }
    std::vector<std::string> names;
    std::vector<float> values;
    values.reserve(words_ * dim_);
    const bool is_text = first_record_is_text();
    for (std::uint64_t i = 0; i < words_; ++i) {
      names.push_back(word());
      for (std::uint64_t k = 0; k < dim_; ++k) values.push_back(is_text ? printed() : stored());
      if (is_text) end_line();
    }
    skip(" \r\n");
    if (at_ != bytes_.size()) fail(std::to_string(bytes_.size() - at_) + " bytes are left behind the last word");
    return WordVectors(Vocabulary(std::move(names), subject_), static_cast<std::int64_t>(dim_), std::move(values));
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::weights, subject_, "byte " + std::to_string(at_) + ": " + what);
  }
  void skip(std::string_view which) {
    while (at_ < bytes_.size() && which.find(bytes_[at_]) != std::string_view::npos) ++at_;
  }
  std::string_view until(std::string_view which) {
    const auto end = std::min(bytes_.find_first_of(which, at_), bytes_.size());
    const auto part = bytes_.substr(at_, end - at_);
    at_ = end;
    return part;
  }

  std::uint64_t count(const char* what, std::uint64_t most) {
    skip(" ");
    const auto part = until(" \r\n");
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (part.empty() || error != std::errc() || end != part.data() + part.size() || value > most) {
      fail("expected the number of " + std::string(what) + ", found '" + printable(part, 40) + "'");
    }
    return value;
  }

  /// Whether the first record is a line of a word and as many printed numbers as the header promises.
  bool first_record_is_text() {
    const auto begin = at_;
    skip("\r\n");
    const auto end = std::min(bytes_.find('\n', at_), bytes_.size());
    auto line = bytes_.substr(at_, end - at_);
    at_ = begin;
    if (line.ends_with('\r')) line.remove_suffix(1);
    std::uint64_t numbers = 0;
    for (auto blank = line.find(' '); blank != std::string_view::npos;) {
      const auto next = std::min(line.find(' ', blank + 1), line.size());
      const auto part = line.substr(blank + 1, next - blank - 1);
      float value = 0;
      const auto [stop, error] = std::from_chars(part.data(), part.data() + part.size(), value);
      if (!part.empty() && (error != std::errc() || stop != part.data() + part.size())) return false;
      numbers += part.empty() ? 0 : 1;
      blank = next < line.size() ? next : std::string_view::npos;
    }
    return numbers == dim_;
  }

  std::string word() {
    skip(" \r\n");
    const auto begin = at_;
    const auto name = until(" \n");
    if (at_ == bytes_.size()) fail("the file ends within a word");
    if (name.empty() || bytes_[at_] != ' ') fail("a word is missing");
    if (name.size() > Limits().name_bytes) fail("a word of " + std::to_string(name.size()) + " bytes");
    if (!is_utf8(name)) {
      at_ = begin;
      fail("the word '" + printable(name, 40) + "' is no UTF-8");
    }
    ++at_;
    return std::string(name);
  }

  float printed() {
    skip(" ");
    const auto part = until(" \r\n");
    float value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (part.empty() || error != std::errc() || end != part.data() + part.size() || !std::isfinite(value)) {
      fail("expected a number, found '" + printable(part, 40) + "'");
    }
    return value;
  }
  void end_line() {
    skip(" \r");
    if (at_ < bytes_.size() && bytes_[at_] != '\n') fail("more numbers than the first line promises");
  }

  float stored() {
    if (bytes_.size() - at_ < sizeof(float)) fail("the file ends within a vector");
    float value = 0;
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    if (!std::isfinite(value)) fail("a number that is not finite");
    at_ += sizeof value;
    return value;
  }

  std::string_view bytes_;
  std::string subject_;
  std::size_t at_ = 0;
  std::uint64_t words_ = 0, dim_ = 0;
};

}  // namespace

WordVectors read_word_vectors(const std::filesystem::path& path) {
  const auto file = MappedFile::open(path, ErrorKind::weights, Limits().file_bytes);
  const auto bytes = file->bytes();
  auto vectors =
      Reader({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, printable(path.string(), 300)).read();
  file->check();
  return vectors;
}

void write_word_vectors(const std::filesystem::path& path, const WordVectors& vectors, VectorFormat format,
                        bool overwrite) {
  AtomicFile file(path, overwrite);
  file.write(std::to_string(vectors.words().size()) + " " + std::to_string(vectors.dim()) + "\n");
  for (std::int64_t i = 0; i < vectors.words().size(); ++i) {
    const auto& word = vectors.words().token(i);
    if (word.empty() || word.find_first_of(" \t\r\n") != std::string::npos) {
      throw Error(ErrorKind::usage, "word '" + printable(word, 100) + "'",
                  "has white space in it, the format has no place for it");
    }
    std::string record = word;
    if (format == VectorFormat::binary) {
      record += ' ';
      record.append(reinterpret_cast<const char*>(vectors.row(i)),
                    static_cast<std::size_t>(vectors.dim()) * sizeof(float));
    } else {
      char number[32];
      for (std::int64_t k = 0; k < vectors.dim(); ++k) {
        const auto end =
            std::to_chars(number, number + sizeof number, vectors.row(i)[k]).ptr;  // the shortest that reads back equal
        record.append(" ").append(number, end);
      }
    }
    file.write(record + "\n");
  }
  file.commit();
}

}  // namespace vitral::text
