/// Long arrays of flat records in JSON, read one record at a time: no tree is built, so memory stays that of one
/// record.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/error.h"

namespace vitral {

/// What one field of a record holds. Only the fields that were asked for are kept; nested values are passed over.
struct JsonField {
  enum class Type { absent, null, boolean, integer, number, string, array, object };
  Type type = Type::absent;
  std::int64_t integer = 0;     ///< of boolean and integer; an integer beyond 64 bits is a number
  double number = 0.0;          ///< of integer and number; always finite
  std::string text;             ///< of string
  std::vector<double> numbers;  ///< of array: its numbers, at most kMaxNumbers of them
  std::size_t length = 0;       ///< of array: its elements, numbers or not

  static constexpr std::size_t kMaxNumbers = 8;
};

/// Which records to read: the objects in the array `array` of the root object ("" for a root that is itself the array).
struct JsonRecords {
  std::string_view array;
  std::vector<std::string_view> fields;
  /// Called for each record in turn; fields[i] belongs to this->fields[i] and may be moved from.
  std::function<void(std::size_t index, std::vector<JsonField>& fields)> on_record;
  bool found = false;  ///< set when the array was there
};

/// Reads all of `text`. Throws JsonError for bad JSON, Error(input) where the root or one of the arrays is something
/// else, an element of them is no object, or an object anywhere has a key twice. `subject` names the file.
void read_json_records(std::string_view text, std::string_view subject, std::vector<JsonRecords>& records);

}  // namespace vitral
