/// A source on a thread of its own, which fills one lane with prepared pictures.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "apps/picture_stream.h"
#include "video/live/lanes.h"

namespace vitral::apps {

using FrameLanes = video::Lanes<PreparedPicture>;

/// What became of a source's pictures before anybody could take them.
struct FeederCounts {
  std::map<std::string, std::uint64_t> dropped, failed;  ///< by reason
  std::uint64_t reconnects = 0;
};

class Feeder {
 public:
  virtual ~Feeder() = default;
  /// Pictures that the source says it will give; 0 where it says nothing yet.
  virtual std::uint64_t expected() const { return 0; }
  /// No more pictures are wanted. The lane has been dropped before.
  virtual void stop() {}
  /// Told by what runs beside, for the user's eyes; each once.
  virtual std::vector<std::string> take_notes() { return {}; }
  virtual FeederCounts counts() const { return {}; }
};

}  // namespace vitral::apps
