#include "apps/picture_stream.h"

#include <algorithm>
#include <thread>

#include "common/core/error.h"
#include "common/core/stop_watch.h"
#include "common/image/draw.h"

namespace vitral::apps {
namespace {

std::size_t workers_for(std::size_t pictures) {
  const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
  return std::min<std::size_t>({pictures, cores, 8});
}

}  // namespace

PictureStream::PictureStream(std::vector<PictureSource> sources, Preprocess preprocess, int thumbnail_side)
    : sources_(std::move(sources)),
      preprocessor_(std::move(preprocess)),
      thumbnail_side_(thumbnail_side),
      prefetch_(sources_.size(), workers_for(sources_.size()), 2 * workers_for(sources_.size()) + 2,
                [this](std::size_t index) { return prepare(index); }) {}

PreparedPicture PictureStream::prepare(std::size_t index) const {
  PreparedPicture result;
  result.source = sources_[index];
  try {
    StopWatch watch;
    const auto picture = read_picture(result.source);
    result.times.decode = watch.lap();
    result.width = picture.width;
    result.height = picture.height;
    result.placement = preprocessor_.place(picture);
    result.chw.resize(3u * static_cast<std::size_t>(result.placement.height) * static_cast<std::size_t>(result.placement.width));
    preprocessor_.write(picture, result.placement, result.chw);
    result.times.preprocess = watch.lap();
    if (thumbnail_side_ > 0) result.thumbnail = image::thumbnail(picture, thumbnail_side_, thumbnail_side_);
  } catch (const Error& error) {
    result.error = error.what();
  }
  return result;
}

}  // namespace vitral::apps
