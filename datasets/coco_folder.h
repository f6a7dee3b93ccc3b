/// A COCO data set in a folder: annotations and the pictures that they name.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/coco.h"

namespace vitral {

struct CocoFolder {
  CocoInstances truth;
  std::vector<std::filesystem::path> files;  ///< of truth.images, in their order
};

/// Annotations are annotations/instances_<split>*.json, or <split>/_annotations.coco.json, below `root`; the pictures
/// lie in the folder <split>, <split>2017 and so on (what follows "instances_"), images/ of that name, images/ or the
/// annotations' own. Throws Error(input) where there are none or several annotation files, one of their records is
/// broken, or a file name leads outside of the folder of pictures; with `on_problem` broken records are left out instead.
CocoFolder read_coco_folder(const std::filesystem::path& root, const std::string& split,
                            const CocoProblemHandler& on_problem = {});

/// The splits that `root` has annotations of, sorted.
std::vector<std::string> coco_splits(const std::filesystem::path& root);

}  // namespace vitral
