// The loader's promises: the same batches for any number of threads, from any position, over any number of processes.
#include "datasets/loader.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "common/core/error.h"

namespace vitral {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Pictures that show their number; every 10th one is bad where asked for.
class Numbers final : public Dataset {
 public:
  explicit Numbers(std::size_t size, bool with_bad_ones = false)
      : Dataset(Task::classify, Classes::numbered({"a"})), size_(size), with_bad_ones_(with_bad_ones) {}
  std::size_t size() const override { return size_; }
  Sample describe(std::size_t index) const override {
    Sample sample;
    sample.id = static_cast<std::int64_t>(index);
    sample.classes = {{0, 1.0}};
    return sample;
  }
  image::Image picture(std::size_t index) const override {
    if (with_bad_ones_ && index % 10 == 3) throw Error(ErrorKind::input, std::to_string(index) + ".png", "is bad");
    if (index % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));  // out of order among threads
    auto picture = image::Image::uninitialized(8, 8);
    std::fill(picture.pixels.begin(), picture.pixels.end(), static_cast<std::uint8_t>(index));
    ++loaded;
    return picture;
  }
  StoredPicture stored(std::size_t) const override { return {}; }

  mutable std::atomic<std::size_t> loaded{0};

 private:
  std::size_t size_;
  bool with_bad_ones_;
};

const Transform kNoise = [](Sample sample, Rng& rng) {
  for (auto& pixel : sample.picture.pixels) pixel = static_cast<std::uint8_t>(pixel ^ rng.below(256));
  return sample;
};

std::vector<LoadedBatch> take(Loader& loader, std::size_t count) {
  std::vector<LoadedBatch> batches;
  for (std::size_t i = 0; i < count; ++i) batches.push_back(loader.next());
  return batches;
}

void expect_same(const LoadedBatch& a, const LoadedBatch& b) {
  EXPECT_EQ(a.position, b.position);
  EXPECT_EQ(a.samples, b.samples);
  EXPECT_EQ(a.problems, b.problems);
}

std::vector<std::int64_t> ids(const std::vector<LoadedBatch>& batches) {
  std::vector<std::int64_t> ids;
  for (const auto& batch : batches) {
    for (const auto& sample : batch.samples) ids.push_back(sample.id);
  }
  return ids;
}

TEST(Loader, TheNumberOfThreadsDoesNotMatter) {
  const auto data = std::make_shared<Numbers>(43, true);
  LoaderOptions options{4, true, true, 9, 1, 1};
  Loader one(data, kNoise, options, mix_batch({}));
  const auto expected = take(one, 25);
  for (const std::size_t workers : {2u, 5u}) {
    options.workers = workers;
    options.ahead = 3 * workers;
    Loader other(data, kNoise, options, mix_batch({}));
    for (const auto& batch : expected) expect_same(batch, other.next());
  }
}

TEST(Loader, GoesOnFromAnyPosition) {
  const auto data = std::make_shared<Numbers>(22, true);
  for (const bool drop_last : {true, false}) {
    const LoaderOptions options{4, true, drop_last, 3, 2, 8};
    Loader whole(data, kNoise, options, mix_batch({}));
    std::vector<LoaderPosition> positions;
    std::vector<LoadedBatch> expected;
    for (int i = 0; i < 14; ++i) {
      positions.push_back(whole.position());
      expected.push_back(whole.next());
    }
    for (std::size_t start = 0; start < positions.size(); ++start) {
      Loader resumed(data, kNoise, options, mix_batch({}), positions[start]);
      for (std::size_t i = start; i < positions.size(); ++i) expect_same(expected[i], resumed.next());
    }
  }
}

TEST(Loader, AnEpochHasEverySampleOnce) {
  const auto data = std::make_shared<Numbers>(22);
  Loader loader(data, {}, {4, true, false, 3});
  EXPECT_EQ(loader.batches_per_epoch(), 6u);
  const auto first = take(loader, 6), second = take(loader, 6);
  EXPECT_EQ(first.back().samples.size(), 2u);
  EXPECT_EQ(second.front().position, (LoaderPosition{1, 0}));
  for (const auto& epoch : {first, second}) {
    const auto list = ids(epoch);
    EXPECT_EQ(list.size(), 22u);
    EXPECT_EQ(std::set<std::int64_t>(list.begin(), list.end()).size(), 22u);
  }
  EXPECT_NE(ids(first), ids(second));
  Loader plain(data, {}, {4, false, true, 3});
  EXPECT_EQ(plain.batches_per_epoch(), 5u);
  EXPECT_EQ(ids(take(plain, 1)), (std::vector<std::int64_t>{0, 1, 2, 3}));
}

TEST(Loader, ProcessesTogetherTakeTheBatchesOfOne) {
  const auto data = std::make_shared<Numbers>(29);
  for (const bool drop_last : {true, false}) {
    Loader one(data, kNoise, {6, true, drop_last, 5});
    std::vector<std::unique_ptr<Loader>> ranks;
    for (std::size_t rank = 0; rank < 3; ++rank) {
      ranks.push_back(std::make_unique<Loader>(data, kNoise, LoaderOptions{2, true, drop_last, 5, 2, 8, rank, 3}));
      EXPECT_EQ(ranks.back()->batches_per_epoch(), one.batches_per_epoch());
    }
    for (std::size_t i = 0; i < 3 * one.batches_per_epoch(); ++i) {
      std::vector<Sample> together;
      for (auto& rank : ranks) {
        for (auto& sample : rank->next().samples) together.push_back(std::move(sample));
      }
      EXPECT_EQ(together, one.next().samples) << i;
    }
  }
}

TEST(Loader, BadSamplesAreNamedAndLeftOut) {
  const auto data = std::make_shared<Numbers>(16, true);
  Loader loader(data, {}, {8, false, true, 0});
  const auto batch = loader.next();
  EXPECT_EQ(batch.samples.size(), 7u);
  EXPECT_THAT(batch.problems, ElementsAre(HasSubstr("3.png: is bad")));
  LoaderOptions strict{8, false, true, 0};
  strict.strict = true;
  Loader stops(data, {}, strict);
  EXPECT_THROW(stops.next(), Error);
}

TEST(Loader, LoadsNoFurtherAheadThanAllowed) {
  const auto data = std::make_shared<Numbers>(100);
  Loader loader(data, {}, {4, true, true, 0, 3, 10});
  loader.next();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_LE(data->loaded.load(), 4u + 10u);
}

TEST(Loader, RefusesWhatCannotBe) {
  const auto data = std::make_shared<Numbers>(3);
  EXPECT_THROW(Loader(data, {}, {4}), Error);
  EXPECT_THROW(Loader(data, {}, {0}), Error);
  EXPECT_THROW(Loader(data, {}, LoaderOptions{1, true, true, 0, 1, 1, 2, 2}), Error);
  EXPECT_THROW(Loader(data, {}, {1}, {}, {0, 4}), Error);
  // A process may have nothing to do in an incomplete batch.
  Loader idle(data, {}, LoaderOptions{3, true, false, 0, 1, 1, 1, 2});
  EXPECT_TRUE(idle.next().samples.empty());
  EXPECT_TRUE(idle.next().samples.empty());
}

}  // namespace
}  // namespace vitral
