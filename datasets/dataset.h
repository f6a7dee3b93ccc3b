/// Data sets, whatever their format: pictures by number, each with what is known about it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/core/folder.h"
#include "common/core/task.h"
#include "datasets/sample.h"

namespace vitral {

/// What the classes are called; a class's index is its place here.
struct Classes {
  std::vector<std::string> names;
  std::vector<std::int64_t> ids;  ///< the data set's own category numbers, which may have holes; as many as names
  std::size_t size() const { return names.size(); }
  /// Numbers from 0 on as ids.
  static Classes numbered(std::vector<std::string> names);
  bool operator==(const Classes&) const = default;
};

/// Something of a data set that breaks a rule, and what became of it.
struct DataProblem {
  std::string kind;     ///< "missing", "unreadable", "zero_area", "outside", …: see docs/formats.md
  std::string subject;  ///< the file, and the record in it
  std::string message;
  std::string text() const { return subject + ": " + message; }
};

/// Hears of every problem; what has it is left out. An empty one makes the first problem an Error(input).
using DataProblemHandler = std::function<void(const DataProblem&)>;

/// Gives `problem` to the handler, or throws it as Error(input) where there is none.
void report(const DataProblemHandler& on_problem, const DataProblem& problem);

/// What is stored of one picture, byte for byte.
struct StoredPicture {
  std::string bytes;
  std::string extension;  ///< ".jpg" and so on; empty for bare pixels, of which the format has no file
                          // (both are empty for pictures that are made when they are asked for)
};

/// Every function may be called from several threads at once.
class Dataset {
 public:
  Dataset(Task task, Classes classes) : task_(task), classes_(std::move(classes)) {}
  virtual ~Dataset() = default;
  Dataset(const Dataset&) = delete;
  Dataset& operator=(const Dataset&) = delete;

  Task task() const { return task_; }
  const Classes& classes() const { return classes_; }

  virtual std::size_t size() const = 0;
  /// Everything but the pixels, without reading them. `index` < size().
  virtual Sample describe(std::size_t index) const = 0;
  /// The upright pixels. Throws Error(input) naming the file.
  virtual image::Image picture(std::size_t index) const = 0;
  virtual StoredPicture stored(std::size_t index) const = 0;
  /// Whether the picture's file is not there at all.
  virtual bool is_missing(std::size_t) const { return false; }

  /// Description and pixels; boxes are cut at the picture's edges, and what has no area then is left out. Throws
  /// Error(input) where they contradict each other: boxes of a picture of another size (or of one that was turned
  /// upright later) would lie somewhere else.
  virtual Sample get(std::size_t index) const;

 private:
  Task task_;
  Classes classes_;
};

/// Pictures in files of one folder.
class FileDataset final : public Dataset {
 public:
  /// What boxes count in: YOLO's files have shares of the width and height, which only the picture's header tells.
  enum class Unit { pixels, shares };

  /// `samples` without pixels; their names are paths below `root`.
  FileDataset(Task task, Classes classes, std::shared_ptr<const Folder> root, std::vector<Sample> samples,
              Unit unit = Unit::pixels)
      : Dataset(task, std::move(classes)), root_(std::move(root)), samples_(std::move(samples)), unit_(unit) {}

  std::size_t size() const override { return samples_.size(); }
  /// Throws Error(input) where boxes are shares and the picture's header can't be read.
  Sample describe(std::size_t index) const override;
  image::Image picture(std::size_t index) const override;
  StoredPicture stored(std::size_t index) const override;
  bool is_missing(std::size_t index) const override;

 private:
  std::shared_ptr<const Folder> root_;
  std::vector<Sample> samples_;
  Unit unit_;
};

/// Small pictures of one size, one behind the other in memory.
class ArrayDataset final : public Dataset {
 public:
  /// Pixels of one picture lie at pixels[index * stride()] as `planes` planes of height x width bytes: red, green and
  /// blue, or grey alone. Throws Error(failed) where the numbers do not agree.
  struct Arrays {
    int width = 0, height = 0, planes = 1;
    std::string pixels;
    std::vector<std::size_t> labels;
    std::vector<std::string> sources;      ///< the files, in the order of their pictures
    std::vector<std::size_t> source_ends;  ///< how many pictures there are up to the end of each file
    std::size_t stride() const { return static_cast<std::size_t>(width) * height * planes; }
  };
  ArrayDataset(Classes classes, Arrays arrays);

  std::size_t size() const override { return arrays_.labels.size(); }
  Sample describe(std::size_t index) const override;
  image::Image picture(std::size_t index) const override;
  StoredPicture stored(std::size_t index) const override;

 private:
  Arrays arrays_;
};

}  // namespace vitral
