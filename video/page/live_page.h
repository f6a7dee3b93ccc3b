/// A web server for one run: a page, its streams, its figures.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "video/page/frame_board.h"

namespace vitral::video {

struct LivePageOptions {
  std::string host = "127.0.0.1";
  int port = 0;       ///< 0: any that is free
  std::string token;  ///< what clients have to bring, as "Authorization: Bearer …" or ?token=…; empty: nothing
};

/// GET / is one self-contained page, /stream.mjpg?source=K a source's pictures as multipart JPEG, /frame.jpg?source=K
/// its newest one, /stats.json what `stats` gives. Clients that read slowly get fewer pictures.
class LivePage {
 public:
  /// `stats` is called from the server's threads. Throws Error(usage) where the address can't be listened on.
  LivePage(const LivePageOptions& options, FrameBoard& board, std::function<std::string()> stats);
  ~LivePage();
  LivePage(const LivePage&) = delete;
  LivePage& operator=(const LivePage&) = delete;
  int port() const;
  /// Where a browser on this machine finds the page, the token included.
  std::string url() const;

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

/// "HOST:PORT", ":PORT", "[::1]:PORT". Throws Error(usage, flag).
std::pair<std::string, int> parse_address(const std::string& text, const std::string& flag);

/// True for an address that only this machine reaches.
bool is_loopback(const std::string& host);

}  // namespace vitral::video
