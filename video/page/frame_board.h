/// The newest picture of each source, for those who look on. Who shows a picture never waits for who looks.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/image/image.h"

namespace vitral::video {

/// Thread-safe. Pictures become JPEG on a thread of the board's own, only while somebody looks at the source, and some
/// 30 of a source a second at most, however many there are.
class FrameBoard {
 public:
  struct Jpeg {
    std::uint64_t number = 0;  ///< rising; 0: there is none
    std::shared_ptr<const std::string> bytes;
  };

  explicit FrameBoard(std::size_t sources);
  ~FrameBoard();
  FrameBoard(const FrameBoard&) = delete;
  FrameBoard& operator=(const FrameBoard&) = delete;

  /// Takes the place of the source's last picture.
  void show(std::size_t source, image::Image picture);

  /// The newest picture of a number above `seen`, waited for up to `patience`; number 0 where none came.
  Jpeg look(std::size_t source, std::uint64_t seen, std::chrono::milliseconds patience);

  /// Nobody waits any more.
  void close();
  bool closed() const;
  std::size_t size() const { return places_.size(); }

 private:
  struct Place {
    std::shared_ptr<const image::Image> picture;
    std::uint64_t shown = 0;  ///< number of `picture`
    Jpeg jpeg;
    std::chrono::steady_clock::time_point wanted_until{};  ///< somebody looked not long ago
    std::chrono::steady_clock::time_point due{};           ///< no encoding before
  };
  void encode();
  Place* next_to_encode();
  mutable std::mutex mutex_;
  std::condition_variable shown_, encoded_;
  std::vector<Place> places_;
  bool closed_ = false;
  std::thread encoder_;  // last: started when everything else exists
};

}  // namespace vitral::video
