// The functions that run on a GPU, thread after thread on the host, against the kernels of the CPU.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "common/core/error.h"
#include "common/core/nms.h"
#include "common/kernels/cuda/deformable.h"
#include "common/kernels/cuda/nms.h"
#include "common/kernels/cuda/roi_align.h"
#include "tests/kernels/cuda_sides.h"
#include "tests/kernels/support.h"

namespace vitral::kernels {
namespace {

struct Boxes {
  std::vector<float> boxes, scores;
  std::vector<std::int64_t> classes;

  Boxes(std::int64_t count, std::mt19937& random) {
    std::uniform_real_distribution<float> place(0, 90), side(0, 30), score(0, 1);
    for (std::int64_t i = 0; i < count; ++i) {
      const float x = place(random), y = place(random);
      boxes.insert(boxes.end(), {x, y, x + side(random), y + side(random)});
      scores.push_back(std::round(score(random) * 50) / 50);  // with ties
      classes.push_back(static_cast<std::int64_t>(random() % 3));
    }
  }
};

/// Places of the boxes that stay, best first, by the GPU's arithmetic.
std::vector<std::int64_t> nms_of_twin(const Boxes& given, bool by_class, double threshold) {
  std::vector<std::int64_t> order(given.scores.size());
  std::iota(order.begin(), order.end(), 0);
  const auto number = [&](std::int64_t i) {
    const float* box = given.boxes.data() + 4 * i;
    return !std::isnan(given.scores[static_cast<std::size_t>(i)]) &&
           std::none_of(box, box + 4, [](float x) { return std::isnan(x); });
  };
  std::stable_partition(order.begin(), order.end(), number);
  const auto numbers = std::find_if_not(order.begin(), order.end(), number);
  std::stable_sort(order.begin(), numbers, [&](std::int64_t a, std::int64_t b) {
    return given.scores[static_cast<std::size_t>(a)] > given.scores[static_cast<std::size_t>(b)];
  });
  std::vector<float> boxes;
  std::vector<std::int64_t> classes;
  const auto usable = std::make_unique<bool[]>(order.size()), stays = std::make_unique<bool[]>(order.size());
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const auto i = static_cast<std::size_t>(order[rank]);
    boxes.insert(boxes.end(), given.boxes.begin() + 4 * order[rank], given.boxes.begin() + 4 * order[rank] + 4);
    classes.push_back(given.classes[i]);
    usable[rank] = number(order[rank]);
  }
  cuda::NmsArgs args;
  args.boxes = boxes.data();
  args.classes = by_class ? classes.data() : nullptr;
  args.usable = usable.get();
  args.count = static_cast<std::int64_t>(order.size());
  args.threshold = floor_to_float(threshold);
  std::vector<std::uint64_t> bits(static_cast<std::size_t>(args.count * args.words()));
  args.bits = bits.data();
  args.stays = stays.get();
  test::side().nms(args, nullptr);
  std::vector<std::int64_t> kept;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    if (stays[rank]) kept.push_back(order[rank]);
  }
  return kept;
}

TEST(CudaTwins, NmsKeepsTheSameBoxes) {
  std::mt19937 random(5);
  for (const std::int64_t count : {1, 2, 63, 64, 65, 200, 700}) {
    for (const double threshold : {0.0, 0.3, 0.5, 0.7, 1.0}) {
      Boxes given(count, random);
      EXPECT_EQ(nms_of_twin(given, false, threshold), nms(given.boxes, given.scores, threshold));
      EXPECT_EQ(nms_of_twin(given, true, threshold), nms(given.boxes, given.scores, given.classes, threshold));
    }
  }
}

TEST(CudaTwins, NmsDropsWhatIsNoNumber) {
  std::mt19937 random(6);
  Boxes given(130, random);
  given.scores[3] = given.boxes[4 * 70 + 2] = std::nanf("");
  given.boxes[4 * 20 + 2] = INFINITY;
  EXPECT_EQ(nms_of_twin(given, false, 0.5), nms(given.boxes, given.scores, 0.5));
}

