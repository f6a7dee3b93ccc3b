/// Opening a data set of any format that is read (docs/formats.md).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/dataset.h"

namespace vitral {

enum class DataFormat { folder, coco, yolo, voc, cifar, idx };

std::string_view to_string(DataFormat format);
/// Throws Error(usage) for another name.
DataFormat parse_data_format(const std::string& name);

/// What `path` looks like: a data.yaml or a folder with one is yolo, annotations/instances_*.json coco,
/// Annotations/*.xml voc, data_batch_*.bin or train.bin cifar, *-idx3-ubyte[.gz] idx, any other folder class folders.
/// Throws Error(input) where it is neither a folder nor a .yaml file.
DataFormat guess_data_format(const std::filesystem::path& path);

/// The splits that there are, in the order train, validation, test; one empty name where the set is not split.
std::vector<std::string> data_splits(const std::filesystem::path& path, DataFormat format);

/// The split to judge a model on where none was named: the first of val, val2017, validation and test that there is and
/// that is not `learnt`; the only part of a set that is not split; nothing where there is none of them.
std::optional<std::string> judging_split(const std::filesystem::path& path, DataFormat format,
                                         std::string_view learnt = {});

/// Opens one split. Bad records are given to `on_problem` and left out; see DataProblemHandler. Pictures are not read
/// yet. Throws Error(input) where there is no such split, or nothing of it can be read.
std::unique_ptr<Dataset> open_dataset(const std::filesystem::path& path, DataFormat format, const std::string& split,
                                      const DataProblemHandler& on_problem = {});

}  // namespace vitral
