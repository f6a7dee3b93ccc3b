#include "common/runtime/cuda_words.h"

#include <c10/util/Exception.h>

#include <array>
#include <cstdio>
#include <vector>

#include "common/core/text.h"

namespace vitral {
namespace {

std::string gigabytes(std::size_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", static_cast<double>(bytes) / (1024.0 * 1024.0 * 1024.0));
  return text;
}

std::string first_line(std::string_view text) {
  return printable(std::string(text.substr(0, text.find('\n'))), 300);
}

}  // namespace

std::string driver_problem(int driver, int library) {
  if (driver / 1000 >= library / 1000) return "";
  return "the CUDA driver is too old: it knows CUDA " + cuda_version_text(driver) + ", this LibTorch was built for " +
         cuda_version_text(library);
}

bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
  const std::string_view text = error.what();
  constexpr std::array kWords = {"CUDA out of memory", "CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED",
                                 "CUDNN_STATUS_ALLOC_FAILED"};
  for (const std::string_view words : kWords) {
    if (text.find(words) != std::string_view::npos) return true;
  }
  return false;
}

std::string device_failure(std::string_view text) {
  if (text.find("no kernel image is available") != std::string_view::npos) {
    return "this LibTorch has no code for the architecture of this GPU";
  }
  return "the GPU can't be used: " + first_line(text);
}

std::string out_of_memory_text(const Demand& demand, const GpuMemory* memory) {
  std::string text = "does not fit into the GPU's memory";
  std::vector<std::string> less;
  if (demand.batch > 0) {
    text += " with " + std::to_string(demand.batch) + (demand.batch == 1 ? " picture of " : " pictures of ") +
            std::to_string(demand.height) + "x" + std::to_string(demand.width) + " in " + std::string(demand.precision);
    if (demand.batch > 1) less.emplace_back("a smaller batch (-b)");
    less.emplace_back("smaller pictures (--imgsz)");
  }
  if (demand.precision == "fp32") less.emplace_back("--precision bf16");
  less.emplace_back("--device cpu");
  if (memory != nullptr) text += "; " + gigabytes(memory->free) + " of " + gigabytes(memory->total) + " GiB are free";
  return text + "; try " + join(less, " or ");
}

}  // namespace vitral
