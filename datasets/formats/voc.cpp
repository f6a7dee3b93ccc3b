#include "datasets/formats/voc.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <pugixml.hpp>

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral {
namespace {

constexpr double kLargest = 1e9;

std::optional<double> number_of(const pugi::xml_node& node) {
  std::string_view text = node.text().get();
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !(std::abs(number) <= kLargest)) return std::nullopt;
  return number;
}

int side_of(const pugi::xml_node& size, const char* name, const std::string& subject) {
  const auto node = size.child(name);
  if (!node) return 0;
  const auto number = number_of(node);
  if (!number || *number < 0 || *number != std::floor(*number)) {
    throw Error(
        ErrorKind::input, subject,
        std::string("<") + name + "> is '" + printable(node.text().get(), 50) + "', expected a number of pixels");
  }
  return static_cast<int>(*number);
}

/// A rule that an object breaks; caught where its number is known.
struct Broken {
  std::string message;
};

VocObject object_of(const pugi::xml_node& node) {
  VocObject object;
  object.name = node.child("name").text().get();
  if (object.name.empty()) throw Broken{"has no <name>"};
  static constexpr std::array kCorners{"xmin", "ymin", "xmax", "ymax"};
  std::array<double, 4> corners{};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto corner = node.child("bndbox").child(kCorners[i]);
    const auto number = number_of(corner);
    if (!number) {
      throw Broken{std::string("<") + kCorners[i] + "> is '" + printable(corner.text().get(), 50) +
                   "', expected a number"};
    }
    corners[i] = *number;
  }
  object.box = {corners[0] - 1, corners[1] - 1, corners[2], corners[3]};
  if (object.box.width() < 0 || object.box.height() < 0) throw Broken{"its box ends before it begins"};
  object.difficult = number_of(node.child("difficult")).value_or(0) != 0;
  return object;
}

}  // namespace

VocAnnotation parse_voc(std::string_view xml, const std::string& subject) {
  pugi::xml_document document;
  const auto result = document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_auto);
  if (!result) {
    throw Error(ErrorKind::input, subject,
                "is no XML: " + std::string(result.description()) + " at byte " + std::to_string(result.offset));
  }
  const auto root = document.child("annotation");
  if (!root) throw Error(ErrorKind::input, subject, "has no <annotation>, expected Pascal VOC's XML");
  VocAnnotation annotation;
  annotation.file_name = root.child("filename").text().get();
  annotation.width = side_of(root.child("size"), "width", subject);
  annotation.height = side_of(root.child("size"), "height", subject);
  std::size_t number = 0;
  for (const auto& node : root.children("object")) {
    try {
      annotation.objects.push_back(object_of(node));
    } catch (const Broken& broken) {
      annotation.problems.push_back("object " + std::to_string(number) + ": " + broken.message);
    }
    ++number;
  }
  return annotation;
}

}  // namespace vitral
