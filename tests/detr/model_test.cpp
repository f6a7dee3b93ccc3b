// What holds for every network of this family, asked of small ones.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "common/runtime/prepare.h"
#include "common/weights/checkpoint.h"
#include "common/weights/state_dict.h"
#include "tests/detr/support.h"

namespace vitral::detr {
namespace {

struct Net {
  std::string name;
  std::function<std::shared_ptr<Detector>(const BackboneFactory&)> build;
  std::string sees_padding{};              ///< why padding has a part in the outputs although it is masked
  bool selects = false;                    ///< queries are chosen by score, which rounding may change
  std::vector<std::string> no_gradient{};  ///< parameters that this kind of network does not train by itself
};

/// A number that every prediction of a training step has a part in.
at::Tensor loss_of(const SetPrediction& prediction) {
  return prediction.logits.square().sum() + prediction.boxes.square().sum();
}
at::Tensor training_loss(Detector& net, const PictureBatch& batch) {
  at::Tensor loss = at::zeros({});
  if (auto* detr = dynamic_cast<DetrImpl*>(&net)) {
    for (const auto& each : detr->forward_all(batch)) loss = loss + loss_of(each);
  } else if (auto* deformable = dynamic_cast<DeformableDetrImpl*>(&net)) {
    const auto predictions = deformable->forward_all(batch);
    for (const auto& each : predictions.layers) loss = loss + loss_of(each);
    for (const auto& each : predictions.proposals) loss = loss + each.logits.square().sum() + each.boxes.square().sum();
  } else {
    const auto predictions = dynamic_cast<RtDetrImpl&>(net).forward_all(batch);
    for (const auto& each : predictions.layers) loss = loss + loss_of(each);
    loss = loss + loss_of(predictions.encoder);
  }
  return loss;
}

Net detr(std::string name, bool dilated) {
  return {std::move(name), [dilated](const BackboneFactory& make_backbone) -> std::shared_ptr<Detector> {
            BackboneSpec backbone;
            backbone.dilate_last = dilated;
            return Detr(tiny_detr(make_backbone).backbone(backbone)).ptr();
          }};
}

Net deformable(std::string name, bool refine, bool two_stage) {
  Net net{std::move(name), [=](const BackboneFactory& make_backbone) -> std::shared_ptr<Detector> {
            return DeformableDetr(tiny_deformable_detr(make_backbone).refine(refine).two_stage(two_stage)).ptr();
          }};
  net.sees_padding = "the group norms of its levels average over padding too, as the authors' do";
  net.selects = two_stage;
  return net;
}

Net rtdetr(std::string name, nn::Sampling sampling, std::int64_t eval_depth = 0) {
  Net net{std::move(name), [=](const BackboneFactory& make_backbone) -> std::shared_ptr<Detector> {
            return RtDetr(tiny_rtdetr(make_backbone).sampling(sampling).eval_depth(eval_depth)).ptr();
          }};
  net.sees_padding = "takes pictures of one size";
  net.selects = true;
  net.no_gradient = {"denoising_class_embed"};
  if (sampling == nn::Sampling::discrete) net.no_gradient.push_back("sampling_offsets");
  return net;
}

std::vector<Net> nets() {
  return {detr("detr", false),
          detr("detr_dc5", true),
          rtdetr("rtdetr", nn::Sampling::bilinear),
          rtdetr("rtdetr_m", nn::Sampling::bilinear, 1),
          rtdetr("rtdetrv2_dsp", nn::Sampling::discrete),
          deformable("deformable_detr", false, false),
          deformable("deformable_detr_refine", true, false),
          deformable("deformable_detr_two_stage", true, true)};
}

const at::Tensor& output(const NamedTensors& outputs, const std::string& name) {
  for (const auto& [each, tensor] : outputs) {
    if (each == name) return tensor;
  }
  throw std::logic_error("no output " + name);
}

void expect_close(const NamedTensors& ours, const NamedTensors& theirs, double tolerance) {
  for (const char* name : {"logits", "boxes"}) {
    SCOPED_TRACE(name);
    test::expect_close(output(ours, name).to(at::kFloat), output(theirs, name).to(at::kFloat), tolerance);
  }
}

class Model : public testing::TestWithParam<Net> {
 protected:
  static std::shared_ptr<Detector> make(const BackboneFactory& make_backbone = test::tiny_backbone) {
    auto net = GetParam().build(make_backbone);
    test::fill_hashed(net->module());
    net->module().eval();
    return net;
  }
  PictureBatch batch{test::hashed_pictures(2, 96, 128), {}};
};

TEST_P(Model, GivesLogitsAndBoxesOfItsQueries) {
  const at::NoGradGuard no_grad;
  const auto outputs = make()->forward(batch);
  const auto logits = output(outputs, "logits"), boxes = output(outputs, "boxes");
  EXPECT_EQ(logits.size(0), 2);
  EXPECT_EQ(boxes.sizes(), (std::vector<std::int64_t>{2, logits.size(1), 4}));
  EXPECT_TRUE(boxes.ge(0).logical_and(boxes.le(1)).all().item<bool>());
  EXPECT_GT(logits.std(0).max().item<double>(), 1e-3);  // the pictures matter
  EXPECT_GT(logits.std(1).max().item<double>(), 1e-3);  // the queries are not alike
}

TEST_P(Model, ABatchEqualsItsPictures) {
  const at::NoGradGuard no_grad;
  const auto net = make();
  const auto both = net->forward(batch);
  for (std::int64_t i = 0; i < 2; ++i) {
    const auto one = net->forward({batch.images.narrow(0, i, 1), {}});
    for (const char* name : {"logits", "boxes"}) {
      test::expect_close(output(one, name), output(both, name).narrow(0, i, 1), 1e-5);
    }
  }
}

TEST_P(Model, AMaskWithoutPaddingChangesNothing) {
  const at::NoGradGuard no_grad;
  const auto net = make();
  const auto plain = net->forward(batch);
  expect_close(net->forward({batch.images, at::zeros({2, 96, 128}, at::kBool)}), plain, 1e-5);
}

// A backbone whose pixels do not see their neighbours, and sizes that its largest stride divides.
TEST_P(Model, MaskedPaddingIsACrop) {
  if (!GetParam().sees_padding.empty()) GTEST_SKIP() << GetParam().sees_padding;
  const at::NoGradGuard no_grad;
  const auto net = make(test::patch_backbone);
  for (const auto& [height, width] : {std::pair{64, 96}, {32, 128}, {96, 32}}) {
    SCOPED_TRACE(std::to_string(height) + "x" + std::to_string(width));
    const auto whole = test::padded_batch(height, width);
    const auto masked = net->forward(whole), alone = net->forward(test::cropped(whole, height, width));
    for (const char* name : {"logits", "boxes"}) {
      test::expect_close(output(masked, name).narrow(0, 1, 1), output(alone, name), 1e-5);
    }
    EXPECT_GT(test::relative_error(output(net->forward({whole.images, {}}), "logits"), output(masked, "logits")), 1e-3);
  }
}

TEST_P(Model, EveryParameterGetsAGradient) {
  const auto net = make();
  net->module().train();
  training_loss(*net, batch).backward();
  for (const auto& parameter : net->module().named_parameters()) {
    const auto& exempt = GetParam().no_gradient;
    const auto named = [&](const std::string& part) { return parameter.key().find(part) != std::string::npos; };
    if (std::any_of(exempt.begin(), exempt.end(), named)) continue;
    ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
    EXPECT_TRUE(at::isfinite(parameter.value().grad()).all().item<bool>()) << parameter.key();
    EXPECT_GT(parameter.value().grad().abs().sum().item<double>(), 0) << parameter.key();
  }
}

TEST_P(Model, CloneIsEqualAndSeparate) {
  const at::NoGradGuard no_grad;
  const auto net = make();
  const auto before = net->forward(batch);
  const auto copy = net->module().clone();
  const auto clone = std::dynamic_pointer_cast<Detector>(copy);
  ASSERT_NE(clone, nullptr);
  copy->eval();
  expect_close(clone->forward(batch), before, 1e-6);
  prepare_for_inference(*copy, nn::Precision::fp32);
  expect_close(clone->forward(batch), before, 1e-4);
  for (auto& each : copy->parameters()) each.zero_();
  expect_close(net->forward(batch), before, 1e-6);
}

TEST_P(Model, SavedAndLoadedIsEqual) {
  const at::NoGradGuard no_grad;
  const auto net = make();
  const auto path =
      std::filesystem::temp_directory_path() / ("vitral_detr_" + std::to_string(::getpid()) + ".safetensors");
  weights::save(path, weights::state_dict_of(net->module()), {}, true);
  const auto other = GetParam().build(test::tiny_backbone);
  const auto checkpoint = weights::open(path);
  const auto report = weights::load_into(other->module(), weights::to_state_dict(checkpoint, weights::Storage::copied));
  std::filesystem::remove(path);
  EXPECT_TRUE(report.is_complete());
  other->module().eval();
  expect_close(other->forward(batch), net->forward(batch), 0);
}

TEST_P(Model, PreparedComputesTheSame) {
  const at::NoGradGuard no_grad;
  for (const auto& input : {batch, test::padded_batch(70, 100)}) {
    const auto net = make();
    const auto plain = net->forward(input);
    prepare_for_inference(net->module(), nn::Precision::fp32);
    expect_close(net->forward(input), plain, 1e-4);
    expect_close(net->forward(input), plain, 1e-4);  // with what was kept from the first call
  }
}

// What is kept of learnt queries and positions belongs to a batch size, a picture size and these weights.
TEST_P(Model, PreparedFollowsSizesAndWeights) {
  const at::NoGradGuard no_grad;
  const auto net = make();
  const std::vector<PictureBatch> inputs{batch,
                                         {batch.images.narrow(0, 0, 1).contiguous(), {}},
                                         {test::hashed_pictures(1, 128, 96), {}},
                                         test::padded_batch(70, 100)};
  for (const double factor : {1.0, 1.25}) {
    net->module().train();
    net->module().eval();
    for (auto& parameter : net->module().parameters()) parameter.mul_(factor);
    std::vector<NamedTensors> plain;
    for (const auto& input : inputs) plain.push_back(net->forward(input));
    prepare_for_inference(net->module(), nn::Precision::fp32);
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = 0; i < inputs.size(); ++i) expect_close(net->forward(inputs[i]), plain[i], 2e-4);
    }
  }
}

