#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "common/runtime/convert.h"
#include "tests/apps/serve_fixture.h"
#include "tests/support/mjpeg_server.h"
#include "vit/register.h"

namespace vitral::test {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// A record without what differs from run to run.
json lasting(json record) {
  record.erase("timing_ms");
  record.erase("source");
  return record;
}

class Serve : public ServeTest {
 protected:
  json told(const std::string& command, const std::string& model, const std::string& picture,
            const std::vector<std::string>& flags = {}) {
    std::vector<std::string> arguments{command, "-m", model, picture, "--json", "-", "--threads", "1"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return lasting(records(run_any(arguments)).front());
  }
};

TEST_F(Serve, FindsWhatTheCommandLineFinds) {
  serve();
  const auto answer = ask("/v1/detect", "--data-binary @a.png");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_NE(answer.head.find("application/json"), std::string::npos);
  EXPECT_EQ(lasting(answer.json()), told("detect", "./model.safetensors", "a.png"));
  EXPECT_EQ(answer.json()["detections"].size(), 2u);
  EXPECT_GE(answer.json().at("timing_ms").at("forward").get<double>(), 0);
  EXPECT_EQ(ask("/v1/detect?conf=0.9", "--data-binary @a.png").json()["detections"].size(), 1u);
  EXPECT_EQ(ask("/v1/detect?conf=0&max_det=1", "--data-binary @a.png").json()["detections"].size(), 1u);
  EXPECT_EQ(ask("/v1/detect", "-H 'Transfer-Encoding: chunked' --data-binary @a.png").json()["detections"].size(), 2u);
  EXPECT_EQ(ask("/v1/detect", "-H 'Expect: 100-continue' --data-binary @a.png").status, 200);
}

TEST_F(Serve, AFormOfPicturesIsAnsweredInItsOrder) {
  serve();
  const auto both = ask("/v1/detect", "-F image=@b.png -F note=hello -F image=@a.png").json();
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].at("source"), "b.png");
  EXPECT_EQ(lasting(both[0]), told("detect", "./model.safetensors", "b.png"));
  EXPECT_EQ(lasting(both[1]), told("detect", "./model.safetensors", "a.png"));
  EXPECT_EQ(lasting(ask("/v1/detect", "-F image=@a.png").json()), lasting(both[1])) << "one picture: its record";
}

TEST_F(Serve, Classifies) {
  Registry registry;
  vit::register_vit(registry);
  LoadRequest request;
  request.model = "vit_tiny_patch16_224";
  request.num_classes = 7;
  request.image_size = std::array<std::int64_t, 2>{32, 32};
  request.allow_random = true;
  auto model = load_model(registry, request);
  convert_weights(model, "native", folder / "vit.safetensors", false);
  serve({}, {}, "./vit.safetensors");
  const auto answer = ask("/v1/classify?topk=3", "--data-binary @a.png");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json().at("classes").size(), 3u);
  EXPECT_EQ(lasting(answer.json()), told("classify", "./vit.safetensors", "a.png", {"--topk", "3"}));
  EXPECT_EQ(ask("/v1/detect", "--data-binary @a.png").status, 404);
  EXPECT_EQ(ask("/v1/models").json().at("models")[0].at("task"), "classify");
}

