#include "video/media/image_sequence.h"

#include <algorithm>
#include <charconv>

#include "common/core/error.h"
#include "common/core/text.h"
#include "common/image/decode.h"

namespace vitral::video {
namespace {

namespace fs = std::filesystem;

constexpr Rational kRate{25, 1};

class ImageSequence : public FrameSource {
 public:
  ImageSequence(fs::path folder, NumberedName name, std::int64_t first, std::int64_t count)
      : folder_(std::move(folder)), name_(std::move(name)), first_(first), count_(count) {}

  bool next() override {
    if (!damage_.empty() || index_ + 1 >= count_) return false;
    try {
      picture_ = image::read_image(folder_ / name_.with(first_ + index_ + 1));
    } catch (const Error& error) {
      damage_ = error.what();
      return false;
    }
    ++index_;
    return true;
  }
  std::int64_t index() const override { return index_; }
  double t_ms() const override { return static_cast<double>(index_) * 1000 / kRate.value(); }
  image::Image picture() override { return picture_; }
  const std::string& damage() const override { return damage_; }
  Rational frame_rate() const override { return kRate; }
  std::int64_t expected_frames() const override { return count_; }

 private:
  fs::path folder_;
  NumberedName name_;
  std::int64_t first_, count_, index_ = -1;
  image::Image picture_;
  std::string damage_;
};

/// The number in `file` where it is one of the sequence's.
std::optional<std::int64_t> number_in(const std::string& file, const NumberedName& name) {
  const std::size_t around = name.before.size() + name.after.size();
  if (file.size() <= around || !file.starts_with(name.before) || !file.ends_with(name.after)) return std::nullopt;
  const std::string digits = file.substr(name.before.size(), file.size() - around);
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number < 0 || name.with(number) != file) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

std::string NumberedName::with(std::int64_t number) const {
  const std::string text = std::to_string(number);
  const auto zeros = static_cast<std::size_t>(std::max(0, digits - static_cast<int>(text.size())));
  return before + std::string(zeros, '0') + text + after;
}

std::optional<NumberedName> numbered_name(const std::string& name) {
  const auto percent = name.find('%');
  if (percent == std::string::npos || name.find('%', percent + 1) != std::string::npos) return std::nullopt;
  const auto letter = name.find_first_not_of("0123456789", percent + 1);
  if (letter == std::string::npos || name[letter] != 'd') return std::nullopt;
  NumberedName result{name.substr(0, percent), name.substr(letter + 1), 0};
  const std::string width = name.substr(percent + 1, letter - percent - 1);
  if (!width.empty()) {
    const bool padded = width[0] == '0' && width.size() <= 3;
    if (!padded) return std::nullopt;
    std::from_chars(width.data(), width.data() + width.size(), result.digits);
  }
  return result;
}

std::unique_ptr<FrameSource> open_image_sequence(const fs::path& pattern) {
  const auto name = numbered_name(pattern.filename().string());
  const std::string subject = printable(pattern.string(), 1'000);
  if (!name) throw Error(ErrorKind::input, subject, "is no pattern such as image_%05d.png");
  std::vector<std::int64_t> numbers;
  std::error_code error;
  const fs::path folder = pattern.parent_path();
  for (fs::directory_iterator it(folder.empty() ? "." : folder, error), end; !error && it != end; it.increment(error)) {
    if (const auto number = number_in(it->path().filename().string(), *name)) numbers.push_back(*number);
  }
  if (numbers.empty()) throw Error(ErrorKind::input, subject, "matches no file");
  std::sort(numbers.begin(), numbers.end());
  std::size_t count = 1;
  while (count < numbers.size() && numbers[count] == numbers[count - 1] + 1) ++count;
  return std::make_unique<ImageSequence>(folder, *name, numbers.front(), static_cast<std::int64_t>(count));
}

}  // namespace vitral::video
