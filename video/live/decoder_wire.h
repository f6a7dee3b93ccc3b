/// What a decoder in a process of its own and the program say to each other. Inside this folder only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <type_traits>

namespace vitral::video::wire {

// Both sides are the same program on the same machine: the structures go over as they lie in memory.

constexpr std::uint32_t kMagic = 0x56644331;
constexpr std::uint32_t kLongestAddress = 60'000;  ///< bytes
constexpr std::uint32_t kLongestText = 4'000;      ///< bytes

/// The parent's first message; the address follows.
struct Hello {
  std::uint32_t magic = kMagic;
  std::int32_t parent = 0;          ///< its process id
  std::int64_t left_ns = 0;         ///< until the deadline to open it
  std::uint32_t address_bytes = 0;  ///< at most kLongestAddress
  std::uint32_t unused = 0;
};

/// The parent asks for the next picture.
struct Request {
  std::uint32_t magic = kMagic;
  std::uint32_t unused = 0;
  std::int64_t left_ns = 0;  ///< until its deadline
};

enum class Answer : std::uint32_t { opened, frame, damaged, ended, lost, failed };

/// The child's answer; the text, then the pixels (RGB, rows without gaps) follow.
struct Reply {
  std::uint32_t magic = kMagic;
  Answer answer = Answer::failed;
  std::int32_t kind = 0;         ///< of the Error, where `answer` is failed
  std::uint32_t text_bytes = 0;  ///< why there is no picture; at most kLongestText
  std::uint32_t width = 0, height = 0;
  std::uint32_t has_own_ms = 0, unused = 0;
  double own_ms = 0;
  std::int64_t rate_num = 0, rate_den = 1;
};

enum class Outcome { done, closed, given_up };

/// Moves all bytes of `data` through a socket, or asks `give_up` every few hundredths of a second whether to go on.
Outcome send(int socket, std::span<const std::byte> data, const std::function<bool()>& give_up);
Outcome receive(int socket, std::span<std::byte> data, const std::function<bool()>& give_up);

template <class Message>
std::span<std::byte> bytes_of(Message& message) {
  static_assert(std::is_trivially_copyable_v<Message>);
  return std::as_writable_bytes(std::span(&message, 1));
}

/// Whether a reply's numbers are possible, before anything of it is believed.
bool is_plausible(const Reply& reply);

}  // namespace vitral::video::wire
