// Files that lie, end early or are something else: each gives its own typed error, or the pixels that it really has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>

#include "common/core/error.h"
#include "common/image/decode.h"
#include "tests/image/support.h"

namespace vitral::test {
namespace {

using std::string_view_literals::operator""sv;

struct Hostile {
  std::string name;  ///< of the file
  Bytes bytes;
  std::string expected;  ///< part of the message; empty: it is read
};

Bytes b(std::initializer_list<unsigned> values) {
  Bytes out;
  for (const unsigned value : values) out.push_back(std::byte(value));
  return out;
}

Bytes repeated(unsigned value, std::size_t count) {
  return Bytes(count, std::byte(value));
}

Bytes changed(Bytes bytes, std::size_t at, unsigned value) {
  bytes.at(at) = std::byte(value);
  return bytes;
}

std::vector<Hostile> other_formats() {
  const auto named = [](std::string_view magic) { return bytes_of(magic) + repeated(0, 400); };
  const Bytes dicom = repeated(0, 128) + bytes_of("DICM");
  return {
      {"empty.jpg", {}, "is empty"},
      {"a.jpg", bytes_of("\n"), "no known picture format"},
      {"a.jpg", bytes_of("hello, world"), "no known picture format"},
      {"a.jpg", repeated(0, 1000), "no known picture format"},
      {"a.jpg", named("II*\0"sv), "is TIFF"},
      {"a.tif", named("MM\0*"sv), "is TIFF"},
      {"a.jpg", named("II+\0"sv), "is BigTIFF"},
      {"a.jpg", named("GIF89a"), "is GIF"},
      {"a.gif", named("GIF87a"), "is GIF"},
      {"a.hdr", named("#?RADIANCE\n"), "is Radiance HDR"},
      {"a.jpg", named("#?RGBE\n"), "is Radiance HDR"},
      {"a.jpg", named("\x76\x2F\x31\x01"), "is OpenEXR"},
      {"a.jpg", bytes_of("<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>"), "is SVG"},
      {"a.svg", bytes_of("  <SVG width='9'></SVG>"), "is SVG"},
      {"a.jpg", bytes_of("<!DOCTYPE html><html><body>404 Not Found</body></html>"), "is HTML"},
      {"a.jpg", bytes_of("\xEF\xBB\xBF\r\n<html>"), "is HTML"},
      {"a.jpg", bytes_of("<?xml version='1.0'?><a/>"), "is XML"},
      {"a.jpg", named("%PDF-1.7"), "is PDF"},
      {"a.jpg",
       named("\0\0\0\x20"
             "ftypavif"sv),
       "is AVIF"},
      {"a.jpg",
       named("\0\0\0\x20"
             "ftypheic"sv),
       "is HEIF"},
      {"a.jpg",
       named("\0\0\0\x20"
             "ftypisom"sv),
       "is MP4 video"},
      {"a.jpg", dicom + repeated(0, 100), "is DICOM"},
      {"a.jpg", named("\0\0\0\x0CjP  \r\n\x87\n"sv), "is JPEG 2000"},
      {"a.jpg", named("\xFF\x0A"), "is JPEG XL"},
      {"a.jpg", named("8BPS"), "is Photoshop"},
      {"a.jpg", named("Pf\n1 1\n-1.0\n"), "is PFM"},
      {"a.ppm", named("PF\n1 1\n-1.0\n"), "is PFM"},
      {"a.ppm", named("P7\nWIDTH 1\n"), "is PAM"},
      {"a.jpg", named("PK\x03\x04"), "is zip archive"},
      {"a.jpg", named("\x89HDF\r\n\x1A\n"), "is HDF5"},
      {"a.jpg", named("\x93NUMPY"), "is NumPy"},
      {"a.jpg", bytes_of("version https://git-lfs.github.com/spec/v1\n"), "is Git LFS pointer"},
      {"a.jpg", bytes_of("RIFF\x24\0\0\0WAVEfmt "sv), "is WAVE sound"},
      {"a.jpg", bytes_of("P6 1 1 255\nabc"), "looks like PNM"},
      {"a", bytes_of("P3 1 1 255 1 2 3"), "looks like PNM"},
      {"ppm", bytes_of("P3 1 1 255 1 2 3"), "looks like PNM"},
      {"a.jpg", bytes_of("BM and some text"), "no known picture format"},
  };
}

std::vector<Hostile> jpegs() {
  const Bytes good = picture("s2.jpg"), progressive = picture("s2p.jpg");
  const auto frame = [](unsigned marker, unsigned precision, unsigned height, unsigned width, unsigned components) {
    Bytes content = b({precision}) + be16(height) + be16(width) + b({components});
    for (unsigned i = 0; i < components; ++i) content = content + b({i + 1, 0x11, 0});
    return b({0xFF, 0xD8}) + jpeg_segment(marker, content) + jpeg_segment(0xDA, b({1, 1, 0, 0, 63, 0})) +
           b({0, 0xFF, 0xD9});
  };
  const Bytes without_end = cut(good, good.size() - 2);
  return {
      {"a.jpg", b({0xFF, 0xD8, 0xFF}), "cut short"},
      {"a.jpg", b({0xFF, 0xD8, 0xFF, 0xD9}), "cut short"},
      {"a.jpg", b({0xFF, 0xD8}) + repeated(0xFF, 5000), "cut short"},
      {"a.jpg", cut(good, good.size() / 2), "cut short"},
      {"a.jpg", cut(good, good.size() - 30) + b({0xFF, 0xD9}), "damaged or cut short"},
      {"a.jpg", without_end, "cut short"},
      {"a.jpg", cut(progressive, progressive.size() - 30) + b({0xFF, 0xD9}), "damaged or cut short"},
      {"a.jpg", frame(0xC0, 8, 0, 16, 1), "height is 0"},
      {"a.jpg", frame(0xC0, 8, 16, 0, 1), "width is 0"},
      {"a.jpg", frame(0xC0, 8, 65535, 65535, 1), "4294.8 megapixels"},
      {"a.jpg", frame(0xC1, 12, 16, 16, 1), "12 bits a sample"},
      {"a.jpg", frame(0xC0, 8, 16, 16, 2), "2 channels"},
      {"a.jpg", frame(0xC0, 8, 16, 16, 5), "5 channels"},
      {"a.jpg", frame(0xC3, 8, 16, 16, 1), "lossless"},
      {"a.jpg", frame(0xC5, 8, 16, 16, 1), "hierarchical"},
      {"a.jpg", frame(0xC0, 8, 16, 16, 1), "damaged"},
      {"a.jpg", jpeg_of_scans(64, 64, 5000), "5000 scans"},
      {"a.jpg", jpeg_of_scans(64, 64, 100), ""},
      {"a.jpg", with_segment(good, jpeg_segment(0xE2, repeated(7, 65000))), ""},
      {"a.jpg", with_segment(good, repeated(0xFF, 100)), ""},
      {"a.jpg", b({0xFF, 0xD8, 0xFF, 0xE1, 0, 1}) + Bytes(good.begin() + 2, good.end()), ""},
      {"a.jpg", b({0xFF, 0xD8, 0xFF, 0xE1, 0xFF, 0xFF}) + repeated(0, 100), "cut short"},
  };
}

std::vector<Hostile> pngs() {
  const Bytes row2 = repeated(0, 2 * 7), end = png_chunk("IEND", {});
  const Bytes good = png(2, 2, 8, 2, row2);
  const auto header = [](std::uint32_t width, std::uint32_t height, unsigned depth = 8, unsigned color = 2) {
    return png_header(width, height, depth, color) + png_chunk("IDAT", deflated(repeated(0, 14)));
  };
  return {
      {"a.png", cut(good, 8), "cut short"},
      {"a.png", cut(good, 20), "cut short"},
      {"a.png", png_header(2, 2, 8, 2), "cut short"},
      {"a.png", png_header(2, 2, 8, 2) + end, "cut short"},
      {"a.png", cut(good, good.size() - 13), "cut short"},
      {"a.png", cut(good, good.size() - 12), ""},
      {"a.png", cut(good, good.size() - 5), ""},
      {"a.png", header(0, 2), "width is 0"},
      {"a.png", header(2, 0), "height is 0"},
      {"a.png", header(0x80000000U, 1), "width is 2147483648"},
      {"a.png", header(0x7FFFFFFF, 1), "limit of a side"},
      {"a.png", header(1, 0x7FFFFFFF), "limit of a side"},
      {"a.png", header(1U << 20, 1U << 20), "megapixels"},
      {"a.png", header(1U << 20, 1), "cut short"},
      {"a.png", header(20000, 20000, 1, 0), "400.0 megapixels"},
      {"a.png", header(10000, 10000), "cut short"},
      {"a.png", header(2, 3), "damaged"},
      {"a.png", header(2, 2, 3, 0), "damaged"},
      {"a.png", header(2, 2, 16, 3), "damaged"},
      {"a.png", header(2, 2, 8, 5), "colour type 5"},
      {"a.png", png(2, 2, 8, 3, repeated(0, 6)), "damaged"},
      {"a.png", png(2, 2, 8, 3, repeated(9, 3) + repeated(0, 3), png_chunk("PLTE", repeated(7, 6))), "damaged"},
      {"a.png", png(2, 2, 8, 3, b({0, 200, 1, 0, 1, 255}), png_chunk("PLTE", repeated(7, 6))), ""},
      {"a.png", changed(good, good.size() - 20, 0xAA), "damaged"},
      {"a.png", changed(good, 30, 0xAA), "damaged"},
      {"a.png", png(2, 2, 8, 2, row2, png_chunk("iCCP", repeated('x', 3'000'000))), ""},
      {"a.png", png(2, 2, 8, 2, row2, png_chunk("zTXt", bytes_of("c\0\0"sv) + deflated(repeated('a', 5'000'000)))), ""},
      {"a.png", png(2, 2, 8, 2, row2, png_chunk("CgBI", repeated(0, 4))), "\"CgBI\""},
      {"a.png", png(2, 2, 8, 2, row2, be32(0x7FFFFFFF) + bytes_of("tEXt")), "cut short"},
      {"a.png", png(2, 2, 8, 2, row2, be32(0xFFFFFFFF) + bytes_of("tEXt")), "cut short"},
      {"a.png", bytes_of("\x89PNG\r\n\x1a\n") + png_chunk("IDAT", deflated(row2)) + end, "no header"},
      {"a.png", png_header(2, 2, 8, 2) + png_chunk("IDAT", bytes_of("no deflate stream")) + end, "damaged"},
      {"a.png", png_header(2, 2, 8, 2) + png_header(2, 2, 8, 2), "cut short"},
  };
}

std::vector<Hostile> webps() {
  const Bytes good = picture("lossy.webp"), frame = vp8l_chunk(pattern(4, 4));
  const auto extended = [](unsigned flags, std::uint32_t width, std::uint32_t height) {
    return riff_chunk("VP8X", b({flags, 0, 0, 0}) + cut(le32(width - 1), 3) + cut(le32(height - 1), 3));
  };
  const auto animation = [&](std::uint32_t left, std::uint32_t width) {
    return webp(extended(0x02, 8, 8) + riff_chunk("ANIM", repeated(0, 6)) +
                riff_chunk("ANMF", cut(le32(left / 2), 3) + repeated(0, 3) + cut(le32(width - 1), 3) + cut(le32(3), 3) +
                                       repeated(0, 4) + frame));
  };
  return {
      {"a.webp", bytes_of("RIFF\x04\0\0\0WEBP"sv), "broken WebP"},
      {"a.webp", bytes_of("RIFF\xFF\xFF\xFF\xFFWEBP"sv), "cut short"},
      {"a.webp", webp(riff_chunk("VP8 ", repeated(0, 20))), "broken WebP"},
      {"a.webp", webp(riff_chunk("VP8L", b({0x2F, 0, 0, 0, 0}))), "damaged"},
      {"a.webp", cut(good, good.size() / 2), "cut short"},
      {"a.webp", webp(extended(0, 16384, 16384) + frame), "broken WebP"},
      {"a.webp", webp(extended(0, 4, 4) + frame), ""},
      {"a.webp", webp(extended(0x02, 16384, 16384)), "megapixels"},
      {"a.webp", webp(extended(0x02, 8, 8)), "broken WebP"},
      {"a.webp", animation(4, 4), ""},
      {"a.webp", animation(6, 4), "does not fit"},
      {"a.webp", animation(0xFFFFFE, 4), "does not fit"},
      {"a.webp", webp(frame + riff_chunk("EXIF", repeated(0xFF, 60))), ""},
  };
}

std::vector<Hostile> bitmaps() {
  const Bytes rgb = repeated(9, 16);
  const auto bmp = [](std::int32_t width, std::int32_t height, unsigned bits, unsigned compression, const Bytes& pixels,
                      const Bytes& between = {}, std::uint32_t colors = 0) {
    return Bmp{width, height, bits, compression, colors, between, pixels}.file();
  };
  const Bytes palette = repeated(5, 1024);
  return {
      {"a.bmp", bmp(2, 2, 24, 0, rgb), ""},
      {"a.bmp", bmp(2, 2, 24, 0, cut(rgb, 14)), ""},
      {"a.bmp", bmp(2, 2, 24, 0, cut(rgb, 13)), "cut short"},
      {"a.bmp", cut(bmp(2, 2, 24, 0, rgb), 30), "cut short"},
      {"a.bmp", bmp(0, 2, 24, 0, rgb), "width is 0"},
      {"a.bmp", bmp(-2, 2, 24, 0, rgb), "width is"},
      {"a.bmp", bmp(2, INT32_MIN, 24, 0, rgb), "height is 2147483648"},
      {"a.bmp", bmp(INT32_MAX, INT32_MAX, 24, 0, rgb), "limit of a side"},
      {"a.bmp", bmp(10000, 10000, 24, 0, rgb), "cut short"},
      {"a.bmp", bmp(2, 2, 7, 0, rgb), "7 bits"},
      {"a.bmp", bmp(2, 2, 24, 4, rgb), "JPEG or PNG"},
      {"a.bmp", bmp(2, 2, 24, 9, rgb), "compression 9"},
      {"a.bmp", bmp(2, 2, 24, 1, rgb), "compression 1"},
      {"a.bmp", bmp(2, 2, 32, 3, rgb, le32(0xFF00FF) + le32(0) + le32(0)), "layout of colour bits"},
      {"a.bmp", bmp(2, 2, 8, 0, rgb, palette, 0xFFFFFFFF), "palette of 4294967295"},
      {"a.bmp", bmp(2, 2, 8, 0, rgb, {}, 256), "cut short"},
      {"a.bmp", bmp(10000, 10000, 8, 1, b({0, 1}), palette), "cut short"},
      {"a.bmp", bmp(4, 1, 8, 1, b({4, 7, 0, 1}), palette), ""},
      {"a.bmp", bmp(4, 1, 8, 1, b({255, 7, 255, 7, 255, 7}), palette), ""},
      {"a.bmp", bmp(4, 4, 8, 1, b({0, 2, 255, 255}), palette), ""},
      {"a.bmp", bmp(4, 4, 4, 2, b({0, 255, 1}), palette), "cut short"},
  };
}

std::vector<Hostile> pnms() {
  return {
      {"a.ppm", bytes_of("P6"), "no known picture format"},
      {"a.ppm", bytes_of("P6 "), "cut short"},
      {"a.ppm", bytes_of("P6 # a comment without an end"), "cut short"},
      {"a.ppm", bytes_of("P6 2 2 255\nabc"), "cut short"},
      {"a.ppm", bytes_of("P6 0 2 255\nabc"), "width is 0"},
      {"a.ppm", bytes_of("P6 99999999999 2 255\n"), "no number up to"},
      {"a.ppm", bytes_of("P6 2147483647 2147483647 255\n"), "limit of a side"},
      {"a.ppm", bytes_of("P6 10000 10000 255\n"), "cut short"},
      {"a.ppm", bytes_of("P3 10000 10000 255\n"), "cut short"},
      {"a.ppm", bytes_of("P6 -1 2 255\nabc"), "no number"},
      {"a.ppm", bytes_of("P6 1 1 0\nabc"), "largest value is 0"},
      {"a.ppm", bytes_of("P6 1 1 65536\nabcdef"), "no number up to 65535"},
      {"a.ppm", bytes_of("P3 1 1 255 1 2 256"), "no number up to 255"},
      {"a.ppm", bytes_of("P3 1 1 255 1 2 x"), "no number"},
      {"a.pbm", bytes_of("P1 2 2 0 1 2 1"), "neither 0 nor 1"},
      {"a.pbm", bytes_of("P4 9 2\nabc"), "cut short"},
      {"a.pgm", bytes_of("P5 1 1 9\n\xFF"), ""},
  };
}

std::vector<Hostile> all_hostile() {
  std::vector<Hostile> all;
  for (const auto& group : {other_formats(), jpegs(), pngs(), webps(), bitmaps(), pnms()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

TEST(Hostile, EveryFileHasItsOwnEnd) {
  const auto cases = all_hostile();
  EXPECT_GE(cases.size(), 120U);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE("case " + std::to_string(i) + ", " + cases[i].name + ", expected \"" + cases[i].expected + "\"");
    try {
      image::decode(cases[i].bytes, cases[i].name);
      EXPECT_EQ(cases[i].expected, "");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      EXPECT_EQ(error.subject(), cases[i].name);
      EXPECT_FALSE(cases[i].expected.empty()) << error.what();
      EXPECT_THAT(error.what(), testing::HasSubstr(cases[i].expected));
      EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("\n")));
    }
  }
}

/// What `bytes` give has to be `whole`, or an error.
void accepted_and_equal(const Bytes& bytes, const std::string& name, const image::Image& whole) {
  try {
    EXPECT_EQ(image::decode(bytes, name), whole);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
  }
}

const char* const kSeeds[] = {"s2.jpg",     "s1p.jpg",    "cmyk.jpg",      "rgb.png", "interlaced.png", "palette4.png",
                              "lossy.webp", "alpha.webp", "animated.webp", "rgb.bmp", "palette.bmp"};

TEST(Hostile, EveryTruncationIsRefusedOrLosesNothing) {
  for (const std::string name : kSeeds) {
    SCOPED_TRACE(name);
    const Bytes whole = picture(name);
    const image::Image expected = image::decode(whole, name);
    for (std::size_t size = 0; size < whole.size(); ++size) accepted_and_equal(cut(whole, size), name, expected);
    EXPECT_THROW(image::decode(cut(whole, whole.size() / 2), name), Error);
  }
}

TEST(Hostile, EveryFlippedBitOfAHeaderEndsInPixelsOrAnError) {
  Limits limits;
  limits.pixels = 1'000'000;
  for (const std::string name : kSeeds) {
    Bytes bytes = picture(name);
    for (std::size_t bit = 0; bit < 8 * std::min<std::size_t>(bytes.size(), 700); ++bit) {
      bytes[bit / 8] ^= std::byte(1U << bit % 8);
      try {
        const image::Image got = image::decode(bytes, name, limits);
        EXPECT_LE(got.pixels.size(), 3'000'000U);
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::input) << name << " bit " << bit << ": " << error.what();
      }
      bytes[bit / 8] ^= std::byte(1U << bit % 8);
    }
  }
}

/// Peak of the process's memory so far, in bytes.
std::size_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stoul(line.substr(6)) * 1024;
  }
  return 0;
}

