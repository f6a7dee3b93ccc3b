#include "tests/apps/serve_fixture.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/support/mjpeg_server.h"

namespace vitral::test {

void ServeTest::serve(const std::vector<std::string>& flags, const std::vector<std::string>& environment,
                      const std::string& model) {
  port = free_port();
  std::vector<std::string> arguments{"serve", "-m", model, "--port", std::to_string(port), "--threads", "1"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  server = std::make_unique<Running>(VITRAL_SPOTS, arguments, folder.path(), environment);
  for (int i = 0; i < 600; ++i) {
    if (ask("/readyz").status == 200) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  FAIL() << "not ready after a minute: " << server->errors();
}

Answer ServeTest::ask(const std::string& path, const std::string& arguments) const {
  static std::atomic<int> number = 0;
  const std::string name = "answer" + std::to_string(++number);
  const auto outcome = run_shell("curl -s -m 60 -D " + name + ".head -o " + name + ".body -w '%{http_code}' " +
                                     arguments + " 'http://127.0.0.1:" + std::to_string(port) + path + "'",
                                 folder.path());
  return {std::atoi(outcome.out.c_str()), slurp(folder / (name + ".head")), slurp(folder / (name + ".body"))};
}

std::future<Answer> ServeTest::ask_later(const std::string& path, const std::string& arguments) const {
  return std::async(std::launch::async, [=, this] { return ask(path, arguments); });
}

double ServeTest::figure(const std::string& name, const std::string& arguments) const {
  for (const auto& line : lines(ask("/metrics", arguments).body)) {
    if (line.starts_with(name + " ")) return std::atof(line.substr(name.size() + 1).c_str());
  }
  return -1;
}

int ServeTest::connected() const {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  EXPECT_EQ(connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return socket;
}

}  // namespace vitral::test
