#include "text/wordpiece.h"

#include <algorithm>

#include "common/core/error.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace vitral::text {
namespace {

/// Without what no reader sees; every kind of white space is a blank.
std::u32string cleaned(std::u32string_view text, const WordPieceOptions& options) {
  std::u32string result;
  for (const auto point : text) {
    if (point == 0 || point == 0xFFFD || is_control(point)) continue;
    if (is_white_space(point)) {
      result.push_back(U' ');
    } else if (options.separate_ideographs && is_ideograph(point)) {
      result.append({U' ', point, U' '});
    } else {
      result.push_back(point);
    }
  }
  return result;
}

std::u32string without_accents(std::u32string_view text) {
  auto result = decompose(text);
  std::erase_if(result, is_mark);
  return result;
}

}  // namespace

std::vector<std::u32string> basic_words(std::u32string_view text, const WordPieceOptions& options) {
  auto clean = cleaned(text, options);
  if (options.lower) clean = lower(without_accents(clean));
  std::vector<std::u32string> words;
  bool open = false;
  for (const auto point : clean) {
    const bool alone = is_punctuation(point);
    if (is_white_space(point)) {
      open = false;
    } else if (alone || !open) {
      words.push_back({point});
      open = !alone;
    } else {
      words.back().push_back(point);
    }
  }
  return words;
}

WordPiece::WordPiece(Vocabulary vocabulary, WordPieceOptions options)
    : vocabulary_(std::move(vocabulary)),
      options_(options),
      start_(vocabulary_.special("[CLS]")),
      separator_(vocabulary_.special("[SEP]")),
      unknown_(vocabulary_.special("[UNK]")),
      pad_(vocabulary_.special("[PAD]")) {}

/// Greedily from the left, the longest piece that is known (Wu et al. 2016, section 4.1).
void WordPiece::add_word(std::u32string_view word, std::vector<std::string>& pieces) const {
  const auto before = pieces.size();
  for (std::size_t begin = 0; begin < word.size() && word.size() <= options_.longest_word;) {
    auto end = word.size();
    std::string piece;
    for (; end > begin; --end) {
      piece = (begin > 0 ? "##" : "") + encode_utf8(word.substr(begin, end - begin));
      if (vocabulary_.find(piece)) break;
    }
    if (end == begin) {
      pieces.resize(before);
      break;
    }
    pieces.push_back(std::move(piece));
    begin = end;
  }
  if (pieces.size() == before) pieces.push_back("[UNK]");
}

std::vector<std::string> WordPiece::pieces(std::string_view text) const {
  std::vector<std::string> pieces;
  for (const auto& word : basic_words(decode_utf8(text), options_)) add_word(word, pieces);
  return pieces;
}

std::vector<std::int64_t> WordPiece::ids(std::string_view text) const {
  std::vector<std::int64_t> ids;
  for (const auto& piece : pieces(text)) ids.push_back(vocabulary_.find(piece).value_or(unknown_));
  return ids;
}

Encoded WordPiece::encode(std::string_view text, std::size_t most) const {
  if (most < 2) throw Error(ErrorKind::usage, "tokens", "at least 2 are needed for [CLS] and [SEP]");
  auto words = ids(text);
  Encoded result;
  result.cut = words.size() > most - 2;
  if (result.cut) words.resize(most - 2);
  result.ids.push_back(start_);
  result.ids.insert(result.ids.end(), words.begin(), words.end());
  result.ids.push_back(separator_);
  result.types.assign(result.ids.size(), 0);
  return result;
}

Encoded WordPiece::encode(std::string_view text, std::string_view second, std::size_t most) const {
  if (most < 3) throw Error(ErrorKind::usage, "tokens", "at least 3 are needed for [CLS] and two [SEP]");
  auto a = ids(text), b = ids(second);
  Encoded result;
  while (a.size() + b.size() > most - 3) {
    (a.size() > b.size() ? a : b).pop_back();
    result.cut = true;
  }
  const auto append = [&](const std::vector<std::int64_t>& words, std::int64_t type) {
    result.ids.insert(result.ids.end(), words.begin(), words.end());
    result.ids.push_back(separator_);
    result.types.resize(result.ids.size(), type);
  };
  result.ids.push_back(start_);
  append(a, 0);
  append(b, 1);
  return result;
}

}  // namespace vitral::text
