#include "apps/annotated_output.h"

#include <algorithm>
#include <set>

#include "apps/output_folder.h"
#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/text.h"
#include "common/image/draw.h"
#include "video/media/source.h"

namespace vitral::apps {
namespace {

namespace fs = std::filesystem;

constexpr int kJpegQuality = 92;

std::string extension_of(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension;
}

bool is_jpeg(const fs::path& path) {
  return extension_of(path) == ".jpg" || extension_of(path) == ".jpeg";
}

bool names_picture_output(const fs::path& path) {
  return is_jpeg(path) || extension_of(path) == ".png";
}

/// The one file that `path` means for `source`, or no: then it is a folder.
bool is_file_for(const fs::path& path, const PictureSource& source) {
  if (fs::is_directory(path)) return false;
  return source.is_video() ? video::can_write_video(path) : names_picture_output(path);
}

std::string extension_for(const PictureSource& source) {
  if (source.is_video()) return ".mp4";
  return is_jpeg(source.path) ? extension_of(source.path) : ".png";
}

/// {"frame 7 of %05d" would be no file name} -> stem without the pattern's percent sign.
fs::path name_for(const PictureSource& source) {
  std::string name = source.path.filename().string();
  std::replace(name.begin(), name.end(), '%', '_');
  return source.path.empty() ? fs::path() : fs::path(name);
}

void refuse_inputs(const std::vector<fs::path>& targets, const std::vector<PictureSource>& sources) {
  std::error_code ignored;
  std::set<fs::path> inputs;
  for (const auto& source : sources) inputs.insert(fs::weakly_canonical(source.path, ignored));
  for (const auto& target : targets) {
    if (inputs.contains(fs::weakly_canonical(target, ignored))) {
      throw Error(ErrorKind::usage, printable(target.string()), "is an input, it can't be the output too");
    }
  }
}

}  // namespace

AnnotatedOutput::AnnotatedOutput(const fs::path& path, bool overwrite, const std::vector<PictureSource>& sources,
                                 std::int64_t stride, Console& console)
    : path_(path), overwrite_(overwrite), stride_(stride), console_(console) {
  if (sources.size() == 1 && is_file_for(path, sources.front())) {
    targets_ = {path};
    if (!overwrite && fs::exists(path))
      throw Error(ErrorKind::usage, printable(path.string()), "exists; -y overwrites it");
  } else {
    std::vector<fs::path> names;
    for (const auto& source : sources) names.push_back(name_for(source));
    const auto stems = unique_stems(names);
    std::vector<std::string> files;
    for (const auto& source : sources) files.push_back(stems[source.index] + extension_for(source));
    claim_folder(path, files, overwrite);
    for (const auto& file : files) targets_.push_back(path / file);
  }
  refuse_inputs(targets_, sources);
}

void AnnotatedOutput::write(const PreparedPicture& picture) {
  if (picture.frame) return write_frame(picture);
  const auto& target = targets_[picture.source.index];
  const auto bytes =
      is_jpeg(target) ? image::encode_jpeg(picture.picture, kJpegQuality) : image::encode_png(picture.picture);
  AtomicFile file(target, overwrite_);
  file.write(std::span<const std::byte>(bytes));
  file.commit();
  ++pictures_;
}

void AnnotatedOutput::write_frame(const PreparedPicture& picture) {
  auto& size = sizes_.try_emplace(picture.source.index, picture.width, picture.height).first->second;
  const bool fits = size == std::pair(picture.picture.width, picture.picture.height);
  auto& writer = writer_for(picture);
  // A live source may change its size; a video can't.
  writer.write(fits ? picture.picture : image::fitted(picture.picture, size.first, size.second), picture.frame->t_ms);
}

video::Writer& AnnotatedOutput::writer_for(const PreparedPicture& picture) {
  auto& writer = videos_[picture.source.index];
  if (writer == nullptr) {
    const auto& rate = picture.frame->rate;
    const auto& target = targets_[picture.source.index];
    writer = std::make_unique<video::Writer>(
        target, video::WriterOptions{picture.picture.width, picture.picture.height, {rate.num, rate.den * stride_}},
        overwrite_);
    if (writer->codec() != "libx264")
      console_.warning(printable(target.string()) + ": no H.264 encoder here, written as " + writer->codec());
  }
  return *writer;
}

std::string AnnotatedOutput::finish() {
  for (auto& [index, writer] : videos_) writer->finish();
  std::vector<std::string> parts;
  if (pictures_ > 0) parts.push_back(std::to_string(pictures_) + (pictures_ == 1 ? " picture" : " pictures"));
  if (!videos_.empty()) parts.push_back(std::to_string(videos_.size()) + (videos_.size() == 1 ? " video" : " videos"));
  return "written: " + printable(path_.string()) + (parts.empty() ? " (nothing)" : " (" + join(parts) + ")");
}

}  // namespace vitral::apps
