#include "tests/apps/running.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "tests/apps/program.h"

namespace vitral::test {

Running::Running(const std::string& program, const std::vector<std::string>& arguments,
                 const std::filesystem::path& folder, const std::vector<std::string>& environment)
    : errors_(folder / "running.err") {
  // What the child needs is made before the fork: this process has other threads.
  std::vector<std::string> words{beside_me(program)}, more = environment;
  words.insert(words.end(), arguments.begin(), arguments.end());
  more.push_back("VITRAL_HOME=" + (folder / "home").string());
  std::vector<char*> argv, envp;
  for (auto& word : words) argv.push_back(word.data());
  for (auto& variable : more) envp.push_back(variable.data());
  for (char** variable = environ; *variable != nullptr; ++variable) envp.push_back(*variable);
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  pid_ = fork();
  if (pid_ != 0) return;
  const int errors = open(errors_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), nothing = open("/dev/null", O_RDWR);
  dup2(nothing, 0);
  dup2(nothing, 1);
  dup2(errors, 2);
  if (chdir(folder.c_str()) == 0) execve(argv[0], argv.data(), envp.data());
  _exit(127);
}

Running::~Running() {
  if (pid_ > 0) {
    signal(SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}

void Running::signal(int number) const {
  if (pid_ > 0) kill(pid_, number);
}

int Running::wait(double seconds) {
  int status = 0;
  for (double waited = 0; waited < seconds; waited += 0.02) {
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return -1;
}

std::string Running::errors() const {
  return slurp(errors_);
}

}  // namespace vitral::test
