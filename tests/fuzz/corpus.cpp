#include "tests/fuzz/corpus.h"

#include <filesystem>
#include <fstream>

/// libFuzzer calls this before it reads the corpus: folders among the arguments that are empty get the seeds.
extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
  for (int i = 1; i < *count; ++i) {
    const std::filesystem::path folder = (*arguments)[i];
    if (!std::filesystem::is_directory(folder) || !std::filesystem::is_empty(folder)) continue;
    int number = 0;
    for (const auto& seed : seeds()) {
      std::ofstream(folder / ("seed_" + std::to_string(number++)), std::ios::binary) << seed;
    }
  }
  return 0;
}
