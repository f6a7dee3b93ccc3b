/// A live source whose connection and decoder are a process of their own.
#pragma once

#include <string>
#include <vector>

#include "video/live/live_source.h"

namespace vitral::video {

/// A program that calls decode_for_parent() where it is started with `arguments`.
struct DecoderProgram {
  std::string path;
  std::vector<std::string> arguments;
};

/// The opener of an address or camera (see live_opener) in a process of its own, one a connection: a read that blocks
/// for ever, a decoder that crashes or writes where it should not ends that process alone.
///
/// The child has no descriptor of this process but its end of a socket, over which it also learns the address:
/// passwords are in no argument list. It takes no SIGINT or SIGTERM, is killed at its deadline, when the deadline is
/// cancelled and when the source is destroyed, and does not outlive the thread that opened it. What it says is checked
/// like a file from outside. Its end is a loss like any other, with the reason in why(); the fifth within a minute
/// makes the opener or next() throw Error(failed).
///
/// Throws Error(usage) for a protocol that is not read, Error(unavailable) where cameras are not.
LiveOpener isolated_opener(const std::string& address, const DecoderProgram& program);

/// The child's side: opens what the parent at the other end of `socket` names, and gives it pictures as long as it
/// asks. The result is the exit code of the process. Throws Error(usage) where `socket` is none.
int decode_for_parent(int socket);

}  // namespace vitral::video
