#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "common/core/error.h"
#include "common/image/draw.h"
#include "video/media/image_sequence.h"
#include "video/media/source.h"
#include "video/media/writer.h"

namespace vitral::video {
namespace {

namespace fs = std::filesystem;

class Media : public testing::Test {
 protected:
  Media() : folder_(fs::temp_directory_path() / ("vitral-media-" + std::to_string(::getpid()) + "-" + test_name())) {
    fs::create_directories(folder_);
  }
  ~Media() override { fs::remove_all(folder_); }
  static std::string test_name() { return testing::UnitTest::GetInstance()->current_test_info()->name(); }

  /// A grey picture whose level says its number.
  static image::Image flat(int width, int height, int level) {
    auto picture = image::Image::uninitialized(width, height);
    std::fill(picture.pixels.begin(), picture.pixels.end(), static_cast<std::uint8_t>(level));
    return picture;
  }
  /// Something that takes bytes.
  static image::Image noise(int width, int height, unsigned seed) {
    auto picture = image::Image::uninitialized(width, height);
    for (auto& value : picture.pixels) value = static_cast<std::uint8_t>((seed = seed * 1664525u + 1013904223u) >> 24);
    return picture;
  }
  fs::path write(const std::string& name, int frames, Rational rate, int width = 64, int height = 48) {
    Writer writer(folder_ / name, {width, height, rate}, true);
    for (int i = 0; i < frames; ++i) writer.write(flat(width, height, 20 + 5 * i), 1000.0 * i / rate.value());
    writer.finish();
    return folder_ / name;
  }
  fs::path cut(const fs::path& from, const std::string& name, double share) {
    fs::copy_file(from, folder_ / name);
    fs::resize_file(folder_ / name, static_cast<std::uintmax_t>(share * static_cast<double>(fs::file_size(from))));
    return folder_ / name;
  }
  static int level_of(const image::Image& picture) { return picture.row(picture.height / 2)[3 * (picture.width / 2)]; }
  static std::string kind_of_failure(const fs::path& path) {
    try {
      open_source(path);
    } catch (const Error& error) {
      return error.kind() == ErrorKind::input ? error.what() : "another kind";
    }
    return "opened";
  }
  fs::path folder_;
};

TEST_F(Media, FramesComeBackInOrderWithTheirTimes) {
  for (const char* name : {"a.mp4", "a.mkv", "a.avi", "a.mov"}) {
    const auto source = open_source(write(name, 30, {30000, 1001}));
    for (int i = 0; i < 30; ++i) {
      ASSERT_TRUE(source->next()) << name << i;
      EXPECT_EQ(source->index(), i);
      // Matroska keeps whole milliseconds.
      EXPECT_NEAR(source->t_ms(), i * 1001 / 30.0, std::string(name) == "a.mkv" ? 1.0 : 1e-6) << name;
      EXPECT_NEAR(level_of(source->picture()), 20 + 5 * i, 3) << name;
    }
    EXPECT_FALSE(source->next());
    EXPECT_EQ(source->damage(), "");
    EXPECT_NEAR(source->frame_rate().value(), 30000 / 1001.0, 1e-3) << name;
  }
}

TEST_F(Media, RatesAreFractions) {
  for (const Rational rate :
       {Rational{24000, 1001}, Rational{25, 1}, Rational{60000, 1001}, Rational{10, 1}, Rational{25, 2}}) {
    EXPECT_EQ(open_source(write("r.mp4", 8, rate))->frame_rate(), rate) << rate.num << "/" << rate.den;
  }
}

TEST_F(Media, ColoursSurvive) {
  image::Image bars = image::Image::uninitialized(96, 64);
  const int colors[3][3] = {{220, 40, 30}, {30, 200, 60}, {40, 50, 210}};
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 96; ++x) {
      for (int c = 0; c < 3; ++c) bars.row(y)[3 * x + c] = static_cast<std::uint8_t>(colors[x / 32][c]);
    }
  }
  Writer writer(folder_ / "c.mp4", {96, 64, {25, 1}}, false);
  writer.write(bars, 0);
  writer.finish();
  const auto source = open_source(folder_ / "c.mp4");
  ASSERT_TRUE(source->next());
  const auto picture = source->picture();
  for (int bar = 0; bar < 3; ++bar) {
    for (int c = 0; c < 3; ++c) EXPECT_NEAR(picture.row(32)[3 * (16 + 32 * bar) + c], colors[bar][c], 8) << bar << c;
  }
}

TEST_F(Media, OddSidesGetOneMorePixel) {
  const auto source = open_source(write("odd.mp4", 3, {25, 1}, 63, 47));
  ASSERT_TRUE(source->next());
  EXPECT_EQ(source->picture().width, 64);
  EXPECT_EQ(source->picture().height, 48);
}

TEST_F(Media, UnevenTimesStayUneven) {
  Writer writer(folder_ / "vfr.mp4", {64, 48, {25, 1}}, false);
  for (const double t : {0.0, 40.0, 400.0, 440.0}) writer.write(flat(64, 48, 90), t);
  writer.finish();
  const auto source = open_source(folder_ / "vfr.mp4");
  std::vector<double> times;
  while (source->next()) times.push_back(source->t_ms());
  EXPECT_THAT(times, testing::ElementsAre(0, testing::DoubleNear(40, 1e-6), testing::DoubleNear(400, 1e-6),
                                          testing::DoubleNear(440, 1e-6)));
}

