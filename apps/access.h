/// What clients of a server of this program have to bring.
#pragma once

#include <string>

namespace vitral::apps {

/// The word in a file's first line. Throws Error(usage) where there is none.
std::string read_token(const std::string& path);

/// The token in the first line of `token_file`; without a file a random one where others reach `host`, and none where
/// only this machine does. Throws Error(usage) for a file without a token.
std::string access_token(const std::string& token_file, const std::string& host);

}  // namespace vitral::apps
