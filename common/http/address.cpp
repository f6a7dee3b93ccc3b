#include "common/http/address.h"

#include <charconv>

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral::http {

std::pair<std::string, int> parse_address(const std::string& text, const std::string& flag) {
  const auto colon = text.rfind(':');
  std::string host = colon == std::string::npos ? "" : text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  int port = -1;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + (colon == std::string::npos ? 0 : colon + 1), end, port);
  if (error == std::errc() && rest == end && port >= 0 && port <= 65'535)
    return {host.empty() ? "127.0.0.1" : host, port};
  throw Error(ErrorKind::usage, flag, "is '" + printable(text, 200) + "', expected HOST:PORT such as 127.0.0.1:8080");
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::string local_url(const std::string& host, int port) {
  const bool any = host == "0.0.0.0" || host == "::";
  const std::string shown = any ? "127.0.0.1" : host.find(':') == std::string::npos ? host : "[" + host + "]";
  return "http://" + shown + ":" + std::to_string(port) + "/";
}

}  // namespace vitral::http
