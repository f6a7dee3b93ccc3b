#include "datasets/formats/yolo.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/core/error.h"
#include "common/core/text.h"
#include "datasets/formats/yaml.h"

namespace vitral {
namespace {

constexpr std::size_t kMaxClasses = 1'000'000, kMaxFields = 100'001;

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  while (fields.size() <= kMaxFields) {
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) break;
    const auto end = std::min(line.find_first_of(" \t\r", begin), line.size());
    fields.push_back(line.substr(begin, end - begin));
    line.remove_prefix(end);
  }
  return fields;
}

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

/// A rule that a line breaks; caught where the line's number is known.
struct Broken {
  std::string kind, message;
};

std::size_t class_of(std::string_view field, std::size_t class_count) {
  double number = 0;  // some tools write 3.0
  if (!parse_number(field, number) || number != std::floor(number)) {
    throw Broken{"label", "the class is '" + printable(field, 50) + "', expected a whole number"};
  }
  if (!(number >= 0 && number < static_cast<double>(class_count))) {
    throw Broken{"label", "the class is " + printable(field, 50) + ", expected one of 0 to " +
                              std::to_string(class_count == 0 ? 0 : class_count - 1)};
  }
  return static_cast<std::size_t>(number);
}

double share_of(std::string_view field) {
  double number = 0;
  if (!parse_number(field, number)) {
    throw Broken{"label", "'" + printable(field, 50) + "' is no number"};
  }
  if (number >= 0 && number <= 1) return number;
  const bool pixels = number > 2 && number == std::floor(number);
  throw Broken{pixels ? "format" : "outside", printable(field, 50) + " is not between 0 and 1" +
                                                  (pixels ? "; are these pixels instead of shares?" : "")};
}

YoloBox box_of(std::string_view line, std::size_t class_count) {
  const auto fields = fields_of(line);
  if (fields.size() < 5 || fields.size() % 2 == 0 || fields.size() > kMaxFields) {
    throw Broken{"label", "has " + std::to_string(fields.size()) + " fields, expected class, x, y, width and height"};
  }
  YoloBox box;
  box.class_index = class_of(fields[0], class_count);
  std::vector<double> numbers;
  for (std::size_t i = 1; i < fields.size(); ++i) numbers.push_back(share_of(fields[i]));
  if (numbers.size() == 4) {
    box.x = numbers[0], box.y = numbers[1], box.width = numbers[2], box.height = numbers[3];
    return box;
  }
  double low[2] = {1, 1}, high[2] = {0, 0};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    low[i % 2] = std::min(low[i % 2], numbers[i]);
    high[i % 2] = std::max(high[i % 2], numbers[i]);
  }
  box.x = (low[0] + high[0]) / 2, box.y = (low[1] + high[1]) / 2;
  box.width = high[0] - low[0], box.height = high[1] - low[1];
  return box;
}

}  // namespace

std::vector<YoloBox> parse_yolo_labels(std::string_view text, std::size_t class_count,
                                       const YoloProblemHandler& on_problem) {
  std::vector<YoloBox> boxes;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    try {
      boxes.push_back(box_of(line, class_count));
    } catch (const Broken& broken) {
      on_problem(broken.kind, "line " + std::to_string(number) + ": " + broken.message);
    }
  }
  return boxes;
}

YoloData parse_yolo_data(std::string_view yaml, const std::string& subject) {
  const YamlMapping mapping(yaml, subject);
  const auto fail = [&](const std::string& message) { throw Error(ErrorKind::input, subject, message); };
  YoloData data;
  data.path = mapping.word("path").value_or("");
  for (const char* split : {"train", "val", "test"}) {
    const auto places = mapping.list(split);
    for (const auto& place : places) {
      if (!place.empty() && place != "~" && place != "null") data.splits[split].push_back(place);
    }
  }
  if (!mapping.has("names")) fail("has no 'names', expected the names of the classes");
  for (const auto& [key, name] : mapping.pairs("names")) {
    std::size_t index = 0;
    if (!parse_number(key, index) || index >= kMaxClasses) {
      fail("'names' has the key '" + printable(key, 50) + "', expected class numbers");
    }
    if (index >= data.names.size()) data.names.resize(index + 1);
    if (!data.names[index].empty()) fail("'names' has the class " + std::to_string(index) + " twice");
    data.names[index] = name.empty() ? std::to_string(index) : name;
  }
  const auto hole = std::find(data.names.begin(), data.names.end(), "");
  if (hole != data.names.end()) fail("'names' lacks the class " + std::to_string(hole - data.names.begin()));
  if (const auto count = mapping.word("nc"); count && *count != std::to_string(data.names.size())) {
    fail("'nc' is " + printable(*count, 50) + ", but there are " + std::to_string(data.names.size()) + " names");
  }
  return data;
}

}  // namespace vitral
