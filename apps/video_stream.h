/// The frames of one video, decoded and preprocessed ahead on a thread of its own.
#pragma once

#include <atomic>
#include <thread>

#include "apps/feeder.h"
#include "apps/video_options.h"
#include "video/media/source.h"

namespace vitral::apps {

class VideoStream : public Feeder {
 public:
  /// Frames go into `lanes`. What can't be read comes last, as a picture with an error: with the number of its frame
  /// for damage in the middle, without for a video that can't be opened.
  VideoStream(PictureSource source, const Preprocess& preprocess, PrepareOptions prepare, const VideoOptions& options,
              FrameLanes& lanes, std::size_t lane);
  ~VideoStream() override;
  std::uint64_t expected() const override { return expected_; }
  FeederCounts counts() const override;

 private:
  void work();
  /// Gives the frames of one pass; false where no more are wanted.
  bool play(video::FrameSource& source);
  bool give(video::FrameSource& frames, double decode_ms);
  void give_error(const std::string& text, bool in_the_middle);
  PictureSource source_;
  image::Preprocessor preprocessor_;
  PrepareOptions prepare_;
  VideoOptions options_;
  std::int64_t first_index_ = 0, last_index_ = -1, given_ = 0;
  double first_ms_ = 0, last_ms_ = 0;
  std::atomic<std::uint64_t> expected_ = 0;
  FrameLanes& lanes_;
  std::size_t lane_;
  std::thread thread_;  // last: started when everything else exists
};

}  // namespace vitral::apps
