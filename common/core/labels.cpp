#include "common/core/labels.h"

#include <map>

namespace vitral {
namespace {

using Names = std::vector<std::string>;

// The files of labels/ as string literals, made by CMake.
constexpr std::string_view kImagenet1k =
#include "labels/imagenet1k.inc"
    ;
constexpr std::string_view kCoco91 =
#include "labels/coco91.inc"
    ;

Names lines(std::string_view text) {
  Names result;
  while (!text.empty()) {
    const auto end = text.find('\n');
    result.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return result;
}

Names without_gaps(const Names& names) {
  Names result;
  for (const auto& name : names) {
    if (!name.empty()) result.push_back(name);
  }
  return result;
}

}  // namespace

const Names* labels(std::string_view name) {
  static const std::map<std::string_view, Names> lists = {
      {"imagenet1k", lines(kImagenet1k)},
      {"coco91", lines(kCoco91)},
      {"coco80", without_gaps(lines(kCoco91))},
  };
  const auto found = lists.find(name);
  return found == lists.end() ? nullptr : &found->second;
}

const std::vector<int>& coco80_category_ids() {
  static const std::vector<int> ids = [] {
    std::vector<int> result;
    const Names names = lines(kCoco91);
    for (std::size_t id = 0; id < names.size(); ++id) {
      if (!names[id].empty()) result.push_back(static_cast<int>(id));
    }
    return result;
  }();
  return ids;
}

std::vector<std::int64_t> category_ids(std::string_view list) {
  if (list != "coco80") return {};
  return {coco80_category_ids().begin(), coco80_category_ids().end()};
}

}  // namespace vitral
