#include "tests/apps/browser.h"

#include <signal.h>

#include <chrono>
#include <thread>

#include "common/image/decode.h"
#include "tests/apps/running.h"
#include "tests/apps/spots_fixture.h"
#include "tests/support/mjpeg_server.h"

namespace vitral::test {
namespace {

class Browser : public SpotsTest {};

/// Pixels that are as red as the camera's square, whatever the JPEG did to them.
std::size_t red_pixels(const image::Image& picture) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < picture.pixels.size(); i += 3)
    count += picture.pixels[i] > 220 && picture.pixels[i + 1] < 60 && picture.pixels[i + 2] < 60 ? 1 : 0;
  return count;
}

TEST_F(Browser, ShowsTheRunOnThePage) {
  const auto browser = chromium(folder.path());
  if (browser.empty()) GTEST_SKIP() << "no chromium here (Debian: chromium)";
  MjpegServer camera(plays(1'000'000, 20, [](int i) { return scene(160, 96, {{0, 4 * (i % 20), 16, 48, 48}}); }));
  const int port = free_port();
  const std::string page = "http://127.0.0.1:" + std::to_string(port) + "/";
  Running program(VITRAL_SPOTS,
                  {"track", "-m", "./model.safetensors", camera.url(), "--json", "found.jsonl", "--http",
                   "127.0.0.1:" + std::to_string(port), "--threads", "1", "-q"},
                  folder.path());
  run_shell("for i in $(seq 300); do curl -sf " + page + "frame.jpg > frame.jpg && break; sleep 0.1; done",
            folder.path());
  // Time in the page runs on for three seconds, so that its figures have come.
  const auto shown = "timeout 60 " + browser + "--virtual-time-budget=3000 --timeout=15000 --window-size=1280,900 ";
  ASSERT_EQ(run_shell(shown + "--screenshot=page.png " + page, folder.path()).code, 0);
  const auto picture = image::read_image(folder / "page.png");
  EXPECT_EQ(picture.width, 1280);
  // The square is 48 of the picture's 160 pixels wide, and the picture most of the page.
  EXPECT_GT(red_pixels(picture), 10'000u);
  const auto dom = run_shell(shown + "--dump-dom " + page, folder.path());
  EXPECT_NE(dom.out.find("id=\"state\">running<"), std::string::npos) << dom.out.substr(0, 2'000);
  EXPECT_NE(dom.out.find(camera.url()), std::string::npos);
  program.signal(SIGINT);
  EXPECT_EQ(program.wait(30), 130) << program.errors();
}

}  // namespace
}  // namespace vitral::test