TEST_F(Serve, WhatCantBeAnsweredIsRefusedWithAReason) {
  serve({"--max-body", "1", "--max-pixels", "0.02", "--queue", "4"});
  spit(folder / "no.png", "this is no picture");
  spit(folder / "cut.png", slurp(folder / "a.png").substr(0, 100));
  spit(folder / "large", std::string(3 << 20, 'x'));
  save("wide.png", scene(300, 100, {}));
  struct Case {
    const char *path, *arguments;
    int status;
  };
  for (const auto& [path, arguments, status] : std::vector<Case>{
           {"/v1/detect", "", 405},
           {"/v1/detect", "-X DELETE", 405},
           {"/healthz", "-d x", 405},
           {"/v1/nothing", "", 404},
           {"/v1/nothing", "--data-binary @a.png", 404},
           {"/v1/classify", "--data-binary @a.png", 404},
           {"/v1/detect", "--data-binary @no.png", 400},
           {"/v1/detect", "--data-binary @cut.png", 400},
           {"/v1/detect", "-X POST -H 'Content-Length: 0'", 400},
           {"/v1/detect", "-F picture=@a.png", 400},
           {"/v1/detect", "-F image=@a.png -F image=@no.png", 400},
           {"/v1/detect?conf=2", "--data-binary @a.png", 400},
           {"/v1/detect?conf=nan", "--data-binary @a.png", 400},
           {"/v1/detect?max_det=0", "--data-binary @a.png", 400},
           {"/v1/detect", "--data-binary @wide.png", 413},
           {"/v1/detect", "--data-binary @large", 413},
           {"/v1/detect", "-H 'Transfer-Encoding: chunked' -H 'Expect:' --data-binary @large", 413},
           {"/v1/detect", "-F image=@a.png -F image=@a.png -F image=@a.png -F image=@a.png -F image=@a.png", 413}}) {
    const auto answer = ask(path, arguments);
    EXPECT_EQ(answer.status, status) << path << " " << arguments << ": " << answer.body;
    EXPECT_FALSE(json::parse(answer.body, nullptr, false).value("error", "").empty()) << path << " " << arguments;
  }
  EXPECT_NE(ask("/v1/detect").head.find("Allow: POST"), std::string::npos);
  EXPECT_EQ(ask("/v1/detect", "--data-binary @a.png").status, 200) << "and goes on";
}

TEST_F(Serve, ABodyThatIsTooLargeIsRefusedFromItsHeader) {
  serve();
  const int socket = connected();
  const std::string head = "POST /v1/detect HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\n\r\n";
  ASSERT_EQ(send(socket, head.data(), head.size(), 0), static_cast<ssize_t>(head.size()));
  char answer[64] = "";
  ASSERT_GT(recv(socket, answer, sizeof answer - 1, 0), 12);
  EXPECT_EQ(std::string(answer).substr(9, 3), "413");
  close(socket);
}

TEST_F(Serve, ATokenIsAskedForButForHealth) {
  spit(folder / "token", "correct-horse\n");
  serve({"--token-file", "token"});
  for (const char* path : {"/metrics", "/v1/models", "/openapi.json", "/metrics?token=correct-horse"})
    EXPECT_EQ(ask(path).status, 401) << path;
  EXPECT_EQ(ask("/v1/detect", "--data-binary @a.png").status, 401);
  EXPECT_EQ(ask("/v1/models", "-H 'Authorization: Bearer correct-hors'").status, 401);
  EXPECT_EQ(ask("/healthz").status, 200);
  EXPECT_EQ(ask("/v1/models", "-H 'Authorization: Bearer correct-horse'").status, 200);
  EXPECT_EQ(ask("/v1/detect", "-H 'Authorization: Bearer correct-horse' --data-binary @a.png").status, 200);
}

TEST_F(Serve, PicturesOfManyRequestsAreComputedTogether) {
  serve({"-b", "4", "--batch-wait", "400"}, {"VITRAL_SPOT_MS=100"});
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 8; ++i)
    answers.push_back(ask_later("/v1/detect", i % 2 ? "--data-binary @a.png" : "--data-binary @b.png"));
  const auto a = told("detect", "./model.safetensors", "a.png"), b = told("detect", "./model.safetensors", "b.png");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(lasting(answers[static_cast<std::size_t>(i)].get().json()), i % 2 ? a : b);
  EXPECT_EQ(figure("vitral_batch_pictures_sum"), 8);
  EXPECT_LT(figure("vitral_batch_pictures_count"), 8);
}

TEST_F(Serve, AFullQueueSaysWhenToComeBack) {
  serve({"-b", "1", "--queue", "2"}, {"VITRAL_SPOT_MS=500"});
  std::vector<std::future<Answer>> asked;
  for (int i = 0; i < 8; ++i) asked.push_back(ask_later("/v1/detect", "--data-binary @a.png"));
  int answered = 0, refused = 0;
  for (auto& one : asked) {
    const auto answer = one.get();
    (answer.status == 200 ? answered : refused) += 1;
    if (answer.status == 200) continue;
    EXPECT_EQ(answer.status, 503);
    const auto at = answer.head.find("Retry-After: ");
    ASSERT_NE(at, std::string::npos) << answer.head;
    EXPECT_GE(std::atoi(answer.head.c_str() + at + 13), 1);
  }
  EXPECT_GE(answered, 2);
  EXPECT_GE(refused, 1);
  EXPECT_EQ(figure("vitral_requests_total{path=\"/v1/detect\",code=\"200\"}"), answered);
  EXPECT_EQ(figure("vitral_requests_total{path=\"/v1/detect\",code=\"503\"}"), refused);
  EXPECT_EQ(figure("vitral_places_taken"), 0);
}

