/// The program as a service: started, asked, told to stop.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace vitral::test {

class Running {
 public:
  /// Starts `program arguments…` in `folder` with `environment` ("NAME=value") added. Its errors go into the folder's
  /// file `running.err`.
  Running(const std::string& program, const std::vector<std::string>& arguments, const std::filesystem::path& folder,
          const std::vector<std::string>& environment = {});
  /// Ends it where it still runs.
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// The exit code, 128 + the signal that ended it; waits up to `seconds`, then ends it and gives -1.
  int wait(double seconds = 60);
  std::string errors() const;

 private:
  std::filesystem::path errors_;
  pid_t pid_;
};

}  // namespace vitral::test
