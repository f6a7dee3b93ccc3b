/// A web server for tests, see http_server.py for how its paths behave.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace vitral::test {

class HttpServer {
 public:
  /// Serves the files of `folder` until it is destroyed. Throws std::runtime_error where it can't be started.
  explicit HttpServer(const std::filesystem::path& folder);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// "http://127.0.0.1:PORT" + path.
  std::string url(const std::string& path) const;
  /// The requests so far: "PATH RANGE IF-RANGE", "-" for a header that was not sent.
  std::vector<std::string> requests() const;

 private:
  std::filesystem::path log_;
  pid_t process_ = -1;
  int input_ = -1;
};

}  // namespace vitral::test
