// Any text as COCO ground truth and as results: values that keep the rules and can be evaluated, or an Error(input).
#include <cstdlib>
#include <string_view>

#include "common/core/error.h"
#include "datasets/coco.h"
#include "datasets/metrics/coco_eval.h"
#include "tests/fuzz/corpus.h"

std::vector<std::string> seeds() {
  return {R"({"info":{"year":2017},"images":[{"id":7,"file_name":"a.jpg","width":640,"height":480},{"id":9}],
              "categories":[{"id":1,"name":"person"},{"id":90,"name":"dog"}],"annotations":[
              {"id":1,"image_id":7,"category_id":1,"bbox":[10,20.5,30,40],"area":700.25,"iscrowd":0,
               "segmentation":[[10,20,40,20,40,60]]},
              {"id":2,"image_id":9,"category_id":90,"bbox":[0,0,32,32],"area":1024,"iscrowd":1,
               "segmentation":{"counts":[0,5,3],"size":[2,4]}}]})",
          R"([{"image_id":7,"category_id":1,"bbox":[11,20.5,30,40.25],"score":0.875},
              {"image_id":9,"category_id":90,"bbox":[0,0,1e1,32],"score":1}])"};
}

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  using namespace vitral;
  const std::string_view text(data, size);
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
  if (truth.categories.size() > 4) return 0;
  const CocoEvaluation evaluation = evaluate_coco(truth, results, 1);
  for (const double stat : evaluation.stats) require(stat == -1 || (stat >= 0 && stat <= 1));
  return 0;
}
