// vitral data convert, split, make: data sets out of data sets, of pictures and of videos.
#include <numeric>

#include "apps/data.h"
#include "apps/output_folder.h"
#include "apps/pedestrians.h"
#include "common/core/file.h"
#include "common/core/text.h"
#include "datasets/make/dates.h"
#include "datasets/make/fashion_scenes.h"
#include "datasets/tools/write.h"

namespace vitral::apps {
namespace {

struct WriteFlags : DataFlags {
  std::string to, from = "/usr/share/datasets/fashion-mnist", name;
  std::vector<double> ratio{0.8, 0.2};
  std::size_t train = 8'000, val = 1'000;
  int size = 320;
  std::string video;
  PedestrianOptions pedestrians;
};

WriteOptions write_options(const WriteFlags& flags, Console& console) {
  WriteOptions options;
  options.overwrite = flags.output.overwrite;
  options.on_progress = [&](std::size_t done, std::size_t total) { console.progress("pictures", done, total); };
  if (!flags.output.strict) {
    options.on_problem = [&](const DataProblem& problem) { console.warning("left out: " + problem.text()); };
  }
  return options;
}

/// The splits that the flags name, opened.
std::vector<NamedSplit> open_splits(const WriteFlags& flags, const WriteOptions& options) {
  std::vector<NamedSplit> splits;
  for (const auto& split : flags.wanted_splits()) {
    splits.push_back({split, open_dataset(flags.data, flags.data_format(), split, options.on_problem)});
  }
  return splits;
}

int write(const WriteFlags& flags, Console& console, const std::vector<NamedSplit>& splits, DataFormat to,
          const WriteOptions& options) {
  const auto summary = write_dataset(splits, flags.output.output, to, options);
  console.end_progress();
  console.note("written: " + printable(flags.output.output, 1'000) + " (" + std::string(to_string(to)) + "), " +
               std::to_string(summary.pictures) + " pictures, " + std::to_string(summary.objects) + " objects" +
               (summary.skipped > 0 ? ", " + std::to_string(summary.skipped) + " left out" : ""));
  return 0;
}

int convert(const WriteFlags& flags, Console& console) {
  refuse_same_file(flags.output.output, flags.data);
  const auto options = write_options(flags, console);
  return write(flags, console, open_splits(flags, options), parse_data_format(flags.to), options);
}

/// All splits as one data set, dealt out again.
int split(const WriteFlags& flags, Console& console) {
  refuse_same_file(flags.output.output, flags.data);
  const auto options = write_options(flags, console);
  const auto given = open_splits(flags, options);
  if (given.size() != 1) {
    throw Error(ErrorKind::usage, "--split",
                "names " + std::to_string(given.size()) + " splits, expected the one to divide (" +
                    join(flags.wanted_splits()) + ")");
  }
  static constexpr const char* kNames[] = {"train", "val", "test"};
  if (flags.ratio.size() < 2 || flags.ratio.size() > 3) {
    throw Error(ErrorKind::usage, "--ratio",
                "has " + std::to_string(flags.ratio.size()) + " numbers, expected two or three (train, val, test)");
  }
  const double sum = std::accumulate(flags.ratio.begin(), flags.ratio.end(), 0.0);
  std::vector<double> shares;
  for (const double part : flags.ratio) shares.push_back(part / sum);
  const auto parts = split_dataset(given.front().dataset, shares, flags.seed, options.on_problem);
  std::vector<NamedSplit> splits;
  for (std::size_t i = 0; i < parts.size(); ++i) splits.push_back({kNames[i], parts[i]});
  const bool detects = parts.front()->task() == Task::detect;
  const auto format = flags.data_format();
  const bool keeps = format != DataFormat::cifar && format != DataFormat::idx;
  const auto own = keeps ? format : detects ? DataFormat::coco : DataFormat::folder;
  return write(flags, console, splits, flags.to.empty() ? own : parse_data_format(flags.to), options);
}

int make_fashion_scenes(const WriteFlags& flags, Console& console) {
  auto options = write_options(flags, console);
  options.jpeg_quality = 90;
  std::vector<NamedSplit> splits;
  const auto add = [&](const char* name, const char* garments, std::size_t count, std::uint64_t stream) {
    FashionScenesOptions scenes;
    scenes.count = count;
    scenes.seed = flags.seed;
    scenes.stream = stream;
    scenes.width = scenes.height = flags.size;
    scenes.side = {flags.size * 0.125, flags.size * 0.47};
    const std::shared_ptr<const Dataset> pictures = open_dataset(flags.from, DataFormat::idx, garments);
    splits.push_back({name, std::make_shared<FashionScenes>(pictures, scenes)});
  };
  add("train", "train", flags.train, 0);
  add("val", "test", flags.val, 1);
  return write(flags, console, splits, DataFormat::coco, options);
}

int make_date_pairs(const WriteFlags& flags, Console& console) {
  const auto& output = flags.output;
  claim_folder(output.output, {"train.tsv", "val.tsv"}, output.overwrite);
  for (const bool held_out : {false, true}) {
    std::string lines;
    for (const auto& pair : make_dates(held_out ? flags.val : flags.train, held_out, flags.seed)) {
      lines += pair.source + "\t" + pair.target + "\n";
    }
    write_file(std::filesystem::path(output.output) / (held_out ? "val.tsv" : "train.tsv"), lines, output.overwrite);
  }
  console.note("written: " + printable(output.output) + ": " + std::to_string(flags.train) + " + " + std::to_string(flags.val) + " pairs");
  return 0;
}

int make_pedestrian_frames(const WriteFlags& flags, Console& console) {
  const auto options = write_options(flags, console);
  auto pedestrians = flags.pedestrians;
  pedestrians.on_progress = [&](const char* step, std::size_t done, std::size_t total) {
    console.progress(step, done, total);
  };
  const auto splits = make_pedestrians(flags.video, pedestrians);
  console.end_progress();
  return write(flags, console, splits, DataFormat::coco, options);
}

template <class Action>
void on_call(CLI::App* app, Context& context, const std::shared_ptr<WriteFlags>& flags, Action action) {
  flags->output.add_output(*app, "folder to write into");
  app->get_option("--output")->required();
  flags->output.add_strict(*app);
  flags->console.add(*app);
  app->callback([flags, action, &context] {
    context.run = [flags, action, &context] {
      flags->console.apply(context.console);
      return action(*flags, context.console);
    };
  });
}

void add_to(CLI::App& app, WriteFlags& flags) {
  app.add_option("--to", flags.to, "format to write")->check(CLI::IsMember({"coco", "yolo", "voc", "folder"}));
}

}  // namespace

void add_data_writers(CLI::App& data, Context& context) {
  auto of_convert = std::make_shared<WriteFlags>();
  auto* on_convert = data.add_subcommand("convert", "write a data set in another format");
  of_convert->add_input(*on_convert);
  add_to(*on_convert, *of_convert);
  on_convert->get_option("--to")->required();
  on_call(on_convert, context, of_convert, convert);
  on_convert->footer("Example:\n  vitral data convert VOC2007/ -o voc_as_coco/ --to coco");

  auto of_split = std::make_shared<WriteFlags>();
  auto* on_split = data.add_subcommand("split", "deal a data set out into train, val and test by chance");
  of_split->add_input(*on_split);
  add_to(*on_split, *of_split);
  on_split->add_option("--ratio", of_split->ratio, "parts of train, val and test")
      ->delimiter(',')
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  on_split->add_option("--seed", of_split->seed, "seed of the deal")->capture_default_str();
  on_call(on_split, context, of_split, split);
  on_split->footer("Example:\n  vitral data split pictures/ -o divided/ --ratio 0.8,0.1,0.1 --seed 7");

  auto* on_make = data.add_subcommand("make", "make a data set that everyone can make again");
  on_make->require_subcommand(1);
  auto of_scenes = std::make_shared<WriteFlags>();
  auto* on_scenes = on_make->add_subcommand("fashion-scenes", "detection scenes of Fashion-MNIST's garments, as COCO");
  on_scenes
      ->add_option("--from", of_scenes->from, "folder of Fashion-MNIST's IDX files (Debian's dataset-fashion-mnist)")
      ->capture_default_str()
      ->type_name("DIR");
  on_scenes->add_option("--train", of_scenes->train, "scenes to train on, of the training garments")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  on_scenes->add_option("--val", of_scenes->val, "scenes to measure on, of the test garments")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  on_scenes->add_option("--size", of_scenes->size, "width and height in pixels")
      ->check(CLI::Range(64, 4'096))
      ->capture_default_str();
  on_scenes->add_option("--seed", of_scenes->seed, "seed of everything random")->capture_default_str();
  on_call(on_scenes, context, of_scenes, make_fashion_scenes);
  on_scenes->footer("Example:\n  vitral data make fashion-scenes -o fashion-scenes/");

  auto of_dates = std::make_shared<WriteFlags>();
  auto* on_dates = on_make->add_subcommand("dates", "dates in many forms beside ISO 8601, as TSV");
  of_dates->train = 20'000;
  of_dates->val = 2'000;
  on_dates->add_option("--train", of_dates->train, "pairs to train on")->check(CLI::Range(1, 10'000'000))->capture_default_str();
  on_dates->add_option("--val", of_dates->val, "pairs of other days to measure on")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  on_dates->add_option("--seed", of_dates->seed, "seed of everything random")->capture_default_str();
  on_call(on_dates, context, of_dates, make_date_pairs);
  on_dates->footer("Example:\n  vitral data make dates -o dates/");

  auto of_people = std::make_shared<WriteFlags>();
  auto* on_people =
      on_make->add_subcommand("pedestrians", "people of a fixed camera's video, found without a network, as COCO");
  on_people->add_option("VIDEO", of_people->video, "a video file; OpenCV's vtest.avi is what it was made for")
      ->required();
  auto& pedestrians = of_people->pedestrians;
  on_people->add_option("--stride", pedestrians.stride, "every how many frames a picture is taken")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  on_people->add_option("--train", pedestrians.train_frames, "frames from the start to train on")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  on_people->add_option("--val", pedestrians.val_frames, "frames at the end to measure on")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  on_call(on_people, context, of_people, make_pedestrian_frames);
  on_people->footer("Example:\n  vitral data make pedestrians vtest.avi -o pedestrians/");
}

}  // namespace vitral::apps
