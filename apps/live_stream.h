/// A live source: watched, opened again when it is lost, newest picture first where asked for.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>

#include "apps/feeder.h"
#include "apps/video_options.h"
#include "video/live/live_capture.h"

namespace vitral::apps {

/// As its only argument it makes the program the decoder of another one (--isolate).
inline constexpr const char* kDecoderArgument = "__decode";

class LiveStream : public Feeder {
 public:
  /// Pictures go into `lanes` as they are; FrameStream prepares those that are taken. A source that is lost or was
  /// never one ends its lane with a picture whose error says so. Throws Error(usage) for a protocol that is not read,
  /// Error(unavailable) where cameras are not.
  LiveStream(PictureSource source, const VideoOptions& options, FrameLanes& lanes, std::size_t lane);
  ~LiveStream() override;
  void stop() override { capture_.stop(); }
  std::vector<std::string> take_notes() override;
  FeederCounts counts() const override;

 private:
  video::LiveHandlers handlers();
  void work();
  PictureSource source_;
  FrameLanes& lanes_;
  std::size_t lane_;
  bool newest_;
  std::atomic<std::uint64_t> damaged_ = 0, reconnects_ = 0;
  mutable std::mutex mutex_;  // guards notes_ and is_lost_
  std::vector<std::string> notes_;
  bool is_lost_ = false;
  video::LiveCapture capture_;
  std::thread thread_;  // last: started when everything else exists
};

}  // namespace vitral::apps
