/// Pictures on their way to the network: read, decoded and preprocessed ahead on other threads, in order.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/inputs.h"
#include "apps/records.h"
#include "common/core/ordered_prefetch.h"
#include "common/image/preprocess.h"

namespace vitral::apps {

struct PreparedPicture {
  PictureSource source;
  std::string error;  ///< why it can't be used; empty: it can
  int width = 0, height = 0;  ///< pixels, upright
  Placement placement;
  std::vector<float> chw;     ///< the network's input
  image::Image thumbnail;     ///< where asked for
  StageTimes times;
};

class PictureStream {
 public:
  /// `thumbnail_side`: longest side of the thumbnails in pixels, 0 for none.
  PictureStream(std::vector<PictureSource> sources, Preprocess preprocess, int thumbnail_side = 0);
  std::optional<PreparedPicture> next() { return prefetch_.next(); }
  std::size_t size() const { return sources_.size(); }

 private:
  PreparedPicture prepare(std::size_t index) const;
  std::vector<PictureSource> sources_;
  image::Preprocessor preprocessor_;
  int thumbnail_side_;
  OrderedPrefetch<PreparedPicture> prefetch_;
};

}  // namespace vitral::apps
