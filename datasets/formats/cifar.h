/// CIFAR-10 and CIFAR-100, binary version (cs.toronto.edu/~kriz/cifar.html): records of labels and 3 x 32 x 32 bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vitral {

inline constexpr std::size_t kCifarPixels = 3 * 32 * 32;

enum class CifarKind { ten, hundred };

struct CifarRecords {
  std::vector<std::size_t> labels;  ///< the fine ones of CIFAR-100
  std::string pixels;               ///< kCifarPixels a record: planes of red, green and blue
};

/// Throws Error(input, subject) where the size is no whole number of records or a label is no class.
CifarRecords parse_cifar(std::string_view file, CifarKind kind, const std::string& subject);

/// The names in batches.meta.txt or fine_label_names.txt: a line each. Throws Error(input, subject) where there are not
/// `count` of them.
std::vector<std::string> parse_cifar_names(std::string_view text, std::size_t count, const std::string& subject);

}  // namespace vitral
