#include "datasets/tools/inspect.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <span>

#include "common/core/error.h"
#include "common/core/parallel.h"
#include "common/core/sha256.h"
#include "common/core/text.h"
#include "common/image/decode.h"
#include "common/image/sniff.h"
#include "datasets/tools/box_format.h"

namespace vitral {
namespace {

std::string size_text(int width, int height) {
  return std::to_string(width) + "x" + std::to_string(height);
}

/// Sums over pixels, exact in whole numbers.
struct ChannelSums {
  std::array<std::uint64_t, 3> sum{}, squares{};
  std::uint64_t pixels = 0;
};

/// What was found out about one picture.
struct Finding {
  Sample sample;  ///< without pixels
  int width = 0, height = 0;
  std::string hash;
  ChannelSums sums;
  std::vector<DataProblem> problems;
};

ChannelSums sums_of(const image::Image& picture) {
  ChannelSums sums;
  sums.pixels = picture.pixels.size() / 3;
  for (std::size_t i = 0; i < picture.pixels.size(); ++i) {
    const std::uint64_t level = picture.pixels[i];
    sums.sum[i % 3] += level;
    sums.squares[i % 3] += level * level;
  }
  return sums;
}

/// The picture's file says 640x480 and that it is to be turned, and the annotations were made before that.
bool was_measured_before_turning(const StoredPicture& stored, const Sample& sample) {
  if (stored.extension.empty()) return false;
  const auto header = image::sniff(std::as_bytes(std::span(stored.bytes)), "picture" + stored.extension);
  return header.orientation >= 5 && header.width == sample.width && header.height == sample.height;
}

void check_boxes(Finding& finding, const std::string& subject) {
  std::size_t number = 0;
  for (const auto& object : finding.sample.objects) {
    const Box& box = object.box;
    const auto add = [&](const char* kind, const std::string& message) {
      finding.problems.push_back({kind, subject, "object " + std::to_string(number) + ": " + message});
    };
    if (!(box.width() > 0 && box.height() > 0)) add("zero_area", "its box has no area");
    const bool is_outside =
        box.xmin < -1 || box.ymin < -1 || box.xmax > finding.width + 1 || box.ymax > finding.height + 1;
    if (is_outside) {
      add("outside", "its box reaches beyond the picture of " + size_text(finding.width, finding.height));
    }
    ++number;
  }
}

Finding examine(const Dataset& dataset, std::size_t index) {
  Finding finding;
  std::string subject = "picture " + std::to_string(index);
  try {
    finding.sample = dataset.describe(index);
    subject = printable(finding.sample.name, 500);
    const auto stored = dataset.stored(index);
    Sha256 hash;
    hash.update(std::as_bytes(std::span(stored.bytes)));
    const auto picture = dataset.picture(index);
    finding.hash = hash.hex();
    finding.width = picture.width;
    finding.height = picture.height;
    finding.sums = sums_of(picture);
    const Sample& sample = finding.sample;
    if (sample.width > 0 && (sample.width != picture.width || sample.height != picture.height)) {
      const bool turned = was_measured_before_turning(stored, sample);
      finding.problems.push_back({turned ? "exif_size" : "size", subject,
                                  "is " + size_text(picture.width, picture.height) +
                                      " when upright, its annotations say " + size_text(sample.width, sample.height) +
                                      (turned ? ": they were made before the picture was turned upright" : "")});
    }
    check_boxes(finding, subject);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::input) throw;
    finding.problems.push_back({dataset.is_missing(index) ? "missing" : "unreadable", subject, error.what()});
  }
  return finding;
}

/// Smallest, median and largest.
std::array<int, 3> spread(std::vector<int> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {values.front(), values[values.size() / 2], values.back()};
}

void add_channels(SplitStats& stats, const std::vector<Finding>& findings) {
  std::array<double, 3> sum{}, squares{};
  double pixels = 0;
  for (const auto& finding : findings) {
    pixels += static_cast<double>(finding.sums.pixels);
    for (std::size_t c = 0; c < 3; ++c) {
      sum[c] += static_cast<double>(finding.sums.sum[c]);
      squares[c] += static_cast<double>(finding.sums.squares[c]);
    }
  }
  for (std::size_t c = 0; c < 3 && pixels > 0; ++c) {
    const double mean = sum[c] / pixels;
    stats.mean[c] = mean / 255;
    stats.std[c] = std::sqrt(std::max(0.0, squares[c] / pixels - mean * mean)) / 255;
  }
}

void add_sample(SplitStats& stats, const Sample& sample) {
  for (const auto& entry : sample.classes) ++stats.class_counts.at(entry.class_index);
  std::size_t objects = 0;
  for (const auto& object : sample.objects) {
    if (object.crowd) {
      ++stats.crowds;
      continue;
    }
    ++objects;
    ++stats.class_counts.at(object.class_index);
    ++stats.areas[object.area < 32 * 32 ? 0 : object.area < 96 * 96 ? 1 : 2];
  }
  stats.objects += objects;
  stats.most_objects = std::max(stats.most_objects, objects);
  stats.without_objects += objects == 0;
}

SplitStats stats_of(const std::string& split, const Dataset& dataset, const std::vector<Finding>& findings) {
  SplitStats stats;
  stats.split = split;
  stats.class_counts.resize(dataset.classes().size());
  std::vector<int> widths, heights;
  for (const auto& finding : findings) {
    ++stats.pictures;
    add_sample(stats, finding.sample);
    if (finding.width == 0) {
      ++stats.unreadable;
      continue;
    }
    widths.push_back(finding.width);
    heights.push_back(finding.height);
  }
  stats.widths = spread(std::move(widths));
  stats.heights = spread(std::move(heights));
  add_channels(stats, findings);
  return stats;
}

/// What only shows when pictures are compared: names and bytes that occur twice, here or in a split before.
class Twins {
 public:
  void check(const std::string& split, const std::vector<Finding>& findings, std::vector<DataProblem>& problems) {
    std::map<std::string, std::size_t> names;
    for (const auto& finding : findings) {
      const std::string name = printable(finding.sample.name, 500);
      if (!name.empty() && ++names[finding.sample.name] == 2) {
        problems.push_back({"duplicate_file", name, "is named twice in the split '" + split + "'"});
        continue;
      }
      if (finding.hash.empty()) continue;
      const auto [place, is_new] = first_.try_emplace(finding.hash, split, name);
      if (is_new || place->second.second == name) continue;
      const bool is_leak = place->second.first != split;
      problems.push_back({is_leak ? "leak" : "duplicate_picture", name,
                          "has the same bytes as " + place->second.second +
                              (is_leak ? " of the split '" + place->second.first + "'" : "")});
    }
  }

