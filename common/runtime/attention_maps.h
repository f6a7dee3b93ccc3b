/// Recorded attention as maps over the input.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <functional>
#include <span>

#include "common/nn/recording.h"
#include "common/runtime/model.h"

namespace vitral {

/// Attention rollout (Abnar and Zuidema 2020, section 3): what each token of the last layer has of each input token
/// when half of every layer's output is its residual. layers [B, H, N, N], first to last -> [B, N, N], rows sum to one.
at::Tensor rollout(std::span<const at::Tensor> layers);

/// The same weighted by how much each weight speaks for a score (Chefer, Gur and Wolf 2021, Generic Attention-model
/// Explainability, equations 5 and 6): R <- R + mean over heads of (gradient * weights)+ R, from the identity.
/// layers and gradients [B, H, N, N] -> [B, N, N].
at::Tensor gradient_rollout(std::span<const at::Tensor> layers, std::span<const at::Tensor> gradients);

/// How much each token of a map is looked at inside its window, on average over the window's tokens, put back to where
/// the token lies: [B * windows, H, N, N] -> [B, H, rows, columns]. Padding is left out.
at::Tensor merge_windows(const nn::AttentionRecord& record);

/// The samples' weights on a map of `grid` = {rows, columns}, shared among the four nearest cells:
/// -> [B, Q, H, rows, columns]. What lies outside is left out.
at::Tensor splat_samples(const nn::AttentionRecord& record, std::array<std::int64_t, 2> grid);

/// Which number of a network's answer is to be explained: logits [B, K] -> a scalar.
using Score = std::function<at::Tensor(const at::Tensor& logits)>;

/// Gradient-weighted class activation (Selvaraju et al. 2017, Grad-CAM, equations 1 and 2) of what forward_features
/// gives: maps [B, C, h, w], or tokens [B, N, C] without a class token, as a map of `grid`.
/// -> [B, h, w], not below 0. Throws Error(usage) where the features are no map.
at::Tensor grad_cam(Classifier& network, const at::Tensor& images, const Score& score,
                    std::array<std::int64_t, 2> grid);

}  // namespace vitral
