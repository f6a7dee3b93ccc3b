#include "datasets/formats/cifar.h"

#include <algorithm>

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral {

CifarRecords parse_cifar(std::string_view file, CifarKind kind, const std::string& subject) {
  const std::size_t label_bytes = kind == CifarKind::ten ? 1 : 2, classes = kind == CifarKind::ten ? 10 : 100;
  const std::size_t record = label_bytes + kCifarPixels;
  if (file.empty() || file.size() % record != 0) {
    throw Error(ErrorKind::input, subject,
                "has " + std::to_string(file.size()) + " bytes, expected records of " + std::to_string(record));
  }
  CifarRecords records;
  records.pixels.reserve(file.size() / record * kCifarPixels);
  for (std::size_t at = 0; at < file.size(); at += record) {
    const auto label = static_cast<unsigned char>(file[at + label_bytes - 1]);
    if (label >= classes) {
      throw Error(ErrorKind::input, subject,
                  "record " + std::to_string(at / record) + " has the label " + std::to_string(label) +
                      ", expected 0 to " + std::to_string(classes - 1));
    }
    records.labels.push_back(label);
    records.pixels += file.substr(at + label_bytes, kCifarPixels);
  }
  return records;
}

std::vector<std::string> parse_cifar_names(std::string_view text, std::size_t count, const std::string& subject) {
  std::vector<std::string> names;
  while (!text.empty() && names.size() <= count) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) names.emplace_back(line);
  }
  if (names.size() != count) {
    throw Error(ErrorKind::input, subject,
                "names " + std::string(names.size() > count ? "more" : "fewer") + " than " + std::to_string(count) +
                    " classes");
  }
  return names;
}

}  // namespace vitral
