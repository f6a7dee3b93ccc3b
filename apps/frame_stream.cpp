#include "apps/frame_stream.h"

#include <algorithm>

#include "apps/interrupt.h"
#include "apps/live_stream.h"
#include "apps/video_stream.h"

namespace vitral::apps {
namespace {

constexpr std::size_t kFramesAhead = 4;  ///< decoded frames are large: the memory of a video is that of a few
constexpr std::chrono::milliseconds kBatchPatience{35};  ///< a batch of live frames waits no longer for others
constexpr std::chrono::milliseconds kInterruptCheck{100};

video::LanePolicy policy_of(const PictureSource& source, const VideoOptions& options) {
  const bool newest = options.live == "newest" || (options.live == "auto" && source.live);
  return newest ? video::LanePolicy::newest : video::LanePolicy::all;
}

}  // namespace

FrameStream::FrameStream(const std::vector<PictureSource>& sources, const Preprocess& preprocess,
                         const PrepareOptions& prepare, const VideoOptions& video)
    : preprocessor_(preprocess), prepare_(prepare), limit_(video.limit) {
  std::vector<PictureSource> pictures;
  for (const auto& source : sources) (source.is_video() ? sources_ : pictures).push_back(source);
  if (!pictures.empty()) pictures_ = std::make_unique<PictureStream>(std::move(pictures), preprocess, prepare);
  std::vector<video::LanePolicy> policies;
  for (const auto& source : sources_) {
    policies.push_back(policy_of(source, video));
    has_live_ = has_live_ || source.live || policies.back() == video::LanePolicy::newest;
  }
  given_.resize(sources_.size());
  beyond_limit_.resize(sources_.size());
  lanes_ = std::make_unique<FrameLanes>(std::move(policies), kFramesAhead, !has_live_);
  for (std::size_t lane = 0; lane < sources_.size(); ++lane) {
    if (sources_[lane].live) {
      feeders_.push_back(std::make_unique<LiveStream>(sources_[lane], video, *lanes_, lane));
    } else {
      feeders_.push_back(std::make_unique<VideoStream>(sources_[lane], preprocess, prepare, video, *lanes_, lane));
    }
  }
}

FrameStream::~FrameStream() = default;

std::vector<PreparedPicture> FrameStream::next(std::size_t most) {
  std::vector<PreparedPicture> batch;
  while (pictures_ != nullptr && batch.size() < most && !interrupted()) {
    auto picture = pictures_->next();
    if (picture) {
      batch.push_back(std::move(*picture));
    } else {
      pictures_.reset();
    }
  }
  return batch.empty() && !sources_.empty() ? next_frames(most) : batch;
}

std::vector<PreparedPicture> FrameStream::next_frames(std::size_t most) {
  std::vector<PreparedPicture> batch;
  while (batch.empty() && !interrupted()) {
    auto taken = lanes_->pop(most, kBatchPatience, kInterruptCheck);
    if (taken.empty() && lanes_->ended()) break;
    for (auto& [lane, picture] : taken) {
      if (limit_ && given_[lane] >= *limit_ && picture.error.empty()) {
        ++beyond_limit_[lane];
        continue;
      }
      batch.push_back(ready(std::move(picture)));
      if (batch.back().error.empty()) count(lane);
    }
  }
  return batch;
}

/// A file's frames were prepared where they were decoded; those of a live source are only where they are taken.
PreparedPicture FrameStream::ready(PreparedPicture picture) const {
  if (!picture.error.empty() || !picture.inputs.empty()) return picture;
  auto pixels = std::exchange(picture.picture, {});
  prepare(std::move(pixels), preprocessor_, prepare_, picture);
  return picture;
}

void FrameStream::count(std::size_t lane) {
  if (++given_[lane] != limit_ || !sources_[lane].live) return;
  lanes_->drop(lane);
  feeders_[lane]->stop();
}

std::uint64_t FrameStream::expected() const {
  std::uint64_t count = pictures_ == nullptr ? 0 : pictures_->size();
  for (const auto& feeder : feeders_) count += feeder->expected();
  return count;
}

std::vector<std::string> FrameStream::take_notes() {
  std::vector<std::string> notes;
  for (const auto& feeder : feeders_) {
    for (auto& note : feeder->take_notes()) notes.push_back(std::move(note));
  }
  return notes;
}

std::vector<std::pair<PictureSource, FeederCounts>> FrameStream::stop() {
  for (std::size_t lane = 0; lane < sources_.size(); ++lane) lanes_->drop(lane);
  for (const auto& feeder : feeders_) feeder->stop();
  return counts();
}

std::vector<std::pair<PictureSource, FeederCounts>> FrameStream::counts() const {
  std::vector<std::pair<PictureSource, FeederCounts>> counts;
  for (std::size_t lane = 0; lane < sources_.size(); ++lane) {
    counts.emplace_back(sources_[lane], feeders_[lane]->counts());
    if (beyond_limit_[lane] > 0) counts.back().second.dropped["stopped"] += beyond_limit_[lane];
  }
  return counts;
}

}  // namespace vitral::apps
