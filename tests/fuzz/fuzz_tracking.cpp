// Any text as MOTChallenge rows: the tracker runs on them as detections, the metrics score them against themselves. Any
// text as a scene of lines and areas: its counters run on boxes made of the text.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/core/error.h"
#include "tests/fuzz/corpus.h"
#include "video/tracking/byte_tracker.h"
#include "video/tracking/mot_metrics.h"
#include "video/tracking/zones_file.h"

std::vector<std::string> seeds() {
  return {
      "1,1,10,20,30,40,0.9,1,1\n2,1,12.5,20,30,40,0.8,1,1\n2,2,100,20,30,40,0.3,-1,-1,-1\n3,2,101,20,30,40,0.95,-1,-1,-"
      "1\n",
      R"({"lines":[{"name":"door","from":[0,100],"to":[500,100],"anchor":"center","frames":1}],
              "zones":[{"name":"hall","polygon":[[0,0],[300,0],[300,300]],"labels":["person"]}]})"};
}

namespace {

using namespace vitral;

void require(bool condition) {
  if (!condition) std::abort();
}

void track(const std::vector<MotRow>& rows) {
  ByteTracker tracker;
  std::vector<ScoredBox> detections;
  std::int64_t frame = 0;
  for (std::size_t i = 0; i < rows.size();) {
    const std::int64_t next = rows[i].frame;
    detections.clear();
    for (; i < rows.size() && rows[i].frame == next; ++i) detections.push_back({rows[i].box, rows[i].confidence, 0});
    for (const auto& seen : tracker.update(detections, next - frame)) {
      require(seen.id > 0 && seen.detection < detections.size() && !std::isnan(seen.box.xmin));
    }
    frame = next;
  }
}

void count(const Scene& scene, std::string_view text) {
  ZoneCounter counter(scene, 3);
  for (std::size_t i = 0; i + 3 < text.size() && i < 400; i += 4) {
    const double x = text[i] * 8.0, y = text[i + 1] * 8.0;
    const TrackedObject object{text[i + 2], {x, y, x + 20, y + 20}, ""};
    counter.update({&object, 1}, text[i + 3] & 7);
  }
  for (const auto& zone : counter.zone_counts()) require(zone.inside <= zone.entered);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  const std::string_view text(data, size);
  try {
    track(parse_mot(text, "fuzz.txt", MotContent::detections));
    const auto rows = parse_mot(text, "fuzz.txt", MotContent::tracks);
    const MotSequence sequence = pair_up(rows, rows, 0, MotRules::all, "fuzz.txt");
    require(ClearMetrics(sequence).false_negatives <= sequence.truth_boxes);
    require(IdentityMetrics(sequence).idf1() <= 1);
    require(mean(HotaMetrics(sequence).hota()) <= 1 + 1e-9);
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::input);
  }
  try {
    count(parse_scene(text, "fuzz.json"), text);
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::usage);
  }
  return 0;
}
