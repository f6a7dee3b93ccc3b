#include "apps/levels.h"

#include "common/runtime/picture_uploads.h"

namespace vitral::apps {

MakeLevels levels_for(const LoadedModel& model) {
  const auto uploads = model.uploads();
  if (uploads == nullptr) return {};
  return [uploads, preprocessor = image::Preprocessor(model.record.preprocess)](const image::Image& picture,
                                                                                const Placement& placement) {
    auto levels = uploads->resizes() ? uploads->resized(picture.pixels.data(), placement) : nullptr;
    if (levels != nullptr) return levels;
    const auto view = preprocessor.view(picture, placement);
    return uploads->as_they_are(view.pixels.data(), view.height, view.width);
  };
}

}  // namespace vitral::apps
