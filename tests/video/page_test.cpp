#include <gtest/gtest.h>
#include <httplib.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "common/core/error.h"
#include "common/image/decode.h"
#include "tests/support/loopback.h"
#include "video/page/live_page.h"
#include "video/page/page_html.h"

namespace vitral::video {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

image::Image grey(int level, int width = 64) {
  auto picture = image::Image::uninitialized(width, 48);
  std::fill(picture.pixels.begin(), picture.pixels.end(), static_cast<std::uint8_t>(level));
  return picture;
}

image::Image decoded(const std::string& bytes) {
  return image::decode(std::as_bytes(std::span(bytes)), "picture");
}

LivePageOptions local(const std::string& token = "") {
  LivePageOptions options;
  options.token = token;
  return options;
}

TEST(FrameBoard, GivesTheNewestPictureOnce) {
  FrameBoard board(2);
  EXPECT_EQ(board.look(0, 0, 20ms).number, 0u);
  board.show(0, grey(10));
  board.show(0, grey(200));
  auto first = board.look(0, 0, 2s);
  if (first.number == 1) first = board.look(0, 1, 2s);  // it was encoded before the second one came
  EXPECT_EQ(first.number, 2u);
  EXPECT_NEAR(decoded(*first.bytes).pixels[0], 200, 3);
  EXPECT_EQ(board.look(0, first.number, 20ms).number, 0u);
  EXPECT_EQ(board.look(1, 0, 20ms).number, 0u);
  board.show(0, grey(90));
  EXPECT_EQ(board.look(0, first.number, 2s).number, 3u);
}

TEST(FrameBoard, EncodesNoMoreThanAnybodySees) {
  FrameBoard board(1);
  std::atomic<bool> stop = false;
  std::thread source([&] {
    for (int i = 0; !stop; ++i) {
      board.show(0, grey(i % 200));
      std::this_thread::sleep_for(1ms);
    }
  });
  std::uint64_t seen = 0;
  int pictures = 0;
  for (const auto end = Clock::now() + 1s; Clock::now() < end; ++pictures) seen = board.look(0, seen, 2s).number;
  stop = true;
  source.join();
  EXPECT_GT(pictures, 5);
  EXPECT_LE(pictures, 36);
}

TEST(FrameBoard, ClosingFreesThoseWhoWait) {
  FrameBoard board(1);
  std::thread waiter([&] { EXPECT_EQ(board.look(0, 0, 60s).number, 0u); });
  std::this_thread::sleep_for(20ms);
  board.close();
  waiter.join();
}

TEST(LivePage, ServesItselfItsFiguresAndPictures) {
  FrameBoard board(1);
  LivePage page(local(), board, [] { return std::string("{\"frames_out\":7}"); });
  board.show(0, grey(120));
  httplib::Client client("127.0.0.1", page.port());
  const auto html = client.Get("/");
  ASSERT_TRUE(html);
  EXPECT_EQ(html->status, 200);
  EXPECT_EQ(html->body, page_html());
  EXPECT_EQ(client.Get("/stats.json")->body, "{\"frames_out\":7}");
  const auto frame = client.Get("/frame.jpg?source=0");
  ASSERT_EQ(frame->status, 200);
  EXPECT_NEAR(decoded(frame->body).pixels[0], 120, 3);
  EXPECT_EQ(client.Get("/frame.jpg?source=1")->status, 404);
  EXPECT_EQ(client.Get("/frame.jpg?source=x")->status, 404);
  EXPECT_EQ(client.Get("/stream.mjpg?source=9")->status, 404);
  EXPECT_EQ(client.Get("/etc/passwd")->status, 404);
  EXPECT_NE(page.url().find(std::to_string(page.port())), std::string::npos);
}

TEST(LivePage, NothingOnItComesFromElsewhere) {
  const std::string html(page_html());
  for (const char* outside : {"http://", "https://", "src=\"//", "@import", "url("})
    EXPECT_EQ(html.find(outside), std::string::npos) << outside;
}

TEST(LivePage, AStreamHasEachPictureInItsOwnPart) {
  FrameBoard board(1);
  LivePage page(local(), board, [] { return std::string("{}"); });
  std::atomic<bool> stop = false;
  std::thread source([&] {
    for (int i = 0; !stop; ++i) {
      board.show(0, grey(20 + 10 * (i % 20)));
      std::this_thread::sleep_for(5ms);
    }
  });
  std::string received;
  httplib::Client client("127.0.0.1", page.port());
  client.Get("/stream.mjpg", [&](const char* data, std::size_t size) {
    received.append(data, size);
    return received.size() < 20'000;
  });
  stop = true;
  source.join();
  std::size_t parts = 0, at = 0;
  while ((at = received.find("Content-Length: ", at)) != std::string::npos) {
    const auto length = std::stoul(received.substr(at + 16));
    const auto begin = received.find("\r\n\r\n", at) + 4;
    if (begin + length > received.size()) break;
    EXPECT_EQ(decoded(received.substr(begin, length)).width, 64);
    at = begin + length;
    ++parts;
  }
  EXPECT_GT(parts, 5u);
}

TEST(LivePage, ATokenIsAskedForEverywhere) {
  FrameBoard board(1);
  LivePage page(local("correct-horse"), board, [] { return std::string("{}"); });
  httplib::Client client("127.0.0.1", page.port());
  for (const char* path : {"/", "/stats.json", "/stream.mjpg", "/frame.jpg"})
    EXPECT_EQ(client.Get(path)->status, 401) << path;
  for (const char* wrong : {"correct-hors", "correct-horsf", "", "correct-horse-and"})
    EXPECT_EQ(client.Get((std::string("/stats.json?token=") + wrong).c_str())->status, 401) << wrong;
  EXPECT_EQ(client.Get("/stats.json?token=correct-horse")->status, 200);
  EXPECT_EQ(client.Get("/stats.json", {{"Authorization", "Bearer correct-horse"}})->status, 200);
  EXPECT_NE(page.url().find("?token=correct-horse"), std::string::npos);
}

TEST(LivePage, APortInUseIsSaid) {
  FrameBoard board(1), other(1);
  LivePage page(local(), board, [] { return std::string("{}"); });
  LivePageOptions taken;
  taken.port = page.port();
  try {
    LivePage second(taken, other, [] { return std::string("{}"); });
    FAIL() << "the port was given twice";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find(std::to_string(page.port())), std::string::npos);
  }
}

