#include "datasets/loader.h"

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <numeric>

#include "common/core/error.h"

namespace vitral {

/// The orders of the epochs that are being loaded; at most two at a time.
class Loader::Orders {
 public:
  Orders(std::size_t size, bool shuffle, std::uint64_t seed) : size_(size), shuffle_(shuffle), seed_(seed) {}

  std::size_t index(std::uint64_t epoch, std::size_t place) {
    const std::lock_guard lock(mutex_);
    auto found = orders_.find(epoch);
    if (found == orders_.end()) {
      if (orders_.size() == 2) orders_.erase(orders_.begin());
      found = orders_.emplace(epoch, epoch_order(size_, shuffle_, seed_, epoch)).first;
    }
    return found->second[place];
  }

 private:
  const std::size_t size_;
  const bool shuffle_;
  const std::uint64_t seed_;
  std::mutex mutex_;
  std::map<std::uint64_t, std::vector<std::size_t>> orders_;
};

std::vector<std::size_t> epoch_order(std::size_t size, bool shuffle, std::uint64_t seed, std::uint64_t epoch) {
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (shuffle) Rng(seed, RandomPurpose::order, epoch).shuffle(order);
  return order;
}

Loader::Loader(std::shared_ptr<const Dataset> dataset, Transform transform, const LoaderOptions& options,
               BatchTransform mix, LoaderPosition start)
    : dataset_(std::move(dataset)),
      transform_(std::move(transform)),
      mix_(std::move(mix)),
      options_(options),
      position_(start) {
  if (options.batch < 1 || options.rank >= options.world) {
    throw Error(ErrorKind::usage, "loader", "needs a batch of at least 1 and a rank below the number of processes");
  }
  const std::size_t all = options.batch * options.world, size = dataset_->size();
  batches_ = options.drop_last ? size / all : (size + all - 1) / all;
  if (batches_ == 0) {
    throw Error(ErrorKind::input, "data set",
                "has " + std::to_string(size) + " pictures, too few for one batch of " + std::to_string(all));
  }
  per_epoch_ = first_of(batches_);
  if (position_.batch > batches_) {
    throw Error(ErrorKind::usage, "loader",
                "can't go on from batch " + std::to_string(position_.batch) + " of " + std::to_string(batches_));
  }
  orders_ = std::make_shared<Orders>(size, options.shuffle, options.seed);
  const std::size_t skip = first_of(position_.batch);
  const auto make = [this, skip, epoch = position_.epoch](std::size_t number) {
    const std::size_t place = skip + number;
    return load(epoch + place / per_epoch_, place % per_epoch_);
  };
  const std::size_t count = per_epoch_ == 0 ? 0 : std::numeric_limits<std::size_t>::max();
  prefetch_ = std::make_unique<OrderedPrefetch<Loaded>>(count, options.workers, options.ahead, make);
}

/// How many samples this process takes in the batches before `batch`. Only the last one can be incomplete.
std::size_t Loader::first_of(std::size_t batch) const {
  const std::size_t all = options_.batch * options_.world, end = batch * all;
  if (end <= dataset_->size()) return batch * options_.batch;
  const std::size_t rest = dataset_->size() - (batch - 1) * all, before = options_.rank * options_.batch;
  return (batch - 1) * options_.batch + std::min(options_.batch, rest > before ? rest - before : 0);
}

Loader::Loaded Loader::load(std::uint64_t epoch, std::size_t place) const {
  const std::size_t batch = place / options_.batch;
  const std::size_t index = orders_->index(
      epoch, batch * options_.batch * options_.world + options_.rank * options_.batch + place % options_.batch);
  Rng rng(options_.seed, RandomPurpose::augmentation, epoch, index);
  try {
    Sample sample = dataset_->get(index);
    return {transform_ ? transform_(std::move(sample), rng) : std::move(sample), ""};
  } catch (const Error& error) {
    if (options_.strict || error.kind() != ErrorKind::input) throw;
    return {{}, error.what()};
  }
}

LoadedBatch Loader::next() {
  if (position_.batch == batches_) position_ = {position_.epoch + 1, 0};
  LoadedBatch batch{position_, {}, {}};
  const std::size_t count = first_of(position_.batch + 1) - first_of(position_.batch);
  for (std::size_t i = 0; i < count; ++i) {
    Loaded loaded = *prefetch_->next();
    if (loaded.problem.empty()) {
      batch.samples.push_back(std::move(loaded.sample));
    } else {
      batch.problems.push_back(std::move(loaded.problem));
    }
  }
  if (mix_) {
    Rng rng(options_.seed, RandomPurpose::batch, position_.epoch, position_.batch * options_.world + options_.rank);
    mix_(batch.samples, rng);
  }
  ++position_.batch;
  return batch;
}

}  // namespace vitral