struct Regions {
  static constexpr std::int64_t kCount = 9;
  std::vector<float> rois;

  explicit Regions(std::mt19937& random) {
    std::uniform_real_distribution<float> place(-20, 120), side(0, 80);
    for (std::int64_t i = 0; i < kCount; ++i) {
      const float x = place(random), y = place(random);
      rois.insert(rois.end(), {static_cast<float>(i % 2), x, y, x + side(random), y + side(random)});
    }
    rois[5 + 3] = rois[5 + 1];  // one without extent
  }
};

TEST(CudaTwins, RoiAlignPoolsTheSame) {
  std::mt19937 random(7);
  const Regions regions(random);
  const std::vector<std::int64_t> rows = {8, 0, 3, 4, 1, 2, 7, 6, 5};
  for (const std::int64_t channels : {1, 5, 32}) {
    for (const std::int64_t sampling : {-1, 1, 2}) {
      for (const bool aligned : {false, true}) {
        const Buffer map = Buffer::random(DType::f32, 2 * 13 * 11 * channels, random);
        RoiAlignArgs args;
        args.map = map.floats();
        args.batch = 2, args.height = 13, args.width = 11, args.channels = channels;
        args.rois = regions.rois.data();
        args.count = Regions::kCount;
        args.rows = sampling == 1 ? rows.data() : nullptr;
        args.scale = 0.125F;
        args.bins_high = 3, args.bins_wide = 4;
        args.sampling = sampling;
        args.aligned = aligned;
        Buffer expected(DType::f32, args.count * channels * 12), got(DType::f32, args.count * channels * 12);
        args.out = static_cast<float*>(expected.data());
        check_roi_align(args);
        roi_align(args, 0, args.count);
        args.out = static_cast<float*>(got.data());
        test::side().roi_align(args, nullptr);
        EXPECT_LE(relative_error(got, expected), 2e-6) << channels << " " << sampling << " " << aligned;
      }
    }
  }
}

TEST(CudaTwins, DeformableSamplingGathersTheSame) {
  std::mt19937 random(8);
  const std::vector<std::int64_t> sizes = {7, 5, 4, 3, 1, 2};
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16}) {
    for (const bool nearest : {false, true}) {
      DeformableArgs args;
      args.dtype = dtype;
      args.batch = 2, args.queries = 6, args.heads = 3, args.dim = 20, args.levels = 3, args.points = 2;
      args.tokens = 7 * 5 + 4 * 3 + 2;
      args.sizes = sizes.data();
      args.nearest = nearest;
      const std::int64_t samples = args.batch * args.queries * args.heads * args.levels * args.points;
      const std::int64_t width = args.heads * args.dim;
      const Buffer value = Buffer::random(dtype, args.batch * args.tokens * width, random);
      Buffer locations = Buffer::random(DType::f32, 2 * samples, random, 0.6F);
      for (std::int64_t i = 0; i < locations.count(); ++i) locations.set(i, locations.get(i) + 0.5F);  // some outside
      locations.set(5, std::nanf(""));
      const Buffer weights = Buffer::random(DType::f32, samples, random);
      args.value = value.data();
      args.locations = locations.floats();
      args.weights = weights.floats();
      Buffer expected(dtype, args.batch * args.queries * width), got(dtype, args.batch * args.queries * width);
      args.out = expected.data();
      check_deformable(args);
      deformable(args, 0, args.batch * args.queries);
      args.out = got.data();
      test::side().deformable(args, nullptr);
      EXPECT_LE(relative_error(got, expected), dtype == DType::f32 ? 2e-6 : 1e-2) << dtype_name(dtype) << nearest;
    }
  }
}

TEST(CudaTwins, RefuseMoreLevelsThanTravelAlong) {
  const std::vector<std::int64_t> sizes(2 * (cuda::kMostDeformableLevels + 1), 1);
  DeformableArgs args;
  args.levels = cuda::kMostDeformableLevels + 1;
  args.sizes = sizes.data();
  EXPECT_THROW(test::side().deformable(args, nullptr), Error);
}

}  // namespace
}  // namespace vitral::kernels
