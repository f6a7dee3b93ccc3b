/// A camera for tests: pictures as multipart JPEG over HTTP on a port of this machine, and every way to misbehave.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "common/image/image.h"

namespace vitral::test {

class MjpegServer {
 public:
  /// One client, whose request has been read.
  class Client {
   public:
    Client(int socket, const std::atomic<bool>& stop) : socket_(socket), stop_(stop) {}
    /// False where the client or the server is gone.
    bool send(const std::string& bytes);
    bool head(const std::string& status = "200 OK",
              const std::string& type = "multipart/x-mixed-replace; boundary=frame");
    bool picture(const image::Image& picture);
    /// `share` of a picture's bytes.
    bool part_of(const image::Image& picture, double share);
    /// A part that says it is a JPEG and is none.
    bool damaged_picture();
    bool wait(double seconds);
    /// The connection ends with a reset instead of an orderly close.
    void reset();

   private:
    int socket_;
    const std::atomic<bool>& stop_;
  };
  /// What happens to the client with this number, from 0.
  using Script = std::function<void(Client& client, int number)>;

  /// Listens on 127.0.0.1; port 0: any.
  explicit MjpegServer(Script script, int port = 0);
  ~MjpegServer();
  MjpegServer(const MjpegServer&) = delete;
  MjpegServer& operator=(const MjpegServer&) = delete;
  int port() const { return port_; }
  std::string url(const std::string& path = "/video") const;
  int clients() const { return clients_; }

 private:
  void listen_on();
  void serve(int socket, int number);
  Script script_;
  int listener_ = -1, port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<int> clients_{0};
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// A script: `pictures` of picture(i), `rate` a second, then the connection is closed.
MjpegServer::Script plays(int pictures, double rate, std::function<image::Image(int)> picture);

/// A script: these bytes as a file of known length.
MjpegServer::Script serves(const std::string& bytes, const std::string& type);

/// A port on which nobody listens.
int free_port();

}  // namespace vitral::test
