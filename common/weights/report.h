/// What became of every key when a checkpoint was loaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/core/error.h"
#include "common/weights/checkpoint.h"
#include "common/weights/keymap.h"

namespace vitral::weights {

struct ShapeMismatch {
  std::string name;
  std::vector<std::int64_t> found, expected;
};

struct Renaming {
  std::string from, to;
};

struct Adaptation {
  std::string name;
  std::string text;  ///< "position table 14x14 -> 24x24, bicubic"
};

struct LoadReport {
  std::string file;
  std::string model;                   ///< the network that the tensors are for; empty: not told
  std::string container;               ///< "torch zip"
  std::string origin;                  ///< "torchvision"
  std::vector<std::string> unwrapped;  ///< see Checkpoint
  std::string stripped;
  std::vector<std::string> loaded;
  std::vector<std::string> missing;     ///< the model has it, the file has not
  std::vector<std::string> unexpected;  ///< the file has it, the model has not
  std::vector<ShapeMismatch> mismatched;
  std::vector<std::string> dropped;  ///< buffers that carry no weights
  std::vector<Renaming> renamed;
  std::vector<Adaptation> adapted;
  std::string advice;    ///< what would make it fit, in words for the error line; empty: not known
  std::string contents;  ///< "it holds resnet50, a classifier", where another network was asked for; empty: not known

  /// True where nothing is missing, unexpected or of another shape.
  bool is_complete() const { return missing.empty() && unexpected.empty() && mismatched.empty(); }
  /// One line: "3 missing (blocks.0.norm1.weight, …), 1 unexpected (…), 2 of another shape (head.weight [1000, 192] for
  /// [10, 192])".
  std::string problems(std::size_t most = 5) const;
  /// Several lines for people, the first `most` of each kind.
  std::string text(std::size_t most = 5) const;
  nlohmann::json json() const;
};

/// A report that knows where the tensors come from and what the plan did to their names.
LoadReport begin_report(const Checkpoint& checkpoint, const Plan& plan);

/// A file that does not fit the model; carries the report.
class LoadError : public Error {
 public:
  explicit LoadError(LoadReport report);
  const LoadReport& report() const noexcept { return *report_; }

 private:
  std::shared_ptr<const LoadReport> report_;
};

}  // namespace vitral::weights
