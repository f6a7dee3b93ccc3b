// What a user's first program would do: build a small network with the installed libraries and look at its answer.
#include <iostream>

#include "common/core/text.h"
#ifdef WITH_TORCH
#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/ones.h>

#include "vit/vit.h"

static bool vision_transformer_answers() {
  const auto options = vitral::vit::VisionTransformerOptions()
                           .image_height(32)
                           .image_width(32)
                           .patch(8)
                           .num_classes(10)
                           .dim(48)
                           .depth(2)
                           .heads(3);
  vitral::vit::VisionTransformer model(options);
  model->eval();
  at::NoGradGuard no_grad;
  const at::Tensor logits = model->forward(at::ones({1, 3, 32, 32}));
  std::cout << "logits " << logits.sizes() << '\n';
  return logits.dim() == 2 && logits.size(0) == 1 && logits.size(1) == 10 && at::isfinite(logits).all().item<bool>();
}
#else
static bool vision_transformer_answers() {
  return true;
}
#endif

int main() {
  const bool text = vitral::edit_distance("vitral", "vitrail") == 1;
  const bool network = vision_transformer_answers();
  std::cout << (text && network ? "ok" : "wrong answer") << '\n';
  return text && network ? 0 : 1;
}
