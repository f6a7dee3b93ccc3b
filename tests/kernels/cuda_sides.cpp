#include "tests/kernels/cuda_sides.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/kernels/cuda_on_host/kernels.h"
#include "tests/kernels/cuda_on_host/threads.h"

namespace vitral::test {
namespace {

namespace cuda = kernels::cuda;

cuda::Table teams() {
  cuda::Table table;
  table.attention = [](const auto& args, cuda::Stream) { cuda::attention_on_host(args); };
  table.bias_activation = [](const auto& args, cuda::Stream) { cuda::bias_activation_on_host(args); };
  table.deformable = [](const auto& args, cuda::Stream) { cuda::deformable_on_host(args); };
  table.deformable_backward = [](const auto& args, cuda::Stream) { cuda::deformable_backward_on_host(args); };
  table.layer_norm = [](const auto& args, const auto& places, cuda::Stream) { cuda::layer_norm_on_host(args, places); };
  table.nms = [](const auto& args, cuda::Stream) { cuda::nms_on_host(args); };
  table.patches = [](const auto& args, cuda::Stream) { cuda::patches_on_host(args); };
  table.resample_columns = [](auto from, int rows, const auto& weights, auto to, cuda::Stream) {
    cuda::resample_columns_on_host(from, rows, weights, to);
  };
  table.resample_rows = [](auto from, int row_bytes, const auto& weights, auto to, cuda::Stream) {
    cuda::resample_rows_on_host(from, row_bytes, weights, to);
  };
  table.roi_align = [](const auto& args, cuda::Stream) { cuda::roi_align_on_host(args); };
  return table;
}

struct Side {
  const char* name;
  const cuda::Table& table;
  ThreadOrder order;
};

const std::array<Side, 4>& sides() {
  static const cuda::Table by_teams = teams();
  static const std::array<Side, 4> all = {{{"teams of one thread", by_teams, ThreadOrder::forward},
                                           {"threads in order", kernels_on_host(), ThreadOrder::forward},
                                           {"threads backwards", kernels_on_host(), ThreadOrder::backward},
                                           {"threads shuffled", kernels_on_host(), ThreadOrder::shuffled}}};
  return all;
}

std::size_t current = 0;

/// One side after another, round by round of the tests.
class Rounds : public testing::EmptyTestEventListener {
  void OnTestIterationStart(const testing::UnitTest&, int iteration) override {
    current = static_cast<std::size_t>(iteration) % sides().size();
    set_thread_order(sides()[current].order);
    std::printf("by %s:\n", sides()[current].name);
  }
};

}  // namespace

const cuda::Table& side() {
  return sides()[current].table;
}

}  // namespace vitral::test

int main(int count, char** words) {
  testing::GTEST_FLAG(repeat) = static_cast<int>(vitral::test::sides().size());
  testing::InitGoogleTest(&count, words);
  testing::UnitTest::GetInstance()->listeners().Append(new vitral::test::Rounds);
  return RUN_ALL_TESTS();
}
