#include "video/live/live_capture.h"

#include <atomic>
#include <thread>

#include "common/core/error.h"

namespace vitral::video {
namespace {

using Clock = std::chrono::steady_clock;

/// How much later than its deadline a reader is taken for stuck: one that is only late says why itself.
constexpr std::chrono::milliseconds kGrace{400};

double since_ms(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

}  // namespace

/// What outlives a reader that is stuck.
struct LiveCapture::Shared {
  LiveOpener opener;
  LiveOptions options;
  LiveHandlers handlers;
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  std::uint64_t generation = 0;  ///< of the reader that is listened to
  std::shared_ptr<Session> session;
  // Over all connections.
  MediaClock clock;
  Clock::time_point begin = Clock::now();
  std::int64_t next_index = 0;

  /// Calls `tell` unless another reader has taken over. The lock is not held meanwhile: a full lane may hold it up.
  template <class Tell>
  bool as(std::uint64_t own, Session& session, Tell tell);
  void read(std::uint64_t own, const std::shared_ptr<Session>& session);
  LiveEnd read_on(std::uint64_t own, Session& session);
};

struct LiveCapture::Session {
  Deadline deadline;
  bool telling = false, done = false, any_frame = false;  // under Shared::mutex
  LiveEnd end;
};

template <class Tell>
bool LiveCapture::Shared::as(std::uint64_t own, Session& session, Tell tell) {
  {
    const std::lock_guard lock(mutex);
    if (generation != own || stopping) return false;
    session.telling = true;
  }
  const bool wanted = tell();
  const std::lock_guard lock(mutex);
  session.telling = false;
  changed.notify_all();
  return wanted && generation == own && !stopping;
}

LiveEnd LiveCapture::Shared::read_on(std::uint64_t own, Session& session) {
  session.deadline.extend(std::chrono::duration_cast<Clock::duration>(options.timeout));
  const auto source = opener(session.deadline);
  while (true) {
    const auto began = Clock::now();
    const auto step = source->next(session.deadline);
    if (step == LiveSource::Step::ended) return {LiveEnd::Kind::ended, ""};
    if (step == LiveSource::Step::lost) return {LiveEnd::Kind::lost, source->why()};
    const auto captured = Clock::now();
    const bool wanted = as(own, session, [&] {
      const auto index = next_index++;
      if (step == LiveSource::Step::damaged) return handlers.damaged(source->why()), true;
      const double t_ms = clock.stamp(source->own_ms(), since_ms(begin));
      if (index % options.stride != 0) return true;
      auto picture = source->picture();
      const bool more =
          handlers.frame({std::move(picture), index, t_ms, source->frame_rate(), captured, since_ms(began)});
      return more;
    });
    if (!wanted) return {};
    if (step == LiveSource::Step::damaged) continue;  // only pictures keep a connection alive
    session.deadline.extend(std::chrono::duration_cast<Clock::duration>(options.timeout));
    const std::lock_guard lock(mutex);
    session.any_frame = true;
  }
}

void LiveCapture::Shared::read(std::uint64_t own, const std::shared_ptr<Session>& session) {
  LiveEnd end;
  try {
    end = read_on(own, *session);
  } catch (const Error& error) {
    end = {error.kind() == ErrorKind::input ? LiveEnd::Kind::unreadable : LiveEnd::Kind::lost, error.what(),
           error.kind() == ErrorKind::failed};
  } catch (const std::exception& error) {
    end = {LiveEnd::Kind::lost, error.what()};
  }
  const std::lock_guard lock(mutex);
  session->end = std::move(end);
  session->done = true;
  changed.notify_all();
}

LiveCapture::LiveCapture(LiveOpener opener, LiveOptions options, LiveHandlers handlers)
    : shared_(std::make_shared<Shared>()), options_(options), reconnect_(options.reconnect, options.seed) {
  shared_->opener = std::move(opener);
  shared_->options = options;
  shared_->handlers = std::move(handlers);
}

LiveEnd LiveCapture::connect() {
  auto session = std::make_shared<Session>();
  std::uint64_t own = 0;
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->stopping) return {};
    own = ++shared_->generation;
    shared_->session = session;
    shared_->clock.reconnected();
    session->deadline.extend(std::chrono::duration_cast<Clock::duration>(options_.timeout));
  }
  std::thread reader([shared = shared_, own, session] { shared->read(own, session); });
  std::unique_lock lock(shared_->mutex);
  const auto is_late = [&] { return !session->telling && Clock::now() > session->deadline.until() + kGrace; };
  while (!session->done && !(is_late() || (shared_->stopping && !session->telling))) {
    shared_->changed.wait_for(lock, std::chrono::milliseconds(100));
  }
  if (shared_->stopping && !session->done) {  // a moment to end by itself
    session->deadline.cancel();
    shared_->changed.wait_for(lock, kGrace, [&] { return session->done; });
  }
  const bool is_stuck = !session->done;
  if (is_stuck) {
    ++shared_->generation;
    session->deadline.cancel();
  }
  if (session->any_frame) {
    was_video_ = true;
    reconnect_.succeeded();
  }
  auto end = is_stuck ? LiveEnd{LiveEnd::Kind::lost, "a source is stuck: nothing came back from its driver in time"}
                      : session->end;
  if (shared_->stopping) end = {};
  lock.unlock();
  if (is_stuck) {
    reader.detach();
  } else {
    reader.join();
  }
  return end;
}

LiveEnd LiveCapture::run() {
  while (true) {
    LiveEnd end = connect();
    // What was a video once may be one again, whatever the server says while it starts.
    const bool may_come_back = end.kind == LiveEnd::Kind::lost || (end.kind == LiveEnd::Kind::unreadable && was_video_);
    if (!may_come_back) return end;
    end.kind = LiveEnd::Kind::lost;
    if (end.for_good || !reconnect_.again()) return end;
    shared_->handlers.lost(end.why);
    if (!pause(reconnect_.wait_s())) return {};
  }
}

bool LiveCapture::pause(double seconds) {
  std::unique_lock lock(shared_->mutex);
  return !shared_->changed.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return shared_->stopping; });
}

void LiveCapture::stop() {
  const std::lock_guard lock(shared_->mutex);
  shared_->stopping = true;
  if (shared_->session != nullptr) shared_->session->deadline.cancel();
  shared_->changed.notify_all();
}

}  // namespace vitral::video
