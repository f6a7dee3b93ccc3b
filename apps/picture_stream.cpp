#include "apps/picture_stream.h"

#include <algorithm>
#include <thread>

#include "common/core/error.h"
#include "common/core/stop_watch.h"
#include "common/image/crop.h"
#include "common/image/draw.h"

namespace vitral::apps {
namespace {

std::size_t workers_for(std::size_t pictures) {
  const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
  return std::min<std::size_t>({pictures, cores, 8});
}

PreparedInput input_of(const image::Image& picture, const Tile& tile, const image::Preprocessor& preprocessor,
                       const MakeLevels& levels) {
  PreparedInput input{tile, preprocessor.place(picture), {}, {}};
  const auto& place = input.placement;
  if (levels) {
    input.levels = levels(picture, place);
    return input;
  }
  input.chw.resize(3u * static_cast<std::size_t>(place.height) * static_cast<std::size_t>(place.width));
  preprocessor.write(picture, place, input.chw);
  return input;
}

}  // namespace

void prepare(image::Image picture, const image::Preprocessor& preprocessor, const PrepareOptions& options,
             PreparedPicture& result) {
  StopWatch watch;
  result.width = picture.width;
  result.height = picture.height;
  if (options.tiling) {
    const auto tiles = tiles_of(picture.width, picture.height, *options.tiling);
    for (const auto& tile : tiles) {
      if (tiles.size() == 1) break;
      const auto part = image::cropped(picture, tile.left, tile.top, tile.width, tile.height);
      result.inputs.push_back(input_of(part, tile, preprocessor, options.levels));
    }
  }
  result.inputs.push_back(input_of(picture, {0, 0, picture.width, picture.height}, preprocessor, options.levels));
  result.times.preprocess += watch.lap();
  const int side = options.thumbnail_side;
  if (side > 0) result.thumbnail = image::thumbnail(picture, side, side);
  if (options.keep_picture) result.picture = std::move(picture);
}

PictureStream::PictureStream(std::vector<PictureSource> sources, Preprocess preprocess, PrepareOptions options,
                             PictureReader reader)
    : sources_(std::move(sources)),
      preprocessor_(std::move(preprocess)),
      options_(std::move(options)),
      reader_(reader ? std::move(reader) : [](const PictureSource& source) { return read_picture(source); }),
      prefetch_(sources_.size(), workers_for(sources_.size()), 2 * workers_for(sources_.size()) + 2,
                [this](std::size_t index) { return read(index); }) {}

std::size_t PictureStream::workers() const { return workers_for(sources_.size()); }

PreparedPicture PictureStream::read(std::size_t index) const {
  PreparedPicture result;
  result.source = sources_[index];
  try {
    StopWatch watch;
    auto picture = reader_(result.source);
    result.times.decode = watch.lap();
    prepare(std::move(picture), preprocessor_, options_, result);
  } catch (const Error& error) {
    result.error = error.what();
  }
  return result;
}

}  // namespace vitral::apps
