/// Cameras for tests on a port of this machine, and every way to misbehave that does not depend on what they speak.
#pragma once

#include <atomic>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "common/image/image.h"

namespace vitral::test {

/// One client of a camera.
class CameraClient {
 public:
  CameraClient(int socket, const std::atomic<bool>& stop) : socket_(socket), stop_(stop) {}
  virtual ~CameraClient() = default;
  CameraClient(const CameraClient&) = delete;
  CameraClient& operator=(const CameraClient&) = delete;

  // All of these give false where the client or the server is gone.
  /// Hears what is asked and answers it: pictures may follow.
  virtual bool begin() = 0;
  /// Hears what is asked and denies it with "404 Not Found" or the like.
  virtual bool refuse(const std::string& status) = 0;
  virtual bool picture(const image::Image& picture) = 0;
  /// `share` of a picture's bytes.
  virtual bool part_of(const image::Image& picture, double share) = 0;
  /// What says that it is a picture and is none.
  virtual bool damaged_picture() = 0;
  bool send(const std::string& bytes);
  bool wait(double seconds);

  /// From now on about one byte in `every` is another one; 0: none.
  void flip_one_in(int every) { flip_every_ = every; }
  /// The connection ends with a reset instead of an orderly close.
  void reset();

 protected:
  /// What the client says up to an empty line; empty where it is gone.
  std::string head_of_request();
  /// Throws away what the client has said: else its end would be a reset.
  void ignore_requests();

 private:
  int socket_;
  const std::atomic<bool>& stop_;
  int flip_every_ = 0;
  std::mt19937 random_{7};
};

/// Listens on 127.0.0.1; each client has a thread.
class CameraServer {
 public:
  /// Deals with the client with this number, from 0; the socket is closed afterwards.
  using Serve = std::function<void(int socket, const std::atomic<bool>& stop, int number)>;
  /// Port 0: any.
  CameraServer(std::string scheme, Serve serve, int port);
  ~CameraServer();
  CameraServer(const CameraServer&) = delete;
  CameraServer& operator=(const CameraServer&) = delete;
  int port() const { return port_; }
  std::string url(const std::string& path = "/video") const;
  int clients() const { return clients_; }

 private:
  void listen_on();
  std::string scheme_;
  Serve serve_;
  int listener_ = -1, port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<int> clients_{0};
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// A port whose queue is full: who connects to it hears nothing at all.
class FullPort {
 public:
  FullPort();
  ~FullPort();
  FullPort(const FullPort&) = delete;
  FullPort& operator=(const FullPort&) = delete;
  int port() const;

 private:
  int listener_;
  std::vector<int> waiting_;
};

/// A port on which nobody listens.
int free_port();

}  // namespace vitral::test
