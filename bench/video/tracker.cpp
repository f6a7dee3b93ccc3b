// How long the tracker takes for one frame of a crowd: tracker [OBJECTS] [FRAMES], figures as one JSON line.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "video/tracking/byte_tracker.h"

namespace {

using vitral::ScoredBox;

/// People that wander through a hall of 3840 x 2160 pixels, seen with noise; one in twenty is missed, one in ten weak.
class Crowd {
 public:
  explicit Crowd(std::size_t objects) : people_(objects) {
    for (auto& person : people_) {
      person = {uniform(0, 3840), uniform(0, 2160), uniform(-4, 4), uniform(-3, 3), uniform(60, 160)};
    }
  }

  std::vector<ScoredBox> next() {
    std::vector<ScoredBox> found;
    for (auto& [x, y, vx, vy, height] : people_) {
      x += vx;
      y += vy;
      if (x < 0 || x > 3840) vx = -vx;
      if (y < 0 || y > 2160) vy = -vy;
      const double chance = uniform(0, 1);
      if (chance < 0.05) continue;
      const double left = x + uniform(-2, 2), top = y + uniform(-2, 2);
      found.push_back({{left, top, left + 0.4 * height, top + height}, chance < 0.15 ? 0.3 : 0.9, 0});
    }
    return found;
  }

 private:
  struct Person {
    double x, y, vx, vy, height;
  };
  double uniform(double least, double most) { return std::uniform_real_distribution(least, most)(random_); }
  std::mt19937_64 random_{7};
  std::vector<Person> people_;
};

double percentile(std::vector<double> values, double share) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

long peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

}  // namespace

int main(int argc, char** argv) {
  const auto objects = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 300);
  const auto frames = static_cast<std::size_t>(std::max(argc > 2 ? std::atoi(argv[2]) : 20'000, 8));
  Crowd crowd(objects);
  vitral::ByteTracker tracker;
  std::vector<double> ms;
  ms.reserve(frames);
  long early_kib = 0;
  for (std::size_t frame = 0; frame < frames; ++frame) {
    const auto found = crowd.next();
    const auto begin = std::chrono::steady_clock::now();
    tracker.update(found);
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
    if (frame == frames / 4) early_kib = peak_kib();
  }
  const auto quarter = static_cast<std::ptrdiff_t>(frames / 4);
  const double first = percentile({ms.begin(), ms.begin() + quarter}, 0.5);
  const double last = percentile({ms.end() - quarter, ms.end()}, 0.5);
  std::printf(
      "{\"bench\":\"tracker\",\"objects\":%zu,\"frames\":%zu,\"ms\":{\"min\":%.3f,\"p50\":%.3f,\"p99\":%.3f},"
      "\"last_quarter_over_first\":%.3f,\"growth_kib\":%ld}\n",
      objects, frames, percentile(ms, 0), percentile(ms, 0.5), percentile(ms, 0.99), last / first,
      peak_kib() - early_kib);
  return 0;
}
