#include "apps/frame_stream.h"

#include "video/media/source.h"

namespace vitral::apps {

FrameStream::FrameStream(const std::vector<PictureSource>& sources, const Preprocess& preprocess,
                         const PrepareOptions& prepare, const VideoOptions& video) {
  std::vector<PictureSource> pictures;
  for (const auto& source : sources) {
    if (video::names_video(source.path)) {
      videos_.push_back(std::make_unique<VideoStream>(source, preprocess, prepare, video));
    } else {
      pictures.push_back(source);
    }
  }
  if (!pictures.empty()) pictures_ = std::make_unique<PictureStream>(std::move(pictures), preprocess, prepare);
}

std::optional<PreparedPicture> FrameStream::next() {
  if (pictures_ != nullptr) {
    if (auto picture = pictures_->next()) return picture;
  }
  while (!videos_.empty()) {
    turn_ %= videos_.size();
    if (auto frame = videos_[turn_]->next()) {
      ++turn_;
      return frame;
    }
    videos_.erase(videos_.begin() + static_cast<std::ptrdiff_t>(turn_));
  }
  return std::nullopt;
}

std::uint64_t FrameStream::expected() const {
  std::uint64_t count = pictures_ == nullptr ? 0 : pictures_->size();
  for (const auto& video : videos_) count += video->expected();
  return count;
}

}  // namespace vitral::apps
