#include "video/tracking/mot_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/text.h"

namespace vitral {
namespace {

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{4} << 30;
constexpr double kLargestWhole = 9007199254740992.0;  // up to here every whole number is a double of its own
constexpr double kLargestClass = 1e6;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// The values of one line, and the errors that name it.
class Line {
 public:
  Line(std::string_view text, std::string_view subject, std::size_t number) : subject_(subject), number_(number) {
    while (count_ < kMax) {
      const auto comma = text.find(',');
      values_[count_++] = number_in(text.substr(0, comma));
      if (comma == std::string_view::npos) break;
      text.remove_prefix(comma + 1);
      if (count_ == kMax) fail("more than 10 values");
    }
    if (count_ < 7)
      fail(std::to_string(count_) + " values, expected frame, id, left, top, width, height and confidence");
  }

  std::size_t count() const { return count_; }
  double operator[](std::size_t i) const { return values_[i]; }

  std::int64_t whole(std::size_t i, const char* name, double least, double most) const {
    const double value = values_[i];
    if (value >= least && value <= most && std::floor(value) == value) return static_cast<std::int64_t>(value);
    char text[160];
    std::snprintf(text, sizeof text, "the %s is %.16g, expected a whole number from %.16g to %.16g", name, value, least,
                  most);
    fail(text);
  }

  [[noreturn]] void fail(const std::string& message) const {
    throw Error(ErrorKind::input, subject_, "line " + std::to_string(number_) + ": " + message);
  }

 private:
  static constexpr std::size_t kMax = 10;

  double number_in(std::string_view text) const {
    text = trimmed(text);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && std::isfinite(value)) return value;
    fail("value " + std::to_string(count_ + 1) + " is '" + printable(text, 60) + "', expected a number");
  }

  std::string_view subject_;
  std::size_t number_;
  double values_[kMax] = {};
  std::size_t count_ = 0;
};

MotRow row_of(const Line& line, MotContent content) {
  MotRow row;
  row.frame = line.whole(0, "frame", 1, static_cast<double>(kLastMotFrame));
  if (content == MotContent::tracks) row.id = line.whole(1, "id", 0, kLargestWhole);
  if (line[4] < 0 || line[5] < 0) line.fail("the box has a negative width or height");
  row.box = {line[2], line[3], line[2] + line[4], line[3] + line[5]};
  row.confidence = line[6];
  // In the files of 2015 the eighth value is a place on the ground instead.
  const double class_id = line.count() > 7 ? line[7] : -1;
  const bool is_class = class_id >= 0 && class_id <= kLargestClass && std::floor(class_id) == class_id;
  row.class_id = is_class ? static_cast<int>(class_id) : -1;
  return row;
}

struct NumberedRow {
  MotRow row;
  std::size_t line;
};

void refuse_repeated_ids(const std::vector<NumberedRow>& rows, std::string_view subject) {
  std::vector<const NumberedRow*> order;
  for (const auto& row : rows) order.push_back(&row);
  const auto key = [](const NumberedRow* row) { return std::pair(row->row.frame, row->row.id); };
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return key(a) < key(b); });
  const auto twice = std::adjacent_find(order.begin(), order.end(), [&](auto a, auto b) { return key(a) == key(b); });
  if (twice == order.end()) return;
  const NumberedRow &first = **twice, &second = **(twice + 1);
  throw Error(ErrorKind::input, subject,
              "line " + std::to_string(second.line) + ": id " + std::to_string(second.row.id) + " is in frame " +
                  std::to_string(second.row.frame) + " already, in line " + std::to_string(first.line));
}

}  // namespace

std::vector<MotRow> parse_mot(std::string_view text, std::string_view subject, MotContent content) {
  std::vector<NumberedRow> rows;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    if (const auto content_of_line = trimmed(text.substr(0, end)); !content_of_line.empty()) {
      rows.push_back({row_of(Line(content_of_line, subject, number), content), number});
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (content == MotContent::tracks) refuse_repeated_ids(rows, subject);
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.row.frame < b.row.frame; });
  std::vector<MotRow> result;
  result.reserve(rows.size());
  for (const auto& row : rows) result.push_back(row.row);
  return result;
}

std::vector<MotRow> read_mot(const std::filesystem::path& path, MotContent content) {
  return parse_mot(read_file(path, ErrorKind::input, kMaxFileBytes), printable(path.string()), content);
}

std::string mot_line(const MotRow& row) {
  std::string line = std::to_string(row.frame) + ',' + std::to_string(row.id);
  for (const double value : {row.box.xmin, row.box.ymin, row.box.width(), row.box.height(), row.confidence}) {
    char digits[400];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed, 6);
    line.append(1, ',').append(digits, error == std::errc() ? end : digits);
  }
  return line + ",-1,-1,-1\n";
}

}  // namespace vitral
