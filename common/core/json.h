/// JSON from outside: bounded, iterative, without duplicate keys, and with errors that say where.
///
/// nlohmann's lexer does the reading. What it lets through is refused here: any depth, duplicate keys, a byte order
/// mark, and NUL bytes, which it takes for the end of the text.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "common/core/error.h"
#include "common/core/limits.h"

namespace vitral {

/// JSON that does not parse, or that is deeper or larger than the limits: "<subject>: line 3, column 7: …".
class JsonError : public Error {
 public:
  JsonError(ErrorKind kind, std::string_view subject, std::string_view message, std::size_t position, bool over_limit);
  std::size_t position() const noexcept { return position_; }  ///< byte offset, 0-based
  bool over_limit() const noexcept { return over_limit_; }

 private:
  std::size_t position_;
  bool over_limit_;
};

/// Receives a JSON text value by value, so that large files need no tree. Depth and count are already checked; a
/// visitor refuses by throwing.
class JsonVisitor {
 public:
  virtual ~JsonVisitor() = default;
  virtual void null() = 0;
  virtual void boolean(bool value) = 0;
  virtual void integer(std::int64_t value) = 0;            ///< written with a minus sign
  virtual void unsigned_integer(std::uint64_t value) = 0;  ///< without
  virtual void real(double value) = 0;          ///< has a fraction or an exponent, or exceeds 64 bits; always finite
  virtual void string(std::string& value) = 0;  ///< may be moved from
  virtual void key(std::string& name) = 0;      ///< may be moved from; duplicates are the visitor's to refuse
  virtual void begin_object() = 0;
  virtual void end_object() = 0;
  virtual void begin_array() = 0;
  virtual void end_array() = 0;

  std::size_t position = 0;  ///< byte offset just behind what the present call is about
};

/// Reads all of `text` into `visitor`. Throws JsonError, and whatever the visitor throws.
void visit_json(std::string_view text, JsonVisitor& visitor, ErrorKind kind, std::string_view subject,
                const Limits& limits = {});

/// The whole text as a tree (at most limits.depth deep, limits.objects values). Duplicate keys are refused.
nlohmann::json parse_json(std::string_view text, ErrorKind kind, std::string_view subject, const Limits& limits = {});

}  // namespace vitral
