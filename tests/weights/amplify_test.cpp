/// A hostile file may not cost much more memory than it has bytes: at most 1.1 times the file and 64 MB.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <functional>

#include "tests/weights/files.h"

namespace vitral::weights::build {
namespace {

constexpr std::size_t kSize = 16 << 20;
constexpr double kFactor = 1.1, kMegabytes = 64;

using Amplify = Files;

std::size_t peak_kilobytes() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss);
}

/// Peak growth in MB while `path` is opened and every tensor read, in a process of its own.
double megabytes_to_open(const std::filesystem::path& path) {
  int pipe_ends[2] = {};
  EXPECT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::size_t before = peak_kilobytes();
    try {
      touch(open(path));
    } catch (const FormatError&) {
    }
    const std::size_t grown = peak_kilobytes() - before;
    [[maybe_unused]] const auto written = ::write(pipe_ends[1], &grown, sizeof grown);
    ::_exit(0);
  }
  std::size_t grown = 0;
  ::close(pipe_ends[1]);
  EXPECT_EQ(::read(pipe_ends[0], &grown, sizeof grown), static_cast<ssize_t>(sizeof grown)) << "the reader died";
  ::close(pipe_ends[0]);
  ::waitpid(child, nullptr, 0);
  return static_cast<double>(grown) / 1024;
}

Bytes stream(std::string_view head, std::string_view unit, std::string_view tail = "") {
  return zip({{"a/data.pkl", pickle(Bytes(head) + repeat(unit, kSize / unit.size()) + Bytes(tail))},
              {"a/data/0", floats({1, 2})}});
}

Bytes header(std::string_view head, std::string_view unit, std::string_view tail) {
  return safetensors(Bytes(head) + repeat(unit, kSize / unit.size()) + Bytes(tail));
}

Bytes numbered(const std::function<Bytes(std::size_t)>& unit) {
  Bytes out;
  for (std::size_t i = 0; out.size() < kSize; ++i) out += unit(i);
  return out;
}

Bytes many_storages() {
  return numbered([](std::size_t i) { return "(h\x01h\x02" + text(std::to_string(i)) + "h\x03K\x01tQ0"; });
}

TEST_F(Amplify, HostileFilesStaySmall) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's own memory would be measured";
  const Op memo = text("storage") +
                  "q\x01"
                  "0" +
                  global("torch", "FloatStorage") +
                  "q\x02"
                  "0" +
                  text("cpu") +
                  "q\x03"
                  "0";
  const std::pair<const char*, std::function<Bytes()>> files[] = {
      {"None", [&] { return stream("", "N"); }},
      {"empty dicts", [&] { return stream("", "}"); }},
      {"empty tuples in a tuple", [&] { return stream("(", ")", "t"); }},
      {"lists of one", [&] { return stream("", "]Na"); }},
      {"dicts of one", [&] { return stream("", "}NNs"); }},
      {"references", [&] { return stream("Nq\1", "h\1"); }},
      {"marks and pops", [&] { return stream("", "(1"); }},
      {"names", [&] { return stream("", "ca\nA\n"); }},
      {"instances", [&] { return stream("ca\nA\nq\1", "h\1)R"); }},
      {"instances with state", [&] { return stream("ca\nA\nq\1", "h\1)R}b"); }},
      {"memo",
       [&] {
         return zip({{"a/data.pkl",
                      pickle("N" + numbered([](std::size_t i) { return "r" + u32(static_cast<std::uint32_t>(i)); }))}});
       }},
      {"storages",
       [&] {
         return zip({{"a/data.pkl", pickle(memo + many_storages())}});
       }},
      {"tensors", [&] { return stream(pair_tensor() + "0" + text("w") + "0", pair_tensor() + "0"); }},
      {"header of arrays", [&] { return header("{\"t\":", "[", "}"); }},
      {"header of numbers", [&] { return header("{\"t\":{\"shape\":[", "1,", "1]}}"); }},
      {"header of one name", [&] { return header("{\"", "n", "\":{}}"); }},
      {"header of one note", [&] { return header("{\"__metadata__\":{\"", "n", "\":\"x\"}}"); }},
      {"header of notes",
       [&] {
         return safetensors("{\"__metadata__\":{" +
                            numbered([](std::size_t i) { return "\"" + std::to_string(i) + "\":\"\","; }) +
                            "\"\":\"\"}}");
       }},
      {"header of entries",
       [&] {
         return safetensors("{" + numbered([](std::size_t i) {
                              return "\"" + std::to_string(i) +
                                     "\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]},";
                            }));
       }},
      {"index of objects", [&] { return "{\"weight_map\":" + repeat("{\"\":", 10) + "[" + repeat("{},", 1 << 20); }},
  };
  for (const auto& [name, make] : files) {
    const auto path = write("hostile", make());
    ::malloc_trim(0);  // the child begins with what this process holds
    const double file = static_cast<double>(std::filesystem::file_size(path)) / (1 << 20),
                 used = megabytes_to_open(path);
    EXPECT_LE(used, kFactor * file + kMegabytes) << name << ": " << file << " MB of file took " << used << " MB";
    std::printf("%-24s %5.1f MB of file, %6.1f MB of memory\n", name, file, used);
  }
}

}  // namespace
}  // namespace vitral::weights::build
