#include <mutex>
#include <set>

#include "common/http/server.h"
#include "common/image/decode.h"
#include "tests/apps/spots_fixture.h"

namespace vitral::test {
namespace {

using nlohmann::json;

class Side : public SpotsTest {};

TEST_F(Side, CropsAreWhatIsInTheBoxesWithNothingDrawnOnIt) {
  const auto all = records(run({"a.png"}, {"--json", "-", "--crops", "crops", "-o", "drawn"}));
  EXPECT_EQ(all.back().at("sinks").at("crops"), json({{"done", 2}, {"failed", 0}, {"dropped", 0}}));
  const auto red = image::read_image(folder / "crops/red/a_0.jpg");
  EXPECT_EQ(red.width, 40);
  EXPECT_EQ(red.height, 50);
  const auto* const middle = red.row(25) + 3 * 20;
  EXPECT_GT(middle[0], 240);
  EXPECT_LT(middle[1], 20);
  EXPECT_TRUE(std::filesystem::exists(folder / "crops/green/a_1.jpg"));
  EXPECT_EQ(run({"a.png"}, {"--crops", "crops"}).code, 2) << "there is something in it";
  EXPECT_EQ(run({"a.png"}, {"--crops", "crops", "-y"}).code, 0);
}

TEST_F(Side, CropsOfTracksCarryTheirNumbers) {
  save_video("v.mp4", 4);
  ASSERT_EQ(run_any({"track", "-m", "./model.safetensors", "v.mp4", "--crops", "crops", "-q"}).code, 0);
  for (const char* name : {"v_0_id1.jpg", "v_1_id1.jpg", "v_2_id1.jpg", "v_3_id1.jpg"})
    EXPECT_TRUE(std::filesystem::exists(folder / "crops/red" / name)) << name;
}

TEST_F(Side, RecordsWithSomethingInThemArePosted) {
  http::Server server({"127.0.0.1", 0, "--port", 2, {}});
  std::mutex mutex;
  std::string got, token;
  server.Post("/hook", [&](const httplib::Request& request, httplib::Response&) {
    const std::lock_guard lock(mutex);
    got += request.body;
    token = request.get_header_value("Authorization");
  });
  server.start();
  save("empty.png", scene(100, 80, {}));
  spit(folder / "token", "a-secret-word\n");
  const auto all = records(run({"a.png", "empty.png", "b.png"},
                               {"--json", "-", "--webhook", server.url() + "hook", "--webhook-token-file", "token"}));
  const auto posted = lines(got);
  ASSERT_EQ(posted.size(), 2u);
  EXPECT_EQ(json::parse(posted[0]), all[0]);
  EXPECT_EQ(json::parse(posted[1]), all[2]);
  EXPECT_EQ(token, "Bearer a-secret-word");
  EXPECT_EQ(all.back().at("sinks").at("webhook").at("done"), 2);
}

TEST_F(Side, EventsArePostedWhereLinesAreWatched) {
  http::Server server({"127.0.0.1", 0, "--port", 2, {}});
  std::mutex mutex;
  std::string got;
  server.Post("/", [&](const httplib::Request& request, httplib::Response&) {
    const std::lock_guard lock(mutex);
    got += request.body;
  });
  server.start();
  save_video("v.mp4", 15);  // the square's middle goes from 24 to 80
  spit(folder / "z.json", R"({"lines":[{"name":"door","from":[50,96],"to":[50,0],"anchor":"center"}]})");
  ASSERT_EQ(
      run_any({"track", "-m", "./model.safetensors", "v.mp4", "--zones", "z.json", "--webhook", server.url(), "-q"})
          .code,
      0);
  const auto posted = lines(got);
  ASSERT_EQ(posted.size(), 1u) << got;
  EXPECT_EQ(json::parse(posted[0]).at("events")[0].at("name"), "door");
}

TEST_F(Side, ADeadWebhookIsNoReasonToStop) {
  const auto outcome = run({"a.png", "b.png"}, {"--json", "-", "--webhook", "http://127.0.0.1:9/"});
  const auto all = records(outcome);
  ASSERT_EQ(all.size(), 3u);
  const auto& counts = all.back().at("sinks").at("webhook");
  EXPECT_EQ(counts.at("done"), 0);
  EXPECT_EQ(counts.at("failed").get<int>() + counts.at("dropped").get<int>(), 2);
  EXPECT_NE(outcome.err.find("--webhook"), std::string::npos);
  EXPECT_EQ(run({"a.png"}, {"--webhook", "ftp://x/"}).code, 2);
}

TEST_F(Side, ShardsDoEachInputOnce) {
  for (int i = 0; i < 7; ++i) save("p" + std::to_string(i) + ".png", scene(60, 40, {{0, 4, 4, 20, 20}}));
  std::multiset<std::string> seen;
  for (const char* shard : {"1/3", "2/3", "3/3"}) {
    const auto all = records(run({"p*.png"}, {"--json", "-", "--shard", shard}));
    EXPECT_LE(all.size(), 4u);
    for (const auto& record : all) {
      if (record.contains("source")) seen.insert(record["source"].get<std::string>());
    }
  }
  EXPECT_EQ(seen.size(), 7u);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 7u);
  EXPECT_EQ(records(run({"a.png"}, {"--json", "-", "--shard", "2/2"})).size(), 1u) << "the summary alone";
  for (const char* wrong : {"0/3", "4/3", "1", "1/", "/3", "1/3x", "-1/3"})
    EXPECT_EQ(run({"a.png"}, {"--shard", wrong}).code, 2) << wrong;
}

}  // namespace
}  // namespace vitral::test
