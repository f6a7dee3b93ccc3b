// Pixels of whole files: equal to Pillow's.
#include "common/image/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/core/error.h"
#include "common/image/orientation.h"
#include "common/image/sniff.h"
#include "tests/image/support.h"

namespace vitral::test {
namespace {

using image::Image;

TEST(Decode, EqualsPillowForEveryKindOfFile) {
  int seen = 0;
  for (const auto& [name, expected] : golden().at("pictures").items()) {
    SCOPED_TRACE(name);
    const Image got = image::decode(picture(name), name);
    EXPECT_EQ(got.width, expected.at("size").at(0).get<int>());
    EXPECT_EQ(got.height, expected.at("size").at(1).get<int>());
    EXPECT_EQ(checksum(got), expected.at("crc").get<std::uint32_t>());
    ++seen;
  }
  EXPECT_GE(seen, 35);
}

TEST(Decode, TellsTheHeaderWithoutDecoding) {
  const image::Header header = image::sniff(picture("exif.jpg"), "exif.jpg");
  EXPECT_EQ(header.format, image::Format::jpeg);
  EXPECT_EQ(header.width, 37);
  EXPECT_EQ(header.height, 29);
  EXPECT_EQ(header.orientation, 6);
  EXPECT_EQ(header.upright_width(), 29);
  EXPECT_EQ(image::sniff(picture("cmyk.jpg"), "a").channels, image::Channels::cmyk);
  EXPECT_EQ(image::sniff(picture("palette2.png"), "a").bit_depth, 2);
  EXPECT_EQ(image::sniff(picture("rgba16.png"), "a").channels, image::Channels::rgba);
  EXPECT_TRUE(image::sniff(picture("animated.webp"), "a").animated);
}

/// A picture of six colours, [2 rows, 3 columns], so that every orientation gives another one.
Image six_colors() {
  Image out = Image::uninitialized(3, 2);
  for (std::size_t i = 0; i < out.pixels.size(); ++i) out.pixels[i] = static_cast<std::uint8_t>(i * 14);
  return out;
}

/// Where EXIF says that row 0 and column 0 of the stored picture are: the definition, pixel by pixel.
Image turned(const Image& in, int orientation) {
  const bool swaps = orientation >= 5 && orientation <= 8;
  Image out = Image::uninitialized(swaps ? in.height : in.width, swaps ? in.width : in.height);
  for (int y = 0; y < in.height; ++y) {
    for (int x = 0; x < in.width; ++x) {
      const int right = in.width - 1 - x, bottom = in.height - 1 - y;
      int to_x = x, to_y = y;
      if (orientation == 2) to_x = right;
      if (orientation == 3) to_x = right, to_y = bottom;
      if (orientation == 4) to_y = bottom;
      if (orientation == 5) to_x = y, to_y = x;
      if (orientation == 6) to_x = bottom, to_y = x;
      if (orientation == 7) to_x = bottom, to_y = right;
      if (orientation == 8) to_x = y, to_y = right;
      std::copy_n(in.row(y) + 3 * x, 3, out.row(to_y) + 3 * to_x);
    }
  }
  return out;
}

class Orientation : public testing::TestWithParam<int> {};

TEST_P(Orientation, TurnsPixels) {
  for (const Image& in : {six_colors(), pattern(67, 45), pattern(1, 33), pattern(33, 1)}) {
    EXPECT_EQ(image::upright(in, GetParam()), turned(in, GetParam()));
  }
}

TEST_P(Orientation, CountsInPng) {
  const Image in = six_colors();
  for (const bool big_endian : {false, true}) {
    const Bytes chunk = png_chunk("eXIf", exif_block(static_cast<std::uint32_t>(GetParam()), big_endian));
    EXPECT_EQ(image::decode(png(in, chunk), "a.png"), turned(in, GetParam()));
  }
}

TEST_P(Orientation, CountsInPngBehindThePixels) {
  const Image in = six_colors();
  const Bytes whole = png(in);
  const Bytes file = cut(whole, whole.size() - 12) +
                     png_chunk("eXIf", exif_block(static_cast<std::uint32_t>(GetParam()))) + png_chunk("IEND", {});
  EXPECT_EQ(image::decode(file, "a.png"), turned(in, GetParam()));
}

TEST_P(Orientation, CountsInJpeg) {
  const Bytes plain = picture("s0.jpg");
  const Bytes block =
      Bytes(bytes_of(std::string_view("Exif\0\0", 6))) + exif_block(static_cast<std::uint32_t>(GetParam()));
  EXPECT_EQ(image::decode(with_segment(plain, jpeg_segment(0xE1, block)), "a.jpg"),
            turned(image::decode(plain, "a.jpg"), GetParam()));
}

TEST_P(Orientation, CountsInWebp) {
  const Image in = six_colors();
  const Bytes canvas =
      Bytes{std::byte{0x08}, std::byte{0}, std::byte{0}, std::byte{0}} + cut(le32(2), 3) + cut(le32(1), 3);
  const Bytes file = webp(riff_chunk("VP8X", canvas) + vp8l_chunk(in) +
                          riff_chunk("EXIF", exif_block(static_cast<std::uint32_t>(GetParam()), true)));
  EXPECT_EQ(image::decode(file, "a.webp"), turned(in, GetParam()));
}

// 0 and 9 are no orientations: the picture stays as it is.
INSTANTIATE_TEST_SUITE_P(Exif, Orientation, testing::Range(0, 10));

TEST(Orientation, BrokenExifIsIgnored) {
  const Image in = six_colors();
  const Bytes good = exif_block(6);
  Bytes no_magic = good, far_directory = good, many_entries = good, byte_type = good, two_values = good;
  no_magic[0] = std::byte{'X'};
  for (int i = 4; i < 8; ++i) far_directory[static_cast<std::size_t>(i)] = std::byte{0xFF};
  byte_type[12] = std::byte{1};
  two_values[14] = std::byte{2};
  for (const Bytes& block :
       {Bytes{}, cut(good, 7), cut(good, 9), cut(good, 21), no_magic, far_directory, byte_type, two_values}) {
    EXPECT_EQ(image::decode(png(in, png_chunk("eXIf", block)), "a.png"), in);
  }
  // More entries than there are, and a next directory that is this one: the entry that is there counts.
  many_entries[8] = many_entries[9] = std::byte{0xFF};
  many_entries[22] = std::byte{8};
  EXPECT_EQ(image::decode(png(in, png_chunk("eXIf", many_entries)), "a.png"), turned(in, 6));
}

TEST(Orientation, ExifGoesBeforeXmp) {
  const Bytes packet = bytes_of("<x tiff:Orientation>3</x>");
  const Bytes xmp = bytes_of(std::string_view("http://ns.adobe.com/xap/1.0/\0", 29)) + packet;
  const Bytes exif = Bytes(bytes_of(std::string_view("Exif\0\0", 6))) + exif_block(1);
  const Bytes plain = picture("s0.jpg");
  const Image stored = image::decode(plain, "a");
  const Bytes with_xmp = with_segment(plain, jpeg_segment(0xE1, xmp));
  EXPECT_EQ(image::decode(with_xmp, "a"), turned(stored, 3));
  EXPECT_EQ(image::decode(with_segment(with_xmp, jpeg_segment(0xE1, exif)), "a"), stored);
}

TEST(Decode, IgnoresWhatStandsBehindThePicture) {
  for (const char* name : {"s2.jpg", "s2p.jpg", "rgb.png", "lossy.webp", "rgb.bmp"}) {
    EXPECT_EQ(image::decode(picture(name) + Bytes(1000, std::byte{0x55}), name), image::decode(picture(name), name))
        << name;
  }
}

TEST(Decode, PlainAndRawPnmAgree) {
  EXPECT_EQ(image::decode(bytes_of("P3\n# a comment\n2 1 255\n1 2 3\n4 5 6"), "a.ppm"),
            image::decode(bytes_of(std::string_view("P6 2 1 255\n\1\2\3\4\5\6")), "a.pnm"));
  EXPECT_EQ(image::decode(bytes_of("P1 3 1 1 0#x\n1"), "a.pbm"), image::decode(bytes_of("P4 3 1\n\xA0"), "A.PBM"));
  EXPECT_EQ(image::decode(bytes_of("P2 2 1 7 0 7"), "a.pgm").pixels, (image::Pixels{0, 0, 0, 255, 255, 255}));
}

TEST(Decode, ReadsFilesAndRefusesOtherThings) {
  const auto folder = std::filesystem::temp_directory_path() / ("vitral_decode_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder / "folder.png");
  const Bytes bytes = picture("rgb.png");
  std::ofstream(folder / "a.png", std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  EXPECT_EQ(image::read_image(folder / "a.png"), image::decode(bytes, "a.png"));
  ASSERT_EQ(::mkfifo((folder / "pipe.png").c_str(), 0600), 0);
  for (const std::filesystem::path& path :
       {folder / "folder.png", folder / "pipe.png", folder / "absent.png", std::filesystem::path("/dev/null")}) {
    try {
      image::read_image(path);
      ADD_FAILURE() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      EXPECT_THAT(error.what(), testing::StartsWith(path.string()));
    }
  }
  std::filesystem::remove_all(folder);
}

TEST(Decode, ServesManyThreads) {
  std::vector<std::jthread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&wrong] {
      for (const auto& [name, expected] : golden().at("pictures").items()) {
        if (checksum(image::decode(picture(name), name)) != expected.at("crc").get<std::uint32_t>()) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace vitral::test
