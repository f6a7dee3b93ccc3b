#include "video/page/frame_board.h"

#include "common/image/draw.h"

namespace vitral::video {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kQuality = 80;
constexpr std::chrono::milliseconds kApart{30};  ///< pictures of one source: more of them nobody sees
constexpr std::chrono::seconds kInterest{3};     ///< a source is encoded for that long after the last look at it

}  // namespace

FrameBoard::FrameBoard(std::size_t sources) : places_(sources), encoder_([this] { encode(); }) {}

FrameBoard::~FrameBoard() {
  close();
  encoder_.join();
}

void FrameBoard::show(std::size_t source, image::Image picture) {
  auto shared = std::make_shared<const image::Image>(std::move(picture));
  const std::lock_guard lock(mutex_);
  places_[source].picture.swap(shared);
  ++places_[source].shown;
  shown_.notify_one();
}

FrameBoard::Jpeg FrameBoard::look(std::size_t source, std::uint64_t seen, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  Place& place = places_[source];
  place.wanted_until = Clock::now() + kInterest + patience;
  shown_.notify_one();
  encoded_.wait_for(lock, patience, [&] { return closed_ || place.jpeg.number > seen; });
  return !closed_ && place.jpeg.number > seen ? place.jpeg : Jpeg{};
}

void FrameBoard::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  shown_.notify_all();
  encoded_.notify_all();
}

bool FrameBoard::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

FrameBoard::Place* FrameBoard::next_to_encode() {
  const auto now = Clock::now();
  Place* first = nullptr;
  for (Place& place : places_) {
    if (place.shown == place.jpeg.number || place.wanted_until < now) continue;
    if (first == nullptr || place.due < first->due) first = &place;
  }
  return first;
}

void FrameBoard::encode() {
  std::unique_lock lock(mutex_);
  while (!closed_) {
    Place* const place = next_to_encode();
    if (place == nullptr) {
      shown_.wait(lock);
      continue;
    }
    const auto now = Clock::now();
    if (place->due > now) {
      shown_.wait_until(lock, place->due);
      continue;
    }
    place->due = now + kApart;
    const auto picture = place->picture;
    const auto number = place->shown;
    lock.unlock();
    const auto bytes = image::encode_jpeg(*picture, kQuality);
    auto text = std::make_shared<const std::string>(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    lock.lock();
    place->jpeg = {number, std::move(text)};
    encoded_.notify_all();
  }
}

}  // namespace vitral::video
