/// Pictures on their way to the network: read, decoded and preprocessed ahead on other threads, in order.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/inputs.h"
#include "apps/records.h"
#include "common/core/ordered_prefetch.h"
#include "common/core/tiles.h"
#include "common/image/preprocess.h"
#include "video/media/rational.h"

namespace vitral {
class Upload;
}

namespace vitral::apps {

/// One input of the network: a picture, or a tile of it.
struct PreparedInput {
  Tile tile;               ///< the part of the upright picture that it shows
  Placement placement;     ///< of the tile
  std::vector<float> chw;  ///< [3, placement.height, placement.width]; empty where there are levels
  /// 8-bit [placement.height, placement.width, 3], on its way to where the network runs (common/runtime/gpu.h).
  std::shared_ptr<const Upload> levels;
};

/// Where a picture of a video belongs.
struct FrameStamp {
  std::int64_t index = 0;  ///< in the source, from 0
  double t_ms = 0;         ///< media time
  video::Rational rate;    ///< of the source, frames a second
  /// When a live source gave it; results are as old as the time since then. Nothing for files.
  std::optional<std::chrono::steady_clock::time_point> captured;
};

/// Why a source gives no more pictures.
enum class Failure {
  unreadable,  ///< it never was what it should be
  damaged,     ///< it breaks off in the middle
  lost         ///< a live source is not to be had any more
};

struct PreparedPicture {
  PictureSource source;
  std::optional<FrameStamp> frame;
  std::string error;                  ///< why it can't be used; empty: it can
  Failure failure = Failure::unreadable;
  int width = 0, height = 0;          ///< pixels, upright
  std::vector<PreparedInput> inputs;  ///< one; with tiling the tiles, and the whole picture last
  image::Image picture;               ///< where asked for
  image::Image thumbnail;             ///< where asked for
  StageTimes times;
};

/// Gives the levels of an input. Called from several threads at once.
using MakeLevels =
    std::function<std::shared_ptr<const Upload>(const image::Image& picture, const Placement& placement)>;

struct PrepareOptions {
  int thumbnail_side = 0;  ///< longest side of the thumbnails in pixels, 0 for none
  bool keep_picture = false;
  std::optional<Tiling> tiling;
  MakeLevels levels = {};  ///< instead of floats (apps/levels.h); empty: floats
};

/// Fills sizes, inputs, pictures and the time of preprocessing. Throws Error(input) for a picture that can't be placed.
void prepare(image::Image picture, const image::Preprocessor& preprocessor, const PrepareOptions& options,
             PreparedPicture& result);

/// Gives the upright pixels of a source; called from several threads at once.
using PictureReader = std::function<image::Image(const PictureSource& source)>;

class PictureStream {
 public:
  /// Without a reader sources are files, or standard input.
  PictureStream(std::vector<PictureSource> sources, Preprocess preprocess, PrepareOptions options = {},
                PictureReader reader = {});
  std::optional<PreparedPicture> next() { return prefetch_.next(); }
  std::size_t size() const { return sources_.size(); }
  /// Threads that make pictures ahead.
  std::size_t workers() const;

 private:
  PreparedPicture read(std::size_t index) const;
  std::vector<PictureSource> sources_;
  image::Preprocessor preprocessor_;
  PrepareOptions options_;
  PictureReader reader_;
  OrderedPrefetch<PreparedPicture> prefetch_;
};

}  // namespace vitral::apps
