/// The frames of one video, decoded and preprocessed ahead on a thread of its own.
#pragma once

#include <atomic>
#include <optional>
#include <thread>

#include "apps/picture_stream.h"
#include "common/core/bounded_queue.h"
#include "video/media/source.h"

namespace vitral::apps {

/// --vid-stride, --start, --limit, --loop.
struct VideoOptions {
  std::int64_t stride = 1;            ///< every N-th frame of the source
  double start_s = 0;                 ///< frames before this media time are passed over
  std::optional<std::int64_t> limit;  ///< frames to give of each source
  bool loop = false;                  ///< begins again at the end; numbers and times go on
};

class VideoStream {
 public:
  VideoStream(PictureSource source, const Preprocess& preprocess, PrepareOptions prepare, VideoOptions options);
  ~VideoStream();
  VideoStream(const VideoStream&) = delete;
  VideoStream& operator=(const VideoStream&) = delete;

  /// The next frame. What can't be read comes last, as a picture with an error: with the number of its frame for damage
  /// in the middle, without for a video that can't be opened.
  std::optional<PreparedPicture> next() { return queue_.pop(); }
  /// Frames that the source says it will give; 0 where it says nothing yet.
  std::uint64_t expected() const { return expected_; }

 private:
  void work();
  /// Gives the frames of one pass; false where no more are wanted.
  bool play(video::FrameSource& source);
  bool give(video::FrameSource& frames, double decode_ms);
  bool give_error(const std::string& text, bool in_the_middle);
  PictureSource source_;
  image::Preprocessor preprocessor_;
  PrepareOptions prepare_;
  VideoOptions options_;
  std::int64_t first_index_ = 0, last_index_ = -1, given_ = 0;
  double first_ms_ = 0, last_ms_ = 0;
  std::atomic<std::uint64_t> expected_ = 0;
  BoundedQueue<PreparedPicture> queue_;
  std::thread thread_;  // last: started when everything else exists
};

}  // namespace vitral::apps
