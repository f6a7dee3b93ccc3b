#include "tests/support/http_server.h"
#include "tests/support/source_dir.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace vitral::test {
namespace {

std::vector<std::string> complete_lines(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line) && !file.eof();) lines.push_back(line);
  return lines;
}

}  // namespace

HttpServer::HttpServer(const std::filesystem::path& folder) {
  std::string pattern = (std::filesystem::temp_directory_path() / "vitral-server-XXXXXX").string();
  const int log = ::mkstemp(pattern.data());
  log_ = pattern;
  const std::string script = source_dir() + "/tests/support/http_server.py";
  int ends[2];
  if (log < 0 || ::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no file or pipe for the web server");
  process_ = ::fork();
  if (process_ == 0) {
    ::dup2(ends[0], STDIN_FILENO);
    ::dup2(log, STDOUT_FILENO);
    ::execlp("python3", "python3", script.c_str(), folder.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(log);
  ::close(ends[0]);
  input_ = ends[1];
  for (int tries = 0; tries < 600; ++tries) {
    if (!complete_lines(log_).empty()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  throw std::runtime_error("the web server does not start (python3?)");
}

HttpServer::~HttpServer() {
  ::close(input_);  // it ends by itself
  ::waitpid(process_, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove(log_, ignored);
}

std::string HttpServer::url(const std::string& path) const {
  return "http://127.0.0.1:" + complete_lines(log_).at(0) + path;
}

std::vector<std::string> HttpServer::requests() const {
  auto lines = complete_lines(log_);
  lines.erase(lines.begin());
  return lines;
}

}  // namespace vitral::test
