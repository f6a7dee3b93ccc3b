// Logits of small networks with hashed weights against timm, torchvision, transformers and microsoft/Swin-Transformer,
// at sizes that windows divide and at sizes that they do not.
#include <gtest/gtest.h>

#include "tests/swin/support.h"

namespace vitral::swin {
namespace {

SwinTransformer network(const nlohmann::json& golden) {
  const auto version = golden.at("v2").get<bool>() ? Version::v2 : Version::v1;
  const auto built = golden.at("built").get<Size>();
  const auto options = test::small_swin(version, golden.at("window"))
                           .image_height(built[0])
                           .image_width(built[1])
                           .pretrained_windows(golden.at("pretrained").get<Stages>())
                           .convention(convention_of(golden.at("origin").get<std::string>()));
  SwinTransformer net(options);
  test::fill_hashed(*net);
  net->eval();
  return net;
}

std::string describe(const nlohmann::json& golden) {
  return golden.at("origin").get<std::string>() + (golden.at("v2").get<bool>() ? " v2 " : " v1 ") +
         golden.at("image").dump();
}

TEST(Swin, LogitsEqualTheLibraries) {
  const auto& cases = test::swin_golden().at("cases");
  ASSERT_EQ(cases.size(), 20);
  const at::NoGradGuard no_grad;
  for (const auto& golden : cases) {
    SCOPED_TRACE(describe(golden));
    const auto image = golden.at("image").get<Size>();
    const auto logits = network(golden)->forward(test::hashed_pictures(2, image[0], image[1]));
    test::expect_close(logits, test::tensor_of(golden.at("logits")), 2e-5);
  }
}

TEST(Swin, PlainAttentionGivesTheSame) {
  for (const auto& golden : test::swin_golden().at("cases")) {
    SCOPED_TRACE(describe(golden));
    const auto image = golden.at("image").get<Size>();
    // With gradients wanted, no kernel is taken.
    const auto logits = network(golden)->forward(test::hashed_pictures(2, image[0], image[1]));
    ASSERT_TRUE(logits.requires_grad());
    test::expect_close(logits.detach(), test::tensor_of(golden.at("logits")), 2e-5);
  }
}

}  // namespace
}  // namespace vitral::swin
