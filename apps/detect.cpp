// vitral detect: what is where in pictures and videos.
#include <optional>

#include "apps/annotated_output.h"
#include "apps/command.h"
#include "apps/detect_engine.h"
#include "apps/detect_records.h"
#include "apps/draw_detections.h"
#include "apps/flags.h"
#include "apps/frame_stream.h"
#include "apps/interrupt.h"
#include "apps/json_sink.h"
#include "apps/result_files.h"
#include "apps/run_report.h"
#include "apps/window.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

struct DetectFlags {
  ConsoleFlags console;
  ModelFlags model;
  ComputeFlags compute;
  OutputFlags output;
  std::vector<std::string> inputs, classes;
  std::string confidence = "0.5", tile, save_txt, coco_json;
  std::int64_t max_detections = 300;
  std::optional<double> nms;
  double overlap = 0.2;
  VideoOptions video;
  bool show = false;
};

std::optional<Tiling> tiling_of(const DetectFlags& flags) {
  if (flags.tile.empty()) return std::nullopt;
  const auto [width, height] = parse_pair(flags.tile, "--tile", "WxH");
  return Tiling{static_cast<int>(width), static_cast<int>(height), flags.overlap};
}

/// Runs the detector over all inputs and writes what the flags ask for.
class DetectRun {
 public:
  DetectRun(const DetectFlags& flags, Console& console)
      : flags_(flags),
        console_(console),
        sources_(expand_inputs(flags.inputs)),
        window_(flags.show ? std::optional<Window>("vitral detect") : std::nullopt),
        json_(console, flags.output.json, flags.output.overwrite),
        report_(console, json_, flags.output.strict),
        model_(load(flags.model, flags.compute, console)),
        engine_(model_,
                ClassRules(parse_confidence(flags.confidence), flags.classes, model_.record.labels,
                           model_.record.num_classes),
                {flags.compute.batch, flags.max_detections, flags.nms}) {
    report_.set_sources(sources_.size());
    for (const auto& source : sources_) {
      for (const auto& output : {flags.output.json, flags.coco_json}) refuse_same_file(output, source.path.string());
    }
    const bool overwrite = flags.output.overwrite;
    if (!flags.output.output.empty())
      annotated_.emplace(flags.output.output, overwrite, sources_, flags.video.stride, console);
    if (!flags.save_txt.empty()) text_.emplace(flags.save_txt, overwrite, sources_);
    if (!flags.coco_json.empty()) coco_.emplace(flags.coco_json, overwrite, sources_);
  }

  int run() {
    FrameStream stream(sources_, model_.record.preprocess, {0, annotated_ || window_, tiling_of(flags_)}, flags_.video);
    std::vector<PreparedPicture> batch;
    std::uint64_t seen = 0;
    while (!interrupted() && !closed_) {
      auto picture = stream.next();
      if (!picture) break;
      console_.progress("detect", ++seen, std::max(seen, stream.expected()));
      if (!picture->error.empty()) {
        compute(batch);  // what came before it is reported before it
        report_.skip(*picture);
        continue;
      }
      batch.push_back(std::move(*picture));
      if (static_cast<std::int64_t>(batch.size()) >= flags_.compute.batch) compute(batch);
    }
    compute(batch);
    console_.end_progress();
    return finish();
  }

 private:
  void compute(std::vector<PreparedPicture>& batch) {
    const auto found = engine_.run(batch);
    for (std::size_t i = 0; i < batch.size() && !closed_; ++i) write(batch[i], found[i]);
    batch.clear();
  }

  void write(PreparedPicture& picture, std::span<const ScoredBox> boxes) {
    report_.succeeded(picture);
    const auto& classes = model_.record;
    if (json_) json_.write(json_line(detection_record(picture, boxes, classes)));
    if (!flags_.output.json_on_stdout()) console_.result(detection_text(picture, boxes, classes));
    if (text_) text_->write(picture, boxes);
    if (coco_) coco_->write(picture, boxes, classes);
    if (annotated_ || window_) draw_detections(picture.picture, boxes, classes);
    if (annotated_) annotated_->write(picture);
    if (window_) closed_ = !window_->show(picture.picture, !picture.frame);
  }

  int finish() {
    report_.finish(interrupted());
    if (coco_) coco_->finish();
    if (annotated_) console_.note(annotated_->finish());
    return interrupted() ? kInterruptedExit : 0;
  }

  const DetectFlags& flags_;
  Console& console_;
  std::vector<PictureSource> sources_;
  std::optional<Window> window_;  // before anything that starts threads
  JsonSink json_;
  RunReport report_;
  LoadedModel model_;
  DetectEngine engine_;
  std::optional<AnnotatedOutput> annotated_;
  std::optional<YoloText> text_;
  std::optional<CocoResultsFile> coco_;
  bool closed_ = false;  ///< the user has seen enough
};

void add_video_flags(CLI::App& app, VideoOptions& video) {
  app.add_option("--vid-stride", video.stride, "every N-th frame of a video")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--start", video.start_s, "seconds of a video to pass over")
      ->check(CLI::NonNegativeNumber)
      ->type_name("S");
  app.add_option("--limit", video.limit, "frames of each video at most")->check(CLI::PositiveNumber)->type_name("N");
  app.add_flag("--loop", video.loop, "begin a video again at its end, until Ctrl-C or --limit");
}

}  // namespace

void add_detect(CLI::App& root, Context& context) {
  auto flags = std::make_shared<DetectFlags>();
  auto* app = root.add_subcommand("detect", "find objects in pictures and videos");
  app->add_option("INPUT", flags->inputs,
                  "pictures, videos, folders, globs, @list.txt, image_%05d.png, or - for standard input")
      ->required();
  flags->model.add(*app);
  app->add_option("--conf", flags->confidence, "least score; of single classes: 0.5,person=0.3")
      ->type_name("SCORE[,CLASS=SCORE]")
      ->capture_default_str();
  app->add_option("--classes", flags->classes, "only these, by name or class number")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("A,B");
  app->add_option("--max-det", flags->max_detections, "detections of one picture at most")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app->add_option("--nms", flags->nms,
                  "IoU beyond which the weaker of two boxes of a class goes (default: the model's own rule)")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("IOU");
  app->add_option("--tile", flags->tile, "look at large pictures tile by tile, and as a whole")->type_name("WxH");
  app->add_option("--overlap", flags->overlap, "share of a tile that its neighbour sees too")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  add_video_flags(*app, flags->video);
  flags->compute.add(*app);
  flags->output.add_json(*app);
  flags->output.add_output(*app, "annotated pictures and videos: a folder, or a file for one input");
  app->add_option("--save-txt", flags->save_txt, "YOLO text, a file for each picture or frame")->type_name("DIR");
  app->add_option("--coco-json", flags->coco_json, "COCO results")->type_name("FILE");
  app->add_flag("--show", flags->show,
                "show pictures and videos in a window: a key goes on to the next picture, q or Esc ends the run");
  flags->output.add_strict(*app);
  flags->console.add(*app);
  app->footer(
      "Example:\n  vitral detect -m detr_resnet50 -w detr-r50-e632da11.pth photos/ -o annotated --json found.jsonl\n"
      "  vitral detect -m yolox_s -w yolox_s.pth street.mp4 --conf 0.4,person=0.3 --classes person,car -o "
      "street_boxes.mp4");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      flags->model.image_size();  // the command line is checked before any file is opened
      parse_confidence(flags->confidence);
      tiling_of(*flags);
      catch_interrupts();
      return DetectRun(*flags, context.console).run();
    };
  });
}

}  // namespace vitral::apps
