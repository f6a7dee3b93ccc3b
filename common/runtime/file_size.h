/// How long a published file is, and how far that is to be believed: publishers round, and most say nothing at all.
#pragma once

#include <cstdint>
#include <string>

namespace vitral {

enum class SizeKnown {
  exact,      ///< to the byte: a download of another length is refused
  stated,     ///< by the publisher, rounded
  estimated,  ///< four bytes a number of the network
};

struct FileSize {
  std::uint64_t bytes = 0;  ///< 0: nothing is known
  SizeKnown known = SizeKnown::estimated;

  /// The length where it is known to the byte, else 0.
  std::uint64_t exact() const { return known == SizeKnown::exact ? bytes : 0; }
};

/// What a publisher's page says, in units of 2^20 bytes.
FileSize stated_mebibytes(double mebibytes);
/// Of `numbers` floats of 32 bits.
FileSize estimated_of(std::int64_t numbers);

/// "97.8 MiB", of an estimate "about 97.8 MiB"; empty where nothing is known.
std::string to_string(const FileSize& size);

}  // namespace vitral
