// Processes that mpirun started: CTest runs this program as `mpirun -n 2 test_train_mpi`.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/rand.h>

#include <cstdlib>

#include "tests/train/one_run.h"
#include "train/mpi_peers.h"
#include "train/together.h"

namespace vitral::train {
namespace {

class Mpi : public testing::Test {
 protected:
  void SetUp() override {
    if (launch_of(::getenv).world != 2) GTEST_SKIP() << "not started by mpirun -n 2";
    at::set_num_threads(1);
  }
  /// MPI begins once a process and ends with it.
  static Peers& peers() {
    static const auto met = meet(launch_of(::getenv), at::kCPU);
    return *met;
  }
};

TEST_F(Mpi, CarriesWhatMpirunStarted) {
  EXPECT_EQ(peers().transport(), "MPI");
  EXPECT_EQ(peers().world(), 2U);
}

TEST_F(Mpi, NumbersAreSummedGatheredAndRankZeroIsBelieved) {
  const auto rank = static_cast<double>(peers().rank());
  EXPECT_EQ(sum_of(&peers(), {rank, 1.0}), (std::vector<double>{1, 2}));
  EXPECT_EQ(of_first(&peers(), rank + 7), 7);
  EXPECT_TRUE(any_of(&peers(), rank == 1));
  EXPECT_FALSE(any_of(&peers(), false));
  const auto all = peers().gather(at::full({2, 3}, rank).to(at::kByte));
  ASSERT_EQ(all.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i)
    EXPECT_TRUE(at::equal(all[i], at::full({2, 3}, static_cast<double>(i)).to(at::kByte)));
}

TEST_F(Mpi, EachKeepsItsOwnRandomNumbers) {
  at::manual_seed(7 + peers().rank());
  const auto states = random_states(&peers(), at::kCPU);
  const auto drawn = at::rand({4});
  set_random_state(&peers(), at::kCPU, states);
  EXPECT_TRUE(at::equal(at::rand({4}), drawn));
}

TEST_F(Mpi, GradientsBecomeTheirMeanAndMissingOnesCountAsZero) {
  std::vector<at::Tensor> parameters;
  for (int i = 0; i < 3; ++i) parameters.push_back(at::zeros({2, 3}).requires_grad_());
  parameters[0].mutable_grad() = at::full({2, 3}, peers().rank() == 0 ? 1.0 : 5.0);
  if (peers().rank() == 1) parameters[1].mutable_grad() = at::full({2, 3}, 5.0);
  average_gradients(&peers(), parameters);
  EXPECT_TRUE(at::equal(parameters[0].grad(), at::full({2, 3}, 3.0)));
  EXPECT_TRUE(at::equal(parameters[1].grad(), at::full({2, 3}, 2.5)));
  EXPECT_FALSE(parameters[2].grad().defined());
}

void expect_one_run(Peers& peers, Subject subject) {
  share_weights(&peers, subject.net->module());
  const auto mine = trained(subject, copy_of(subject), 4, &peers);
  for (const auto& item : mine) {
    auto first = item.value().detach().clone();
    if (first.numel() > 0) peers.take_from_first(first);
    EXPECT_TRUE(at::equal(item.value(), first)) << item.key();
  }
  if (peers.rank() == 0) expect_weights_of_one(subject, mine);
}

TEST_F(Mpi, TwoAreAsGoodAsOneWithTwiceTheBatch) {
  expect_one_run(peers(), classifier());
}

TEST_F(Mpi, TheObjectsOfADetectorAreCountedOverAll) {
  expect_one_run(peers(), detector());
}

}  // namespace
}  // namespace vitral::train
