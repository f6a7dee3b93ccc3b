#include "tests/apps/live_checks.h"

#include <gtest/gtest.h>

#include "tests/apps/spots_fixture.h"

namespace vitral::test {

using nlohmann::json;

image::Image camera_picture(int i) {
  return scene(160, 96, {{0, 4 * (i % 20), 16, 48, 48}});
}

MjpegServer::Script endless(double rate) {
  return plays(1'000'000, rate, camera_picture);
}

json summary_of(const std::vector<json>& all) {
  const auto& summary = all.back();
  EXPECT_EQ(summary.at("schema"), "vitral.summary/1");
  std::uint64_t in = summary.at("frames_out");
  for (const char* counts : {"dropped", "failed"}) {
    for (const auto& [reason, frames] : summary.at(counts).items()) in += frames.get<std::uint64_t>();
  }
  EXPECT_EQ(summary.at("frames_in"), in);
  std::uint64_t rows_in = 0, rows_out = 0;
  for (const auto& row : summary.at("per_source")) {
    rows_in += row.at("frames_in").get<std::uint64_t>();
    rows_out += row.at("frames_out").get<std::uint64_t>();
  }
  EXPECT_EQ(rows_in, in);
  EXPECT_EQ(rows_out, summary.at("frames_out"));
  return summary;
}

std::vector<std::int64_t> frames_of(const std::vector<json>& all, const std::string& source) {
  std::vector<std::int64_t> frames;
  double t_ms = -1;
  for (const auto& record : all) {
    if (record.value("source", "") != source) continue;
    frames.push_back(record.at("frame"));
    EXPECT_GT(record.at("t_ms").get<double>(), t_ms);
    t_ms = record["t_ms"];
  }
  for (std::size_t i = 1; i < frames.size(); ++i) EXPECT_GT(frames[i], frames[i - 1]);
  return frames;
}

std::size_t error_lines(const std::string& errors) {
  std::size_t count = 0;
  for (const auto& line : lines(errors)) count += line.starts_with("vitral: error: ") ? 1 : 0;
  return count;
}

}  // namespace vitral::test
