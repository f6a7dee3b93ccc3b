// Live sources under load: live_load overload|four|sixteen [SECONDS], figures beside their goals as one JSON line; 1
// where one is missed. Sources are paced by the clock and the model is a pause, so what is measured is the pipeline:
// capture threads, lanes, batches.
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <numeric>

#include "bench/video/cameras.h"
#include "bench/video/figures.h"

namespace {

using namespace vitral::bench;
using vitral::video::LanePolicy;

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

/// Each source's share of `capacity` frames: none gets more than it has, and what one leaves the others divide.
std::vector<double> fair_shares(const std::vector<double>& wanted, double capacity) {
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
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

/// What came out. It takes no more memory at the end than at the beginning, which is measured beside it.
struct Outcome {
  double seconds = 0, model_seconds = 0;
  Times ages;
  Line age, memory;  ///< over seconds
  std::vector<double> emitted;
};

Outcome run(const Scenario& scenario, Cameras& cameras, double seconds) {
  Outcome outcome;
  outcome.emitted.resize(scenario.rates.size());
  const auto begin = Clock::now();
  const auto pause = [&](std::size_t frames) {
    const auto started = Clock::now();
    std::this_thread::sleep_for(Seconds(scenario.model_ms / 1000 * static_cast<double>(frames)));
    outcome.model_seconds += Seconds(Clock::now() - started).count();
  };
  double next_sample = seconds / 10;
  while (outcome.seconds < seconds) {
    const auto batch = cameras.lanes().pop(scenario.batch, std::chrono::milliseconds(35), std::chrono::seconds(1));
    pause(batch.size());
    const auto done = Clock::now();
    outcome.seconds = Seconds(done - begin).count();
    for (const auto& [lane, frame] : batch) {
      const double age = 1000 * Seconds(done - frame.captured).count();
      outcome.ages.add(age);
      outcome.age.add(outcome.seconds, age);
      ++outcome.emitted[lane];
    }
    if (outcome.seconds < next_sample) continue;
    next_sample += 0.1;
    outcome.memory.add(outcome.seconds, resident_mib());
  }
  return outcome;
}

/// Of what the model can do, were it always at work.
double least_fair_share(const Scenario& scenario, const Outcome& outcome) {
  const double capacity = static_cast<double>(outcome.ages.count()) / outcome.model_seconds;
  const auto shares = fair_shares(scenario.rates, capacity);
  double least = 1e9;
  for (std::size_t i = 0; i < shares.size(); ++i)
    least = std::min(least, outcome.emitted[i] / (shares[i] * outcome.seconds));
  return least;
}

std::vector<Goal> goals_of(const Scenario& scenario, const Outcome& outcome, double replaced, double lost) {
  const double p99 = outcome.ages.percentile(0.99), memory = 3600 * outcome.memory.slope();
  const Goal nothing_lost{"lost", lost, true, 0};
  const std::string name = scenario.name;
  if (name == "overload")
    return {{"age_p99_ms", p99, true, 170}, {"age_slope_ms_per_min", 60 * outcome.age.slope(), true, 2}, nothing_lost};
  if (name == "sixteen") return {{"least_fair_share", least_fair_share(scenario, outcome), false, 0.95}, nothing_lost};
  return {{"age_p99_ms", p99, true, 60},
          {"memory_slope_mib_per_h", memory, true, 1},
          {"replaced", replaced, true, 0},
          nothing_lost};
}

}  // namespace

int main(int argc, char** argv) {
  const auto scenario = scenario_of(argc > 1 ? argv[1] : "overload");
  Cameras cameras(scenario.rates, scenario.policy);
  const auto outcome = run(scenario, cameras, argc > 2 ? std::atof(argv[2]) : 60);
  cameras.stop();
  std::uint64_t pushed = 0, replaced = 0, accounted = 0;
  for (std::size_t lane = 0; lane < cameras.size(); ++lane) {
    const auto counts = cameras.lanes().counts(lane);
    pushed += counts.pushed;
    replaced += counts.replaced;
    accounted += counts.popped + counts.replaced + counts.removed + counts.waiting;
  }
  const auto goals = goals_of(scenario, outcome, static_cast<double>(replaced),
                              static_cast<double>(pushed) - static_cast<double>(accounted));
  std::printf(
      "{\"bench\":\"live_%s\",\"seconds\":%.1f,\"captured\":%llu,\"emitted\":%llu,\"replaced\":%llu,"
      "\"age_ms\":{\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f},\"age_slope_ms_per_min\":%.2f,\"least_fair_share\":%.3f,"
      "\"memory_slope_mib_per_h\":%.2f,%s}\n",
      scenario.name, outcome.seconds, static_cast<unsigned long long>(pushed),
      static_cast<unsigned long long>(outcome.ages.count()), static_cast<unsigned long long>(replaced),
      outcome.ages.percentile(0.5), outcome.ages.percentile(0.99), outcome.ages.percentile(1), 60 * outcome.age.slope(),
      least_fair_share(scenario, outcome), 3600 * outcome.memory.slope(), json_of(goals).c_str());
  return exit_code(goals);
}
