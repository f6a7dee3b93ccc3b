/// Rename tables between the keys of an origin (torchvision, transformers, …) and our own, readable in both directions.
///
/// A table is data: an array of rules, the first that matches a name counts.
///
///   constexpr Rule kBlock[] = {
///       rename("ln_1.{p}", "norm1.{p}"),
///       rename("self_attention.in_proj_{p}", "attn.qkv.{p}"),
///       rename("(mlp.0|mlp.linear_1).{p}", "mlp.fc1.{p}"),
///   };
///   constexpr Rule kTop[] = {rename("class_token", "cls_token"), drop("{p}.num_batches_tracked")};
///   constexpr RuleGroup kGroups[] = {{"encoder.layers.encoder_layer_{i}.", "blocks.{i}.", kBlock}, {"", "", kTop}};
///   constexpr std::string_view kMarks[] = {"class_token", "encoder.layers.encoder_layer_0.ln_1.weight"};
///   constexpr KeyMap kTorchvision{"torchvision", kMarks, kGroups};
///
/// Patterns
///   {i}       any single lower-case letter but p: a number without leading zeros
///   {i+1}     the same with arithmetic, {2s}, {2s+1}, {l-1}: matches where a whole, non-negative number solves it
///   {p}       any non-empty text, at most once in a pattern
///   (a|b|)    alternatives (no nesting); all are read, the first is written. `(vit.|)` is an optional prefix
/// Every variable of one side has to appear on the other, so that the rule can be turned round.
///
/// A group puts a prefix before every pattern of its rules on both sides: the ResNet table serves as `backbone.` too.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitral::weights {

/// What happens to the numbers on the way from the origin to us; the other direction undoes it.
enum class Transform : std::uint8_t {
  none,
  transpose,   ///< [in, out] -> [out, in]
  conv_hwio,   ///< [h, w, in, out] -> [out, in, h, w]
  heads_in,    ///< [D, H, Dh] -> [H·Dh, D]          (flax query, key and value kernels; the way back needs the heads)
  heads_out,   ///< [H, Dh, D] -> [D, H·Dh]          (flax output kernel; the way back needs the heads)
  heads_bias,  ///< [H, Dh] -> [H·Dh]                (the way back needs the heads)
  lead_one,    ///< [...] -> [1, ...]
  patch_conv,  ///< [D, 3·P·P] -> [D, 3, P, P]       (a patch embedding kept as a linear layer)
  token_grid,  ///< [1, n·n, C] -> [1, C, n, n]
  negate,      ///< x -> -x
  flip_in,     ///< [out, in, ...] with `in` reversed (a stem for BGR)
};

enum class RuleKind : std::uint8_t { rename, pack, unpack, drop, tie };

/// One line of a table; made by the functions below.
struct Rule {
  RuleKind kind = RuleKind::rename;
  std::array<std::string_view, 4> many{};  ///< the parts of pack and unpack, else one pattern
  std::size_t parts = 1;
  std::string_view one;  ///< the other side
  Transform transform = Transform::none;
  bool spare = false;  ///< yields without complaint where another name already gave the target
};

/// `theirs` is called `ours` here.
constexpr Rule rename(std::string_view theirs, std::string_view ours, Transform transform = Transform::none) {
  return {RuleKind::rename, {theirs}, 1, ours, transform};
}

/// Like rename, for a second copy of the same tensor (RT-DETR's heads): used only where no other name gives `ours`, and
/// never written.
constexpr Rule spare(std::string_view theirs, std::string_view ours, Transform transform = Transform::none) {
  return {RuleKind::rename, {theirs}, 1, ours, transform, true};
}

/// Their q, k and v are concatenated along the first dimension into one of ours (each transformed before). An empty
/// pattern stands for zeros of the others' size.
constexpr Rule pack(std::string_view q, std::string_view k, std::string_view v, std::string_view ours,
                    Transform transform = Transform::none) {
  return {RuleKind::pack, {q, k, v}, 3, ours, transform};
}
constexpr Rule pack(std::string_view a, std::string_view b, std::string_view ours,
                    Transform transform = Transform::none) {
  return {RuleKind::pack, {a, b}, 2, ours, transform};
}

