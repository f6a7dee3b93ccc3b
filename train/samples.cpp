#include "train/samples.h"

#include <ATen/ops/softmax.h>
#include <ATen/ops/topk.h>

#include <algorithm>

#include "common/core/error.h"
#include "common/core/text.h"
#include "common/image/draw.h"
#include "common/image/resize.h"
#include "common/image/tensor.h"
#include "train/evaluation.h"

namespace vitral::train {
namespace {

constexpr std::size_t kPictures = 8;
constexpr std::int64_t kClasses = 3;
constexpr double kLeastScore = 0.3;
constexpr int kWidth = 320, kHeight = 240;  // pixels of a picture in the sheet

std::string name_of(const Classes& classes, std::size_t index) {
  return index < classes.size() ? printable(classes.names[index], 60) : std::to_string(index);
}

/// The picture as large as the sheet can show it; small ones by whole pixels.
image::Image shown_size(const image::Image& picture) {
  const int times = std::min(kWidth / picture.width, kHeight / picture.height);
  if (times < 2) return image::thumbnail(picture, kWidth, kHeight);
  return image::resize(picture, picture.width * times, picture.height * times, Interpolation::nearest);
}

/// The most probable classes as bars, under the name of the true one.
image::Card classified(const LoadedModel& model, const image::Batch& batch, const Sample& truth, const Classes& set,
                       const Classes& classes) {
  image::Card card;
  card.title = "true: " + name_of(set, truth.classes.front().class_index);
  const auto shares = at::softmax(model.logits(batch.images)[0], 0);
  const auto [values, indices] = at::topk(shares, std::min(kClasses, shares.size(0)));
  for (std::int64_t i = 0; i < values.size(0); ++i) {
    card.scores.emplace_back(name_of(classes, static_cast<std::size_t>(indices[i].item<std::int64_t>())),
                             values[i].item<float>());
  }
  return card;
}

/// Boxes and labels on the picture as it will be seen.
image::Card detected(const LoadedModel& model, const image::Batch& batch, const Sample& truth, const Classes& classes,
                     image::Image& shown) {
  const auto found =
      in_picture(model.detect({batch.images, batch.mask}, {kLeastScore, 100, {}})[0], model, batch.placements[0]);
  const double x = static_cast<double>(shown.width) / batch.placements[0].source_width;
  const double y = static_cast<double>(shown.height) / batch.placements[0].source_height;
  std::vector<image::LabelledBox> boxes;
  for (const auto& [box, score, place] : found) {
    char percent[16];
    std::snprintf(percent, sizeof percent, " %.2f", score);
    boxes.push_back({static_cast<float>(box.xmin * x), static_cast<float>(box.ymin * y),
                     static_cast<float>(box.xmax * x), static_cast<float>(box.ymax * y),
                     name_of(classes, static_cast<std::size_t>(place)) + percent, place});
  }
  std::reverse(boxes.begin(), boxes.end());  // the best ones on top
  image::draw_boxes(shown, boxes);
  image::Card card;
  card.title = std::to_string(found.size()) + " found, " + std::to_string(truth.objects.size()) + " true";
  return card;
}

}  // namespace

image::Image sample_sheet(const LoadedModel& model, const Dataset& set, const Classes& classes) {
  const image::Preprocessor preprocessor(model.record.preprocess);
  const std::size_t count = std::min(kPictures, set.size());
  std::vector<image::Card> cards;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = i * set.size() / count;
    try {
      const std::vector<image::Image> picture{set.picture(index)};
      const auto batch = image::to_batch(preprocessor, picture);
      const auto truth = set.describe(index);
      auto shown = shown_size(picture[0]);
      cards.push_back(set.task() == Task::classify ? classified(model, batch, truth, set.classes(), classes)
                                                   : detected(model, batch, truth, classes, shown));
      cards.back().picture = std::move(shown);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::input) throw;  // the evaluation counts what can't be read
    }
  }
  return cards.empty() ? image::Image() : image::contact_sheet(cards);
}

}  // namespace vitral::train
