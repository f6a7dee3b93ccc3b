#include "apps/access.h"

#include <algorithm>
#include <cctype>
#include <random>

#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/text.h"
#include "common/http/address.h"

namespace vitral::apps {
namespace {

std::string random_token() {
  std::random_device device;
  std::string token;
  for (int i = 0; i < 32; ++i) token += "0123456789abcdef"[device() % 16];
  return token;
}

}  // namespace

std::string read_token(const std::string& path) {
  std::string text = read_file(path, ErrorKind::usage, 1u << 16);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '~';
  });
  if (plain && text.size() >= 8) return text;
  throw Error(ErrorKind::usage, printable(path), "has no token: one word of 8 or more letters, digits and -._~");
}

std::string access_token(const std::string& token_file, const std::string& host) {
  if (!token_file.empty()) return read_token(token_file);
  return http::is_loopback(host) ? "" : random_token();
}

}  // namespace vitral::apps
