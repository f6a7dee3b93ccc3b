// Batches that are made ahead are those that are made when they are asked for.
#include "train/batch_queue.h"

#include <ATen/ops/equal.h>
#include <c10/util/Exception.h>

#include "common/core/error.h"
#include "tests/train/data.h"
#include "train/augment.h"
#include "train/options.h"
#include "train/out_of_memory.h"

namespace vitral::train {
namespace {

constexpr int kSide = 96;

BatchQueue queue(const std::shared_ptr<const Dataset>& data, bool ahead, const LoaderPosition& start = {}) {
  LoaderOptions options;
  options.batch = 4;
  options.strict = true;
  const auto spec = rtdetr_preprocess(kSide);
  auto loader = std::make_unique<Loader>(data, training_transform(recipe("small", data->task()).augment, spec, data),
                                         options, BatchTransform(), start);
  return BatchQueue(std::move(loader), data->classes().size(), spec, at::kCPU, ahead);
}

TEST(BatchQueue, MakesTheSameBatchesAheadFromAnyPosition) {
  const auto data = std::make_shared<test::Rectangles>(20, kSide);
  for (const LoaderPosition start : {LoaderPosition{0, 0}, LoaderPosition{1, 3}}) {
    auto ahead = queue(data, true, start), direct = queue(data, false, start);
    EXPECT_EQ(ahead.position(), start);
    EXPECT_EQ(ahead.batches_per_epoch(), 5U);
    for (int i = 0; i < 12; ++i) {
      auto one = ahead.next(), two = direct.next();
      EXPECT_EQ(ahead.position(), direct.position()) << i;
      ASSERT_EQ(one.loaded.samples.size(), two.loaded.samples.size());
      EXPECT_EQ(one.loaded.samples[0].name, two.loaded.samples[0].name) << i;
      const auto ours = ahead.tensors(one), theirs = direct.tensors(two);
      EXPECT_TRUE(at::equal(ours.images, theirs.images)) << i;
      EXPECT_TRUE(at::equal(ours.mask, theirs.mask)) << i;
      ASSERT_EQ(ours.objects.size(), theirs.objects.size());
      for (std::size_t k = 0; k < ours.objects.size(); ++k) {
        EXPECT_TRUE(at::equal(ours.objects[k].normalised, theirs.objects[k].normalised)) << i << " " << k;
      }
    }
  }
}

/// Rectangles of which one can't be read.
class Broken final : public Dataset {
 public:
  Broken() : Dataset(Task::detect, Classes::numbered({"red", "blue"})), good_(8, kSide) {}
  std::size_t size() const override { return good_.size(); }
  Sample describe(std::size_t index) const override { return good_.describe(index); }
  image::Image picture(std::size_t index) const override {
    if (index == 5) throw Error(ErrorKind::input, "5.png", "is bad");
    return good_.picture(index);
  }
  StoredPicture stored(std::size_t) const override { return {}; }

 private:
  test::Rectangles good_;
};

TEST(BatchQueue, ThrowsWhereItsBatchIsDue) {
  auto batches = queue(std::make_shared<Broken>(), true);
  EXPECT_THROW(
      {
        batches.next();
        batches.next();
      },
      Error);
}

TEST(OutOfMemory, IsToldFromOtherFailures) {
  EXPECT_TRUE(is_out_of_memory(std::bad_alloc()));
  EXPECT_TRUE(is_out_of_memory(c10::OutOfMemoryError({__func__, __FILE__, 0}, "CUDA out of memory.")));
  EXPECT_TRUE(is_out_of_memory(c10::Error({__func__, __FILE__, 0}, "CUDA error: out of memory")));
  EXPECT_FALSE(is_out_of_memory(c10::Error({__func__, __FILE__, 0}, "shapes do not fit")));
  EXPECT_FALSE(is_out_of_memory(std::runtime_error("CUDA error: out of memory")));
  try {
    at::empty({std::int64_t{1} << 59});
    FAIL() << "no machine has that much";
  } catch (const std::exception& error) {
    EXPECT_TRUE(is_out_of_memory(error)) << error.what();
  }
}

TEST(OutOfMemory, NamesModelBatchSizeAndFlags) {
  const std::array<std::int64_t, 4> shape = {64, 3, 224, 320};
  const auto error = no_memory_for("vit_tiny", shape, at::kCPU);
  EXPECT_EQ(error.kind(), ErrorKind::unavailable);
  EXPECT_STREQ(error.what(),
               "model vit_tiny: a batch of 64 at 320x224 pixels does not fit into the memory of cpu: take a smaller -b "
               "with --accum, --checkpointing, or a smaller --imgsz");
}

}  // namespace
}  // namespace vitral::train
