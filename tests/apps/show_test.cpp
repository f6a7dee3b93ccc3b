// vitral detect --show: where there is a display and where there is none.
#include "tests/apps/spots_fixture.h"
#include "video/media/source.h"

namespace vitral::test {
namespace {

using nlohmann::json;

class Show : public SpotsTest {};

// A display that can't be reached is one line, before any model is read; nothing is written.
TEST_F(Show, NeedsADisplay) {
  const auto without = run_shell(
      "unset DISPLAY WAYLAND_DISPLAY QT_QPA_PLATFORM; \"$VITRAL\" detect -m ./model.safetensors a.png --show --json -",
      folder.path(), VITRAL_SPOTS);
  const auto unreachable = run_shell(
      "unset WAYLAND_DISPLAY QT_QPA_PLATFORM; DISPLAY=:7654 \"$VITRAL\" detect -m ./missing a.png --show --json -",
      folder.path(), VITRAL_SPOTS);
  for (const auto& outcome : {without, unreachable}) {
    EXPECT_EQ(outcome.code, 5) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(lines(outcome.err).size(), 1u) << outcome.err;
    EXPECT_NE(outcome.err.find("vitral: error: --show: "), std::string::npos) << outcome.err;
  }
}

// Qt can draw into memory: the whole way but for the keyboard.
TEST_F(Show, PlaysAVideoToItsEnd) {
  if (std::string(VITRAL_WINDOW).empty()) GTEST_SKIP() << "this OpenCV has no highgui";
  save_video("clip.mp4", 12);
  const std::string flags = " detect -m ./model.safetensors clip.mp4 --show --json - -o boxes.mp4";
  const auto shown = run_shell("QT_QPA_PLATFORM=offscreen \"$VITRAL\"" + flags, folder.path(), VITRAL_SPOTS);
  if (shown.code == 5) GTEST_SKIP() << "the window of this OpenCV is not Qt's: " << shown.err;
  const auto all = records(shown);
  ASSERT_EQ(all.size(), 13u);
  EXPECT_EQ(all.back().at("frames_out"), 12);
  EXPECT_EQ(video::open_source(folder / "boxes.mp4")->frame_rate().value(), 25);
}

// A picture stays until a key is pressed; Ctrl-C ends that as it ends everything.
TEST_F(Show, OfAPictureEndsWithASignal) {
  if (std::string(VITRAL_WINDOW).empty()) GTEST_SKIP() << "this OpenCV has no highgui";
  const auto stopped = run_shell(
      "QT_QPA_PLATFORM=offscreen \"$VITRAL\" detect -m ./model.safetensors a.png b.png --show --json - > out.jsonl & "
      "for i in $(seq 300); do grep -q a.png out.jsonl 2>/dev/null && break; sleep 0.1; done; sleep 0.3; "
      "kill -INT $!; wait $!",
      folder.path(), VITRAL_SPOTS);
  if (stopped.code == 5) GTEST_SKIP() << "the window of this OpenCV is not Qt's: " << stopped.err;
  EXPECT_EQ(stopped.code, 130) << stopped.err;
  const auto written = lines(slurp(folder / "out.jsonl"));
  ASSERT_EQ(written.size(), 2u);
  EXPECT_EQ(json::parse(written.back()).at("frames_out"), 1);
}

// With a screen in memory and somebody at its keyboard: `key` ends the run, and what it has found is reported.
Outcome press(const std::string& key, const TemporaryFolder& folder) {
  return run_shell(
      "rm -f display; Xvfb -displayfd 5 -screen 0 640x480x24 5>display & server=$!; "
      "for i in $(seq 100); do [ -s display ] && break; sleep 0.1; done; export DISPLAY=:$(cat display); "
      "unset QT_QPA_PLATFORM WAYLAND_DISPLAY; "
      "\"$VITRAL\" detect -m ./model.safetensors clip.mp4 --loop --show --json out.jsonl & program=$!; "
      "for i in $(seq 600); do window=$(xdotool search --name 'vitral detect' 2>/dev/null | head -1); "
      "[ -n \"$window\" ] && xdotool windowfocus $window key " +
          key +
          " 2>/dev/null; "
          "kill -0 $program 2>/dev/null || break; sleep 0.1; done; "
          "kill -KILL $program 2>/dev/null; wait $program; code=$?; kill $server; exit $code",
      folder.path(), VITRAL_SPOTS);
}

TEST_F(Show, EndsWithAKey) {
  if (std::string(VITRAL_WINDOW).empty()) GTEST_SKIP() << "this OpenCV has no highgui";
  if (run_shell("command -v Xvfb && command -v xdotool", folder.path()).code != 0)
    GTEST_SKIP() << "needs Xvfb and xdotool";
  save_video("clip.mp4", 12);
  for (const char* key : {"q", "Escape"}) {
    const auto outcome = press(key, folder);
    EXPECT_EQ(outcome.code, 0) << key << ": " << outcome.err;
    const auto written = lines(slurp(folder / "out.jsonl"));
    ASSERT_FALSE(written.empty()) << key;
    const auto summary = json::parse(written.back());
    EXPECT_EQ(summary.at("schema"), "vitral.summary/1");
    EXPECT_EQ(summary.at("frames_out"), static_cast<int>(written.size()) - 1);
    // Frames that had been read ahead are counted too.
    const auto& dropped = summary.at("dropped");
    const int stopped = dropped.contains("stopped") ? dropped["stopped"].get<int>() : 0;
    EXPECT_EQ(dropped.size(), stopped > 0 ? 1u : 0u) << dropped;
    EXPECT_EQ(summary.at("frames_in"), summary.at("frames_out").get<int>() + stopped);
    std::filesystem::remove(folder / "out.jsonl");
  }
}

}  // namespace
}  // namespace vitral::test