TEST_F(Media, AFileThatWasCutGivesItsFramesAndTheDamage) {
  for (const char* name : {"a.avi", "a.mkv"}) {
    {
      Writer writer(folder_ / name, {160, 120, {25, 1}}, false);
      for (int i = 0; i < 40; ++i) writer.write(noise(160, 120, i), 40.0 * i);
      writer.finish();
    }
    const auto source = open_source(cut(folder_ / name, std::string("cut-") + name, 0.6));
    int frames = 0;
    for (; source->next(); ++frames) EXPECT_NEAR(source->t_ms(), 40.0 * frames, 1.0) << name;
    EXPECT_GT(frames, 15) << name;
    EXPECT_LT(frames, 32) << name;
    EXPECT_THAT(source->damage(), testing::HasSubstr(std::string("cut-") + name));
    EXPECT_FALSE(source->next());
  }
}

TEST_F(Media, RefusesWhatIsNoVideo) {
  EXPECT_THAT(kind_of_failure(cut(write("a.mp4", 10, {25, 1}), "noindex.mp4", 0.5)), testing::HasSubstr("noindex.mp4"));
  std::ofstream(folder_ / "text.mp4") << "no video";
  std::ofstream(folder_ / "empty.mp4");
  EXPECT_THAT(kind_of_failure(folder_ / "text.mp4"), testing::HasSubstr("no video"));
  EXPECT_THAT(kind_of_failure(folder_ / "empty.mp4"), testing::HasSubstr("empty.mp4"));
  EXPECT_THAT(kind_of_failure(folder_ / "nowhere.mp4"), testing::HasSubstr("nowhere.mp4"));
  EXPECT_THAT(kind_of_failure(folder_), testing::HasSubstr("folder"));
}

TEST_F(Media, WriterKeepsOldFilesAndLeavesNoneBehind) {
  write("a.mp4", 3, {25, 1});
  EXPECT_THROW(Writer(folder_ / "a.mp4", {64, 48, {25, 1}}, false), Error);
  EXPECT_THROW(Writer(folder_ / "a.txt", {64, 48, {25, 1}}, false), Error);
  EXPECT_THROW(Writer(folder_ / "no/such/folder.mp4", {64, 48, {25, 1}}, false), Error);
  { Writer unused(folder_ / "b.mp4", {64, 48, {25, 1}}, false); }
  {
    Writer interrupted(folder_ / "c.mp4", {64, 48, {25, 1}}, false);
    interrupted.write(flat(64, 48, 100), 0);
    EXPECT_THROW(interrupted.write(flat(32, 48, 100), 40), Error);
  }
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename().string());
  EXPECT_THAT(names, testing::UnorderedElementsAre("a.mp4", "c.mp4"));
  EXPECT_TRUE(open_source(folder_ / "c.mp4")->next());
}

TEST_F(Media, SequencesBeginAtTheirFirstNumberAndEndAtAGap) {
  for (const int number : {8, 9, 10, 12}) {
    const auto bytes = image::encode_png(flat(20, 10, number));
    std::ofstream(folder_ / ("f_" + std::string(number < 10 ? "0" : "") + std::to_string(number) + ".png"),
                  std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  const auto source = open_source(folder_ / "f_%02d.png");
  std::vector<int> levels;
  std::vector<double> times;
  while (source->next()) {
    levels.push_back(level_of(source->picture()));
    times.push_back(source->t_ms());
  }
  EXPECT_THAT(levels, testing::ElementsAre(8, 9, 10));
  EXPECT_THAT(times, testing::ElementsAre(0, 40, 80));
  EXPECT_EQ(source->damage(), "");
  EXPECT_THAT(kind_of_failure(folder_ / "g_%02d.png"), testing::HasSubstr("matches no file"));
}

TEST_F(Media, APictureThatCantBeReadEndsASequence) {
  const auto bytes = image::encode_png(flat(20, 10, 1));
  for (const int number : {0, 1}) {
    std::ofstream(folder_ / ("f" + std::to_string(number) + ".png"), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(number == 0 ? bytes.size() : bytes.size() / 2));
  }
  const auto source = open_source(folder_ / "f%d.png");
  EXPECT_TRUE(source->next());
  EXPECT_FALSE(source->next());
  EXPECT_THAT(source->damage(), testing::HasSubstr("f1.png"));
}

TEST(VideoNames, AreExtensionsAndPatterns) {
  EXPECT_TRUE(names_video("a/b.MP4"));
  EXPECT_TRUE(names_video("frame_%05d.png"));
  EXPECT_TRUE(names_video("%d.jpg"));
  EXPECT_FALSE(names_video("a.png"));
  EXPECT_FALSE(names_video("100%.png"));
  EXPECT_FALSE(names_video("%d_%d.png"));
  EXPECT_FALSE(names_video("%s.png"));
  EXPECT_EQ(numbered_name("x%03dy")->with(7), "x007y");
  EXPECT_EQ(numbered_name("x%03dy")->with(12345), "x12345y");
}

}  // namespace
}  // namespace vitral::video
