#include "common/core/module.h"

#include <dlfcn.h>

#include <system_error>

namespace vitral {

namespace fs = std::filesystem;

fs::path module_path(const std::string& file) {
  std::error_code failed;
  const auto program = fs::read_symlink("/proc/self/exe", failed).parent_path();
  for (const auto& folder : {program, program / "../lib/vitral"}) {
    if (fs::exists(folder / file, failed)) return folder / file;
  }
  return {};
}

const void* module_symbol(const fs::path& path, const char* name, std::string& why) {
  void* const module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  const void* const symbol = module == nullptr ? nullptr : ::dlsym(module, name);
  if (const char* error = symbol == nullptr ? ::dlerror() : nullptr) why = error;
  return symbol;
}

}  // namespace vitral
