/// What is in a data set, and what is wrong with it, before hours of training are spent on it.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "datasets/readers/open.h"

namespace vitral {

struct InspectOptions {
  std::vector<std::string> splits;                                       ///< empty: all that there are
  int threads = 0;                                                       ///< 0: one a core
  std::function<void(std::size_t done, std::size_t total)> on_progress;  ///< called from one thread at a time
};

/// Counts over one split. Pictures that can't be read are counted, and nothing more is known of them.
struct SplitStats {
  std::string split;
  std::size_t pictures = 0, unreadable = 0, without_objects = 0;
  std::size_t objects = 0, crowds = 0, most_objects = 0;  ///< crowds are not among the objects
  std::vector<std::size_t> class_counts;                  ///< pictures of a class, or objects
  std::array<std::size_t, 3> areas{};                     ///< objects below 32², below 96² and above: COCO's sizes
  std::array<int, 3> widths{}, heights{};                 ///< smallest, median, largest; pixels
  std::array<double, 3> mean{}, std{};                    ///< of the channels over all pixels, in [0, 1]
};

struct DataReport {
  DataFormat format = DataFormat::folder;
  Task task = Task::classify;
  Classes classes;  ///< of the first split
  std::vector<SplitStats> splits;
  std::vector<DataProblem> problems;  ///< split by split, in the order of the data
};

/// Reads every picture of every split. Problems, by kind:
///   record, label, duplicate_id   an annotation breaks a rule of its format and was left out
///   stray                         a file among the pictures that is none
///   missing, unreadable           a picture is not there; is cut off, no picture, or leads out of the folder
///   size, exif_size               a picture's upright size is not what its annotations say; exif_size: they mean the
///                                 picture before it is turned upright
///   zero_area, outside            a box without area; one that lies more than a pixel beyond the picture's edge
///   format                        the boxes of a split make sense only as numbers of another format
///   duplicate_file                one file is named twice
///   duplicate_picture, leak       the same bytes twice in a split; in two splits
///   classes                       splits that disagree about the classes
/// Throws Error(input) where nothing can be opened.
DataReport inspect_data(const std::filesystem::path& path, DataFormat format, const InspectOptions& options = {});

}  // namespace vitral
