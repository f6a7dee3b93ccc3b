// Processes that train together: here threads of one, each with a process group of its own over TCP.
#include <ATen/Parallel.h>
#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <map>
#include <thread>

#include "common/core/error.h"
#include "tests/train/one_run.h"
#include "train/group_peers.h"
#include "train/together.h"

namespace vitral::train {
namespace {

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(socket, plain, size), 0);
  EXPECT_EQ(::getsockname(socket, plain, &size), 0);
  ::close(socket);
  return ntohs(address.sin_port);
}

/// Calls `work(peers)` as each of `world` processes would, and gives what each says.
template <class Work>
auto on_each(std::size_t world, Work work) {
  std::vector<decltype(work(std::declval<Peers&>()))> results(world);
  std::vector<std::thread> threads;
  Launch launch;
  launch.world = world;
  launch.port = free_port();
  for (std::size_t rank = 0; rank < world; ++rank) {
    threads.emplace_back([&, rank, launch]() mutable {
      launch.rank = rank;
      results[rank] = work(*meet(launch, at::kCPU));
    });
  }
  for (auto& each : threads) each.join();
  return results;
}

class Together : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_gloo()) GTEST_SKIP() << "this LibTorch has no process group";
  }
};

TEST_F(Together, NumbersAreSummedAndRankZeroIsBelieved) {
  const auto said = on_each(3, [](Peers& peers) {
    const auto rank = static_cast<double>(peers.rank());
    auto sums = sum_of(&peers, {rank, 1.0});
    sums.push_back(of_first(&peers, rank + 7));
    sums.push_back(any_of(&peers, peers.rank() == 2) ? 1 : 0);
    sums.push_back(any_of(&peers, false) ? 1 : 0);
    return sums;
  });
  for (const auto& each : said) EXPECT_EQ(each, (std::vector<double>{3, 3, 7, 1, 0}));
}

TEST_F(Together, GradientsBecomeTheirMeanAndMissingOnesCountAsZero) {
  const auto means = on_each(2, [](Peers& peers) {
    const double mine = peers.rank() == 0 ? 1 : 5;
    std::vector<at::Tensor> parameters;
    for (int i = 0; i < 3; ++i) parameters.push_back(at::zeros({2, 3}).requires_grad_());
    parameters[0].mutable_grad() = at::full({2, 3}, mine);
    if (peers.rank() == 1) parameters[1].mutable_grad() = at::full({2, 3}, mine);
    average_gradients(&peers, parameters);
    return parameters;
  });
  for (const auto& parameters : means) {
    EXPECT_TRUE(at::equal(parameters[0].grad(), at::full({2, 3}, 3.0)));
    EXPECT_TRUE(at::equal(parameters[1].grad(), at::full({2, 3}, 2.5)));
    EXPECT_FALSE(parameters[2].grad().defined());
  }
}

TEST_F(Together, OneThatIsAloneSumsNothing) {
  EXPECT_EQ(sum_of(nullptr, {2, 3}), (std::vector<double>{2, 3}));
  EXPECT_TRUE(any_of(nullptr, true));
  EXPECT_EQ(of_first(nullptr, 4), 4);
}

void expect_one_run(const Subject& subject) {
  // Threads share what processes do not: they compute with one thread each, on copies that were made before.
  const int threads = at::get_num_threads();
  const std::array copies = {copy_of(subject), copy_of(subject)};
  const auto both = on_each(2, [&](Peers& peers) {
    at::set_num_threads(1);
    return trained(subject, copies[peers.rank()], 4, &peers);
  });
  at::set_num_threads(threads);
  for (const auto& item : both[0]) EXPECT_TRUE(at::equal(item.value(), both[1][item.key()])) << item.key();
  expect_weights_of_one(subject, both[0]);
}

TEST_F(Together, TwoAreAsGoodAsOneWithTwiceTheBatch) {
  expect_one_run(classifier());
}

TEST_F(Together, TheObjectsOfADetectorAreCountedOverAll) {
  expect_one_run(detector());
}

Launch launched(const std::map<std::string, std::string>& variables) {
  return launch_of([&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(Launch, IsReadFromTorchrunsVariables) {
  EXPECT_EQ(launched({}).world, 1U);
  const auto launch = launched({{"RANK", "3"},
                                {"WORLD_SIZE", "4"},
                                {"LOCAL_RANK", "1"},
                                {"MASTER_ADDR", "node7"},
                                {"MASTER_PORT", "1234"},
                                {"TORCHELASTIC_USE_AGENT_STORE", "True"}});
  EXPECT_EQ(launch.rank, 3U);
  EXPECT_EQ(launch.world, 4U);
  EXPECT_EQ(launch.local_rank, 1U);
  EXPECT_EQ(launch.address, "node7");
  EXPECT_EQ(launch.port, 1234);
  EXPECT_TRUE(launch.meets_at_agent);
  EXPECT_FALSE(launch.by_mpirun);
}

TEST(Launch, IsReadFromMpirunsVariables) {
  const std::map<std::string, std::string> here = {{"OMPI_COMM_WORLD_RANK", "1"},
                                                   {"OMPI_COMM_WORLD_SIZE", "2"},
                                                   {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                                                   {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}};
  EXPECT_EQ(launched(here).rank, 1U);
  EXPECT_TRUE(launched(here).by_mpirun);
  EXPECT_EQ(launched(here).address, "127.0.0.1");
  auto apart = here;
  apart["OMPI_COMM_WORLD_LOCAL_SIZE"] = "1";
  EXPECT_THROW(meet_by_tcp(launched(apart), at::kCPU), Error);
  apart["MASTER_ADDR"] = "node7";
  EXPECT_EQ(launched(apart).address, "node7");
}

TEST(Launch, RefusesWhatMakesNoSense) {
  EXPECT_THROW(launched({{"WORLD_SIZE", "2"}}), Error);
  EXPECT_THROW(launched({{"WORLD_SIZE", "0"}, {"RANK", "0"}}), Error);
  EXPECT_THROW(launched({{"WORLD_SIZE", "2"}, {"RANK", "2"}}), Error);
  EXPECT_THROW(launched({{"WORLD_SIZE", "two"}, {"RANK", "0"}}), Error);
  EXPECT_THROW(launched({{"WORLD_SIZE", "2"}, {"RANK", "0"}, {"MASTER_PORT", "65536"}}), Error);
}

}  // namespace
}  // namespace vitral::train
