// Any text as YOLO labels and as data.yaml: boxes in [0, 1] of known classes, names without holes, or an Error(input).
#include <algorithm>
#include <cstdlib>

#include "common/core/error.h"
#include "datasets/formats/yaml.h"
#include "datasets/formats/yolo.h"
#include "tests/fuzz/corpus.h"

std::vector<std::string> seeds() {
  return {"0 0.5 0.5 0.25 0.125\n2 .1 .2 .5 .2 .5 .6\r\n",
          "path: x\ntrain: ../a # b\nval: [a, 'b,c']\nnc: 2\nnames:\n  0: cat\n  1: \"d\\\"og\"\n",
          "names: {0: a, 1: 'it''s'}\ntrain:\n- a\n- b\ndownload: |\n  import os\n"};
}

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  using namespace vitral;
  const std::string_view text(data, size);
  const auto in_range = [](double x) { return x >= 0 && x <= 1; };
  for (const auto& box : parse_yolo_labels(text, 3, [](const std::string&, const std::string&) {})) {
    const bool good =
        box.class_index < 3 && in_range(box.x) && in_range(box.y) && in_range(box.width) && in_range(box.height);
    if (!good) std::abort();
  }
  try {
    const auto yolo = parse_yolo_data(text, "fuzz");
    if (std::count(yolo.names.begin(), yolo.names.end(), "") != 0) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::input) std::abort();
  }
  return 0;
}
