/// What a network's attention layers look at, told in terms of its input.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "common/nn/recording.h"

namespace vitral {

enum class AttentionKind {
  tokens,   ///< the tokens of the input look at one another
  windows,  ///< the same inside windows of a map
  queries,  ///< object queries look at the tokens of a map
  samples,  ///< object queries look at points of several maps
};

/// One attention layer of a network.
struct AttentionLayer {
  std::string name;  ///< as registered: "blocks.0.attn"
  AttentionKind kind = AttentionKind::tokens;
  nn::Recording* attention = nullptr;
  std::array<std::int64_t, 2> grid{};  ///< rows and columns of the map whose tokens are looked at
  std::int64_t prefix = 0;             ///< tokens before those of the map (class token and the like)
};

/// A network whose attention can be looked into.
class Attentive {
 public:
  virtual ~Attentive() = default;
  /// The attention layers that see the whole input, in the order of computing, for pictures of `size` = {height, width}
  /// pixels. They live as long as the network.
  virtual std::vector<AttentionLayer> attention_layers(std::array<std::int64_t, 2> size) = 0;
};

/// Makes layers record while it lives.
class RecordingScope {
 public:
  explicit RecordingScope(const std::vector<AttentionLayer>& layers) : layers_(layers) { set(true); }
  ~RecordingScope() { set(false); }
  RecordingScope(const RecordingScope&) = delete;
  RecordingScope& operator=(const RecordingScope&) = delete;

 private:
  void set(bool on) {
    for (const auto& layer : layers_) layer.attention->record(on);
  }
  std::vector<AttentionLayer> layers_;
};

}  // namespace vitral
