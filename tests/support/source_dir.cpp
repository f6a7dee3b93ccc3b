#include "tests/support/source_dir.h"

namespace vitral::test {

const std::string& source_dir() {
  static const std::string folder = VITRAL_SOURCE_DIR;
  return folder;
}

}  // namespace vitral::test
