#include "apps/detect_engine.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/collate.h"
#include "common/core/error.h"
#include "common/core/stop_watch.h"
#include "common/core/tiles.h"

namespace vitral::apps {
namespace {

constexpr double kTileIou = 0.5;        ///< two boxes of one class are the same object beyond it
constexpr double kTileContained = 0.7;  ///< so much of a box inside another: a tile's edge cut it off

bool is_finite(const Box& box) {
  return std::isfinite(box.xmin + box.ymin + box.xmax + box.ymax);
}

/// One input of one picture.
struct Piece {
  std::size_t picture;
  const PreparedInput* input;
};

}  // namespace

DetectEngine::DetectEngine(const LoadedModel& model, ClassRules rules, EngineOptions options)
    : model_(model), rules_(std::move(rules)), options_(options) {
  static_cast<void>(model.detector());
  if (model.record.in_chans != 3) throw Error(ErrorKind::usage, "--in-chans", "pictures have 3 channels");
  network_.min_score = rules_.least_score();
  // The best of the wanted classes count, not the wanted ones among the best.
  network_.max_detections = rules_.filters() ? std::numeric_limits<std::int32_t>::max() : options.max_detections;
  network_.nms = options.nms;
}

std::vector<std::vector<ScoredBox>> DetectEngine::run(std::span<PreparedPicture> pictures) const {
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    for (const auto& input : pictures[i].inputs) pieces.push_back({i, &input});
  }
  std::vector<Seen> seen(pictures.size());
  const auto most = static_cast<std::size_t>(options_.batch);
  for (std::size_t begin = 0; begin < pieces.size(); begin += most) {
    const auto chunk = std::span(pieces).subspan(begin, std::min(most, pieces.size() - begin));
    std::vector<const PreparedInput*> inputs;
    for (const auto& piece : chunk) inputs.push_back(piece.input);
    StopWatch watch;
    const auto found = model_.detect(collate(inputs), network_);
    if (found.size() != chunk.size()) {
      throw Error(ErrorKind::failed, model_.entry->name, "did not answer for every picture");
    }
    const double forward = watch.lap() / static_cast<double>(chunk.size());
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      auto& picture = pictures[chunk[i].picture];
      add(*chunk[i].input, found[i], picture, seen[chunk[i].picture]);
      picture.times.forward += forward;
      picture.times.postprocess += watch.lap();
    }
  }
  std::vector<std::vector<ScoredBox>> boxes;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    StopWatch watch;
    boxes.push_back(best_of(std::move(seen[i]), pictures[i].inputs.size()));
    pictures[i].times.postprocess += watch.lap();
  }
  return boxes;
}

std::vector<ScoredBox> DetectEngine::best_of(Seen seen, std::size_t inputs) const {
  auto boxes = std::move(seen.whole);
  if (inputs > 1) {
    boxes = merged(std::move(boxes), std::move(seen.cut), options_.nms.value_or(kTileIou), kTileContained);
  }
  std::stable_sort(boxes.begin(), boxes.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  if (static_cast<std::int64_t>(boxes.size()) > options_.max_detections) {
    boxes.resize(static_cast<std::size_t>(options_.max_detections));
  }
  return boxes;
}

void DetectEngine::add(const PreparedInput& input, const Detections& found, const PreparedPicture& picture,
                       Seen& seen) const {
  for (std::int64_t i = 0; i < found.scores.size(0); ++i) {
    const double score = found.scores.const_data_ptr<float>()[i];
    const auto class_id = found.labels.const_data_ptr<std::int64_t>()[i];
    if (!rules_.keeps(class_id, score)) continue;
    const float* corner = found.boxes.const_data_ptr<float>() + 4 * i;
    Box box = to_source(model_.record.preprocess, input.placement, {corner[0], corner[1], corner[2], corner[3]});
    if (!is_finite(box)) continue;
    const double left = input.tile.left, top = input.tile.top;
    box = {box.xmin + left, box.ymin + top, box.xmax + left, box.ymax + top};
    auto& to = is_cut(box, input.tile, picture.width, picture.height) ? seen.cut : seen.whole;
    to.push_back({box, score, static_cast<int>(class_id)});
  }
}

}  // namespace vitral::apps
