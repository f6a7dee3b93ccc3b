/// Batches of a data set in a fixed order, made ahead on other threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/core/ordered_prefetch.h"
#include "datasets/dataset.h"
#include "datasets/transforms/mix.h"
#include "datasets/transforms/transform.h"

namespace vitral {

struct LoaderOptions {
  std::size_t batch = 32;           ///< samples a batch and process
  bool shuffle = true;              ///< another order each epoch; false: the data set's own
  bool drop_last = true;            ///< leaves out an incomplete last batch; false: it is smaller
  std::uint64_t seed = 0;           ///< of order and transforms
  std::size_t workers = 2;          ///< threads
  std::size_t ahead = 64;           ///< samples that wait at most: the bound of the memory
  std::size_t rank = 0, world = 1;  ///< of `world` processes this one is number `rank`
  bool strict = false;              ///< throws at the first bad sample instead of leaving it out
};

/// A place in the stream of batches; all that has to be kept to go on from it.
struct LoaderPosition {
  std::uint64_t epoch = 0;
  std::size_t batch = 0;  ///< in its epoch, of the one that comes next
  bool operator==(const LoaderPosition&) const = default;
};

struct LoadedBatch {
  LoaderPosition position;
  std::vector<Sample> samples;        ///< without the bad ones; may be empty
  std::vector<std::string> problems;  ///< why samples were left out, each naming its file
};

/// The indices of an epoch in the order in which all processes together take them.
std::vector<std::size_t> epoch_order(std::size_t size, bool shuffle, std::uint64_t seed, std::uint64_t epoch);

/// Epoch after epoch. What a batch holds depends on data set, transforms, seed and position alone: not on the number of
/// threads, on how far was loaded before, nor on the pause between. Of the batches of `world` processes, put side by
/// side by rank, each equals the batch of one process with `world` times the size (before `mix`, which sees one
/// process's batch).
class Loader {
 public:
  /// `transform` and `mix` may be empty. Throws Error(usage) for sizes of 0 and a rank that is none, Error(input) where
  /// the data set is too small for one batch.
  Loader(std::shared_ptr<const Dataset> dataset, Transform transform, const LoaderOptions& options,
         BatchTransform mix = {}, LoaderPosition start = {});

  /// The batch at position(), which then moves on; the first of the next epoch comes behind the last of one. Throws
  /// what reading a sample throws where `strict`.
  LoadedBatch next();
  LoaderPosition position() const { return position_; }
  std::size_t batches_per_epoch() const { return batches_; }

 private:
  struct Loaded {
    Sample sample;
    std::string problem;
  };
  class Orders;

  std::size_t first_of(std::size_t batch) const;
  Loaded load(std::uint64_t epoch, std::size_t place) const;

  std::shared_ptr<const Dataset> dataset_;
  Transform transform_;
  BatchTransform mix_;
  LoaderOptions options_;
  std::size_t batches_ = 0, per_epoch_ = 0;  // batches and samples of this process in an epoch
  LoaderPosition position_;
  std::shared_ptr<Orders> orders_;
  std::unique_ptr<OrderedPrefetch<Loaded>> prefetch_;  // last: its threads use what is above
};

}  // namespace vitral
