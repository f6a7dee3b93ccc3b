/// How attention divides its work and its scratch memory; the same for every instruction set.
#pragma once

#include "common/kernels/attention.h"

namespace vitral::kernels {

constexpr int kTaskRows = 12;             ///< query rows of one task: two register tiles
constexpr int kRowBlock = 2 * kTaskRows;  ///< query rows that go through the softmax together
constexpr std::int64_t kKeyBlock =
    512;  ///< keys whose scores are held at once: their scores fit the first-level cache with 24 rows
constexpr std::int64_t kRowStride = kMaxHeadDim + 16;
alignas(64) constexpr float kZeroRow[kMaxHeadDim] = {};

/// Scratch memory of one thread; sizes in floats.
struct AttentionScratch {
  float* keys;        ///< [panels of 16 keys][units][16]
  float* key_factor;  ///< [keys rounded up to 16]
  float* values;      ///< [panels of 16 features][units][16]
  float* queries;     ///< [kRowBlock][kRowStride]
  float* scores;      ///< [kRowBlock][score_stride]
  float* products;    ///< [kRowBlock][kRowStride]
};

/// Sizes that follow from the arguments. Plain member functions of a class with external linkage would be shared by
/// files compiled for different processors, so these are forced inline.
struct AttentionPlan {
  VITRAL_INLINE explicit AttentionPlan(const AttentionArgs& args)
      : head_tasks((args.queries + kTaskRows - 1) / kTaskRows), keys(args.keys), head_dim(args.head_dim) {
    const std::int64_t blocks = (keys + kKeyBlock - 1) / kKeyBlock;
    key_block = blocks <= 1 ? kKeyBlock : round_up((keys + blocks - 1) / blocks);
    head_major = args.bias.data != nullptr && (args.bias.batch == 0 || args.windows.bias_group != nullptr);
    score_stride = round_up(keys < key_block ? keys : key_block) + 16;
  }

  VITRAL_INLINE static std::int64_t round_up(std::int64_t n) { return (n + 15) / 16 * 16; }
  /// Units of a key (or query) with `per_unit` numbers in a unit.
  VITRAL_INLINE std::int64_t key_units(int per_unit) const { return (head_dim + per_unit - 1) / per_unit; }
  /// Units of a column of values.
  VITRAL_INLINE std::int64_t value_units(int per_unit) const { return (keys + per_unit - 1) / per_unit; }

  /// Enough for any arithmetic.
  VITRAL_INLINE std::int64_t scratch_floats() const {
    const std::int64_t padded_keys = round_up(keys);
    return padded_keys * head_dim + padded_keys + keys * round_up(head_dim) +
           kRowBlock * (2 * kRowStride + score_stride);
  }
  VITRAL_INLINE AttentionScratch carve(float* p) const {
    const std::int64_t padded_keys = round_up(keys);
    AttentionScratch s = {};
    s.keys = p;
    s.key_factor = s.keys + padded_keys * head_dim;
    s.values = s.key_factor + padded_keys;
    s.queries = s.values + keys * round_up(head_dim);
    s.scores = s.queries + kRowBlock * kRowStride;
    s.products = s.scores + kRowBlock * score_stride;
    return s;
  }

  std::int64_t head_tasks;  ///< tasks of a head
  bool head_major;          ///< a head of all batch entries before the next: they share its bias
  std::int64_t keys;
  std::int64_t head_dim;
  std::int64_t key_block;  ///< a multiple of 16
  std::int64_t score_stride;
};

}  // namespace vitral::kernels
