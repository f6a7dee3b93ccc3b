#include "video/live/isolated_source.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/core/error.h"
#include "common/core/text.h"
#include "video/live/child_process.h"
#include "video/live/crashes.h"
#include "video/live/decoder_wire.h"
#include "video/live/live_opener.h"
#include "video/live/protocols.h"

namespace vitral::video {
namespace {

using Clock = Deadline::Clock;
using wire::Answer;

/// How long after its deadline a child is waited for: one that is only late says why itself. Less than LiveCapture
/// waits for its reader, so that the child is gone before.
constexpr std::chrono::milliseconds kGrace{200};

/// At most a day, which no sum overflows.
std::int64_t left_ns(const Deadline& deadline) {
  const auto left = std::min<Clock::duration>(deadline.until() - Clock::now(), std::chrono::hours(24));
  return std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
}

class IsolatedSource : public LiveSource {
 public:
  IsolatedSource(const std::string& address, const DecoderProgram& program, std::shared_ptr<Crashes> crashes,
                 const Deadline& deadline)
      : name_(printable(without_password(address), 1'000)),
        crashes_(std::move(crashes)),
        child_(program.path, program.arguments, name_) {
    wire::Hello hello;
    hello.parent = ::getpid();
    hello.left_ns = left_ns(deadline);
    hello.address_bytes = static_cast<std::uint32_t>(address.size());
    const bool asked = send(wire::bytes_of(hello), deadline) && send(std::as_bytes(std::span(address)), deadline);
    if (!asked || !take_reply(deadline)) throw Error(ErrorKind::lost, "", why_);
    if (reply_.answer != Answer::opened) throw nonsense();
  }

  Step next(const Deadline& deadline) override {
    wire::Request request;
    request.left_ns = left_ns(deadline);
    if (!send(wire::bytes_of(request), deadline) || !take_reply(deadline)) return Step::lost;
    switch (reply_.answer) {
      case Answer::frame:
        return take_pixels(deadline) ? Step::frame : Step::lost;
      case Answer::damaged:
        return Step::damaged;
      case Answer::ended:
        return Step::ended;
      case Answer::lost:
        return Step::lost;
      default:
        throw nonsense();
    }
  }

  image::Image picture() override { return std::move(picture_); }
  std::optional<double> own_ms() const override {
    return reply_.has_own_ms != 0 ? std::optional(reply_.own_ms) : std::nullopt;
  }
  Rational frame_rate() const override { return {reply_.rate_num, reply_.rate_den}; }
  const std::string& why() const override { return why_; }

 private:
  /// The next reply and its text. False where the child is gone, with the reason in why_. Throws what the child did.
  bool take_reply(const Deadline& deadline) {
    if (!receive(wire::bytes_of(reply_), deadline)) return false;
    if (!wire::is_plausible(reply_)) throw nonsense();
    std::string text(reply_.text_bytes, '\0');
    if (!receive(std::as_writable_bytes(std::span(text)), deadline)) return false;
    why_ = printable(text, 1'900);
    if (reply_.answer != Answer::failed) return true;
    const bool is_final = reply_.kind == static_cast<int>(ErrorKind::input);
    throw Error(is_final ? ErrorKind::input : ErrorKind::lost, "", why_);
  }

  bool take_pixels(const Deadline& deadline) {
    picture_ = image::Image::uninitialized(static_cast<int>(reply_.width), static_cast<int>(reply_.height));
    return receive(std::as_writable_bytes(std::span(picture_.pixels)), deadline);
  }

  bool send(std::span<const std::byte> data, const Deadline& deadline) {
    return succeeded(wire::send(child_.socket(), data, [&] { return is_over(deadline); }));
  }
  bool receive(std::span<std::byte> data, const Deadline& deadline) {
    return succeeded(wire::receive(child_.socket(), data, [&] { return is_over(deadline); }));
  }
  static bool is_over(const Deadline& deadline) {
    return deadline.cancelled() || Clock::now() > deadline.until() + kGrace;
  }

  bool succeeded(wire::Outcome outcome) {
    if (outcome == wire::Outcome::done) return true;
    const auto end = child_.end();
    why_ = name_ + ": its decoder " + (outcome == wire::Outcome::closed ? end : "gave no picture in time");
    if (outcome == wire::Outcome::closed) count_crash();
    return false;
  }

  /// What the child said can't be: it is ended, and no better than one that crashed.
  Error nonsense() {
    child_.end();
    why_ = name_ + ": its decoder said what makes no sense";
    count_crash();
    return {ErrorKind::lost, "", why_};
  }

  /// Throws Error(failed) where the source is given up.
  void count_crash() const {
    if (!crashes_->too_many(Clock::now())) return;
    throw Error(ErrorKind::failed, "",
                why_ + ", " + std::to_string(Crashes::kMost) + " times within a minute; given up");
  }

  std::string name_;
  std::shared_ptr<Crashes> crashes_;
  ChildProcess child_;
  wire::Reply reply_;
  image::Image picture_;
  std::string why_;
};

}  // namespace

LiveOpener isolated_opener(const std::string& address, const DecoderProgram& program) {
  live_opener(address);  // refuses here what the child would
  if (address.size() > wire::kLongestAddress) throw Error(ErrorKind::usage, "INPUT", "is too long for an address");
  return [address, program, crashes = std::make_shared<Crashes>()](const Deadline& deadline) {
    return std::make_unique<IsolatedSource>(address, program, crashes, deadline);
  };
}

}  // namespace vitral::video
