#include "apps/live_stream.h"

#include "common/core/text.h"
#include "video/live/isolated_source.h"
#include "video/live/live_opener.h"
#include "video/live/protocols.h"

namespace vitral::apps {
namespace {

video::LiveOptions options_of(const VideoOptions& options, std::size_t lane) {
  return {std::chrono::duration<double>(options.timeout_s), options.reconnect, options.stride, lane};
}

video::LiveOpener opener_of(const std::string& source, const VideoOptions& options) {
  return options.isolate ? video::isolated_opener(source, {"/proc/self/exe", {kDecoderArgument}})
                         : video::live_opener(source);
}

}  // namespace

LiveStream::LiveStream(PictureSource source, const VideoOptions& options, FrameLanes& lanes, std::size_t lane)
    : source_(std::move(source)),
      lanes_(lanes),
      lane_(lane),
      newest_(options.live != "all"),
      capture_(opener_of(source_.name, options), options_of(options, lane), handlers()),
      thread_([this] { work(); }) {}

LiveStream::~LiveStream() {
  lanes_.drop(lane_);
  capture_.stop();
  thread_.join();
}

video::LiveHandlers LiveStream::handlers() {
  video::LiveHandlers result;
  result.frame = [this](video::LiveFrame frame) {
    PreparedPicture picture;
    picture.source = source_;
    picture.frame = FrameStamp{frame.index, frame.t_ms, frame.rate, frame.captured};
    picture.times.decode = frame.decode_ms;
    picture.picture = std::move(frame.picture);
    {
      const std::lock_guard lock(mutex_);
      if (is_lost_) notes_.push_back(printable(video::without_password(source_.name), 500) + ": is back");
      is_lost_ = false;
    }
    return lanes_.push(lane_, std::move(picture));
  };
  result.damaged = [this](const std::string&) { ++damaged_; };
  result.lost = [this](const std::string& why) {
    ++reconnects_;
    const std::lock_guard lock(mutex_);
    if (!is_lost_) notes_.push_back(why + "; trying again");
    is_lost_ = true;
  };
  return result;
}

void LiveStream::work() {
  using Kind = video::LiveEnd::Kind;
  const auto end = capture_.run();
  if (end.kind == Kind::ended || end.kind == Kind::stopped) return lanes_.finish(lane_);
  PreparedPicture last;
  last.source = source_;
  last.error = end.why;
  last.failure = end.kind == Kind::lost ? Failure::lost : Failure::unreadable;
  lanes_.finish(lane_, std::move(last));
}

std::vector<std::string> LiveStream::take_notes() {
  const std::lock_guard lock(mutex_);
  return std::exchange(notes_, {});
}

FeederCounts LiveStream::counts() const {
  const auto lane = lanes_.counts(lane_);
  FeederCounts counts;
  if (lane.replaced > 0) counts.dropped["overload"] = lane.replaced;
  if (lane.removed > 0) counts.dropped["stopped"] = lane.removed;
  if (damaged_ > 0) counts.failed["damaged"] = damaged_;
  counts.reconnects = reconnects_;
  return counts;
}

}  // namespace vitral::apps
