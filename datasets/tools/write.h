/// Data sets to files, in the formats that other tools read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "datasets/readers/open.h"

namespace vitral {

struct NamedSplit {
  std::string name;  ///< "" becomes train
  std::shared_ptr<const Dataset> dataset;
};

struct WriteOptions {
  bool overwrite = false;         ///< files of the same name are replaced; nothing is ever removed
  int jpeg_quality = 0;           ///< of pictures that have no file of their own yet; 0: PNG
  DataProblemHandler on_problem;  ///< hears of pictures and objects that were left out; empty: they end the run
  std::function<void(std::size_t done, std::size_t total)> on_progress;
};

struct WriteSummary {
  std::size_t pictures = 0, objects = 0, skipped = 0;
};

/// Writes all splits into the folder `out`, which is made where it is missing: pictures first, copied byte for byte
/// where they have a file, then what makes them a data set. `to` is coco, yolo or voc for detection and folder for
/// classification. YOLO knows no crowds and VOC no whole-number ids: crowds are reported and left out for YOLO, and
/// become `difficult` for VOC. Throws Error(usage) for a format that can't hold the data, and where `out` has files
/// already and `overwrite` is off; Error(failed) where it can't be written.
WriteSummary write_dataset(const std::vector<NamedSplit>& splits, const std::filesystem::path& out, DataFormat to,
                           const WriteOptions& options = {});

/// Some samples of another data set.
class Subset final : public Dataset {
 public:
  Subset(std::shared_ptr<const Dataset> base, std::vector<std::size_t> indices)
      : Dataset(base->task(), base->classes()), base_(std::move(base)), indices_(std::move(indices)) {}
  std::size_t size() const override { return indices_.size(); }
  Sample describe(std::size_t index) const override { return base_->describe(indices_.at(index)); }
  image::Image picture(std::size_t index) const override { return base_->picture(indices_.at(index)); }
  StoredPicture stored(std::size_t index) const override { return base_->stored(indices_.at(index)); }

 private:
  std::shared_ptr<const Dataset> base_;
  std::vector<std::size_t> indices_;
};

/// Deals the samples out by chance, in the given shares (they sum to 1), class by class where pictures have classes.
/// Pictures of the same bytes stay together. Throws Error(usage) for shares that do not sum to 1, Error(input) for
/// pictures that can't be read without `on_problem`.
std::vector<std::shared_ptr<const Dataset>> split_dataset(const std::shared_ptr<const Dataset>& dataset,
                                                          const std::vector<double>& shares, std::uint64_t seed,
                                                          const DataProblemHandler& on_problem = {});

}  // namespace vitral
