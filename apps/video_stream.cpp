#include "apps/video_stream.h"

#include <algorithm>

#include "apps/interrupt.h"
#include "common/core/error.h"
#include "common/core/stop_watch.h"
#include "common/core/text.h"

namespace vitral::apps {

VideoStream::VideoStream(PictureSource source, const Preprocess& preprocess, PrepareOptions prepare,
                         const VideoOptions& options, FrameLanes& lanes, std::size_t lane)
    : source_(std::move(source)),
      preprocessor_(preprocess),
      prepare_(std::move(prepare)),
      options_(options),
      lanes_(lanes),
      lane_(lane),
      thread_([this] { work(); }) {}

VideoStream::~VideoStream() {
  lanes_.drop(lane_);
  thread_.join();
}

FeederCounts VideoStream::counts() const {
  FeederCounts counts;
  const auto lane = lanes_.counts(lane_);
  if (lane.replaced > 0) counts.dropped["overload"] = lane.replaced;
  if (lane.removed > 0) counts.dropped["stopped"] = lane.removed;
  return counts;
}

void VideoStream::work() {
  try {
    while (true) {
      const auto frames = video::open_source(source_.path);
      const double per_frame_ms = 1000 / frames->frame_rate().value();
      expected_ = static_cast<std::uint64_t>(frames->expected_frames() / options_.stride);
      if (options_.limit) expected_ = std::min<std::uint64_t>(expected_, static_cast<std::uint64_t>(*options_.limit));
      if (!play(*frames) || interrupted()) break;
      if (!frames->damage().empty()) {
        give_error(frames->damage(), true);
        break;
      }
      if (given_ == 0) {
        give_error(printable(source_.name) + ": holds no frames" + (options_.start_s > 0 ? " behind --start" : ""),
                   false);
        break;
      }
      if (!options_.loop) break;
      first_index_ = last_index_ + 1;
      first_ms_ = last_ms_ + per_frame_ms;
    }
  } catch (const Error& error) {
    give_error(error.what(), given_ > 0);
  } catch (const std::exception& error) {
    give_error(printable(source_.name) + ": " + error.what(), given_ > 0);
  }
  lanes_.finish(lane_);
}

bool VideoStream::play(video::FrameSource& frames) {
  StopWatch watch;
  while (!interrupted() && frames.next()) {
    last_index_ = first_index_ + frames.index();
    last_ms_ = first_ms_ + frames.t_ms();
    // What --start passes over was played before the first loop began.
    if (last_ms_ < options_.start_s * 1000 || last_index_ % options_.stride != 0) continue;
    if (options_.limit && given_ >= *options_.limit) return false;
    if (!give(frames, watch.lap())) return false;
    ++given_;
    watch.lap();
  }
  return !(options_.limit && given_ >= *options_.limit);
}

bool VideoStream::give(video::FrameSource& frames, double decode_ms) {
  StopWatch watch;
  PreparedPicture result;
  result.source = source_;
  result.frame = FrameStamp{last_index_, last_ms_, frames.frame_rate(), {}};
  auto picture = frames.picture();
  result.times.decode = decode_ms + watch.lap();
  prepare(std::move(picture), preprocessor_, prepare_, result);
  return lanes_.push(lane_, std::move(result));
}

void VideoStream::give_error(const std::string& text, bool in_the_middle) {
  PreparedPicture result;
  result.source = source_;
  result.error = text;
  if (in_the_middle) result.failure = Failure::damaged;
  if (in_the_middle) result.frame = FrameStamp{last_index_, last_ms_, {}, {}};
  lanes_.finish(lane_, std::move(result));
}

}  // namespace vitral::apps
