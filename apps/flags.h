/// The flags that subcommands with a network share, declared once.
#pragma once

#include <CLI/CLI.hpp>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "apps/output_flags.h"
#include "common/core/error.h"
#include "common/runtime/loader.h"

namespace vitral::apps {

/// -m, -w, --origin, --num-classes, --imgsz, --in-chans, --allow-partial, --seed.
struct ModelFlags {
  std::string model, weights, origin, imgsz;
  std::optional<std::int64_t> num_classes, in_chans;
  bool allow_partial = false;
  std::uint64_t seed = 0;
  void add(CLI::App& app, bool required = true);
  std::optional<std::array<std::int64_t, 2>> image_size() const;
  LoadRequest request() const;
};

/// --device, --precision, --threads, -b, --deterministic, --cuda-graphs.
struct ComputeFlags {
  std::string device = "auto", precision = "fp32", cuda_graphs = "auto";
  int threads = 0;
  std::int64_t batch = 1;
  bool deterministic = false;
  void add(CLI::App& app);
  /// Sets the thread count and resolves device and precision. Call it before the first tensor operation.
  std::pair<at::Device, nn::Precision> apply() const;
};

/// "224" or "224x160" -> both numbers, 1 to 16384 pixels, as they stand there. `form` is how two of them are named ("HxW").
/// Throws Error(usage).
std::array<std::int64_t, 2> parse_pair(const std::string& text, const char* flag, const char* form);

/// The value of --imgsz: {height, width}; throws Error(usage).
std::array<std::int64_t, 2> parse_size(const std::string& text);

/// Loads what the flags name and says what was done. `on_output` hears what each layer gives.
LoadedModel load(const ModelFlags& flags, const ComputeFlags& compute, Console& console, bool allow_random = false,
                 const LayerListener& on_output = {});

}  // namespace vitral::apps
