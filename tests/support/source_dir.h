/// Where the project's own files lie, for tests that read them.
#pragma once

#include <string>

namespace vitral::test {

/// The folder of the sources, absolute. One small file knows it, so that the objects of all others are the same in
/// every clone.
const std::string& source_dir();

}  // namespace vitral::test