/// Their packed tensor is split into equal parts of ours along the first dimension; an empty pattern drops its part and
/// is written as zeros (torchvision's Swin v2: one qkv bias; ours: q and v).
constexpr Rule unpack(std::string_view theirs, std::string_view q, std::string_view k, std::string_view v) {
  return {RuleKind::unpack, {q, k, v}, 3, theirs};
}
constexpr Rule unpack(std::string_view theirs, std::string_view a, std::string_view b) {
  return {RuleKind::unpack, {a, b}, 2, theirs};
}

/// A buffer of theirs that carries no weights: never required, never counted, never written.
constexpr Rule drop(std::string_view theirs) {
  return {RuleKind::drop, {theirs}, 1, {}};
}

/// Our `copy` equals our `original` in files that keep tied tensors once; used only where `copy` is expected and
/// missing.
constexpr Rule tie(std::string_view copy, std::string_view original) {
  return {RuleKind::tie, {original}, 1, copy};
}

/// Rules whose patterns all begin with `theirs` and `ours`. The prefixes are patterns too.
struct RuleGroup {
  std::string_view theirs, ours;
  std::span<const Rule> rules;
};

/// Buffers that every origin stores somewhere and that carry no weights, by the last part of their name:
/// num_batches_tracked, relative_position_index, relative_coords_table, attn_mask, … No table has to mention them.
bool carries_no_weights(std::string_view name);

/// One origin's table.
struct KeyMap {
  std::string_view origin;                  ///< "torchvision", "timm", "hf", "original", "jax", …
  std::span<const std::string_view> marks;  ///< patterns: each has to match some name, a leading '!' means none may
  std::span<const RuleGroup> groups;
  std::string_view note{};  ///< what a user should know whose file this is; empty: nothing
};

enum class Direction { to_ours, to_theirs };

/// One move of tensors. Sources are transformed, put together along dimension 0, cut into equal parts, one a target.
/// An empty source means zeros like its neighbours, an empty target means that the part is not kept.
struct Step {
  std::vector<std::string> sources;
  std::vector<std::string> targets;
  Transform transform = Transform::none;
  bool undo = false;  ///< the transform runs backwards, on the targets
  bool copy = false;  ///< a tie: the source serves another step too
  bool is_plain() const { return sources.size() == 1 && targets.size() == 1 && transform == Transform::none; }
};

/// What a table makes of a list of names, before any tensor is touched.
struct Plan {
  std::string origin;
  std::vector<Step> steps;               ///< in the order of the names
  std::vector<std::string> dropped;      ///< known buffers and spare copies
  std::vector<std::string> unmatched;    ///< names that no rule knows, and those of incomplete packs
  std::vector<std::string> conflicting;  ///< names whose target another name already gave
  std::vector<std::string> incomplete;   ///< parts of a pack that are missing
  bool is_clean() const { return unmatched.empty() && conflicting.empty() && incomplete.empty(); }
};

/// Applies `map` to `names`. `expected`, the names that the receiver wants, lets tied copies be filled in.
/// Throws Error(failed) where a pattern of the table itself is malformed.
Plan plan(std::span<const std::string> names, const KeyMap& map, Direction direction,
          std::span<const std::string> expected = {});

/// True where every mark of `map` holds.
bool detect(std::span<const std::string> names, const KeyMap& map);

/// The first of `maps` that is detected, or null.
const KeyMap* detect(std::span<const std::string> names, std::span<const KeyMap> maps);

/// Throws Error(failed) naming the first rule that is malformed or can't be turned round. Tests call it for every
/// table.
void validate(const KeyMap& map);

}  // namespace vitral::weights