/// Connects and asks for the stream, and reads nothing.
int silent_client(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = test::loopback(port);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return -1;
  const std::string request = "GET /stream.mjpg HTTP/1.1\r\nHost: x\r\n\r\n";
  return ::send(socket, request.data(), request.size(), MSG_NOSIGNAL) > 0 ? socket : -1;
}

TEST(LivePage, ClientsThatNeverReadHoldUpNeitherTheSourceNorOthers) {
  FrameBoard board(1);
  LivePage page(local(), board, [] { return std::string("{}"); });
  std::vector<int> silent;
  for (int i = 0; i < 8; ++i) silent.push_back(silent_client(page.port()));
  std::atomic<bool> stop = false;
  std::chrono::duration<double> longest{0};
  std::thread source([&] {
    for (int i = 0; !stop; ++i) {
      const auto begin = Clock::now();
      board.show(0, grey(i % 200, 640));
      longest = std::max<std::chrono::duration<double>>(longest, Clock::now() - begin);
      std::this_thread::sleep_for(2ms);
    }
  });
  std::this_thread::sleep_for(500ms);
  std::size_t received = 0;
  httplib::Client client("127.0.0.1", page.port());
  client.Get("/stream.mjpg", [&](const char*, std::size_t size) { return (received += size) < 100'000; });
  EXPECT_GE(received, 100'000u);
  stop = true;
  source.join();
  EXPECT_LT(longest.count(), 0.5);
  for (const int socket : silent) ::close(socket);
}

}  // namespace
}  // namespace vitral::video
