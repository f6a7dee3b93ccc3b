#include "apps/result_files.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "apps/output_folder.h"
#include "apps/records.h"
#include "video/media/source.h"

namespace vitral::apps {
namespace {

std::vector<std::filesystem::path> paths_of(const std::vector<PictureSource>& sources) {
  std::vector<std::filesystem::path> paths;
  for (const auto& source : sources) paths.push_back(source.path);
  return paths;
}

/// The last run of digits in the name, as a number.
std::optional<std::int64_t> number_in(const std::string& stem) {
  const auto end = stem.find_last_of("0123456789");
  if (end == std::string::npos) return std::nullopt;
  const auto before = stem.find_last_not_of("0123456789", end);
  const auto begin = before == std::string::npos ? 0 : before + 1;
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(stem.data() + begin, stem.data() + end + 1, number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

bool is_video(const PictureSource& source) {
  return source.is_video();
}

}  // namespace

YoloText::YoloText(std::filesystem::path folder, bool overwrite, const std::vector<PictureSource>& sources)
    : folder_(std::move(folder)), overwrite_(overwrite), stems_(unique_stems(paths_of(sources))) {
  std::vector<std::string> files;
  for (const auto& source : sources) {
    if (!is_video(source)) files.push_back(stems_[source.index] + ".txt");
  }
  claim_folder(folder_, files, overwrite_);
}

void YoloText::write(const PreparedPicture& picture, std::span<const ScoredBox> boxes) {
  std::string text;
  for (const auto& [box, score, class_id] : boxes) {
    const auto share = [](double value, int size) { return std::clamp(value / size, 0.0, 1.0); };
    const double left = share(box.xmin, picture.width), right = share(box.xmax, picture.width);
    const double top = share(box.ymin, picture.height), bottom = share(box.ymax, picture.height);
    char line[96];
    std::snprintf(line, sizeof line, "%d %.6f %.6f %.6f %.6f\n", class_id, (left + right) / 2, (top + bottom) / 2,
                  right - left, bottom - top);
    text += line;
  }
  std::string name = stems_[picture.source.index];
  if (picture.frame) name += "_" + std::to_string(picture.frame->index);
  write_file(folder_ / (name + ".txt"), text, overwrite_);
}

std::optional<std::vector<std::int64_t>> coco_image_ids(const std::vector<PictureSource>& sources) {
  if (std::any_of(sources.begin(), sources.end(), is_video)) return std::nullopt;
  std::vector<std::int64_t> ids;
  std::set<std::int64_t> seen;
  for (const auto& source : sources) {
    const auto number = number_in(source.path.stem().string());
    if (!number || !seen.insert(*number).second) break;
    ids.push_back(*number);
  }
  if (ids.size() == sources.size()) return ids;
  ids.clear();
  for (std::size_t i = 0; i < sources.size(); ++i) ids.push_back(static_cast<std::int64_t>(i) + 1);
  return ids;
}

CocoResultsFile::CocoResultsFile(const std::string& path, bool overwrite, const std::vector<PictureSource>& sources)
    : file_(path, overwrite), ids_(coco_image_ids(sources)), one_video_(!ids_ && sources.size() == 1) {
  file_.write("[");
}

std::int64_t CocoResultsFile::image_id(const PreparedPicture& picture) {
  if (ids_) return (*ids_)[picture.source.index];
  return one_video_ ? picture.frame->index : ++running_;
}

void CocoResultsFile::write(const PreparedPicture& picture, std::span<const ScoredBox> boxes,
                            const NativeRecord& classes) {
  const auto image = image_id(picture);
  for (const auto& [box, score, class_id] : boxes) {
    nlohmann::ordered_json result = {
        {"image_id", image},
        {"category_id", category_id(classes, class_id)},
        {"bbox", {box.xmin, box.ymin, std::max(box.width(), 0.0), std::max(box.height(), 0.0)}},
        {"score", score},
        {"file_name", picture.source.path.filename().string()}};
    if (picture.frame) result["frame"] = picture.frame->index;
    auto line = json_line(result);
    line.pop_back();
    file_.write((any_ ? ",\n" : "\n") + line);
    any_ = true;
  }
}

void CocoResultsFile::finish() {
  file_.write(any_ ? "\n]\n" : "]\n");
  file_.commit();
}

}  // namespace vitral::apps
