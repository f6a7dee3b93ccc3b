// vitral track: who is who from frame to frame.
#include "apps/class_rules.h"
#include "apps/command.h"
#include "apps/detect_run.h"
#include "apps/interrupt.h"
#include "apps/track_detections.h"

namespace vitral::apps {
namespace {

/// The tracker needs the weak detections too.
constexpr const char* kTrackConfidence = "0.1";

struct TrackCommand {
  DetectFlags detect;
  TrackFlags track;
  std::string detections;
  double fps = 30;
};

/// Whether detections from a file are meant. Throws Error(usage) for a mixture and for half of one.
bool tracks_file(const TrackCommand& command) {
  const auto& detect = command.detect;
  if (command.detections.empty()) {
    if (detect.inputs.empty()) throw Error(ErrorKind::usage, "track", "needs INPUT, or --detections");
    if (detect.model.model.empty()) throw Error(ErrorKind::usage, "track", "needs -m for its INPUT");
    return false;
  }
  if (!detect.inputs.empty() || !detect.model.model.empty())
    throw Error(ErrorKind::usage, "--detections", "takes neither INPUT nor -m: the detections are there already");
  const std::pair<const char*, const std::string*> needs_frames[] = {
      {"--json", &detect.output.json},    {"-o", &detect.output.output},     {"--save-txt", &detect.save_txt},
      {"--coco-json", &detect.coco_json}, {"--zones", &command.track.zones}, {"--http", &detect.view.address}};
  for (const auto& [flag, value] : needs_frames) {
    if (!value->empty()) throw Error(ErrorKind::usage, flag, "needs a video, --detections has none");
  }
  if (detect.show) throw Error(ErrorKind::usage, "--show", "needs a video, --detections has none");
  if (command.track.mot.empty()) throw Error(ErrorKind::usage, "--detections", "needs --mot FILE for its tracks");
  return true;
}

int track_file(const TrackCommand& command, Console& console) {
  auto options = command.track.settings().tracker;
  options.frame_rate = command.fps;
  const double least = parse_confidence(command.detect.confidence).all;
  const auto& output = command.detect.output;
  return track_detections(command.detections, command.track.mot, output.overwrite, options, least, console);
}

}  // namespace

void add_track(CLI::App& root, Context& context) {
  auto command = std::make_shared<TrackCommand>();
  command->detect.confidence = kTrackConfidence;
  auto* app = root.add_subcommand("track", "follow objects through videos");
  command->detect.add(*app, false);
  command->track.add(*app);
  app->add_option("--detections", command->detections,
                  "MOTChallenge detections instead of INPUT and a network; needs --mot")
      ->type_name("DET.txt");
  app->add_option("--fps", command->fps, "frames a second of --detections")
      ->check(CLI::Range(0.01, 1000.0))
      ->capture_default_str();
  app->footer(
      "Example:\n  vitral track -m rtdetr_r18vd -w rtdetr.pth street.mp4 --classes person -o street_tracks.mp4 --mot "
      "street.txt\n"
      "  vitral track -m model.safetensors door.mp4 --zones door.json --json -\n"
      "  vitral track --detections det.txt --mot tracks.txt --fps 25");
  app->callback([command, &context] {
    context.run = [command, &context] {
      command->detect.console.apply(context.console);
      command->detect.check();
      if (tracks_file(*command)) return track_file(*command, context.console);
      catch_interrupts();
      return DetectRun(command->detect, &command->track, context.console).run();
    };
  });
}

}  // namespace vitral::apps
