/// Folders that results are written into.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vitral::apps {

/// Makes `folder` where it is missing. Throws Error(usage) where it can't be made, or holds one of `files` and
/// `overwrite` is off.
void claim_folder(const std::filesystem::path& folder, const std::vector<std::string>& files, bool overwrite);

/// A name for each path's result in one folder: its file name without extension, with "_2", "_3" … behind it where that
/// was taken already. Standard input (an empty path) is "stdin".
std::vector<std::string> unique_stems(const std::vector<std::filesystem::path>& paths);

}  // namespace vitral::apps
