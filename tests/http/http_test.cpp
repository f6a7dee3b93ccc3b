#include <gtest/gtest.h>

#include <thread>

#include "common/core/error.h"
#include "common/http/address.h"
#include "common/http/metrics.h"
#include "common/http/poster.h"
#include "common/http/server.h"

namespace vitral::http {
namespace {

TEST(Address, IsHostAndPort) {
  EXPECT_EQ(parse_address("0.0.0.0:80", "--http"), std::pair(std::string("0.0.0.0"), 80));
  EXPECT_EQ(parse_address(":8080", "--http"), std::pair(std::string("127.0.0.1"), 8080));
  EXPECT_EQ(parse_address("[::1]:0", "--http"), std::pair(std::string("::1"), 0));
  for (const char* wrong : {"", "host", ":", ":x", ":-1", ":70000", "host:80x"})
    EXPECT_THROW(parse_address(wrong, "--http"), Error) << wrong;
  EXPECT_TRUE(is_loopback("127.0.0.2") && is_loopback("::1") && is_loopback("localhost"));
  EXPECT_FALSE(is_loopback("0.0.0.0") || is_loopback("192.168.0.1"));
  EXPECT_EQ(local_url("::1", 80), "http://[::1]:80/");
  EXPECT_EQ(local_url("0.0.0.0", 81), "http://127.0.0.1:81/");
}

TEST(Metrics, AreWrittenAsPrometheusReadsThem) {
  Metrics metrics;
  metrics.declare_counter("a_total", "Counted.");
  metrics.declare_counter("b_total", "Not yet.");
  metrics.declare_gauge("c", "Asked for.", [] { return 2.5; });
  metrics.declare_histogram("d_seconds", "Spread.", {0.1, 1});
  metrics.add("a_total", {{"path", "a\"\\\n"}, {"code", "200"}});
  metrics.add("a_total", {{"path", "a\"\\\n"}, {"code", "200"}}, 2);
  metrics.observe("d_seconds", 0.1);
  metrics.observe("d_seconds", 0.5);
  metrics.observe("d_seconds", 7);
  EXPECT_EQ(metrics.text(),
            "# HELP a_total Counted.\n# TYPE a_total counter\na_total{path=\"a\\\"\\\\\\n\",code=\"200\"} 3\n"
            "# HELP b_total Not yet.\n# TYPE b_total counter\nb_total 0\n"
            "# HELP c Asked for.\n# TYPE c gauge\nc 2.5\n"
            "# HELP d_seconds Spread.\n# TYPE d_seconds histogram\n"
            "d_seconds_bucket{le=\"0.1\"} 1\nd_seconds_bucket{le=\"1\"} 2\nd_seconds_bucket{le=\"+Inf\"} 3\n"
            "d_seconds_sum 7.6\nd_seconds_count 3\n");
  EXPECT_THROW(metrics.add("e_total"), Error);
}

TEST(Poster, SendsAndSaysWhatWasAnswered) {
  Server server({"127.0.0.1", 0, "--port", 4, {}});
  std::string got, token, type;
  server.Post("/hook", [&](const httplib::Request& request, httplib::Response& response) {
    got += request.body;
    token += request.get_header_value("Authorization");
    type = request.get_header_value("Content-Type");
    response.status = request.has_param("bad") ? 400 : 204;
  });
  server.start();
  Poster good(server.url() + "hook", "secret-word", "--webhook"), bad(server.url() + "hook?bad=1", "", "--webhook");
  EXPECT_EQ(good.post("one\n", "application/x-ndjson"), 204);
  EXPECT_EQ(good.post("two\n", "application/x-ndjson"), 204);
  EXPECT_EQ(bad.post("three\n", "application/x-ndjson"), 400);
  EXPECT_EQ(got, "one\ntwo\nthree\n");
  EXPECT_EQ(token, "Bearer secret-wordBearer secret-word");
  EXPECT_EQ(type, "application/x-ndjson");
  const auto address = server.url();
  server.drain();
  EXPECT_EQ(good.post("four\n", "text/plain"), 0);
  for (const char* wrong : {"", "ftp://a/b", "http://", "http:///a", "http://a b/", "http://user:word@host/"})
    EXPECT_THROW(Poster(wrong, "", "--webhook"), Error) << wrong;
}

TEST(Server, AnswersManyTimesOnOneConnectionAndDrains) {
  Server server({"127.0.0.1", 0, "--port", 2, {}});
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    response.set_content("x", "text/plain");
  });
  server.start();
  httplib::Client client("127.0.0.1", server.port());
  client.set_keep_alive(true);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.Get("/")->body, "x");
  EXPECT_EQ(client.Get("/none")->status, 404);
  EXPECT_EQ(client.Get("/")->status, 200) << "on a new connection";
  std::thread late([&] { EXPECT_EQ(httplib::Client("127.0.0.1", server.port()).Get("/")->body, "x"); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  server.drain();
  late.join();
  EXPECT_FALSE(client.Get("/"));
}

}  // namespace
}  // namespace vitral::http
