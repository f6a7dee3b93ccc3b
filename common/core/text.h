/// Text that goes to people and into JSON: valid UTF-8, no control characters, near-miss suggestions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vitral {

/// True where `bytes` is well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view bytes);

/// One printable line: control and bidirectional characters become `\xNN` or `\u{N}`, invalid bytes `\xNN`; cut to
/// `max_bytes` at a character boundary, with "…" as the mark of the cut.
std::string printable(std::string_view text, std::size_t max_bytes = 2'000);

/// Levenshtein distance in bytes.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The `count` names nearest to `word` by edit distance (substring hits first), nearest first.
std::vector<std::string> nearest_names(std::string_view word, const std::vector<std::string>& names, std::size_t count = 3);

/// Shell-style pattern: `*` (any run), `?` (any one character), everything else itself.
bool glob_match(std::string_view pattern, std::string_view text);

/// "a, b and c".
std::string join(const std::vector<std::string>& parts, std::string_view separator = ", ");

/// 12345678 -> "11.8 MiB".
std::string human_bytes(std::uint64_t bytes);

}  // namespace vitral
