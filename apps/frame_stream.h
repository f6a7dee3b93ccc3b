/// Pictures, videos and live sources on their way to the network, as one stream.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "apps/feeder.h"
#include "apps/video_options.h"

namespace vitral::apps {

class FrameStream {
 public:
  /// Pictures come first, in their order. Then, where all other sources are files, a frame of each in turn; with live
  /// ones among them whatever is there, each source in its own order and none waiting for another.
  FrameStream(const std::vector<PictureSource>& sources, const Preprocess& preprocess, const PrepareOptions& prepare,
              const VideoOptions& video);
  ~FrameStream();

  /// Up to `most` pictures and frames; nothing at the end and after an interrupt. One whose `error` is set is a source
  /// that can't be used (any further).
  std::vector<PreparedPicture> next(std::size_t most);
  /// How many are to come in all, as far as the sources tell; for progress only.
  std::uint64_t expected() const;
  /// What sources tell beside their pictures, for the user's eyes; each once.
  std::vector<std::string> take_notes();
  /// What became so far of frames that were never given, a row a video or live source.
  std::vector<std::pair<PictureSource, FeederCounts>> counts() const;
  /// Ends all sources; their last counts.
  std::vector<std::pair<PictureSource, FeederCounts>> stop();
  bool has_live_source() const { return has_live_; }

 private:
  PreparedPicture ready(PreparedPicture picture) const;
  std::vector<PreparedPicture> next_frames(std::size_t most);
  void count(std::size_t lane);
  std::unique_ptr<PictureStream> pictures_;
  image::Preprocessor preprocessor_;
  PrepareOptions prepare_;
  std::optional<std::int64_t> limit_;
  bool has_live_ = false;
  std::vector<PictureSource> sources_;  ///< one a lane
  std::vector<std::int64_t> given_;     ///< one a lane
  std::vector<std::uint64_t> beyond_limit_;
  std::unique_ptr<FrameLanes> lanes_;
  std::vector<std::unique_ptr<Feeder>> feeders_;  // one a lane; last: they use the lanes
};

}  // namespace vitral::apps
