#include "apps/serve_batches.h"

#include <algorithm>
#include <cmath>

#include "common/core/stop_watch.h"

namespace vitral::apps {

ServeBatches::ServeBatches(const BatchRules& rules, http::Metrics& metrics)
    : rules_(rules), metrics_(metrics), queue_(rules.places) {
  metrics_.declare_counter("vitral_pictures_total", "Pictures that were computed.");
  metrics_.declare_counter("vitral_pictures_abandoned_total",
                           "Pictures whose client had gone before they were computed.");
  metrics_.declare_histogram("vitral_batch_pictures", "Pictures of a batch.", {1, 2, 4, 8, 16, 32, 64});
  metrics_.declare_histogram("vitral_batch_seconds", "Time of a batch in the network.",
                             {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10});
  metrics_.declare_gauge("vitral_queue_pictures", "Pictures that wait for the network.",
                         [this] { return static_cast<double>(queue_.size()); });
  metrics_.declare_gauge("vitral_places_taken", "Pictures that are being decoded, wait or are computed.",
                         [this] { return static_cast<double>(taken_.load()); });
  metrics_.declare_gauge("vitral_places", "Pictures that there is room for.",
                         [this] { return static_cast<double>(rules_.places); });
}

std::shared_ptr<void> ServeBatches::take_places(std::size_t pictures) {
  auto taken = taken_.load();
  do {
    if (pictures > rules_.places || taken > rules_.places - pictures) return nullptr;
  } while (!taken_.compare_exchange_weak(taken, taken + pictures));
  return {this, [pictures](ServeBatches* of) { of->taken_ -= pictures; }};
}

int ServeBatches::retry_after_s() const {
  return std::clamp(static_cast<int>(std::ceil(seconds_a_picture_ * static_cast<double>(taken_))), 1, 60);
}

void ServeBatches::compute_some(const ServeEngine& engine, std::chrono::milliseconds patience) {
  auto jobs = queue_.pop_some(rules_.most, patience, rules_.wait);
  metrics_.add("vitral_pictures_abandoned_total", {},
               std::erase_if(jobs, [](const auto& job) { return job->abandoned.load(); }));
  if (jobs.empty()) return;
  StopWatch watch;
  try {
    std::vector<PreparedPicture> pictures;
    std::vector<Wanted> wanted;
    for (const auto& job : jobs) {
      pictures.push_back(std::move(job->picture));
      wanted.push_back(job->wanted);
    }
    auto records = engine.run(pictures, wanted);
    const double seconds = watch.lap() / 1e3;
    seconds_a_picture_ = 0.8 * seconds_a_picture_ + 0.2 * seconds / static_cast<double>(jobs.size());
    metrics_.observe("vitral_batch_seconds", seconds);
    metrics_.observe("vitral_batch_pictures", static_cast<double>(jobs.size()));
    metrics_.add("vitral_pictures_total", {}, jobs.size());
    for (std::size_t i = 0; i < jobs.size(); ++i) jobs[i]->record.set_value(std::move(records[i]));
  } catch (...) {
    for (const auto& job : jobs) {
      try {
        job->record.set_exception(std::current_exception());
      } catch (const std::future_error&) {  // it has its answer already
      }
    }
  }
}

}  // namespace vitral::apps
