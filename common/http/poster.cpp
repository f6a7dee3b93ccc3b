#include "common/http/poster.h"

#include <httplib.h>

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral::http {
namespace {

/// "https://host:8443/a/b?c" -> {"https://host:8443", "/a/b?c"}.
std::pair<std::string, std::string> parts_of(const std::string& url, const std::string& flag) {
  const bool known = url.starts_with("http://") || url.starts_with("https://");
  const auto begin = known ? url.find("://") + 3 : 0;
  const auto slash = std::min(url.find_first_of("/?", begin), url.size());
  if (!known || slash == begin || url.find_first_of(" \t\r\n@#") != std::string::npos) {
    throw Error(
        ErrorKind::usage, flag,
        "is '" + printable(url, 200) + "', expected an address such as http://host:8000/path (a token has a file)");
  }
  const auto path = url.substr(slash);
  return {url.substr(0, slash), path.starts_with('/') ? path : "/" + path};
}

}  // namespace

struct Poster::Target {
  Target(const std::pair<std::string, std::string>& parts, const std::string& token, std::chrono::milliseconds timeout)
      : client(parts.first), path(parts.second) {
    client.set_connection_timeout(timeout);
    client.set_read_timeout(timeout);
    client.set_write_timeout(timeout);
    client.set_keep_alive(true);
    if (!token.empty()) client.set_bearer_token_auth(token);
  }
  httplib::Client client;
  std::string path;
};

Poster::Poster(const std::string& url, const std::string& token, const std::string& flag,
               std::chrono::milliseconds timeout)
    : target_(std::make_unique<Target>(parts_of(url, flag), token, timeout)) {}

Poster::~Poster() = default;
Poster::Poster(Poster&&) noexcept = default;

int Poster::post(const std::string& body, const std::string& type) {
  const auto answer = target_->client.Post(target_->path, body, type);
  return answer ? answer->status : 0;
}

}  // namespace vitral::http
