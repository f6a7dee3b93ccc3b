#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "common/core/error.h"
#include "common/core/text.h"
#include "video/live/decoder_wire.h"
#include "video/live/isolated_source.h"
#include "video/live/live_opener.h"

namespace vitral::video {
namespace {

using wire::Answer;

bool is_socket(int descriptor) {
  struct stat status = {};
  return ::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
}

/// The child waits as long as the parent's end is open: it is the parent that watches the clock.
bool never() {
  return false;
}

class Answers {
 public:
  explicit Answers(int socket) : socket_(socket) {}
  bool ask(auto& message) const { return received(wire::bytes_of(message)) && message.magic == wire::kMagic; }
  bool received(std::span<std::byte> into) const { return wire::receive(socket_, into, never) == wire::Outcome::done; }

  bool failed(ErrorKind kind, const std::string& text) const {
    wire::Reply reply;
    reply.kind = static_cast<std::int32_t>(kind);
    return tell(reply, text, {});
  }

  bool step(LiveSource& source, LiveSource::Step step) const {
    wire::Reply reply;
    switch (step) {
      case LiveSource::Step::frame:
        return frame(source);
      case LiveSource::Step::ended:
        reply.answer = Answer::ended;
        return tell(reply, "", {});
      default:
        reply.answer = step == LiveSource::Step::damaged ? Answer::damaged : Answer::lost;
        return tell(reply, source.why(), {});
    }
  }

  bool opened() const {
    wire::Reply reply;
    reply.answer = Answer::opened;
    return tell(reply, "", {});
  }

 private:
  bool frame(LiveSource& source) const {
    const auto picture = source.picture();
    auto own_ms = source.own_ms();
    if (own_ms && !std::isfinite(*own_ms)) own_ms.reset();
    const auto rate = source.frame_rate();
    wire::Reply reply;
    reply.answer = Answer::frame;
    reply.width = static_cast<std::uint32_t>(picture.width);
    reply.height = static_cast<std::uint32_t>(picture.height);
    reply.has_own_ms = own_ms ? 1 : 0;
    reply.own_ms = own_ms.value_or(0);
    reply.rate_num = rate.num;
    reply.rate_den = rate.den;
    return tell(reply, "", std::as_bytes(std::span(picture.pixels)));
  }

  bool tell(wire::Reply reply, std::string text, std::span<const std::byte> pixels) const {
    text.resize(std::min<std::size_t>(text.size(), wire::kLongestText));
    reply.text_bytes = static_cast<std::uint32_t>(text.size());
    return sent(wire::bytes_of(reply)) && sent(std::as_bytes(std::span(text))) && sent(pixels);
  }
  bool sent(std::span<const std::byte> data) const { return wire::send(socket_, data, never) == wire::Outcome::done; }

  int socket_;
};

/// Opens and decodes until the parent wants no more. Throws what openers throw.
void decode(const Answers& parent, const std::string& address, std::int64_t left_ns) {
  Deadline deadline;
  deadline.extend(std::chrono::nanoseconds(left_ns));
  const auto source = live_opener(address)(deadline);
  bool heard = parent.opened();
  wire::Request request;
  while (heard && parent.ask(request)) {
    deadline.extend(std::chrono::nanoseconds(request.left_ns));
    const auto step = source->next(deadline);
    heard = parent.step(*source, step);
  }
}

}  // namespace

int decode_for_parent(int socket) {
  if (!is_socket(socket)) throw Error(ErrorKind::usage, "", "this is how the program starts its own decoders");
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const Answers parent(socket);
  wire::Hello hello;
  if (!parent.ask(hello) || hello.address_bytes > wire::kLongestAddress) return static_cast<int>(ErrorKind::usage);
  std::string address(hello.address_bytes, '\0');
  if (!parent.received(std::as_writable_bytes(std::span(address)))) return static_cast<int>(ErrorKind::usage);
  if (::getppid() != hello.parent) return 0;  // it died before this process could ask to be told
  try {
    decode(parent, address, hello.left_ns);
  } catch (const Error& error) {
    parent.failed(error.kind(), error.what());
  } catch (const std::exception& error) {
    parent.failed(ErrorKind::lost, printable(error.what(), 500));
  }
  return 0;
}

}  // namespace vitral::video
