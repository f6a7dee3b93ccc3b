/// Where a server listens.
#pragma once

#include <string>
#include <utility>

namespace vitral::http {

/// "HOST:PORT", ":PORT", "[::1]:PORT"; without a host this machine only. Throws Error(usage, flag).
std::pair<std::string, int> parse_address(const std::string& text, const std::string& flag);

/// True for an address that only this machine reaches.
bool is_loopback(const std::string& host);

/// "http://HOST:PORT/" as a program on this machine writes it.
std::string local_url(const std::string& host, int port);

}  // namespace vitral::http
