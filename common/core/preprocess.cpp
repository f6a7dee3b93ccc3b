#include "common/core/preprocess.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral {
namespace {

using nlohmann::json;

template <typename Enum>
struct Named {
  Enum value;
  std::string_view name;
};

constexpr Named<Interpolation> kInterpolations[] = {
    {Interpolation::nearest, "nearest"}, {Interpolation::box, "box"},         {Interpolation::bilinear, "bilinear"},
    {Interpolation::hamming, "hamming"}, {Interpolation::bicubic, "bicubic"}, {Interpolation::lanczos, "lanczos"},
};

constexpr Named<ResizeRule> kRules[] = {
    {ResizeRule::timm, "timm"},           {ResizeRule::torchvision, "torchvision"},
    {ResizeRule::convnext, "convnext"},   {ResizeRule::squash, "squash"},
    {ResizeRule::detr, "detr"},           {ResizeRule::detr_transformers, "detr_transformers"},
    {ResizeRule::letterbox, "letterbox"}, {ResizeRule::torchvision_detector, "torchvision_detector"},
};

template <typename Enum, std::size_t N>
std::string_view name_of(const Named<Enum> (&table)[N], Enum value) {
  for (const auto& entry : table) {
    if (entry.value == value) return entry.name;
  }
  return "unknown";
}

template <typename Enum, std::size_t N>
Enum enum_from_json(const json& value, const Named<Enum> (&table)[N]) {
  if (value.is_string()) {
    for (const auto& entry : table) {
      if (entry.name == value.get_ref<const std::string&>()) return entry.value;
    }
  }
  std::vector<std::string> names;
  for (const auto& entry : table) names.emplace_back(entry.name);
  throw std::invalid_argument("expected one of " + join(names));
}

int int_from_json(const json& value) {
  if (value.is_number_integer()) {
    const auto number = value.get<std::int64_t>();
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() <= INT32_MAX) {
      if (number >= INT32_MIN && number <= INT32_MAX) return static_cast<int>(number);
    }
  }
  throw std::invalid_argument("expected a whole number");
}

double real_from_json(const json& value) {
  if (!value.is_number()) throw std::invalid_argument("expected a number");
  return value.get<double>();
}

bool bool_from_json(const json& value) {
  if (!value.is_boolean()) throw std::invalid_argument("expected true or false");
  return value.get<bool>();
}

std::array<float, 3> triple_from_json(const json& value) {
  if (!value.is_array() || value.size() != 3) throw std::invalid_argument("expected three numbers");
  std::array<float, 3> triple{};
  for (std::size_t c = 0; c < 3; ++c) triple[c] = static_cast<float>(real_from_json(value[c]));
  return triple;
}

/// Shortest text that reads back as the same float, so that 0.485 is not written as 0.48500001430511475.
json to_json_shortest(const std::array<float, 3>& triple) {
  json out = json::array();
  for (const float value : triple) {
    char text[32];
    std::snprintf(text, sizeof text, "%.7g", static_cast<double>(value));
    double shown = std::strtod(text, nullptr);
    out.push_back(static_cast<float>(shown) == value ? shown : static_cast<double>(value));
  }
  return out;
}

/// Calls set(name, value reader) for each field: the one list of fields that reading and writing share.
template <typename Visitor>
void visit_fields(Preprocess& p, Visitor&& visit) {
  visit("rule", p.rule);
  visit("height", p.height);
  visit("width", p.width);
  visit("resize", p.resize);
  visit("longest", p.longest);
  visit("pad_multiple", p.pad_multiple);
  visit("crop_pct", p.crop_pct);
  visit("interpolation", p.interpolation);
  visit("mean", p.mean);
  visit("std", p.std);
  visit("rescale", p.rescale);
  visit("bgr", p.bgr);
}

struct Writer {
  json& out;
  void operator()(const char* name, ResizeRule value) const { out[name] = to_string(value); }
  void operator()(const char* name, Interpolation value) const { out[name] = to_string(value); }
  void operator()(const char* name, const std::array<float, 3>& value) const { out[name] = to_json_shortest(value); }
  template <typename T>
  void operator()(const char* name, const T& value) const {
    out[name] = value;
  }
};

struct Reader {
  const json& in;
  std::string_view subject;
  std::size_t fields = 0;

  template <typename T>
  void operator()(const char* name, T& value) {
    ++fields;
    const auto found = in.find(name);
    if (found == in.end()) fail("has no field \"" + std::string(name) + "\"");
    try {
      convert(*found, value);
    } catch (const std::invalid_argument& problem) {
      fail("field \"" + std::string(name) + "\" is " +
           printable(found->dump(-1, ' ', false, json::error_handler_t::replace), 60) + ", " + problem.what());
    }
  }

  [[noreturn]] void fail(const std::string& message) const {
    throw Error(ErrorKind::weights, subject, "preprocessing record: " + message);
  }

