/// A camera for tests that sends MPEG-TS by UDP to a port of this machine, whether somebody listens or not.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "common/image/image.h"

namespace vitral::test {

class TsSender {
 public:
  /// picture(i) for i from 0 on, `rate` a second, all of one size; each fourth can be decoded by itself.
  TsSender(double rate, std::function<image::Image(int)> picture);
  ~TsSender();
  TsSender(const TsSender&) = delete;
  TsSender& operator=(const TsSender&) = delete;
  /// Where the other side has to listen.
  std::string url() const { return "udp://127.0.0.1:" + std::to_string(port_); }
  /// Sends nothing, while the stream's time goes on.
  void be_silent(bool silent) { silent_ = silent; }

 private:
  void send_on(double rate, const std::function<image::Image(int)>& picture);
  int port_;
  std::atomic<bool> silent_{false}, stop_{false};
  std::thread thread_;  // last: started when everything else exists
};

}  // namespace vitral::test
