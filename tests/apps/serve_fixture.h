/// A server of the spot detector, and curl as its client.
#pragma once

#include <future>
#include <memory>

#include "tests/apps/running.h"
#include "tests/apps/spots_fixture.h"

namespace vitral::test {

struct Answer {
  int status = 0;  ///< 0: no connection
  std::string head, body;
  nlohmann::json json() const { return nlohmann::json::parse(body); }
};

class ServeTest : public SpotsTest {
 protected:
  /// Starts `vitral serve -m ./model.safetensors --port P flags…` and waits until it is ready.
  void serve(const std::vector<std::string>& flags = {}, const std::vector<std::string>& environment = {},
             const std::string& model = "./model.safetensors");
  /// `curl arguments… http://127.0.0.1:P/path` in the test's folder.
  Answer ask(const std::string& path, const std::string& arguments = "") const;
  std::future<Answer> ask_later(const std::string& path, const std::string& arguments = "") const;
  /// The value of a figure of /metrics, by its name with its labels; -1 where there is none.
  double figure(const std::string& name, const std::string& arguments = "") const;
  /// A connection on which nothing has been said.
  int connected() const;
  int port = 0;
  std::unique_ptr<Running> server;
};

}  // namespace vitral::test
