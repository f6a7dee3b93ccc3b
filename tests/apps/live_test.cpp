#include <set>

#include "common/image/decode.h"
#include "tests/apps/live_checks.h"
#include "tests/apps/spots_fixture.h"
#include "tests/support/mjpeg_server.h"
#include "tests/support/rtsp_server.h"
#include "video/media/source.h"

namespace vitral::test {
namespace {

using nlohmann::json;

class Live : public SpotsTest {};

TEST_F(Live, FramesComeUntilTheLimit) {
  MjpegServer camera(endless(40));
  const auto all = records(run({camera.url()}, {"--json", "-", "--limit", "10", "-o", "out.mp4"}));
  ASSERT_EQ(all.size(), 11u);
  EXPECT_EQ(frames_of(all, camera.url()).size(), 10u);
  EXPECT_EQ(all[3]["detections"][0].at("label"), "red");
  EXPECT_EQ(summary_of(all).at("frames_out"), 10);
  const auto drawn = video::open_source(folder / "out.mp4");
  std::size_t frames = 0;
  while (drawn->next()) ++frames;
  EXPECT_EQ(frames, 10u);
}

TEST_F(Live, AddressesMayStandInAListBesideFiles) {
  MjpegServer camera(endless(20));
  save_video("v.avi", 12);
  spit(folder / "cameras.txt", "# the door\n" + camera.url() + "\nv.avi\n");
  const auto all = records(run({"@cameras.txt"}, {"--json", "-", "--limit", "8"}));
  EXPECT_EQ(frames_of(all, camera.url()).size(), 8u);
  EXPECT_EQ(frames_of(all, "v.avi").size(), 8u);
  spit(folder / "cameras.txt", "ftp://127.0.0.1/v.mp4\n");
  EXPECT_EQ(run({"@cameras.txt"}).code, 2);
}

TEST_F(Live, WhatIsLostForGoodIsExit7AndOneLine) {
  MjpegServer camera([](MjpegServer::Client& client, int number) {
    if (number == 0) plays(8, 30, camera_picture)(client, 0);
  });
  const auto outcome = run({camera.url()}, {"--json", "-", "--reconnect", "2", "--timeout", "1", "--live", "all"});
  const auto all = records(outcome, 7);
  EXPECT_EQ(error_lines(outcome.err), 1u) << outcome.err;
  const auto summary = summary_of(all);
  EXPECT_GE(summary.at("frames_out"), 7);
  EXPECT_EQ(summary.at("failed").at("lost"), 1);
  EXPECT_EQ(summary["per_source"][0].at("reconnects"), 2);
  EXPECT_EQ(camera.clients(), 3);
  const auto refused = run({"http://127.0.0.1:" + std::to_string(free_port()) + "/"}, {"--reconnect", "0"});
  EXPECT_EQ(refused.code, 7) << refused.err;
  EXPECT_EQ(error_lines(refused.err), 1u);
}

TEST_F(Live, WhatIsNoVideoIsExit4AndOtherProtocolsAreExit2) {
  MjpegServer missing([](MjpegServer::Client& client, int) { client.head("404 Not Found", "text/plain"); });
  const auto outcome = run({missing.url()}, {"--json", "-"});
  EXPECT_EQ(outcome.code, 4) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(error_lines(outcome.err), 1u);
  for (const char* url : {"ftp://127.0.0.1/v.mp4", "file:///etc/passwd", "concat://a"})
    EXPECT_EQ(run({url}).code, 2) << url;
  EXPECT_EQ(run({missing.url()}, {"--live", "oldest"}).code, 2);
  EXPECT_EQ(run({missing.url()}, {"--timeout", "0"}).code, 2);
}

TEST_F(Live, APipelineIsASource) {
  const std::string red = "videotestsrc num-buffers=6 pattern=red ! video/x-raw,width=160,height=96,framerate=10/1";
  const auto outcome = run({red}, {"--json", "-", "--reconnect", "0", "--live", "all"});
  if (outcome.code == 5) GTEST_SKIP() << outcome.err;
  const auto all = records(outcome, 7);
  EXPECT_EQ(frames_of(all, red).size(), 6u);
  EXPECT_EQ(all[2]["detections"][0].at("label"), "red");
  EXPECT_EQ(error_lines(outcome.err), 1u) << outcome.err;
  const auto isolated = run({red}, {"--json", "-", "--limit", "5", "--isolate"});
  EXPECT_EQ(frames_of(records(isolated), red).size(), 5u);
  const auto wrong = run({"nonsense ! jpegdec"}, {"--json", "-"});
  EXPECT_EQ(wrong.code, 4);
  EXPECT_EQ(error_lines(wrong.err), 1u);
  EXPECT_NE(wrong.err.find("no element \"nonsense\""), std::string::npos) << wrong.err;
}

TEST_F(Live, AFiniteFileOverHttpEndsInOrder) {
  save_video("v.avi", 12);
  MjpegServer web(serves(slurp(folder / "v.avi"), "video/x-msvideo"));
  const auto all = records(run({web.url("/v.avi?x=1")}, {"--json", "-", "--live", "all", "--reconnect", "0"}));
  ASSERT_EQ(summary_of(all).at("frames_out"), 12);
  EXPECT_EQ(frames_of(all, web.url("/v.avi?x=1")).back(), 11);
}

TEST_F(Live, NewestDropsAndSaysSoAndAllDoesNot) {
  MjpegServer camera(endless(100));
  // 50 ms a picture against 10 ms between pictures.
  const auto slow = [&](const std::string& policy) {
    const auto outcome = run_shell("VITRAL_SPOT_MS=50 \"$VITRAL\" detect -m ./model.safetensors " + camera.url() +
                                       " --json - --limit 20 --live " + policy,
                                   folder.path(), VITRAL_SPOTS);
    return summary_of(records(outcome));
  };
  EXPECT_GT(slow("newest").at("dropped").at("overload"), 20);
  EXPECT_FALSE(slow("all").at("dropped").contains("overload"));
}

TEST_F(Live, ASourceThatComesBackGoesOnWithItsNumbersAndItsTracks) {
  MjpegServer camera([](MjpegServer::Client& client, int number) {
    client.head();
    for (int i = 0; i < (number == 0 ? 10 : 1000); ++i) {
      if (!client.picture(scene(160, 96, {{0, 40, 16, 48, 48}})) || !client.wait(0.03)) return;
    }
    client.reset();
  });
  const auto outcome = run_any({"track", "-m", "./model.safetensors", camera.url(), "--json", "-", "--limit", "25",
                                "--reconnect", "3", "--live", "all", "--track-buffer", "5s"});
  const auto all = records(outcome);
  EXPECT_EQ(frames_of(all, camera.url()).size(), 25u);
  EXPECT_EQ(summary_of(all)["per_source"][0].at("reconnects"), 1);
  std::set<std::int64_t> ids;
  for (const auto& record : all) {
    for (const auto& detection : record.value("detections", json::array()))
      ids.insert(detection.at("track_id").get<std::int64_t>());
  }
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_NE(outcome.err.find("is back"), std::string::npos) << outcome.err;
}

TEST_F(Live, ASilentSourceHoldsUpNobody) {
  MjpegServer camera(endless(30)), silent([](MjpegServer::Client&client, int) {
    client.head();
    client.wait(60);
  });
  save_video("v.mp4", 15);
  const auto outcome = run({silent.url(), camera.url(), "v.mp4"},
                           {"--json", "-", "--limit", "30", "--timeout", "3", "--reconnect", "0", "-b", "2"});
  const auto all = records(outcome, 7);
  EXPECT_EQ(frames_of(all, camera.url()).size(), 30u);
  EXPECT_EQ(frames_of(all, "v.mp4").size(), 15u);
  const auto summary = summary_of(all);
  EXPECT_EQ(summary.at("failed"), json({{"lost", 1}}));
  EXPECT_EQ(summary.at("sources"), 3);
}

TEST_F(Live, FaultsOverRtspCostTheOtherSourceNothing) {
  // Ten pictures and half of one, silence, then pictures again; beside a source that gives its hundred.
  RtspServer faulty([](RtspServer::Client& client, int number) {
    if (!client.begin()) return;
    for (int i = 0; i < (number == 0 ? 10 : 1'000'000) && number != 1; ++i) {
      if (!client.picture(camera_picture(i)) || !client.wait(0.03)) return;
    }
    client.part_of(camera_picture(10), 0.5);
    number == 0 ? client.reset() : void(client.wait(60));
  });
  RtspServer healthy([](RtspServer::Client& client, int number) {
    if (number > 0) return client.reset();
    if (!client.begin()) return;
    for (int i = 0; i < 100; ++i) {
      if (!client.picture(camera_picture(i)) || !client.wait(0.06)) return;
    }
    client.wait(60);
  });
  const auto outcome = run({faulty.url(), healthy.url()}, {"--json", "-", "--live", "all", "--timeout", "1",
                                                           "--reconnect", "2", "--limit", "100", "-b", "2"});
  const auto all = records(outcome);
  const auto of_healthy = frames_of(all, healthy.url());
  ASSERT_EQ(of_healthy.size(), 100u);
  EXPECT_EQ(of_healthy.back(), 99);
  EXPECT_EQ(frames_of(all, faulty.url()).size(), 100u);
  EXPECT_EQ(summary_of(all)["per_source"][0].at("reconnects"), 2);
  for (const char* told : {"was lost", "is back"})
    EXPECT_NE(outcome.err.find(told), std::string::npos) << told << "\n" << outcome.err;
}

TEST_F(Live, AnInterruptEndsARunOfASilentSource) {
  MjpegServer camera([](MjpegServer::Client& client, int) {
    plays(5, 50, camera_picture)(client, 0);
    client.wait(60);
  });
  const auto outcome = run_shell("\"$VITRAL\" detect -m ./model.safetensors " + camera.url() +
                                     " --json - -q > out.jsonl & "
                                     "for i in $(seq 600); do [ $(wc -l < out.jsonl) -gt 1 ] && break; sleep 0.1; "
                                     "done; sleep 0.5; kill -TERM $!; wait $!",
                                 folder.path(), VITRAL_SPOTS);
  EXPECT_EQ(outcome.code, 130) << outcome.err;
  std::vector<json> all;
  for (const auto& line : lines(slurp(folder / "out.jsonl"))) all.push_back(json::parse(line));
  summary_of(all);
}

TEST_F(Live, SizeChangesGoOnInTheSavedVideo) {
  MjpegServer camera([](MjpegServer::Client& client, int) {
    client.head();
    for (int i = 0; i < 100; ++i) {
      const auto picture = i < 5 ? scene(160, 96, {{0, 40, 16, 48, 48}}) : scene(240, 200, {{0, 40, 16, 48, 48}});
      if (!client.picture(picture) || !client.wait(0.03)) return;
    }
  });
  const auto all = records(run({camera.url()}, {"--json", "-", "--limit", "20", "--live", "all", "-o", "out.mp4"}));
  EXPECT_EQ(all[0].at("size"), json({160, 96}));
  EXPECT_EQ(all[19].at("size"), json({240, 200}));
  const auto drawn = video::open_source(folder / "out.mp4");
  std::size_t frames = 0;
  for (; drawn->next(); ++frames) EXPECT_EQ(drawn->picture().width, 160);
  EXPECT_EQ(frames, 20u);
}

TEST_F(Live, ThePageShowsTheRun) {
  MjpegServer camera(endless(30));
  const std::string port = std::to_string(free_port()), page = "http://127.0.0.1:" + port;
  const auto outcome = run_shell(
      "\"$VITRAL\" track -m ./model.safetensors " + camera.url() + " --live all --json - --http 127.0.0.1:" + port +
          " > out.jsonl 2> err & "
          "for i in $(seq 300); do [ $(wc -l < out.jsonl) -gt 10 ] && break; sleep 0.1; done; "
          "curl -sf " +
          page + "/ > page.html; curl -sf " + page +
          "/stats.json > stats.json; "
          "curl -sf " +
          page + "/frame.jpg > frame.jpg; curl -sf -m 2 " + page +
          "/stream.mjpg > stream; "
          "kill -INT $!; wait $!",
      folder.path(), VITRAL_SPOTS);
  EXPECT_EQ(outcome.code, 130) << slurp(folder / "err");
  EXPECT_NE(slurp(folder / "err").find("live page: " + page), std::string::npos);
  EXPECT_NE(slurp(folder / "page.html").find("<title>vitral</title>"), std::string::npos);
  const auto stats = json::parse(slurp(folder / "stats.json"));
  EXPECT_GT(stats.at("frames_out"), 5);
  EXPECT_EQ(stats.at("sources")[0].at("tracks"), 1);
  const auto shown = image::read_image(folder / "frame.jpg");
  EXPECT_EQ(shown.width, 160);
  const auto stream = slurp(folder / "stream");
  EXPECT_GT(std::count(stream.begin(), stream.end(), '\xd9'), 2);
  EXPECT_EQ(run({"a.png"}, {"--http", "nonsense"}).code, 2);
}

}  // namespace
}  // namespace vitral::test