TEST_P(Model, HalfPrecisionGivesBoxesInFull) {
  const at::NoGradGuard no_grad;
  const auto net = make();
  const auto plain = net->forward(batch);
  prepare_for_inference(net->module(), nn::Precision::bf16);
  const auto half = net->forward({batch.images.to(at::kBFloat16), {}});
  EXPECT_EQ(output(half, "boxes").scalar_type(), at::kFloat);
  if (!GetParam().selects) expect_close(half, plain, 0.1);
}

TEST_P(Model, TrainingFollowsPreparedInference) {
  const auto net = make();
  {
    const c10::InferenceMode inference;
    prepare_for_inference(net->module(), nn::Precision::fp32);
    net->forward(batch);  // what is kept for this size must not be an inference tensor
  }
  net->module().train();
  output(net->forward(batch), "logits").sum().backward();
}

INSTANTIATE_TEST_SUITE_P(Detr, Model, testing::ValuesIn(nets()), [](const auto& info) { return info.param.name; });

TEST(RtDetrModel, EveryDecoderLayerPredictsAsInferenceDoes) {
  const at::NoGradGuard no_grad;
  const PictureBatch batch{test::hashed_pictures(2, 64, 96), {}};
  for (const std::int64_t counted : {1, 2}) {
    RtDetr net(tiny_rtdetr(test::tiny_backbone).eval_depth(counted));
    test::fill_hashed(*net);
    net->eval();
    const auto layers = net->forward_all(batch).layers;
    ASSERT_EQ(layers.size(), 2U);
    const auto outputs = net->forward(batch);
    test::expect_equal(layers[static_cast<std::size_t>(counted - 1)].logits, output(outputs, "logits"));
    test::expect_close(layers[static_cast<std::size_t>(counted - 1)].boxes, output(outputs, "boxes"), 1e-5);
  }
}

