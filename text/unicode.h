/// The few properties of code points that a tokenizer asks for.
#pragma once

#include <string>

namespace vitral::text {

bool is_white_space(char32_t point);  ///< blank, tab, line ends and Unicode's Zs
bool is_control(char32_t point);      ///< Cc, Cf, Cn, Co and Cs but tab and line ends
bool is_punctuation(char32_t point);  ///< P*, and what ASCII has beside letters, digits and blanks
bool is_ideograph(char32_t point);    ///< the CJK blocks that BERT cuts at
bool is_mark(char32_t point);         ///< Mn
/// The canonical decomposition (NFD without reordering marks of one letter) of a lower-cased text.
std::u32string lower(std::u32string_view text);
std::u32string decompose(std::u32string_view text);

}  // namespace vitral::text
