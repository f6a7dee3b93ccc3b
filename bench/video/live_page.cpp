// What 32 clients of the live page, 8 of which never read, take from the pipeline: live_page [PAIRS] [pause|busy],
// figures beside their goal as one JSON line; 1 where it is missed. One source gives whatever is wanted and the model
// takes 5 ms for a frame, as a pause or with a core of its own; stretches with and without clients alternate.
#include "video/page/live_page.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "bench/video/cameras.h"
#include "bench/video/figures.h"

namespace {

using namespace vitral::bench;
using vitral::video::FrameBoard;

constexpr int kReading = 24, kSilent = 8;
constexpr Seconds kModel{0.005}, kStretch{5};
/// Connecting; and the board encodes for 4 s after the last one has looked.
constexpr Seconds kSettling{5};

/// Clients of the page's stream, in threads of their own.
class Clients {
 public:
  explicit Clients(int port) {
    for (int i = 0; i < kReading + kSilent; ++i) {
      const int socket = connected(port);
      sockets_.push_back(socket);
      if (i < kReading) threads_.emplace_back([this, socket] { read(socket); });
    }
  }
  ~Clients() {
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    for (auto& thread : threads_) thread.join();
    for (const int socket : sockets_) ::close(socket);
  }
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;
  double mib() const { return static_cast<double>(bytes_) / (1 << 20); }

 private:
  static int connected(int port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{AF_INET, htons(static_cast<std::uint16_t>(port)), {htonl(INADDR_LOOPBACK)}, {}};
    const std::string request = "GET /stream.mjpg HTTP/1.1\r\nHost: x\r\n\r\n";
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::send(socket, request.data(), request.size(), MSG_NOSIGNAL) < 0) {
      std::perror("live_page");
      std::exit(2);
    }
    return socket;
  }
  void read(int socket) {
    std::vector<char> buffer(1 << 16);
    for (ssize_t got = 0; (got = ::recv(socket, buffer.data(), buffer.size(), 0)) > 0;)
      bytes_ += static_cast<std::uint64_t>(got);
  }
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::atomic<std::uint64_t> bytes_{0};
};

/// Source, lane, model, board.
class Pipeline {
 public:
  Pipeline(FrameBoard& board, bool is_busy) : board_(board), is_busy_(is_busy) {}
  /// Frames a second over so many.
  double rate(Seconds seconds) {
    const auto begin = Clock::now();
    double frames = 0;
    for (; Clock::now() - begin < seconds; ++frames) step();
    return frames / Seconds(Clock::now() - begin).count();
  }

 private:
  void step() {
    auto batch = cameras_.lanes().pop(1, std::chrono::milliseconds(35));
    const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(kModel);
    if (!is_busy_) std::this_thread::sleep_until(until);
    while (Clock::now() < until) continue;
    board_.show(0, std::move(batch.at(0).second.picture));
  }
  FrameBoard& board_;
  bool is_busy_;
  Cameras cameras_{{0}, vitral::video::LanePolicy::all};
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

int main(int argc, char** argv) {
  const int pairs = std::max(argc > 1 ? std::atoi(argv[1]) : 10, 1);
  const std::string model = argc > 2 ? argv[2] : "pause";
  FrameBoard board(1);
  const vitral::video::LivePage page({}, board, [] { return std::string("{}"); });
  Pipeline pipeline(board, model == "busy");
  std::vector<double> without, with, changes;
  double mib = 0;
  for (int pair = 0; pair < pairs; ++pair) {
    pipeline.rate(kSettling);
    without.push_back(pipeline.rate(kStretch));
    const Clients clients(page.port());
    pipeline.rate(Seconds(1));
    const double before = clients.mib();
    with.push_back(pipeline.rate(kStretch));
    mib += clients.mib() - before;
    changes.push_back(100 * (1 - with.back() / without.back()));
  }
  const std::vector<Goal> goals{{"rate_lost_percent", median(changes), true, 2}};
  std::printf(
      "{\"bench\":\"live_page\",\"model\":\"%s\",\"pairs\":%d,\"clients\":%d,\"silent\":%d,"
      "\"frames_per_s\":{\"without\":%.2f,\"with\":%.2f},\"mib_per_s_read\":%.1f,%s}\n",
      model.c_str(), pairs, kReading + kSilent, kSilent, median(without), median(with),
      mib / (pairs * kStretch.count()), json_of(goals).c_str());
  return exit_code(goals);
}
