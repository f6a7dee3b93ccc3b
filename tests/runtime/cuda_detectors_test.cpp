// The same detectors on the CPU and on a GPU: raw outputs, and detections as sets.
#include <ATen/ATen.h>

#include "common/runtime/loader.h"
#include "tests/runtime/cuda_support.h"
#include "tests/train/small_detectors.h"

namespace vitral {
namespace {

constexpr std::int64_t kPictures = 2;

struct Subject {
  std::string name;
  std::function<std::shared_ptr<Network>()> build;
  std::int64_t height, width;
  /// Whether its raw outputs are told in an order that rounding can't change: rows of queries or cells, not those that
  /// were chosen by score.
  bool ordered;
};
void PrintTo(const Subject& subject, std::ostream* out) {
  *out << subject.name;
}

Subject registered(const std::string& name, std::int64_t side, bool ordered) {
  const auto build = [name, side] {
    BuildOptions options;
    options.num_classes = 5;
    options.image_size = {side, side};
    return test::entry_of(name).build(options);
  };
  return {name, build, side, side, ordered};
}

std::vector<Subject> subjects() {
  const auto small = [](auto make) { return std::function<std::shared_ptr<Network>()>(make); };
  return {
      {"detr", small([] { return detr::Detr(test::small_detr()).ptr(); }), 96, 128, true},
      {"deformable_detr", small([] { return detr::DeformableDetr(test::small_deformable_detr()).ptr(); }), 96, 128,
       true},
      {"deformable_detr_two_stage",
       small([] { return detr::DeformableDetr(test::small_deformable_detr().two_stage(true)).ptr(); }), 96, 128, false},
      registered("rtdetr_r18vd", 160, false),
      registered("rtdetrv2_r18vd", 160, false),
      registered("scenes_rtdetr", 160, false),
      registered("scenes_fasterrcnn", 160, false),
      registered("scenes_yolox", 160, false)};
}

/// Its random weights and norms are the same each time.
LoadedModel model_of(const Subject& subject, const at::Device& device, nn::Precision precision) {
  static const ModelEntry kNone;
  at::manual_seed(5);
  LoadedModel model;
  model.entry = &kNone;
  model.net = subject.build();
  model.prepare(device, precision);
  return model;
}

PictureBatch pictures_of(const Subject& subject) {
  at::manual_seed(6);
  return {at::rand({kPictures, 3, subject.height, subject.width}), {}};
}

/// What is in one picture by falling score, then by label and place: the rule for ties.
struct Found {
  double score;
  std::int64_t label;
  std::array<double, 4> box;
};

std::vector<Found> found_in(const Detections& detections) {
  std::vector<Found> all;
  const auto scores = detections.scores.accessor<float, 1>();
  const auto labels = detections.labels.accessor<std::int64_t, 1>();
  const auto boxes = detections.boxes.accessor<float, 2>();
  for (std::int64_t i = 0; i < scores.size(0); ++i) {
    all.push_back({scores[i], labels[i], {boxes[i][0], boxes[i][1], boxes[i][2], boxes[i][3]}});
  }
  std::sort(all.begin(), all.end(), [](const Found& a, const Found& b) {
    return std::tuple(-a.score, a.label, a.box) < std::tuple(-b.score, b.label, b.box);
  });
  return all;
}

bool same(const Found& a, const Found& b, double score, double pixels) {
  if (a.label != b.label || std::abs(a.score - b.score) > score) return false;
  for (std::size_t k = 0; k < 4; ++k) {
    if (std::abs(a.box[k] - b.box[k]) > pixels) return false;
  }
  return true;
}

/// Each of `ours` has a partner of its own among `theirs`. Only where the list was cut off may one be without: there
/// rounding decides which of two equals is in.
void expect_partners(const std::vector<Found>& ours, std::vector<Found> theirs, double score, double pixels) {
  if (ours.empty()) return;
  const double weakest = ours.back().score;
  for (const auto& each : ours) {
    const auto partner = std::find_if(theirs.begin(), theirs.end(),
                                      [&](const Found& other) { return same(each, other, score, pixels); });
    if (partner != theirs.end()) {
      theirs.erase(partner);
    } else {
      EXPECT_LE(each.score, weakest + 2 * score)
          << "class " << each.label << " at " << each.box[0] << ", " << each.box[1];
    }
  }
}

class DetectorsOnCuda : public test::NeedsGpu<testing::TestWithParam<Subject>> {
 protected:
  const test::ExactFloats exact;
};

/// Those that choose no outputs by score.
class OrderedDetectorsOnCuda : public DetectorsOnCuda {};

TEST_P(OrderedDetectorsOnCuda, GiveTheRawOutputsOfTheCpu) {
  const auto& subject = GetParam();
  const auto batch = pictures_of(subject);
  const auto expected = model_of(subject, at::kCPU, nn::Precision::fp32).raw(batch);
  for (const auto& [precision, tolerance] : {std::pair{nn::Precision::fp32, 1e-4}, {nn::Precision::bf16, 2e-2}}) {
    const auto computed = test::on_gpu([&] { return model_of(subject, device, precision).raw(batch); });
    ASSERT_EQ(computed.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(computed[i].first, expected[i].first);
      ASSERT_EQ(computed[i].second.sizes(), expected[i].second.sizes());
      EXPECT_LE(test::apart(computed[i].second, expected[i].second), tolerance)
          << expected[i].first << " " << to_string(precision);
    }
  }
}

TEST_P(DetectorsOnCuda, FindTheSameSet) {
  const auto& subject = GetParam();
  const auto batch = pictures_of(subject);
  DetectOptions options;
  options.min_score = 0;  // random weights are sure of nothing
  options.max_detections = 50;
  const auto here = model_of(subject, at::kCPU, nn::Precision::fp32).detect(batch, options);
  const auto there =
      test::on_gpu([&] { return model_of(subject, device, nn::Precision::fp32).detect(batch, options); });
  ASSERT_EQ(here.size(), there.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < here.size(); ++i) {
    const auto ours = found_in(there[i]), theirs = found_in(here[i]);
    EXPECT_EQ(ours.size(), theirs.size());
    expect_partners(ours, theirs, 1e-4, 0.05);
    expect_partners(theirs, ours, 1e-4, 0.05);
    count += theirs.size();
  }
  EXPECT_GT(count, 0U) << "nothing was compared";
}

std::vector<Subject> ordered() {
  auto all = subjects();
  std::erase_if(all, [](const Subject& subject) { return !subject.ordered; });
  return all;
}

std::string name_of(const testing::TestParamInfo<Subject>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Networks, OrderedDetectorsOnCuda, testing::ValuesIn(ordered()), name_of);
INSTANTIATE_TEST_SUITE_P(Networks, DetectorsOnCuda, testing::ValuesIn(subjects()), name_of);

}  // namespace
}  // namespace vitral
