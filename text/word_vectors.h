/// Words as points, and who lies near whom.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "text/vocabulary.h"

namespace vitral::text {

/// A word and how near it is: the cosine, 1 for the same direction.
struct Neighbour {
  std::string word;
  double similarity = 0;
};

class WordVectors {
 public:
  /// values: a row of `dim` numbers for each word, in the order of the words. Throws Error(failed) where the counts
  /// disagree.
  WordVectors(Vocabulary words, std::int64_t dim, std::vector<float> values);

  const Vocabulary& words() const { return words_; }
  std::int64_t dim() const { return dim_; }
  const float* row(std::int64_t word) const { return values_.data() + word * dim_; }

  /// The `count` words nearest to `word`, without itself. Throws Error(usage) naming the nearest spellings where it is
  /// unknown.
  std::vector<Neighbour> neighbours(std::string_view word, std::size_t count) const;
  /// What is to c as b is to a: the words nearest to b - a + c of unit vectors (Mikolov et al. 2013), without the
  /// three.
  std::vector<Neighbour> analogy(std::string_view a, std::string_view b, std::string_view c, std::size_t count) const;

 private:
  std::int64_t known(std::string_view word) const;
  std::vector<Neighbour> nearest(const std::vector<double>& point, const std::vector<std::int64_t>& without,
                                 std::size_t count) const;

  Vocabulary words_;
  std::int64_t dim_;
  std::vector<float> values_;
  std::vector<double> lengths_;
};

/// The formats of the original word2vec: a first line "words numbers", then a record a word.
enum class VectorFormat {
  text,    ///< "word 0.1 -0.2 …" a line
  binary,  ///< the word, a blank, the numbers as little-endian fp32, and a line end where the writer was the original
};

/// Either format, recognised from the first record. Throws Error(weights) naming the file and what is wrong: counts
/// that the file is too short for, numbers that are none or not finite, words that are no UTF-8, empty, or there twice.
WordVectors read_word_vectors(const std::filesystem::path& path);
/// Throws Error(usage) where the file exists and `overwrite` is off, or for a word with white space in it.
void write_word_vectors(const std::filesystem::path& path, const WordVectors& vectors, VectorFormat format,
                        bool overwrite);

}  // namespace vitral::text
