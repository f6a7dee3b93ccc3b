/// Parts of the program that are loaded when they are asked for: they bring libraries along that no other run should
/// pay for, and that a machine may lack.
#pragma once

#include <filesystem>
#include <string>

namespace vitral {

/// Where the module `file` ("vitral_window.so") is: beside the program, as it is built, or in ../lib/vitral, where it
/// is installed. Empty where it was not built.
std::filesystem::path module_path(const std::string& file);

/// What the module at `path` calls `name`; null, with the reason in `why`, where it can't be loaded or has no such
/// thing. Modules stay loaded.
const void* module_symbol(const std::filesystem::path& path, const char* name, std::string& why);

}  // namespace vitral
