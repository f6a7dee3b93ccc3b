/// Softmax attention for short sequences on the CPU (Vaswani et al. 2017, section 3.2.1):
/// out = softmax(scale * q k^T + bias) v, for every head of every batch entry, without materialising the scores.
///
/// Operands are read and written in place through strides, so that a packed projection [B, N, 3, H, D] needs no copies
/// and the output lands in [B, N, H * D]. Swin's windows are read from and written to image order through a table.
///
/// The work is a range of tasks that share nothing; the caller spreads them over its threads:
///     parallel_ranges(attention_tasks(args), grain, [&](auto begin, auto end) { attention(args, begin, end); });
/// Neighbouring tasks share the packed keys and values of a head: hand out contiguous ranges.
#pragma once

#include <cstdint>

#include "common/kernels/cpu.h"
#include "common/kernels/dtype.h"

namespace vitral::kernels {

constexpr std::int64_t kMaxHeadDim = 256;

/// Where an operand's element (batch, head, token, feature) lies, counted in elements; features are adjacent.
/// In window mode "batch" is the image and "token" the row of the image.
struct TokenStrides {
  std::int64_t batch = 0;
  std::int64_t head = 0;
  std::int64_t token = 0;
};

struct ConstTokens {
  const void* data = nullptr;
  TokenStrides strides;
};

struct Tokens {
  void* data = nullptr;
  TokenStrides strides;
};

/// Additive fp32 bias over the scores; a stride of 0 broadcasts. -infinity removes a key; a query without any key
/// left gives zeros.
struct AttentionBias {
  const float* data = nullptr;
  std::int64_t batch = 0;  ///< see `Windows::bias_group` for window mode
  std::int64_t head = 0;
  std::int64_t row = 0;
  std::int64_t column = 0;
};

/// Window mode (Liu et al. 2021, section 3.2): batch entry b is window b % count of image b / count, and its token t is
/// row tokens[b % count][t] of that image. Shift, partition and padding are all in the table.
struct Windows {
  const std::int32_t* tokens = nullptr;  ///< [count, N] rows of the image, -1 for padding; null: no windows
  std::int64_t count = 0;                ///< windows in an image
  /// [count] which entry of the bias along its batch stride a window uses (the few distinct shift masks need storing
  /// only once); null: entry w for window w.
  const std::int32_t* bias_group = nullptr;
  /// What padding reads, [H * D] with the operand's head stride (the projection's bias); null: zeros. Outputs of
  /// padding are dropped.
  const void* q_padding = nullptr;
  const void* k_padding = nullptr;
  const void* v_padding = nullptr;
};

struct AttentionArgs {
  DType dtype = DType::f32;   ///< of q, k, v and out; scores and softmax are fp32
  std::int64_t batch = 1;     ///< B; in window mode images * windows
  std::int64_t heads = 1;     ///< H
  std::int64_t queries = 0;   ///< N
  std::int64_t keys = 0;      ///< M; in window mode equal to N
  std::int64_t head_dim = 0;  ///< D, at most kMaxHeadDim
  float scale = 1.0F;
  const float* head_scale = nullptr;  ///< [H] multiplies `scale`; null: ones
  /// Cosine attention (Liu et al. 2022, Swin v2, section 3.3): q and k are divided by their norms.
  bool cosine = false;
  ConstTokens q;
  ConstTokens k;
  ConstTokens v;
  Tokens out;
  AttentionBias bias;
  Windows windows;
};

/// Number of tasks that `attention` divides the work into: blocks of query rows of every head. Checks the arguments;
/// throws Error(failed) for sizes that are negative or too large, missing pointers and windows with N != M.
std::int64_t attention_tasks(const AttentionArgs& args);

/// Computes tasks [begin, end). `args` must have passed `attention_tasks`; q, k and v must not overlap out.
void attention(const AttentionArgs& args, std::int64_t begin, std::int64_t end,
               const CpuFeatures& cpu = this_cpu().features);

/// The plain twin: everything, in double precision, one score at a time.
void attention_reference(const AttentionArgs& args);

/// Which implementation `attention` takes, for `doctor` and for tests: "portable", "avx2", "avx512", "avx512_bf16".
const char* attention_implementation(DType dtype, const CpuFeatures& cpu = this_cpu().features);

}  // namespace vitral::kernels
