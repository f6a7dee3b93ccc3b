/// Ports of this machine.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>

#include <cstdint>

namespace vitral::test {

/// 127.0.0.1; port 0: any.
inline sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

/// The port that a socket is bound to.
inline int port_of(int socket) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.sin_port);
}

}  // namespace vitral::test
