#include "apps/pedestrians.h"

#include <algorithm>

#include "common/core/error.h"
#include "common/core/text.h"
#include "common/image/draw.h"
#include "datasets/encoded.h"
#include "video/media/source.h"
#include "video/people/candidates.h"

namespace vitral::apps {
namespace {

constexpr int kJpegQuality = 95;

/// Calls body(frame number, picture) for all frames of the video and returns their number.
template <class Body>
std::size_t each_frame(const std::filesystem::path& video, const PedestrianOptions& options, const char* step,
                       Body body) {
  const auto source = video::open_source(video);
  std::size_t number = 0;
  for (; source->next(); ++number) {
    body(number, source->picture());
    if (options.on_progress) {
      options.on_progress(step, number + 1,
                          static_cast<std::size_t>(std::max<std::int64_t>(source->expected_frames(), 0)));
    }
  }
  if (!source->damage().empty()) throw Error(ErrorKind::input, printable(video.string(), 1'000), source->damage());
  return number;
}

EncodedDataset::Entry entry_of(std::size_t number, const image::Image& picture, const std::vector<Box>& people) {
  EncodedDataset::Entry entry;
  Sample& sample = entry.sample;
  sample.id = static_cast<std::int64_t>(number);
  const std::string digits = std::to_string(number);
  sample.name = "frame_" + std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits;
  sample.width = picture.width;
  sample.height = picture.height;
  for (const Box& box : people) sample.objects.push_back({box, 0, false, box.area()});
  const auto bytes = image::encode_jpeg(picture, kJpegQuality);
  entry.bytes.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return entry;
}

}  // namespace

std::vector<NamedSplit> make_pedestrians(const std::filesystem::path& video, const PedestrianOptions& options) {
  video::PeopleFinder finder;
  const std::size_t count = each_frame(video, options, "background",
                                       [&](std::size_t, const image::Image& picture) { finder.learn(picture); });
  if (count < options.train_frames + options.val_frames) {
    throw Error(ErrorKind::input, printable(video.string(), 1'000),
                "has " + std::to_string(count) + " frames, too few for " + std::to_string(options.train_frames) +
                    " to train on and " + std::to_string(options.val_frames) + " to measure on");
  }
  std::vector<std::vector<video::PersonCandidate>> candidates;
  each_frame(video, options, "people",
             [&](std::size_t, const image::Image& picture) { candidates.push_back(finder.find(picture)); });
  const auto people = video::agree_over_time(candidates);
  std::vector<EncodedDataset::Entry> train, val;
  each_frame(video, options, "pictures", [&](std::size_t number, const image::Image& picture) {
    const bool is_train = number < options.train_frames, is_val = number >= count - options.val_frames;
    if (number % options.stride != 0 || !(is_train || is_val)) return;
    (is_train ? train : val).push_back(entry_of(number, picture, people.at(number)));
  });
  const Classes classes{{"person"}, {1}};  // COCO's number
  const auto split = [&](const char* name, std::vector<EncodedDataset::Entry> entries) {
    return NamedSplit{name, std::make_shared<EncodedDataset>(Task::detect, classes, std::move(entries), ".jpg")};
  };
  return {split("train", std::move(train)), split("val", std::move(val))};
}

}  // namespace vitral::apps