 private:
  static void convert(const json& from, ResizeRule& to) { to = enum_from_json(from, kRules); }
  static void convert(const json& from, Interpolation& to) { to = enum_from_json(from, kInterpolations); }
  static void convert(const json& from, int& to) { to = int_from_json(from); }
  static void convert(const json& from, double& to) { to = real_from_json(from); }
  static void convert(const json& from, bool& to) { to = bool_from_json(from); }
  static void convert(const json& from, std::array<float, 3>& to) { to = triple_from_json(from); }
};

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

std::string size_text(int height, int width) {
  return std::to_string(height) + "x" + std::to_string(width);
}

std::string triple_text(const std::array<float, 3>& values) {
  return number(values[0]) + " " + number(values[1]) + " " + number(values[2]);
}

std::string resize_text(const Preprocess& p) {
  const std::string filter = ", " + std::string(to_string(p.interpolation));
  const std::string input = size_text(p.height, p.width);
  const std::string crop = filter + ", centre crop " + input;
  const std::string bounds =
      "short side to " + std::to_string(p.resize) + ", long side to at most " + std::to_string(p.longest);
  switch (p.rule) {
    case ResizeRule::timm: {
      const int height = static_cast<int>(p.height / p.crop_pct), width = static_cast<int>(p.width / p.crop_pct);
      const std::string target =
          height == width ? "short side to " + std::to_string(height) : "to cover " + size_text(height, width);
      return "timm: " + target + " (" + input + " / " + number(p.crop_pct) + ")" + crop;
    }
    case ResizeRule::torchvision:
      return "torchvision: short side to " + std::to_string(p.resize) + crop;
    case ResizeRule::convnext:
      return "convnext: short side to " + std::to_string(p.resize) + crop;
    case ResizeRule::squash:
      if (p.resize == 0 || (p.resize == p.height && p.resize == p.width))
        return "squash: both sides to " + input + filter;
      return "squash: both sides to " + std::to_string(p.resize) + crop;
    case ResizeRule::detr:
      return "detr: " + bounds + filter;
    case ResizeRule::detr_transformers:
      return "detr_transformers: " + bounds + filter;
    case ResizeRule::letterbox:
      return "letterbox: to fit into " + input + ", OpenCV's bilinear, top left, padded with 114";
    case ResizeRule::torchvision_detector:
      break;
  }
  return "torchvision_detector: " + bounds + ", bilinear of floats, not antialiased";
}

}  // namespace

Preprocess detr_preprocess() {
  return {.rule = ResizeRule::detr,
          .height = 0,
          .width = 0,
          .resize = 800,
          .longest = 1333,
          .interpolation = Interpolation::bilinear};
}

Preprocess rtdetr_preprocess(int side) {
  return {.rule = ResizeRule::squash,
          .height = side,
          .width = side,
          .interpolation = Interpolation::bilinear,
          .mean = {0, 0, 0},
          .std = {1, 1, 1}};
}

Preprocess yolox_preprocess(int side) {
  return {.rule = ResizeRule::letterbox,
          .height = side,
          .width = side,
          .interpolation = Interpolation::bilinear,
          .mean = {0, 0, 0},
          .std = {1, 1, 1},
          .rescale = false,
          .bgr = true};
}

Preprocess faster_rcnn_preprocess() {
  return {.rule = ResizeRule::torchvision_detector,
          .height = 0,
          .width = 0,
          .resize = 800,
          .longest = 1333,
          .pad_multiple = 32,
          .interpolation = Interpolation::bilinear};
}

std::string_view to_string(Interpolation interpolation) {
  return name_of(kInterpolations, interpolation);
}
std::string_view to_string(ResizeRule rule) {
  return name_of(kRules, rule);
}

std::string explain(const Preprocess& p) {
  std::string text = resize_text(p);
  if (p.pad_multiple > 1) text += ", padded to multiples of " + std::to_string(p.pad_multiple);
  text += p.bgr ? ", BGR" : ", RGB";
  text += p.rescale ? ", / 255" : ", 0 to 255";
  const bool unchanged = p.mean == std::array<float, 3>{0, 0, 0} && p.std == std::array<float, 3>{1, 1, 1};
  if (!unchanged) text += ", mean " + triple_text(p.mean) + ", std " + triple_text(p.std);
  return text;
}

json to_json(const Preprocess& preprocess) {
  json out = json::object();
  Preprocess copy = preprocess;
  visit_fields(copy, Writer{out});
  return out;
}

Preprocess preprocess_from_json(const json& json, std::string_view subject) {
  Reader reader{json, subject};
  if (!json.is_object()) reader.fail("is no JSON object");
  Preprocess p;
  visit_fields(p, reader);
  if (json.size() != reader.fields)
    reader.fail("has " + std::to_string(json.size()) + " fields, expected " + std::to_string(reader.fields));
  if (const std::string fault = fault_of(p); !fault.empty()) reader.fail(fault);
  return p;
}

}  // namespace vitral
