#include "apps/detect_run.h"

#include "apps/detect_records.h"
#include "apps/frame_stream.h"
#include "apps/interrupt.h"
#include "apps/levels.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

std::vector<PictureSource> inputs_of(const DetectFlags& flags, bool only_videos) {
  auto sources = take_shard(
      expand_inputs(flags.inputs, only_videos ? FolderHolds::videos : FolderHolds::pictures_and_videos), flags.shard);
  for (const auto& source : sources) {
    if (!only_videos || source.is_video()) continue;
    throw Error(ErrorKind::usage, printable(source.name, 1'000),
                "is no video, and objects are followed through videos; numbered pictures are one as image_%05d.png");
  }
  return sources;
}

}  // namespace

DetectRun::DetectRun(const DetectFlags& flags, const TrackFlags* track, Console& console)
    : flags_(flags),
      console_(console),
      tracking_(track == nullptr ? std::nullopt : std::optional(track->settings())),
      sources_(inputs_of(flags, track != nullptr)),
      window_(flags.show ? std::optional<Window>(track == nullptr ? "vitral detect" : "vitral track") : std::nullopt),
      json_(console, flags.output.json, flags.output.overwrite),
      report_(console, json_, flags.output.strict),
      model_(load(flags.model, flags.compute, console)),
      engine_(model_,
              ClassRules(parse_confidence(flags.confidence), flags.classes, model_.record.labels,
                         model_.record.num_classes),
              {flags.compute.batch, flags.max_detections, flags.nms}),
      side_(flags.side, flags.output.overwrite, sources_, model_.record) {
  report_.set_sources(sources_.size());
  for (const auto& source : sources_) {
    for (const auto& output : {flags.output.json, flags.coco_json}) refuse_same_file(output, source.path.string());
  }
  const bool overwrite = flags.output.overwrite;
  if (!flags.output.output.empty())
    annotated_.emplace(flags.output.output, overwrite, sources_, flags.video.stride, console);
  if (flags.view) view_.emplace(flags.view, sources_, console);
  if (annotated_ || view_ || window_) overlay_.emplace(model_.record, tracking_ ? tracking_->scene : std::nullopt);
  if (!flags.save_txt.empty()) text_.emplace(flags.save_txt, overwrite, sources_);
  if (!flags.coco_json.empty()) coco_.emplace(flags.coco_json, overwrite, sources_);
  if (track == nullptr) return;
  trackers_.emplace(*tracking_, model_.record);
  if (!track->mot.empty()) mot_.emplace(track->mot, overwrite, sources_);
}

int DetectRun::run() {
  const PrepareOptions prepare{0, overlay_ || side_.wants_pictures(), flags_.tiling(), levels_for(model_)};
  FrameStream stream(sources_, model_.record.preprocess, prepare, flags_.video);
  std::uint64_t seen = 0;
  while (!closed_) {
    auto batch = stream.next(static_cast<std::size_t>(flags_.compute.batch));
    for (const auto& note : stream.take_notes()) {
      console_.note(note);
      if (view_) view_->note(note);
    }
    if (view_ && view_->wants_counts()) view_->set(stream.counts());
    if (batch.empty()) break;
    seen += batch.size();
    console_.progress(trackers_ ? "track" : "detect", seen, std::max(seen, stream.expected()));
    take(std::move(batch));
  }
  console_.end_progress();
  report_.add(stream.stop());
  return finish();
}

/// Computes what can be computed; sources that ended badly are reported in their place among the frames.
void DetectRun::take(std::vector<PreparedPicture> pictures) {
  std::vector<PreparedPicture> good;
  for (auto& picture : pictures) {
    if (picture.error.empty()) {
      good.push_back(std::move(picture));
    } else {
      compute(good);  // what came before it is reported before it
      if (view_) view_->failed(picture);
      report_.skip(picture);
    }
  }
  compute(good);
}

void DetectRun::compute(std::vector<PreparedPicture>& batch) {
  auto found = engine_.run(batch);
  for (std::size_t i = 0; i < batch.size() && !closed_; ++i) write(batch[i], std::move(found[i]));
  batch.clear();
}

void DetectRun::write(PreparedPicture& picture, std::vector<ScoredBox> boxes) {
  Findings found;
  if (trackers_) {
    found = trackers_->follow(picture, boxes);
  } else {
    found.boxes = std::move(boxes);
  }
  const double latency_ms = report_.succeeded(picture);
  const auto& classes = model_.record;
  const std::string line = json_ || side_ ? json_line(detection_record(picture, found, classes)) : "";
  if (json_) json_.write(line);
  if (side_) side_.write(picture, found, line);
  if (!flags_.output.json_on_stdout()) console_.result(detection_text(picture, found, classes));
  if (text_) text_->write(picture, found.boxes);
  if (coco_) coco_->write(picture, found.boxes, classes);
  if (mot_) mot_->write(picture, found);
  if (overlay_) overlay_->draw(picture, found);
  if (annotated_) annotated_->write(picture);
  if (window_) closed_ = !window_->show(picture.picture, !picture.frame);
  if (view_) view_->show(picture, found, latency_ms);
}

int DetectRun::finish() {
  if (trackers_) {
    if (auto counts = trackers_->zone_counts()) report_.add("zones", std::move(*counts));
  }
  if (side_) report_.add("sinks", side_.finish(console_));
  report_.finish(interrupted());
  if (coco_) coco_->finish();
  if (mot_) mot_->finish();
  if (annotated_) console_.note(annotated_->finish());
  if (!interrupted()) report_.check_lost();
  return interrupted() ? kInterruptedExit : 0;
}

}  // namespace vitral::apps
