/// A run of several processes and the same run of one: what must come to the same weights.
#pragma once

#include <map>

#include "apps/registry.h"
#include "tests/train/data.h"
#include "tests/train/small_detectors.h"
#include "train/peers.h"
#include "train/trainer.h"

namespace vitral::train {

struct Subject {
  std::shared_ptr<Network> net;
  ModelEntry entry;
  Preprocess preprocess;
  std::shared_ptr<const Dataset> data;
};

inline Subject classifier() {
  static const auto registry = apps::make_registry();
  auto entry = *registry->resolve("fashion_vit").entry;
  BuildOptions options;
  options.num_classes = 4;
  options.image_size = {32, 32};
  return {entry.build(options), entry, entry.preprocess(), test::colored_pictures(24, 4, 32)};
}

/// Without batch norm, whose statistics are of one process each, and with a loss whose every part is divided by the
/// objects: DETR's own cross-entropy is a mean over the queries of one process, the authors' too.
inline Subject detector() {
  ModelEntry entry;
  entry.name = "small_deformable_detr";
  entry.task = Task::detect;
  auto backbone = test::levels({2, 3, 4});
  backbone.frozen = true;
  return {detr::DeformableDetr(test::small_deformable_detr().backbone(backbone)).ptr(), entry, rtdetr_preprocess(96),
          std::make_shared<test::Rectangles>(24, 96)};
}

inline std::shared_ptr<Network> copy_of(const Subject& subject) {
  return std::dynamic_pointer_cast<Network>(subject.net->module().clone());
}

/// The weights of `net` after two epochs of `batch` pictures a step and process.
inline weights::StateDict trained(const Subject& subject, const std::shared_ptr<Network>& net, std::int64_t batch,
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

/// One that trains alone with twice the batch comes to `together`.
inline void expect_weights_of_one(const Subject& subject, const weights::StateDict& together) {
  const auto start = weights::state_dict_of(subject.net->module());
  const auto alone = trained(subject, copy_of(subject), 8, nullptr);
  double moved = 0, apart = 0;
  for (const auto& item : alone) {
    if (!item.value().is_floating_point() || item.value().numel() == 0) continue;
    moved = std::max(moved, (item.value() - start[item.key()]).abs().max().item<double>());
    apart = std::max(apart, (item.value() - together[item.key()]).abs().max().item<double>());
  }
  std::printf("weights moved by %.1e, two processes are %.1e off\n", moved, apart);
  EXPECT_GT(moved, 1e-4);
  EXPECT_LT(apart, 1e-5);
}

}  // namespace vitral::train
