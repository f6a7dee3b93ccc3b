#include "video/live/decoder_wire.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cmath>

#include "common/core/checked.h"
#include "common/core/limits.h"
#include "video/media/rational.h"

namespace vitral::video::wire {
namespace {

constexpr int kPollMs = 30;
constexpr double kShortestRate = 0.001, kLongestRate = 100'000;  ///< frames a second

/// `move` sends or receives some bytes without waiting, as the system's calls do.
template <class Byte, class Move>
Outcome move_all(int socket, short event, std::span<Byte> data, const std::function<bool()>& give_up, Move move) {
  while (!data.empty()) {
    if (give_up()) return Outcome::given_up;
    pollfd ready{socket, event, 0};
    if (::poll(&ready, 1, kPollMs) <= 0) continue;
    const ssize_t moved = move(data);
    if (moved < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (moved <= 0) return Outcome::closed;
    data = data.subspan(static_cast<std::size_t>(moved));
  }
  return Outcome::done;
}

}  // namespace

Outcome send(int socket, std::span<const std::byte> data, const std::function<bool()>& give_up) {
  return move_all(socket, POLLOUT, data, give_up, [socket](std::span<const std::byte> rest) {
    return ::send(socket, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  });
}

Outcome receive(int socket, std::span<std::byte> data, const std::function<bool()>& give_up) {
  return move_all(socket, POLLIN, data, give_up, [socket](std::span<std::byte> rest) {
    return ::recv(socket, rest.data(), rest.size(), MSG_DONTWAIT);
  });
}

bool is_plausible(const Reply& reply) {
  if (reply.magic != kMagic || reply.answer > Answer::failed || reply.text_bytes > kLongestText) return false;
  const Limits limits;
  const auto pixels = checked_mul(reply.width, reply.height);
  if (!pixels || *pixels > limits.pixels || reply.width > limits.side || reply.height > limits.side) return false;
  if ((reply.answer == Answer::frame) != (*pixels > 0)) return false;
  if (reply.answer != Answer::frame) return true;
  if (reply.has_own_ms != 0 && !std::isfinite(reply.own_ms)) return false;
  if (reply.rate_num <= 0 || reply.rate_den <= 0) return false;
  const double rate = Rational{reply.rate_num, reply.rate_den}.value();
  return rate >= kShortestRate && rate <= kLongestRate;
}

}  // namespace vitral::video::wire
