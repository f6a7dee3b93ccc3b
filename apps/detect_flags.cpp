#include "apps/detect_flags.h"

#include "apps/class_rules.h"

namespace vitral::apps {
namespace {

void add_video_flags(CLI::App& app, VideoOptions& video) {
  app.add_option("--vid-stride", video.stride, "every N-th frame of a video")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--start", video.start_s, "seconds of a video to pass over")
      ->check(CLI::NonNegativeNumber)
      ->type_name("S");
  app.add_option("--limit", video.limit, "frames of each video at most")->check(CLI::PositiveNumber)->type_name("N");
  app.add_option("--live", video.live, "newest: a new frame takes the place of one that waits; all: nothing is lost")
      ->check(CLI::IsMember({"auto", "newest", "all"}))
      ->capture_default_str();
  app.add_option("--reconnect", video.reconnect, "failed tries in a row before a live source counts as lost; 0: none")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--timeout", video.timeout_s, "seconds to open a live source, and from one frame to the next")
      ->check(CLI::Range(0.1, 3600.0))
      ->type_name("S")
      ->capture_default_str();
  app.add_flag("--isolate", video.isolate,
               "decode each live source in a process of its own, which is started again when it hangs or crashes");
  app.add_flag("--loop", video.loop, "begin a video again at its end, until Ctrl-C or --limit");
}

}  // namespace

void DetectFlags::add(CLI::App& app, bool needs_model) {
  app.add_option("INPUT", inputs,
                 "pictures, videos, folders, globs, @list.txt, image_%05d.png, rtsp:// rtmp:// http:// https:// udp:// "
                 "tcp://, a camera (0 or /dev/video0), or - for standard input")
      ->required(needs_model);
  model.add(app, needs_model);
  app.add_option("--conf", confidence, "least score; of single classes: 0.5,person=0.3")
      ->type_name("SCORE[,CLASS=SCORE]")
      ->capture_default_str();
  app.add_option("--classes", classes, "only these, by name or class number")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("A,B");
  app.add_option("--max-det", max_detections, "detections of one picture at most")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--nms", nms,
                 "IoU beyond which the weaker of two boxes of a class goes (default: the model's own rule)")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("IOU");
  app.add_option("--tile", tile, "look at large pictures tile by tile, and as a whole")->type_name("WxH");
  app.add_option("--overlap", overlap, "share of a tile that its neighbour sees too")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  add_shard_flag(app, shard);
  add_video_flags(app, video);
  compute.add(app);
  output.add_json(app);
  output.add_output(app, "annotated pictures and videos: a folder, or a file for one input");
  app.add_option("--save-txt", save_txt, "YOLO text, a file for each picture or frame")->type_name("DIR");
  app.add_option("--coco-json", coco_json, "COCO results")->type_name("FILE");
  app.add_flag("--show", show,
               "show pictures and videos in a window: a key goes on to the next picture, q or Esc ends the run");
  side.add(app);
  view.add(app);
  output.add_strict(app);
  console.add(app);
}

void DetectFlags::check() const {
  model.image_size();
  parse_confidence(confidence);
  tiling();
  take_shard({}, shard);
  side.check();
  if (view) view.options();
}

std::optional<Tiling> DetectFlags::tiling() const {
  if (tile.empty()) return std::nullopt;
  const auto [width, height] = parse_pair(tile, "--tile", "WxH");
  return Tiling{static_cast<int>(width), static_cast<int>(height), overlap};
}

}  // namespace vitral::apps
