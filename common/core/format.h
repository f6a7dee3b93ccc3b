/// printf into a string.
#pragma once

#include <string>

namespace vitral {

/// What printf would write of `pattern`, whole however long it is.
[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

}  // namespace vitral
