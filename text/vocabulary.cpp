#include "text/vocabulary.h"

#include <algorithm>

#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/limits.h"
#include "common/core/text.h"
#include "text/utf8.h"

namespace vitral::text {
namespace {

constexpr std::string_view kSpecial[] = {"<pad>", "<sos>", "<eos>", "<unk>"};
constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 30;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

}  // namespace

Vocabulary::Vocabulary(std::vector<std::string> tokens, std::string_view subject)
    : subject_(subject), tokens_(std::move(tokens)) {
  if (tokens_.empty()) throw Error(ErrorKind::weights, subject_, "is empty, expected at least one token");
  ids_.reserve(tokens_.size());
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (!ids_.emplace(tokens_[i], static_cast<std::int64_t>(i)).second) {
      throw Error(ErrorKind::weights, subject_, "has the token '" + printable(tokens_[i], 100) + "' twice");
    }
  }
}

const std::string& Vocabulary::token(std::int64_t id) const {
  if (id < 0 || id >= size()) {
    throw Error(ErrorKind::failed, subject_,
                "has no token " + std::to_string(id) + ", expected 0 to " + std::to_string(size() - 1));
  }
  return tokens_[static_cast<std::size_t>(id)];
}

std::optional<std::int64_t> Vocabulary::find(std::string_view token) const {
  const auto found = ids_.find(token);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

std::int64_t Vocabulary::special(std::string_view token) const {
  if (const auto id = find(token)) return *id;
  throw Error(ErrorKind::weights, subject_, "has no token '" + std::string(token) + "', which is needed");
}

Vocabulary read_vocabulary(const std::string& path) {
  const auto file = MappedFile::open(path, ErrorKind::weights, kLargestFile);
  const auto bytes = file->bytes();
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto subject = printable(path, 300);
  if (!is_utf8(all)) {
    try {
      decode_utf8(all, subject);
    } catch (const Error& error) {
      throw Error(ErrorKind::weights, "", error.what());
    }
  }
  std::vector<std::string> tokens;
  for (std::size_t begin = 0; begin < all.size();) {
    const auto end = std::min(all.find('\n', begin), all.size());
    auto line = all.substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    tokens.emplace_back(line);
    begin = end + 1;
  }
  file->check();
  return Vocabulary(std::move(tokens), subject);
}

std::vector<std::string> split_units(std::string_view sentence, Units units, std::string_view subject) {
  std::vector<std::string> parts;
  const auto points = decode_utf8(sentence, subject);
  if (units == Units::characters) {
    for (const auto point : points) parts.push_back(encode_utf8({&point, 1}));
    return parts;
  }
  for (std::size_t i = 0; i < sentence.size();) {
    while (i < sentence.size() && is_space(sentence[i])) ++i;
    const auto begin = i;
    while (i < sentence.size() && !is_space(sentence[i])) ++i;
    if (i > begin) parts.emplace_back(sentence.substr(begin, i - begin));
  }
  return parts;
}

SentenceCoder::SentenceCoder(Units units, Vocabulary vocabulary) : units_(units), vocabulary_(std::move(vocabulary)) {
  for (std::size_t i = 0; i < std::size(kSpecial); ++i) {
    if (vocabulary_.special(kSpecial[i]) != static_cast<std::int64_t>(i)) {
      throw Error(ErrorKind::weights, "vocabulary", "begins with other tokens than <pad>, <sos>, <eos>, <unk>");
    }
  }
}

SentenceCoder SentenceCoder::build(Units units, const std::vector<std::string>& sentences, std::int64_t least,
                                   std::int64_t most) {
  std::map<std::string, std::int64_t> counts;
  for (const auto& sentence : sentences) {
    for (auto& unit : split_units(sentence, units)) ++counts[std::move(unit)];
  }
  for (const auto special : kSpecial) counts.erase(std::string(special));
  std::vector<std::pair<std::string, std::int64_t>> kept;
  std::copy_if(counts.begin(), counts.end(), std::back_inserter(kept),
               [&](const auto& each) { return each.second >= least; });
  std::stable_sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  if (kept.empty()) throw Error(ErrorKind::input, "vocabulary", "is empty: no token occurs often enough");
  std::vector<std::string> tokens(std::begin(kSpecial), std::end(kSpecial));
  for (auto& [token, count] : kept) {
    if (static_cast<std::int64_t>(tokens.size()) < most) tokens.push_back(token);
  }
  return SentenceCoder(units, Vocabulary(std::move(tokens)));
}

std::vector<std::int64_t> SentenceCoder::encode(std::string_view sentence) const {
  std::vector<std::int64_t> ids;
  for (const auto& unit : split_units(sentence, units_)) {
    const auto id = vocabulary_.find(unit).value_or(kUnknown);
    ids.push_back(id <= kUnknown ? kUnknown : id);  // "<eos>" in a text ends nothing
  }
  return ids;
}

std::string SentenceCoder::decode(const std::vector<std::int64_t>& ids) const {
  std::string text;
  for (const auto id : ids) {
    if (id <= kUnknown) continue;
    if (units_ == Units::words && !text.empty()) text += ' ';
    text += vocabulary_.token(id);
  }
  return text;
}

}  // namespace vitral::text
