#include <signal.h>

#include <chrono>
#include <thread>

#include "tests/apps/live_checks.h"
#include "tests/apps/running.h"
#include "tests/apps/spots_fixture.h"
#include "tests/support/processes.h"

namespace vitral::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// Waits up to 60 s; whether it came true.
bool until(const std::function<bool()>& is_true) {
  for (int i = 0; i < 3'000; ++i) {
    if (is_true()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

bool all_gone(const std::vector<pid_t>& processes) {
  for (const pid_t process : processes) {
    if (process_state(process).runs()) return false;
  }
  return true;
}

class Isolate : public SpotsTest {
 protected:
  /// `vitral detect --isolate` of these sources, as a process beside this one. Its records go into out.jsonl.
  Running start(const std::vector<std::string>& sources, const std::vector<std::string>& flags = {}) {
    std::vector<std::string> arguments{"detect", "-m", "./model.safetensors", "--isolate", "--json", "out.jsonl", "-y"};
    arguments.insert(arguments.end(), sources.begin(), sources.end());
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return {VITRAL_SPOTS, arguments, folder.path()};
  }
  std::vector<json> written() {
    std::vector<json> all;
    for (const auto& line : lines(slurp(folder / "out.jsonl"))) all.push_back(json::parse(line));
    return all;
  }
};

/// Without what is measured; t_ms is, too, where frames have no time of their own, as the last ones of an AVI.
json without_times(json record) {
  for (const char* measured : {"timing_ms", "t_ms"}) record.erase(measured);
  return record;
}

TEST_F(Isolate, RecordsAreThoseOfTheProgramItself) {
  save_video("v.avi", 12);
  MjpegServer web(serves(slurp(folder / "v.avi"), "video/x-msvideo"));
  const std::vector<std::string> flags{"--json", "-", "--live", "all", "--reconnect", "0"};
  auto isolated = flags;
  isolated.push_back("--isolate");
  const auto here = records(run({web.url("/v.avi")}, flags)), apart = records(run({web.url("/v.avi")}, isolated));
  ASSERT_EQ(here.size(), 13u);
  ASSERT_EQ(apart.size(), 13u);
  for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(without_times(apart[i]), without_times(here[i])) << i;
  for (const char* counts : {"frames_in", "frames_out", "dropped", "failed"})
    EXPECT_EQ(summary_of(apart)[counts], summary_of(here)[counts]);
}

TEST_F(Isolate, EndedAndStoppedDecodersAreReplaced) {
  MjpegServer camera(endless(40));
  auto running = start({camera.url()}, {"--live", "all", "--timeout", "3"});
  ASSERT_TRUE(until([&] { return camera.clients() == 1; })) << running.errors();
  std::this_thread::sleep_for(1s);
  const auto first = children_of(running.pid());
  ASSERT_EQ(first.size(), 1u);
  kill(first[0], SIGKILL);
  ASSERT_TRUE(until([&] { return camera.clients() == 2; })) << running.errors();
  std::this_thread::sleep_for(1s);
  const auto second = children_of(running.pid());
  ASSERT_EQ(second.size(), 1u);
  EXPECT_NE(second[0], first[0]);
  kill(second[0], SIGSTOP);
  ASSERT_TRUE(until([&] { return camera.clients() == 3; })) << running.errors();
  std::this_thread::sleep_for(1s);
  EXPECT_EQ(children_of(running.pid()).size(), 1u);  // and no zombie
  running.signal(SIGINT);
  EXPECT_EQ(running.wait(), 130) << running.errors();
  EXPECT_TRUE(all_gone(first) && all_gone(second));
  const auto all = written();
  const auto summary = summary_of(all);
  EXPECT_EQ(summary["per_source"][0].at("reconnects"), 2);
  const auto frames = frames_of(all, camera.url());
  ASSERT_GT(frames.size(), 10u);
  EXPECT_EQ(frames.back(), static_cast<std::int64_t>(frames.size()) - 1);  // all of them, over three decoders
  for (const char* told :
       {"its decoder was ended by signal 9; trying again", "its decoder gave no picture in time", "is back"})
    EXPECT_NE(running.errors().find(told), std::string::npos) << told << "\n" << running.errors();
}

TEST_F(Isolate, ADecoderThatCrashesEachTimeIsGivenUp) {
  MjpegServer camera(endless(40));
  save_video("v.mp4", 15);
  auto running = start({camera.url(), "v.mp4"}, {"--reconnect", "1000"});
  for (int crash = 0; crash < 5; ++crash) {
    ASSERT_TRUE(until([&] { return camera.clients() == crash + 1; })) << running.errors();
    std::this_thread::sleep_for(300ms);  // for some pictures
    const auto children = children_of(running.pid());
    ASSERT_EQ(children.size(), 1u);
    kill(children[0], SIGSEGV);
  }
  EXPECT_EQ(running.wait(), 7) << running.errors();
  EXPECT_EQ(error_lines(running.errors()), 1u) << running.errors();
  EXPECT_NE(running.errors().find("its decoder was ended by signal 11, 5 times within a minute; given up"),
            std::string::npos)
      << running.errors();
  const auto all = written();
  EXPECT_EQ(summary_of(all).at("failed"), json({{"lost", 1}}));
  EXPECT_EQ(frames_of(all, "v.mp4").size(), 15u);
  EXPECT_FALSE(frames_of(all, camera.url()).empty());
}

TEST_F(Isolate, NothingIsLeftBehind) {
  MjpegServer camera(endless(40)), silent([](MjpegServer::Client&client, int) {
    client.head();
    client.wait(120);
  });
  for (const int signal : {SIGINT, SIGTERM, SIGKILL}) {
    const int before = camera.clients() + silent.clients();
    auto running = start({camera.url(), silent.url()}, {"--timeout", "100"});
    ASSERT_TRUE(until([&] { return camera.clients() + silent.clients() == before + 2; })) << running.errors();
    const auto children = children_of(running.pid());
    EXPECT_EQ(children.size(), 2u);
    running.signal(signal);
    if (signal == SIGINT) {
      for (const pid_t child : children) kill(child, signal);  // a terminal tells them all
    }
    EXPECT_EQ(running.wait(), signal == SIGKILL ? 128 + SIGKILL : 130) << running.errors();
    EXPECT_TRUE(until([&] { return all_gone(children); }));
  }
  auto running = start({camera.url()}, {"--limit", "5"});
  std::vector<pid_t> children;
  ASSERT_TRUE(until([&] { return !(children = children_of(running.pid())).empty(); }));
  EXPECT_EQ(running.wait(), 0) << running.errors();
  EXPECT_TRUE(all_gone(children));
}

TEST_F(Isolate, PasswordsStayOutOfArgumentsAndErrors) {
  MjpegServer camera(endless(40));
  auto url = camera.url();
  url.insert(url.find("://") + 3, "me:secret@");
  auto running = start({url}, {"--reconnect", "0"});
  ASSERT_TRUE(until([&] { return camera.clients() == 1; })) << running.errors();
  const auto children = children_of(running.pid());
  ASSERT_EQ(children.size(), 1u);
  const auto words = slurp("/proc/" + std::to_string(children[0]) + "/cmdline");
  EXPECT_NE(words.find("__decode"), std::string::npos);
  EXPECT_EQ(words.find("secret"), std::string::npos);
  kill(children[0], SIGKILL);
  EXPECT_EQ(running.wait(), 7) << running.errors();
  EXPECT_EQ(running.errors().find("secret"), std::string::npos) << running.errors();
}

TEST_F(Isolate, ErrorsAreThoseOfTheProgramItself) {
  MjpegServer missing([](MjpegServer::Client& client, int) { client.head("404 Not Found", "text/plain"); });
  for (const std::string& source :
       {missing.url(), std::string("ftp://127.0.0.1/v.mp4"), std::string("987"), std::string("/dev/video987")}) {
    const auto here = run({source}), apart = run({source}, {"--isolate"});
    EXPECT_NE(here.code, 0);
    EXPECT_EQ(apart.code, here.code) << source;
    EXPECT_EQ(apart.err, here.err);
    EXPECT_EQ(error_lines(apart.err), 1u) << apart.err;
  }
  const auto by_hand = run_any({"__decode"});
  EXPECT_EQ(by_hand.code, 2);
  EXPECT_EQ(error_lines(by_hand.err), 1u) << by_hand.err;
}

}  // namespace
}  // namespace vitral::test
