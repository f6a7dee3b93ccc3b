/// A data set of people out of a video of a fixed camera.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <vector>

#include "datasets/tools/write.h"

namespace vitral::apps {

struct PedestrianOptions {
  std::size_t stride = 1;          ///< every how many frames a picture is taken; people are followed through all
  std::size_t train_frames = 600;  ///< of the first so many frames
  std::size_t val_frames = 150;    ///< of the last so many; what lies between belongs to neither
  std::function<void(const char* step, std::size_t done, std::size_t total)> on_progress;
};

/// Splits "train" and "val" with the class "person". Throws Error(input) where the video can't be read or is too short.
std::vector<NamedSplit> make_pedestrians(const std::filesystem::path& video, const PedestrianOptions& options);

}  // namespace vitral::apps