template <typename Function>
double seconds(Function&& function) {
  const auto start = std::chrono::steady_clock::now();
  function();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST(Hostile, BombsAreRefusedWithoutUnpackingThem) {
  const Bytes zeros = deflated(Bytes(30'000'000, std::byte{0}));  // 30 KB
  Bytes stream;
  for (int i = 0; i < 4; ++i) stream = stream + zeros;
  const Bytes one_bit = png_header(40'000, 24'000, 1, 0) + png_chunk("IDAT", stream) + png_chunk("IEND", {});
  const Bytes wide = png_header(1U << 20, 95, 16, 6) + png_chunk("IDAT", zeros) + png_chunk("IEND", {});
  const Bytes rle = Bmp{10'000, 9'999, 8, 1, 0, Bytes(1024), Bytes{std::byte{0}, std::byte{1}}}.file();
  const std::size_t before = peak_memory();
  for (const Bytes& bomb : {one_bit, wide, rle}) {
    EXPECT_LT(seconds([&] { EXPECT_THROW(image::decode(bomb, "bomb"), Error); }), 0.5);
  }
  EXPECT_LT(peak_memory() - before, std::size_t{80} << 20);
}

TEST(Hostile, AJpegOfManyScansEndsInTime) {
  const Bytes many = jpeg_of_scans(1000, 1000, 3000);
  EXPECT_LT(seconds([&] { EXPECT_THROW(image::decode(many, "scans.jpg"), Error); }), 1);
  Limits limits;
  limits.jpeg_scans = 1'000'000;
  limits.decode_seconds = 0.01;
  const Bytes slow = jpeg_of_scans(2000, 2000, 400);
  EXPECT_LT(seconds([&] {
              try {
                image::decode(slow, "scans.jpg", limits);
                ADD_FAILURE() << "was read";
              } catch (const Error& error) {
                EXPECT_THAT(error.what(), testing::HasSubstr("takes too long"));
              }
            }),
            2);
}

TEST(Hostile, LimitsAreKept) {
  const Bytes file = png(pattern(40, 30));
  Limits limits;
  limits.pixels = 1200;
  limits.side = 40;
  limits.image_bytes = file.size();
  EXPECT_NO_THROW(image::decode(file, "a", limits));
  for (const auto lower : {&Limits::pixels, &Limits::side, &Limits::image_bytes}) {
    Limits tighter = limits;
    --(tighter.*lower);
    EXPECT_THROW(image::decode(file, "a", tighter), Error);
  }
}

}  // namespace
}  // namespace vitral::test
