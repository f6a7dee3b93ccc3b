#include "video/live/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "common/core/error.h"

namespace vitral::video {
namespace {

/// What the child begins with.
class Plan {
 public:
  explicit Plan(int standard_input) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_adddup2(&files_, standard_input, STDIN_FILENO);
    for (const int stream : {STDOUT_FILENO, STDERR_FILENO})
      posix_spawn_file_actions_addopen(&files_, stream, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
    // A mask outlives exec and reaches every thread: from the first moment on, Ctrl-C is the parent's to answer.
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM}) sigaddset(&signals, signal);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
  }
  ~Plan() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;
  int carry_out(const std::string& program, char* const* arguments, pid_t& pid) const {
    return posix_spawn(&pid, program.c_str(), &files_, &attributes_, arguments, environ);
  }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

}  // namespace

ChildProcess::ChildProcess(const std::string& program, const std::vector<std::string>& arguments,
                           const std::string& name) {
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int ends[2] = {-1, -1};
  int error = ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0 ? 0 : errno;
  if (error == 0) {
    error = Plan(ends[1]).carry_out(program, argv.data(), pid_);
    ::close(ends[1]);
    if (error != 0) ::close(ends[0]);
  }
  if (error != 0)
    throw Error(ErrorKind::lost, name, "its decoder can't be started: " + std::generic_category().message(error));
  socket_ = ends[0];
}

ChildProcess::~ChildProcess() {
  end();
  ::close(socket_);
}

std::string ChildProcess::end() {
  if (pid_ < 0) return "was ended before";
  ::kill(pid_, SIGKILL);  // changes nothing about one that is ending by itself
  int status = 0;
  pid_t reaped = 0;
  while ((reaped = ::waitpid(pid_, &status, 0)) < 0 && errno == EINTR) continue;
  pid_ = -1;
  if (reaped < 0) return "ended";  // somebody else has asked for it
  return WIFSIGNALED(status) ? "was ended by signal " + std::to_string(WTERMSIG(status))
                             : "ended with code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace vitral::video
