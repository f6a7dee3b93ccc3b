#include "common/image/tensor.h"

#include <gtest/gtest.h>

#include "common/core/error.h"
#include "tests/image/support.h"

namespace vitral::test {
namespace {

using image::Preprocessor;

TEST(Batch, HoldsWhatThePreprocessorWrites) {
  const Preprocessor preprocessor(Preprocess{.height = 48, .width = 32});
  const std::vector<image::Image> pictures{pattern(90, 60), pattern(40, 77, 1)};
  const image::Batch batch = image::to_batch(preprocessor, pictures);
  ASSERT_EQ(batch.images.sizes(), (at::IntArrayRef{2, 3, 48, 32}));
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    std::vector<float> chw(3 * 48 * 32);
    preprocessor.write(pictures[i], batch.placements[i], chw);
    EXPECT_TRUE(std::equal(chw.begin(), chw.end(), batch.images[static_cast<std::int64_t>(i)].data_ptr<float>()));
  }
  EXPECT_FALSE(batch.mask.any().item<bool>());
  EXPECT_EQ(batch.sizes[1][0].item<int>(), 77);
  EXPECT_EQ(batch.sizes[1][1].item<int>(), 40);
}

TEST(Batch, PadsDetectorInputsToTheLargest) {
  Preprocess spec = detr_preprocess();
  spec.resize = 40;
  spec.longest = 67;
  const Preprocessor preprocessor(spec);
  const std::vector<image::Image> pictures{pattern(64, 48), pattern(48, 64)};
  const image::Batch batch = image::to_batch(preprocessor, pictures);
  ASSERT_EQ(batch.images.sizes(), (at::IntArrayRef{2, 3, 53, 53}));
  for (std::int64_t i = 0; i < 2; ++i) {
    const Placement& p = batch.placements[static_cast<std::size_t>(i)];
    EXPECT_EQ((~batch.mask[i]).sum().item<std::int64_t>(), std::int64_t{p.width} * p.height);
    EXPECT_FALSE(batch.mask[i].narrow(0, 0, p.height).narrow(1, 0, p.width).any().item<bool>());
    EXPECT_EQ(batch.images[i].masked_select(batch.mask[i]).abs().sum().item<float>(), 0.0F);
    std::vector<float> chw(static_cast<std::size_t>(p.width) * static_cast<std::size_t>(p.height) * 3);
    preprocessor.write(pictures[static_cast<std::size_t>(i)], p, chw);
    EXPECT_EQ(batch.images[i][2][p.height - 1][p.width - 1].item<float>(), chw.back());
  }
}

TEST(Batch, NeedsAPicture) {
  EXPECT_THROW(image::to_batch(Preprocessor(Preprocess{}), {}), Error);
}

}  // namespace
}  // namespace vitral::test
