/// Dates as people write them, with the same dates as ISO 8601: a small task of translation that everyone can make
/// again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vitral {

/// A sentence and what it is to become.
struct SentencePair {
  std::string source, target;
};

/// A day of the Gregorian calendar from 1900 to 2099 in one of many ways ("March 3rd, 2021", "Wed 03.03.2021", "3 mar
/// 21") and "2021-03-03". Pairs depend on seed and index alone. Days are dealt out for good: a day that one split has,
/// the other never has. Ambiguous forms do not occur: numbers alone stand day first with dots, month first with
/// slashes, year first with dashes; years of two digits are 1950 to 2049.
std::vector<SentencePair> make_dates(std::size_t count, bool held_out, std::uint64_t seed);

}  // namespace vitral
