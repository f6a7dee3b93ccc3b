/// Small detectors, damped weights and comparisons of detections.
#pragma once

#include <limits>

#include "cnn/faster_rcnn.h"
#include "cnn/yolox.h"
#include "tests/cnn/support.h"

namespace vitral::test {

/// fill_hashed_conv, with predictions kept in a range where boxes overlap by degrees and scores differ; as
/// tests/golden/cnn_detectors.py.
inline void fill_hashed_detector(torch::nn::Module& module) {
  fill_hashed_conv(module);
  const std::pair<const char*, double> factors[] = {{"reg_pred", 0.03}, {"bbox_pred", 0.01}, {"cls_pred", 0.1},
                                                    {"obj_pred", 0.1},  {"cls_logits", 0.1}, {"cls_score", 0.04}};
  const at::NoGradGuard no_grad;
  for (auto& parameter : module.named_parameters()) {
    if (!parameter.key().ends_with("weight")) continue;
    for (const auto& [part, factor] : factors) {
      if (parameter.key().find(part) != std::string::npos) parameter.value().mul_(factor);
    }
  }
}

inline cnn::YoloxOptions tiny_yolox(bool depthwise) {
  return cnn::YoloxOptions().depth(0.33).width(0.125).depthwise(depthwise).num_classes(5);
}

inline cnn::FasterRcnnOptions tiny_faster_rcnn(bool second) {
  const auto norm = second ? nn::NormKind::batch : nn::NormKind::frozen;
  const auto body = cnn::ResNetOptions().depths({1, 1, 1, 1}).width(8).levels({1, 2, 3, 4}).num_classes(0).norm(norm);
  const auto rpn = cnn::RegionProposalOptions().channels(16).depth(second ? 2 : 1).sizes({8, 16, 32, 64, 128});
  const auto roi =
      cnn::RoiHeadsOptions().channels(16).hidden(24).num_classes(5).most(1000).convolutions(second ? 2 : 0);
  cnn::FasterRcnnOptions options;
  options.body(body).rpn(rpn).roi(roi);
  if (second) options.pyramid_norm(nn::NormOptions());
  return options;
}

/// The same detections in any order: each has a partner of its class within `pixels` and, for scores, `tolerance`.
inline void expect_same_set(const Detections& found, const Detections& expected, double pixels, double tolerance) {
  const std::int64_t count = expected.labels.size(0);
  ASSERT_EQ(found.labels.size(0), count);
  ASSERT_EQ(found.boxes.sizes(), (std::vector<std::int64_t>{count, 4}));
  std::vector<bool> taken(static_cast<std::size_t>(count), false);
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t partner = -1;
    double nearest = std::numeric_limits<double>::infinity();
    for (std::int64_t j = 0; j < count; ++j) {
      if (taken[static_cast<std::size_t>(j)] ||
          found.labels[j].item<std::int64_t>() != expected.labels[i].item<std::int64_t>())
        continue;
      const double distance = (found.boxes[j] - expected.boxes[i]).abs().max().item<double>() +
                              (found.scores[j] - expected.scores[i]).abs().item<double>() * pixels / tolerance;
      if (distance < nearest) {
        nearest = distance;
        partner = j;
      }
    }
    ASSERT_GE(partner, 0) << "nothing is left for detection " << i;
    EXPECT_LE((found.boxes[partner] - expected.boxes[i]).abs().max().item<double>(), pixels) << "detection " << i;
    EXPECT_LE((found.scores[partner] - expected.scores[i]).abs().item<double>(), tolerance) << "detection " << i;
    taken[static_cast<std::size_t>(partner)] = true;
  }
}

inline void expect_best_first(const Detections& found) {
  EXPECT_TRUE((found.scores.slice(0, 1) <= found.scores.slice(0, 0, -1)).all().item<bool>());
}

}  // namespace vitral::test
