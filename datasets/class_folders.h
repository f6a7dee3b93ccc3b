/// Pictures sorted into one folder a class: <root>/<class>/<picture>.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace vitral {

struct ClassFolders {
  struct File {
    std::filesystem::path path;
    std::size_t folder = 0;  ///< index into names
  };
  std::vector<std::string> names;  ///< the folders, sorted by bytes (as torchvision's ImageFolder numbers them)
  std::vector<File> files;         ///< folder by folder, sorted by bytes; also what is below in folders of a class
};

/// Hidden files are passed over, whatever else is no picture is for the reader to find out. Throws Error(input) where
/// `root` is no folder, holds no folders, or a class leads outside of it by a symbolic link.
ClassFolders read_class_folders(const std::filesystem::path& root);

/// The class number of each of a data set's classes: by the names of `labels` (whole, or one of the words that ", "
/// separates), by number where every name is one, by their own order where there are exactly `classes` of them. Throws
/// Error(input) naming the first class that is none of these.
std::vector<std::size_t> class_numbers(const std::vector<std::string>& names, const std::vector<std::string>& labels,
                                       std::size_t classes);

/// `name` below `root`. Throws Error(input) where it is absolute, or leads outside of `root` by ".." or a symbolic
/// link.
std::filesystem::path path_inside(const std::filesystem::path& root, const std::string& name);

}  // namespace vitral