TEST_F(Serve, ATermSignalEndsItAfterWhatHadBegun) {
  serve({}, {"VITRAL_SPOT_MS=1500"});
  auto late = ask_later("/v1/detect", "--data-binary @a.png");
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  server->signal(SIGTERM);
  EXPECT_EQ(late.get().status, 200);
  EXPECT_EQ(server->wait(20), 0) << server->errors();
  EXPECT_EQ(ask("/healthz").status, 0);
}

TEST_F(Serve, WhatIsNotFinishedInTimeIsEnded) {
  serve({"--timeout", "1", "--queue", "3"}, {"VITRAL_SPOT_MS=2500"});
  const int dripping = connected(), silent = connected();
  const auto begin = Clock::now();
  const std::string head = "POST /v1/detect HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n";
  send(silent, head.data(), head.size(), MSG_NOSIGNAL);
  bool open = true;
  for (std::size_t i = 0; open && i < 100; ++i) {
    send(dripping, head.data() + i % head.size(), 1, MSG_NOSIGNAL);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    char byte;
    open = recv(dripping, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
  }
  EXPECT_LT(seconds_since(begin), 4);
  char answer[64] = "";
  ASSERT_GT(recv(silent, answer, sizeof answer - 1, 0), 12);
  EXPECT_EQ(std::string(answer).substr(9, 1), "4");
  close(dripping);
  close(silent);
  const auto asked = Clock::now();
  EXPECT_EQ(ask("/v1/detect", "--data-binary @a.png").status, 503);
  EXPECT_LT(seconds_since(asked), 2);
}

TEST_F(Serve, SilentClientsHoldUpNobody) {
  serve({"--queue", "1"});
  std::vector<int> silent;
  for (int i = 0; i < 80; ++i) silent.push_back(connected());
  const auto begin = Clock::now();
  EXPECT_EQ(ask("/v1/detect", "--data-binary @a.png").status, 200);
  EXPECT_LT(seconds_since(begin), 10);
  for (const int socket : silent) close(socket);
}

TEST_F(Serve, SaysWhatItIs) {
  serve();
  const auto description = ask("/openapi.json").json();
  EXPECT_EQ(description.at("openapi"), "3.1.0");
  for (const char* path : {"/v1/classify", "/v1/detect", "/v1/models", "/metrics", "/healthz", "/readyz"})
    EXPECT_TRUE(description.at("paths").contains(path)) << path;
  const auto model = ask("/v1/models").json().at("models")[0];
  EXPECT_EQ(model.at("name"), "spot_detector");
  EXPECT_EQ(model.at("labels"), json({"red", "green", "blue"}));
  EXPECT_EQ(ask("/healthz").json().at("status"), "alive");
  const auto second = run_any({"serve", "-m", "./model.safetensors", "--port", std::to_string(port)});
  EXPECT_EQ(second.code, 2);
  EXPECT_NE(second.err.find(std::to_string(port)), std::string::npos) << second.err;
}

TEST_F(Serve, WrongFlagsAndModelsEndItAtOnce) {
  EXPECT_EQ(run_any({"serve"}).code, 2);
  EXPECT_EQ(run_any({"serve", "-m", "./model.safetensors", "--queue", "0"}).code, 2);
  spit(folder / "token", "short");
  EXPECT_EQ(run_any({"serve", "-m", "./model.safetensors", "--port", "0", "--token-file", "token"}).code, 2);
  EXPECT_EQ(run_any({"serve", "-m", "./missing.safetensors", "--port", "0"}).code, 3);
}

}  // namespace
}  // namespace vitral::test
