#include "video/people/agreement.h"

#include <algorithm>
#include <tuple>

namespace vitral::video {
namespace {

struct Link {
  std::size_t frame = 0;
  PersonCandidate candidate;
};
using Chain = std::vector<Link>;

/// Where the chain would be now, had it gone on as in its last frames.
Box expected_box(const Chain& chain, std::size_t frame) {
  const Link& last = chain.back();
  if (chain.size() < 4) return last.candidate.box;
  const Link& before = chain[chain.size() - 4];
  const auto ahead = static_cast<double>(frame - last.frame) / static_cast<double>(last.frame - before.frame);
  const Box &a = before.candidate.box, &b = last.candidate.box;
  const double dx = ahead * ((b.xmin + b.xmax) - (a.xmin + a.xmax)) / 2;
  const double dy = ahead * ((b.ymin + b.ymax) - (a.ymin + a.ymax)) / 2;
  return {b.xmin + dx, b.ymin + dy, b.xmax + dx, b.ymax + dy};
}

/// Links the candidates of every frame to the chains so far, best overlap first.
std::vector<Chain> chains_of(const std::vector<std::vector<PersonCandidate>>& frames, const AgreementOptions& options) {
  std::vector<Chain> chains;
  std::vector<std::size_t> open;
  for (std::size_t frame = 0; frame < frames.size(); ++frame) {
    std::erase_if(open, [&](std::size_t chain) { return frame - chains[chain].back().frame > options.gap + 1; });
    std::vector<std::tuple<double, std::size_t, std::size_t>> pairs;  // minus overlap, chain, candidate
    for (const std::size_t chain : open) {
      const Box expected = expected_box(chains[chain], frame);
      for (std::size_t i = 0; i < frames[frame].size(); ++i) {
        const double overlap = iou(expected, frames[frame][i].box);
        if (overlap >= options.iou) pairs.emplace_back(-overlap, chain, i);
      }
    }
    std::sort(pairs.begin(), pairs.end());
    std::vector<bool> is_taken(frames[frame].size());
    for (const auto& [overlap, chain, candidate] : pairs) {
      if (is_taken[candidate] || chains[chain].back().frame == frame) continue;
      chains[chain].push_back({frame, frames[frame][candidate]});
      is_taken[candidate] = true;
    }
    for (std::size_t i = 0; i < frames[frame].size(); ++i) {
      if (is_taken[i]) continue;
      open.push_back(chains.size());
      chains.push_back({{frame, frames[frame][i]}});
    }
  }
  return chains;
}

bool is_person(const Chain& chain, const AgreementOptions& options) {
  const auto confirmed =
      std::count_if(chain.begin(), chain.end(), [](const Link& link) { return link.candidate.is_person; });
  return chain.size() >= options.least_frames &&
         static_cast<double>(confirmed) >= options.least_confirmed * static_cast<double>(chain.size());
}

Box between(const Box& a, const Box& b, double share) {
  const auto mix = [share](double from, double to) { return from + share * (to - from); };
  return {mix(a.xmin, b.xmin), mix(a.ymin, b.ymin), mix(a.xmax, b.xmax), mix(a.ymax, b.ymax)};
}

/// One box for every frame from the chain's first to its last.
std::vector<Box> filled(const Chain& chain) {
  std::vector<Box> boxes{chain.front().candidate.box};
  for (std::size_t i = 1; i < chain.size(); ++i) {
    const std::size_t steps = chain[i].frame - chain[i - 1].frame;
    for (std::size_t step = 1; step <= steps; ++step) {
      boxes.push_back(between(chain[i - 1].candidate.box, chain[i].candidate.box,
                              static_cast<double>(step) / static_cast<double>(steps)));
    }
  }
  return boxes;
}

Box averaged(const std::vector<Box>& boxes, std::size_t at, std::size_t reach) {
  reach = std::min({reach, at, boxes.size() - 1 - at});  // evenly on both sides, so that nobody is pulled along
  Box sum;
  for (std::size_t i = at - reach; i <= at + reach; ++i) {
    sum = {sum.xmin + boxes[i].xmin, sum.ymin + boxes[i].ymin, sum.xmax + boxes[i].xmax, sum.ymax + boxes[i].ymax};
  }
  const auto count = static_cast<double>(2 * reach + 1);
  return {sum.xmin / count, sum.ymin / count, sum.xmax / count, sum.ymax / count};
}

}  // namespace

std::vector<std::vector<Box>> agree_over_time(const std::vector<std::vector<PersonCandidate>>& frames,
                                              const AgreementOptions& options) {
  std::vector<std::vector<Box>> people(frames.size());
  for (const auto& chain : chains_of(frames, options)) {
    if (!is_person(chain, options)) continue;
    const auto boxes = filled(chain);
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      people[chain.front().frame + i].push_back(averaged(boxes, i, options.smooth));
    }
  }
  return people;
}

}  // namespace vitral::video
