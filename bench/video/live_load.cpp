// Live sources under load: live_load overload|four|sixteen [SECONDS], figures as one JSON line. Sources are paced by
// the clock and the model is a pause, so what is measured is the pipeline: capture threads, lanes, batches.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "video/live/lanes.h"
#include "video/live/live_capture.h"

namespace {

using namespace vitral::video;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

/// A camera of 640 x 360 pixels.
class PacedSource : public LiveSource {
 public:
  explicit PacedSource(double rate) : rate_(rate), begin_(Clock::now()) {}
  Step next(const Deadline& deadline) override {
    if (deadline.passed()) return Step::lost;
    ++number_;
    std::this_thread::sleep_until(begin_ + std::chrono::duration_cast<Clock::duration>(Seconds(number_ / rate_)));
    return Step::frame;
  }
  vitral::image::Image picture() override { return vitral::image::Image::uninitialized(640, 360); }
  std::optional<double> own_ms() const override { return 1000 * number_ / rate_; }
  Rational frame_rate() const override { return {static_cast<std::int64_t>(rate_), 1}; }
  const std::string& why() const override { return why_; }

 private:
  double rate_;
  Clock::time_point begin_;
  double number_ = 0;
  std::string why_ = "stopped";
};

struct Scenario {
  const char* name;
  std::vector<double> rates;  ///< of the sources, frames a second
  LanePolicy policy;
  double model_ms;  ///< for each frame
  std::size_t batch;
};

Scenario scenario_of(const std::string& name) {
  if (name == "four") return {"four", {25, 25, 25, 25}, LanePolicy::all, 5, 1};
  if (name == "sixteen") {
    std::vector<double> rates;
    for (int i = 0; i < 16; ++i) rates.push_back(i % 3 == 0 ? 5 : i % 3 == 1 ? 15 : 30);
    return {"sixteen", rates, LanePolicy::newest, 5, 4};
  }
  return {"overload", {30}, LanePolicy::newest, 100, 1};
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

/// Each source's share of `capacity` frames: none gets more than it has, and what one leaves the others divide.
std::vector<double> fair_shares(std::vector<double> wanted, double capacity) {
  std::vector<std::size_t> order(wanted.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return wanted[a] < wanted[b]; });
  std::vector<double> shares(wanted.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    shares[order[i]] = std::min(wanted[order[i]], capacity / static_cast<double>(order.size() - i));
    capacity -= shares[order[i]];
  }
  return shares;
}

double resident_mib() {
  long pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return static_cast<double>(resident) * 4096 / (1 << 20);
}

/// Least squares, units of y a second.
double slope(const std::vector<std::pair<double, double>>& points) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (const auto& [px, py] : points) n += 1, x += px, y += py, xx += px * px, xy += px * py;
  return n < 2 ? 0 : (n * xy - x * y) / (n * xx - x * x);
}

}  // namespace

int main(int argc, char** argv) {
  const auto scenario = scenario_of(argc > 1 ? argv[1] : "overload");
  const double seconds = argc > 2 ? std::atof(argv[2]) : 20;
  const std::size_t sources = scenario.rates.size();
  Lanes<LiveFrame> lanes(std::vector(sources, scenario.policy), 4, false);
  std::vector<std::unique_ptr<LiveCapture>> captures;
  std::vector<std::thread> threads;
  for (std::size_t lane = 0; lane < sources; ++lane) {
    LiveHandlers handlers;
    handlers.frame = [&lanes, lane](LiveFrame frame) { return lanes.push(lane, std::move(frame)); };
    handlers.damaged = handlers.lost = [](const std::string&) {};
    const double rate = scenario.rates[lane];
    captures.push_back(std::make_unique<LiveCapture>(
        [rate](const Deadline&) { return std::make_unique<PacedSource>(rate); }, LiveOptions{}, handlers));
    threads.emplace_back([&capture = *captures.back()] { capture.run(); });
  }
  std::vector<double> ages;
  std::vector<std::pair<double, double>> age_over_time, memory_over_time;
  std::vector<double> emitted(sources);
  const auto begin = Clock::now();
  double now = 0, next_sample = seconds / 10;
  while (now < seconds) {
    auto batch = lanes.pop(scenario.batch, std::chrono::milliseconds(35), std::chrono::seconds(1));
    std::this_thread::sleep_for(Seconds(scenario.model_ms / 1000 * static_cast<double>(batch.size())));
    const auto done = Clock::now();
    now = Seconds(done - begin).count();
    for (const auto& [lane, frame] : batch) {
      const double age = 1000 * Seconds(done - frame.captured).count();
      ages.push_back(age);
      age_over_time.emplace_back(now, age);
      ++emitted[lane];
    }
    if (now < next_sample) continue;
    next_sample += 0.1;
    memory_over_time.emplace_back(now, resident_mib());
  }
  for (std::size_t lane = 0; lane < sources; ++lane) lanes.drop(lane);
  for (auto& capture : captures) capture->stop();
  for (auto& thread : threads) thread.join();
  std::uint64_t pushed = 0, replaced = 0, accounted = 0;
  for (std::size_t lane = 0; lane < sources; ++lane) {
    const auto counts = lanes.counts(lane);
    pushed += counts.pushed;
    replaced += counts.replaced;
    accounted += counts.popped + counts.replaced + counts.removed + counts.waiting;
  }
  const auto shares = fair_shares(scenario.rates, 1000 / scenario.model_ms);
  double least_share = 1e9;
  for (std::size_t i = 0; i < sources; ++i) least_share = std::min(least_share, emitted[i] / (shares[i] * now));
  std::printf(
      "{\"bench\":\"live_%s\",\"seconds\":%.1f,\"captured\":%llu,\"emitted\":%zu,\"replaced\":%llu,\"lost\":%lld,"
      "\"age_ms\":{\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f},\"age_slope_ms_per_min\":%.2f,\"least_fair_share\":%.3f,"
      "\"memory_slope_mib_per_h\":%.2f}\n",
      scenario.name, now, static_cast<unsigned long long>(pushed), ages.size(),
      static_cast<unsigned long long>(replaced), static_cast<long long>(pushed) - static_cast<long long>(accounted),
      percentile(ages, 0.5), percentile(ages, 0.99), percentile(ages, 1), 60 * slope(age_over_time), least_share,
      3600 * slope(memory_over_time));
  return 0;
}
