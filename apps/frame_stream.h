/// Pictures and videos on their way to the network, as one stream.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "apps/picture_stream.h"
#include "apps/video_stream.h"

namespace vitral::apps {

/// Pictures first, in their order; then the videos side by side, a frame of each in turn.
class FrameStream {
 public:
  FrameStream(const std::vector<PictureSource>& sources, const Preprocess& preprocess, const PrepareOptions& prepare,
              const VideoOptions& video);
  /// The next picture or frame. One whose `error` is set is a source that can't be used (any further).
  std::optional<PreparedPicture> next();
  /// How many are to come in all, as far as the sources tell; for progress only.
  std::uint64_t expected() const;

 private:
  std::unique_ptr<PictureStream> pictures_;
  std::vector<std::unique_ptr<VideoStream>> videos_;
  std::size_t turn_ = 0;
};

}  // namespace vitral::apps
