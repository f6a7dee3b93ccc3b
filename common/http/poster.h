/// Sends texts to an address that a user named.
#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace vitral::http {

class Poster {
 public:
  /// `url` is http:// or https:// (certificates are verified); `token` goes along as "Authorization: Bearer …" where it
  /// is not empty. Nothing is connected yet. Throws Error(usage, flag) for another address.
  Poster(const std::string& url, const std::string& token, const std::string& flag,
         std::chrono::milliseconds timeout = std::chrono::seconds(5));
  ~Poster();
  Poster(Poster&&) noexcept;

  /// The status of the answer; 0 where there was none. Redirections are not followed.
  int post(const std::string& body, const std::string& type);

 private:
  struct Target;
  std::unique_ptr<Target> target_;
};

}  // namespace vitral::http
