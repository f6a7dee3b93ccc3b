// Any text as COCO ground truth and as results: values that keep the rules and can be evaluated, or an Error(input).
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/core/error.h"
#include "datasets/coco.h"
#include "datasets/metrics/coco_eval.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vitral;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto ignore = [](const std::string&) {};
  CocoInstances truth;
  std::vector<CocoResult> results;
  try {
    truth = parse_coco_instances(text, "fuzz.json", ignore);
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::input);
  }
  try {
    results = parse_coco_results(text, "fuzz.json", ignore);
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::input);
  }
  // A text is one or the other: the annotations serve as their own detections.
  for (const auto& annotation : truth.annotations) {
    results.push_back({annotation.image_id, annotation.category_id, annotation.box, 0.5});
  }
  if (truth.categories.size() > 100) return 0;
  const CocoEvaluation evaluation = evaluate_coco(truth, results, 1);
  for (const double stat : evaluation.stats) require(stat == -1 || (stat >= 0 && stat <= 1));
  return 0;
}
