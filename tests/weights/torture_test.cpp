/// Memory runs out at each allocation in turn: bad_alloc comes through, nothing crashes, nothing leaks (under ASan).
#include <gtest/gtest.h>

#include <new>

#include "tests/weights/files.h"

/// How many more allocations succeed; negative: all. Of torture_alloc.cpp.
extern thread_local long allocations_left;

namespace vitral::weights::build {
namespace {

enum class Outcome { opened, refused, out_of_memory };

Outcome open_with(const Bytes& bytes, long allocations) {
  const auto data = std::as_bytes(std::span(bytes));
  allocations_left = allocations;
  Outcome outcome = Outcome::opened;
  try {
    open_bytes(data, nullptr, "torture");
  } catch (const std::bad_alloc&) {
    outcome = Outcome::out_of_memory;
  } catch (const FormatError&) {
    outcome = Outcome::refused;
  }
  allocations_left = -1;
  return outcome;
}

TEST(Torture, EveryAllocationOfEveryReader) {
  const Op value =
      dict({{text("model"), ordered_dict({{text("module.a"), pair_tensor()}, {text("module.b"), pair_tensor()}})},
            {text("args"), object(global("argparse", "Namespace"), dict({{text("x"), integer(1)}}))},
            {text("epoch"), integer(7)}});
  const std::pair<const char*, Bytes> files[] = {
      {"safetensors",
       safetensors(
           R"({"__metadata__":{"format":"a longer note than fits"},"a tensor with a long name":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}})",
           floats({1, 2}))},
      {"torch zip", torch_zip(value, pair_storage())},
      {"torch legacy", torch_legacy(value, pair_storage())},
      {"npz", npz({{"params/a", npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1), }", floats({1, 2}))}})},
      {"refused", torch_zip(dict({{text("w"), global("os", "system")}}), {})},
  };
  for (const auto& [name, bytes] : files) {
    long count = 0;
    Outcome outcome = Outcome::out_of_memory;
    while (outcome == Outcome::out_of_memory) outcome = open_with(bytes, count++);
    EXPECT_EQ(outcome, std::string_view(name) == "refused" ? Outcome::refused : Outcome::opened) << name;
    EXPECT_GE(count, 15) << name << " allocates less than a reader can";
    RecordProperty(name, static_cast<int>(count));
  }
}

}  // namespace
}  // namespace vitral::weights::build
