#include "video/live/live_opener.h"

#include "video/live/camera.h"
#include "video/live/pipeline_source.h"
#include "video/live/protocols.h"

namespace vitral::video {

bool names_live(const std::string& text) {
  return names_pipeline(text) || names_url(text) || names_camera(text);
}

LiveOpener live_opener(const std::string& source) {
  if (names_pipeline(source)) return pipeline_opener(source);
  return names_camera(source) ? camera_opener(source) : network_opener(source);
}

}  // namespace vitral::video
