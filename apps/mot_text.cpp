#include "apps/mot_text.h"

#include "apps/output_flags.h"
#include "apps/output_folder.h"
#include "video/tracking/mot_file.h"

namespace vitral::apps {

namespace fs = std::filesystem;

MotText::MotText(const std::string& path, bool overwrite, const std::vector<PictureSource>& sources) {
  for (const auto& source : sources) refuse_same_file(path, source.path.string());
  if (sources.size() == 1 && !fs::is_directory(path)) {
    files_.push_back(std::make_unique<AtomicFile>(path, overwrite));
    return;
  }
  std::vector<fs::path> paths;
  for (const auto& source : sources) paths.push_back(source.path);
  std::vector<std::string> names;
  for (const auto& stem : unique_stems(paths)) names.push_back(stem + ".txt");
  claim_folder(path, names, overwrite);
  for (const auto& name : names) files_.push_back(std::make_unique<AtomicFile>(fs::path(path) / name, overwrite));
}

void MotText::write(const PreparedPicture& picture, const Findings& found) {
  std::string text;
  for (std::size_t i = 0; i < found.boxes.size(); ++i) {
    const auto& [box, score, class_id] = found.boxes[i];
    text += mot_line({picture.frame->index + 1, found.track_ids[i], box, score});
  }
  if (!text.empty()) files_[picture.source.index]->write(text);
}

void MotText::finish() {
  for (const auto& file : files_) file->commit();
}

}  // namespace vitral::apps
