#include "video/live/live_opener.h"

#include "video/live/camera.h"

namespace vitral::video {

LiveOpener live_opener(const std::string& source) {
  return names_camera(source) ? camera_opener(source) : network_opener(source);
}

}  // namespace vitral::video