 private:
  std::map<std::string, std::pair<std::string, std::string>> first_;  // hash -> split, name
};

void check_format(DataFormat format, const std::string& split, const std::vector<Finding>& findings,
                  std::vector<DataProblem>& problems) {
  std::vector<PlacedBox> boxes;
  for (const auto& finding : findings) {
    for (const auto& object : finding.sample.objects) {
      if (finding.width > 0) boxes.push_back({object.box, finding.width, finding.height});
    }
  }
  const std::string guess = other_box_format(format, boxes);
  if (!guess.empty()) problems.push_back({"format", "split '" + split + "'", guess});
}

std::vector<Finding> examine_all(const Dataset& dataset, const InspectOptions& options) {
  std::vector<Finding> findings(dataset.size());
  std::mutex mutex;
  std::size_t done = 0;
  parallel_for(dataset.size(), options.threads, [&](std::size_t index) {
    findings[index] = examine(dataset, index);
    const std::lock_guard lock(mutex);
    ++done;
    if (options.on_progress) options.on_progress(done, dataset.size());
  });
  return findings;
}

}  // namespace

DataReport inspect_data(const std::filesystem::path& path, DataFormat format, const InspectOptions& options) {
  DataReport report;
  report.format = format;
  Twins twins;
  for (const auto& split : options.splits.empty() ? data_splits(path, format) : options.splits) {
    const auto collect = [&](const DataProblem& problem) { report.problems.push_back(problem); };
    const auto dataset = open_dataset(path, format, split, collect);
    if (report.splits.empty()) {
      report.task = dataset->task();
      report.classes = dataset->classes();
    } else if (!(dataset->classes() == report.classes)) {
      report.problems.push_back({"classes", "split '" + split + "'",
                                 "has other classes than the split '" + report.splits.front().split + "'"});
    }
    const auto findings = examine_all(*dataset, options);
    for (const auto& finding : findings) {
      report.problems.insert(report.problems.end(), finding.problems.begin(), finding.problems.end());
    }
    check_format(format, split, findings, report.problems);
    twins.check(split, findings, report.problems);
    report.splits.push_back(stats_of(split, *dataset, findings));
  }
  return report;
}

}  // namespace vitral
