#include "swin/swin.h"

#include <ATen/ops/dropout.h>

#include <numeric>

#include "common/nn/checkpoint.h"

namespace vitral::swin {

BlockImpl::BlockImpl(const StageOptions& options_, double drop_path_rate_)
    : options(options_), drop_path_rate(drop_path_rate_) {
  reset();
}

void BlockImpl::reset() {
  const auto& o = options;
  norm1 = register_module("norm1", nn::LayerNorm(o.dim));
  attn = register_module("attn", WindowAttention(WindowAttentionOptions(o.dim, o.heads, o.window.size)
                                                     .version(o.version)
                                                     .pretrained_window({o.pretrained_window, o.pretrained_window})));
  norm2 = register_module("norm2", nn::LayerNorm(o.dim));
  const auto hidden = static_cast<std::int64_t>(static_cast<double>(o.dim) * o.mlp_ratio);
  mlp = register_module("mlp", nn::Mlp(nn::MlpOptions(o.dim, hidden).dropout(o.dropout)));
  drop_path = register_module("drop_path", nn::DropPath(drop_path_rate));
  if (o.version == Version::v1) return;
  // v2's branches start at nothing, so that the network starts as the identity.
  const at::NoGradGuard no_grad;
  norm1->weight.zero_();
  norm2->weight.zero_();
}

nn::Residual BlockImpl::forward(const nn::Residual& stream, const Size& map, const WindowLayout& layout) {
  if (options.version == Version::v2) {
    const auto x = stream.sum();
    const auto attended = x + drop_path->forward(norm1->forward(attn->forward(x, map, layout)));
    return {attended + drop_path->forward(norm2->forward(mlp->forward(attended)))};
  }
  const auto [x, input] = nn::sum_and_norm(stream, norm1);
  if (drop_path->is_identity()) {
    const auto attend = [&, in = input](const at::Tensor& residual) { return attn->forward(in, map, layout, residual); };
    const auto [attended, hidden] = nn::sum_and_norm(nn::branch_of(x, norm2, attend), norm2);
    const auto feed = [&, in = hidden](const at::Tensor& residual) { return mlp->forward(in, residual); };
    return nn::branch_of(attended, norm2, feed);
  }
  const auto attended = x + drop_path->forward(attn->forward(input, map, layout));
  return {attended + drop_path->forward(mlp->forward(norm2->forward(attended)))};
}

void StageImpl::reset() {
  straight_.clear();
  shifted_.clear();
  if (options.downsample) {
    downsample = register_module("downsample", PatchMerging(options.dim / 2, options.version == Version::v1));
  }
  blocks = register_module("blocks", torch::nn::ModuleList());
  for (const double rate : options.drop_path) blocks->push_back(Block(options, rate));
}

std::shared_ptr<const WindowLayout> StageImpl::layout(const TokenMap& x, bool shifted) {
  const auto device = x.tokens.device();
  return (shifted ? shifted_ : straight_).get({x.size, device}, [&] {
    return lay_out(x.size, options.window, shifted, options.convention, options.version == Version::v2, device);
  });
}

TokenMap StageImpl::forward(const TokenMap& input) {
  const auto map = downsample.is_empty() ? input : downsample->forward(input);
  nn::Residual x{map.tokens};
  for (std::size_t i = 0; i < blocks->size(); ++i) {
    const auto run = [block = blocks[i]->as<Block>(), size = map.size, windows = layout(map, i % 2 == 1)](
                         const nn::Residual& in) { return block->forward(in, size, *windows); };
    x = nn::checkpointed_stream(run, x);
  }
  return {x.sum(), map.size};
}

SwinTransformerImpl::SwinTransformerImpl(const SwinTransformerOptions& options_) : options(options_) {
  reset();
}

Size SwinTransformerImpl::grid(std::size_t stage) const {
  Size size{options.image_height() / options.patch(), options.image_width() / options.patch()};
  for (std::size_t i = 0; i < stage; ++i) size = {(size[0] + 1) / 2, (size[1] + 1) / 2};
  return size;
}

StageOptions SwinTransformerImpl::stage_options(std::size_t s, const std::vector<double>& drop_path) const {
  const auto& o = options;
  const auto first =
      std::accumulate(o.depths().begin(), o.depths().begin() + static_cast<std::ptrdiff_t>(s), std::int64_t{0});
  const auto rates = drop_path.begin() + first;
  return {.dim = o.dim() << s,
          .depth = o.depths()[s],
          .heads = o.heads()[s],
          .window = fit_window(o.windows()[s], grid(s), o.convention(), o.version() == Version::v2),
          .pretrained_window = o.pretrained_windows()[s],
          .downsample = s > 0,
          .version = o.version(),
          .convention = o.convention(),
          .mlp_ratio = o.mlp_ratio(),
          .dropout = o.dropout(),
          .drop_path = {rates, rates + o.depths()[s]}};
}

void SwinTransformerImpl::reset() {
  const auto& o = options;
  patch_embed = register_module("patch_embed", PatchEmbed(o.in_chans(), o.dim(), o.patch(), o.convention()));
  layers = register_module("layers", torch::nn::ModuleList());
  const auto rates =
      nn::drop_path_rates(o.drop_path(), std::accumulate(o.depths().begin(), o.depths().end(), std::int64_t{0}));
  for (std::size_t s = 0; s < o.depths().size(); ++s) layers->push_back(Stage(stage_options(s, rates)));
  const std::int64_t width = channels().back();
  norm = register_module("norm", nn::LayerNorm(width));
  if (o.num_classes() > 0) head = register_module("head", Head(width, o.num_classes()));
}

at::Tensor SwinTransformerImpl::forward_features(const at::Tensor& images) {
  auto x = patch_embed->forward(images);
  if (is_training() && options.dropout() > 0) x.tokens = at::dropout(x.tokens, options.dropout(), true);
  for (const auto& stage : *layers) x = stage->as<Stage>()->forward(x);
  return norm->forward(x.tokens);
}

at::Tensor SwinTransformerImpl::pool(const at::Tensor& tokens) {
  return tokens.mean(1);
}

at::Tensor SwinTransformerImpl::forward_head(const at::Tensor& pooled) {
  return head.is_empty() ? pooled : head->fc->forward(pooled);
}

std::vector<std::string> SwinTransformerImpl::head_names() const {
  return {"head.fc"};
}

std::vector<AttentionLayer> SwinTransformerImpl::attention_layers(std::array<std::int64_t, 2> size) {
  std::vector<AttentionLayer> layers;
  const auto along = [&](std::int64_t side) { return (side + options.patch() - 1) / options.patch(); };
  Size map{along(size[0]), along(size[1])};
  for (std::size_t s = 0; s < this->layers->size(); ++s) {
    if (s > 0) map = {(map[0] + 1) / 2, (map[1] + 1) / 2};
    auto& blocks = this->layers[s]->as<Stage>()->blocks;
    for (std::size_t i = 0; i < blocks->size(); ++i) {
      layers.push_back({"layers." + std::to_string(s) + ".blocks." + std::to_string(i) + ".attn", AttentionKind::windows,
                        blocks[i]->as<Block>()->attn.get(), map});
    }
  }
  return layers;
}

std::vector<at::Tensor> SwinTransformerImpl::forward_maps(const at::Tensor& images) {
  std::vector<at::Tensor> maps;
  auto x = patch_embed->forward(images);
  for (const auto& stage : *layers) {
    x = stage->as<Stage>()->forward(x);
    maps.push_back(x.tokens.transpose(1, 2).view({x.tokens.size(0), -1, x.size[0], x.size[1]}));
  }
  return maps;
}

std::vector<std::int64_t> SwinTransformerImpl::channels() const {
  return {options.dim(), 2 * options.dim(), 4 * options.dim(), 8 * options.dim()};
}

std::vector<std::int64_t> SwinTransformerImpl::strides() const {
  return {options.patch(), 2 * options.patch(), 4 * options.patch(), 8 * options.patch()};
}

}  // namespace vitral::swin