TEST(RtDetrModel, SelectsTheTokensWithTheBestScores) {
  const at::NoGradGuard no_grad;
  RtDetr net(tiny_rtdetr(test::tiny_backbone).queries(3));
  test::fill_hashed(*net);
  net->eval();
  const auto maps = net->encoder->forward(net->backbone->forward_maps(test::hashed_pictures(1, 96, 128)));
  const auto memory = net->decoder->remember(maps);
  EXPECT_EQ(memory.tokens.size(1), 12 * 16 + 6 * 8 + 3 * 4);
  const auto start = net->decoder->select_queries(memory);
  const auto tokens = net->decoder->enc_norm->forward(
      net->decoder->enc_output->forward(memory.tokens * net->decoder->anchors_of(memory).valid));
  const auto best = std::get<0>(net->decoder->enc_score_head->forward(tokens).amax({-1}).sort(1, true)).slice(1, 0, 3);
  test::expect_close(start.encoder.logits.amax({-1}), best, 1e-6);
}

TEST(DetrModel, EveryDecoderLayerPredicts) {
  const at::NoGradGuard no_grad;
  Detr net(tiny_detr(test::tiny_backbone));
  test::fill_hashed(*net);
  net->eval();
  const PictureBatch batch{test::hashed_pictures(2, 64, 96), {}};
  const auto layers = net->forward_all(batch);
  ASSERT_EQ(layers.size(), 2U);
  test::expect_equal(layers.back().logits, output(net->forward(batch), "logits"));
  EXPECT_EQ(layers.front().logits.sizes(), (std::vector<std::int64_t>{2, 7, 6}));
  EXPECT_FALSE(at::equal(layers.front().logits, layers.back().logits));
}

TEST(DetrModel, StartsAsTheAuthorsStart) {
  at::manual_seed(3);
  Detr net(tiny_detr(test::tiny_backbone).dim(64));
  EXPECT_NEAR(net->query_embed.std().item<double>(), 1.0, 0.1);
  const auto qkv = net->encoder->layers[0]->as<nn::TransformerEncoderLayer>()->self_attn->qkv->weight;  // [192, 64]
  EXPECT_NEAR(qkv.abs().max().item<double>(), std::sqrt(6.0 / (192 + 64)), 1e-3);
}

}  // namespace
}  // namespace vitral::detr
