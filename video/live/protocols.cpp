#include "video/live/protocols.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral::video {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 6> kProtocols{{{"rtsp", "rtsp,rtp,udp,tcp"},
                                                                         {"rtmp", "rtmp,tcp"},
                                                                         {"http", "http,https,tls,tcp,crypto"},
                                                                         {"https", "https,http,tls,tcp,crypto"},
                                                                         {"udp", "udp,rtp"},
                                                                         {"tcp", "tcp"}}};

std::size_t scheme_length(const std::string& text) {
  const auto end = text.find("://");
  if (end == std::string::npos || end == 0 || std::isalpha(static_cast<unsigned char>(text[0])) == 0) return 0;
  const bool plain = std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.';
  });
  return plain ? end : 0;
}

}  // namespace

bool names_url(const std::string& text) {
  return scheme_length(text) > 0;
}

std::string protocols_for(const std::string& url) {
  std::string scheme = url.substr(0, scheme_length(url));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const auto& [name, allowed] : kProtocols) {
    if (scheme == name) return allowed;
  }
  throw Error(ErrorKind::usage, printable(without_password(url), 500),
              "'" + printable(scheme, 50) + "' is no protocol that is read; rtsp, rtmp, http, https, udp and tcp are");
}

std::string without_password(const std::string& url) {
  const auto begin = scheme_length(url);
  if (begin == 0) return url;
  const auto host = begin + 3, end = url.find_first_of("/?#", host);
  const auto at = url.rfind('@', end == std::string::npos ? end : end - 1);
  const auto colon = url.find(':', host);
  if (at == std::string::npos || at < host || colon == std::string::npos || colon > at) return url;
  return url.substr(0, colon) + ":***" + url.substr(at);
}

}  // namespace vitral::video
