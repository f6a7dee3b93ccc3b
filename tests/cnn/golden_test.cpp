// Logits of full-size networks with hashed weights against timm's.
#include <gtest/gtest.h>

#include "cnn/register.h"
#include "common/nn/init.h"
#include "common/runtime/prepare.h"
#include "tests/cnn/support.h"

namespace vitral::cnn {
namespace {

at::Tensor tensor_of(const nlohmann::json& rows) {
  std::vector<double> flat;
  for (const auto& row : rows) flat.insert(flat.end(), row.begin(), row.end());
  return at::tensor(flat).to(at::kFloat).view({static_cast<std::int64_t>(rows.size()), -1});
}

TEST(Cnn, LogitsEqualTimm) {
  Registry registry;
  register_cnn(registry);
  const at::NoGradGuard no_grad;
  const nn::SkipInit no_random_numbers;
  const auto& cases = test::cnn_golden().at("cases");
  ASSERT_EQ(cases.size(), 10U);
  for (const auto& golden : cases) {
    SCOPED_TRACE(golden.at("model").get<std::string>() + " " + golden.at("image").dump());
    const auto net = registry.resolve(golden.at("model").get<std::string>()).entry->build_classifier({});
    test::fill_hashed_conv(net->module());
    net->module().eval();
    const auto expected = tensor_of(golden.at("logits"));
    const auto images = test::hashed_pictures(2, golden.at("image")[0], golden.at("image")[1]);
    test::expect_close(net->forward(images).narrow(1, 0, 10), expected, 2e-5);
    prepare_for_inference(net->module(), nn::Precision::fp32);
    test::expect_close(net->forward(images).narrow(1, 0, 10), expected, 2e-5);
  }
}

// The converted weights that the Python package of Lite0 holds need TensorFlow's numerics under every name.
TEST(Cnn, NumericsFollowTheOrigin) {
  Registry registry;
  register_cnn(registry);
  const at::NoGradGuard no_grad;
  const auto images = test::hashed_pictures(1, 64, 64);
  const auto logits = [&](const std::string& name, const std::string& origin) {
    BuildOptions options;
    options.origin = origin;
    const auto net = registry.resolve(name).entry->build_classifier(options);
    test::fill_hashed_conv(net->module());
    net->module().eval();
    return net->forward(images);
  };
  const auto tensorflow = logits("tf_efficientnet_lite0", "timm");
  test::expect_equal(logits("efficientnet_lite0", "original"), tensorflow);
  EXPECT_GT(test::relative_error(logits("efficientnet_lite0", "timm"), tensorflow), 1e-2);
}

}  // namespace
}  // namespace vitral::cnn
