/// Pictures of many requests on their way through one network: bounded, batched, none computed for nobody.
#pragma once

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/serve_engine.h"
#include "common/core/bounded_queue.h"
#include "common/http/metrics.h"

namespace vitral::apps {

/// One picture that waits for its record.
struct ServeJob {
  PreparedPicture picture;
  Wanted wanted;
  std::promise<nlohmann::ordered_json> record;
  std::atomic<bool> abandoned = false;  ///< nobody waits any more
  std::shared_ptr<void> places;         ///< of its request, held also where nobody waits
};

struct BatchRules {
  std::size_t places = 64;                ///< pictures that wait or are decoded or computed, at most
  std::size_t most = 8;                   ///< pictures of one batch
  std::chrono::microseconds wait{2'000};  ///< for more of them, from the first one on
};

class ServeBatches {
 public:
  ServeBatches(const BatchRules& rules, http::Metrics& metrics);

  /// Room for so many pictures until the last owner lets go of it; nothing where they don't fit at present.
  std::shared_ptr<void> take_places(std::size_t pictures);
  std::size_t places() const { return rules_.places; }
  std::size_t taken() const { return taken_; }
  /// Whole seconds after which there should be room again.
  int retry_after_s() const;

  /// Never waits: who pushes has places.
  void push(std::shared_ptr<ServeJob> job) { queue_.push(std::move(job)); }

  /// Waits up to `patience` for pictures and computes a batch of them; what goes wrong is the jobs' exception.
  void compute_some(const ServeEngine& engine, std::chrono::milliseconds patience);

 private:
  BatchRules rules_;
  http::Metrics& metrics_;
  BoundedQueue<std::shared_ptr<ServeJob>> queue_;
  std::atomic<std::size_t> taken_ = 0;
  std::atomic<double> seconds_a_picture_ = 0.1;
};

}  // namespace vitral::apps
