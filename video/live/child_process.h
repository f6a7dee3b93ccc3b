/// A child process with one end of a socket as its standard input. Inside this folder only.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace vitral::video {

class ChildProcess {
 public:
  /// Its other streams lead nowhere, it has no other descriptor of this process, and SIGINT and SIGTERM never reach
  /// it. Throws Error(lost, name) where it can't be started.
  ChildProcess(const std::string& program, const std::vector<std::string>& arguments, const std::string& name);
  /// Kills it where it still runs, and leaves no zombie.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// This process' end.
  int socket() const { return socket_; }
  /// Kills it where it still runs; "was ended by signal 11", "ended with code 3".
  std::string end();

 private:
  int socket_ = -1;
  pid_t pid_ = -1;
};

}  // namespace vitral::video
