// Processes that train together: here threads of one, each with a process group of its own over TCP.
#include <ATen/Parallel.h>
#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <map>
#include <thread>

#include "apps/registry.h"
#include "common/core/error.h"
#include "tests/train/data.h"
#include "tests/train/small_detectors.h"
#include "train/together.h"
#include "train/trainer.h"

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
      results[rank] = work(*meet(launch));
    });
  }
  for (auto& each : threads) each.join();
  return results;
}

class Together : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_meet()) GTEST_SKIP() << "this LibTorch has no process group";
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

struct Subject {
  std::shared_ptr<Network> net;
  ModelEntry entry;
  Preprocess preprocess;
  std::shared_ptr<const Dataset> data;
};

Subject classifier() {
  static const auto registry = apps::make_registry();
  auto entry = *registry->resolve("fashion_vit").entry;
  BuildOptions options;
  options.num_classes = 4;
  options.image_size = {32, 32};
  return {entry.build(options), entry, entry.preprocess(), test::colored_pictures(24, 4, 32)};
}

/// Without batch norm, whose statistics are of one process each, and with a loss whose every part is divided by the
/// objects: DETR's own cross-entropy is a mean over the queries of one process, the authors' too.
Subject detector() {
  ModelEntry entry;
  entry.name = "small_deformable_detr";
  entry.task = Task::detect;
  auto backbone = test::levels({2, 3, 4});
  backbone.frozen = true;
  return {detr::DeformableDetr(test::small_deformable_detr().backbone(backbone)).ptr(), entry, rtdetr_preprocess(96),
          std::make_shared<test::Rectangles>(24, 96)};
}

std::shared_ptr<Network> copy_of(const Subject& subject) {
  return std::dynamic_pointer_cast<Network>(subject.net->module().clone());
}

/// The weights of `net` after two epochs of `batch` pictures a step and process.
weights::StateDict trained(const Subject& subject, const std::shared_ptr<Network>& net, std::int64_t batch,
                           Peers* peers) {
  TrainOptions options = recipe("small", subject.data->task());
  options.epochs = 2;
  options.batch = batch;
  // AdamW would make whole steps of the rounding in gradients that are zero but for it (biases of keys).
  options.optimizer.kind = OptimizerKind::sgd;
  options.schedule.lr = 0.05;
  auto model = test::trainable(net, subject.entry, subject.preprocess,
                               static_cast<std::int64_t>(subject.data->classes().size()));
  Listener listener;
  Trainer::Setup setup;
  setup.peers = peers;
  setup.workers = 1;
  setup.files = {test::fresh_folder("together" + std::to_string(peers == nullptr ? 9 : peers->rank()))};
  Trainer trainer(model, {subject.data, subject.data}, options, setup, listener);
  EXPECT_EQ(trainer.run([] { return false; }), Outcome::finished);
  EXPECT_EQ(std::filesystem::exists(setup.files.state()), peers == nullptr || peers->rank() == 0);
  std::filesystem::remove_all(setup.files.folder);
  return weights::state_dict_of(net->module());
}

void expect_one_run(const Subject& subject) {
  // Threads share what processes do not: they compute with one thread each, on copies that were made before.
  const int threads = at::get_num_threads();
  const std::array copies = {copy_of(subject), copy_of(subject)};
  const auto alone = trained(subject, copy_of(subject), 8, nullptr);
  const auto both = on_each(2, [&](Peers& peers) {
    at::set_num_threads(1);
    return trained(subject, copies[peers.rank()], 4, &peers);
  });
  at::set_num_threads(threads);
  const auto start = weights::state_dict_of(subject.net->module());
  double moved = 0, apart = 0;
  for (const auto& item : alone) {
    EXPECT_TRUE(at::equal(both[0][item.key()], both[1][item.key()])) << item.key();
    if (!item.value().is_floating_point() || item.value().numel() == 0) continue;
    moved = std::max(moved, (item.value() - start[item.key()]).abs().max().item<double>());
    apart = std::max(apart, (item.value() - both[0][item.key()]).abs().max().item<double>());
  }
  std::printf("weights moved by %.1e, two processes are %.1e off\n", moved, apart);
  EXPECT_GT(moved, 1e-4);
  EXPECT_LT(apart, 1e-5);
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
}

TEST(Launch, IsReadFromMpirunsVariables) {
  const std::map<std::string, std::string> here = {{"OMPI_COMM_WORLD_RANK", "1"},
                                                   {"OMPI_COMM_WORLD_SIZE", "2"},
                                                   {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                                                   {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}};
  EXPECT_EQ(launched(here).rank, 1U);
  EXPECT_EQ(launched(here).address, "127.0.0.1");
  auto apart = here;
  apart["OMPI_COMM_WORLD_LOCAL_SIZE"] = "1";
  EXPECT_THROW(launched(apart), Error);
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
