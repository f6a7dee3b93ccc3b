#include "apps/side_outputs.h"

#include <algorithm>
#include <cmath>

#include "apps/access.h"
#include "apps/output_folder.h"
#include "common/core/error.h"
#include "common/core/text.h"
#include "common/image/crop.h"

namespace vitral::apps {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::seconds kLastWait{10};  ///< for what is on its way when the run ends

/// Where all inputs are files nothing has to be lost: a slow disk holds the run back, a dead one does not.
std::chrono::milliseconds patience_for(const std::vector<PictureSource>& sources) {
  const bool any_live = std::any_of(sources.begin(), sources.end(), [](const auto& source) { return source.live; });
  return any_live ? std::chrono::milliseconds(0) : std::chrono::milliseconds(5'000);
}

void refuse_full(const fs::path& folder, bool overwrite) {
  claim_folder(folder, {}, overwrite);
  if (!overwrite && !fs::is_empty(folder))
    throw Error(ErrorKind::usage, printable(folder.string()), "is not empty; -y adds to it and overwrites");
}

}  // namespace

void SideFlags::add(CLI::App& app) {
  app.add_option("--crops", crops, "cut out what is found: DIR/<class>/<name>_<frame>_<number>.jpg")->type_name("DIR");
  app.add_option("--webhook", webhook, "post the records that have something in them, as lines of JSON")
      ->type_name("URL");
  app.add_option("--webhook-token-file", token_file, "what is brought along (Authorization: Bearer …)")
      ->type_name("FILE");
}

void SideFlags::check() const {
  if (!webhook.empty()) poster();
  if (webhook.empty() && !token_file.empty()) throw Error(ErrorKind::usage, "--webhook-token-file", "needs --webhook");
}

http::Poster SideFlags::poster() const {
  const std::string token = token_file.empty() ? "" : read_token(token_file);
  return {webhook, token, "--webhook"};
}

SideOutputs::SideOutputs(const SideFlags& flags, bool overwrite, const std::vector<PictureSource>& sources,
                         const NativeRecord& classes)
    : classes_(classes) {
  if (!flags.crops.empty()) {
    refuse_full(flags.crops, overwrite);
    std::vector<fs::path> paths;
    for (const auto& source : sources) paths.push_back(source.path);
    stems_ = unique_stems(paths);
    crops_ = video::crop_folder(flags.crops, overwrite, patience_for(sources));
  }
  if (!flags.webhook.empty()) webhook_ = video::webhook(flags.poster());
}

void SideOutputs::write(const PreparedPicture& picture, const Findings& found, const std::string& line) {
  if (crops_) cut_out(picture, found);
  const bool any = found.events ? !found.events->empty() : !found.boxes.empty();
  if (webhook_ && any) webhook_->offer(line);
}

void SideOutputs::cut_out(const PreparedPicture& picture, const Findings& found) {
  const auto& whole = picture.picture;
  std::string stem = stems_[picture.source.index];
  if (picture.frame) stem += "_" + std::to_string(picture.frame->index);
  for (std::size_t i = 0; i < found.boxes.size(); ++i) {
    const auto& [box, score, class_id] = found.boxes[i];
    const auto within = [](double at, int size) { return static_cast<int>(std::clamp(at, 0.0, double(size))); };
    const int left = within(std::floor(box.xmin), whole.width), right = within(std::ceil(box.xmax), whole.width);
    const int top = within(std::floor(box.ymin), whole.height), bottom = within(std::ceil(box.ymax), whole.height);
    if (right <= left || bottom <= top) continue;
    const std::string number = found.is_tracked ? "id" + std::to_string(found.track_ids[i]) : std::to_string(i);
    crops_->offer({class_label(classes_, class_id), stem + "_" + number,
                   image::cropped(whole, left, top, right - left, bottom - top)});
  }
}

nlohmann::ordered_json SideOutputs::finish(Console& console) {
  auto all = nlohmann::ordered_json::object();
  const auto end = [&](const char* name, auto& spool) {
    if (!spool) return;
    const video::SpoolCounts counts = spool->finish(kLastWait);
    all[name] = {{"done", counts.done}, {"failed", counts.failed}, {"dropped", counts.dropped}};
    if (counts.failed + counts.dropped == 0) return;
    console.warning(std::string("--") + name + ": " + std::to_string(counts.failed) + " refused and " +
                    std::to_string(counts.dropped) + " dropped of " +
                    std::to_string(counts.done + counts.failed + counts.dropped));
  };
  end("crops", crops_);
  end("webhook", webhook_);
  return all;
}

}  // namespace vitral::apps
