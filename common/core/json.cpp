#include "common/core/json.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "common/core/text.h"

namespace vitral {
namespace {

/// A byte iterator that keeps `*at` at the parser's place, which nlohmann does not tell its handlers.
class TrackedByte {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  TrackedByte(const char* here, const char** at) : here_(here), at_(at) {}
  reference operator*() const { return *here_; }
  TrackedByte& operator++() {
    *at_ = ++here_;
    return *this;
  }
  bool operator==(const TrackedByte& other) const { return here_ == other.here_; }
  bool operator!=(const TrackedByte& other) const { return here_ != other.here_; }

 private:
  const char* here_;
  const char** at_;
};

std::string place(std::string_view text, std::size_t position) {
  const auto before = text.substr(0, position);
  const auto line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return "line " + std::to_string(1 + std::count(before.begin(), before.end(), '\n')) + ", column " +
         std::to_string(before.size() - line_start + 1) + ": ";
}

/// nlohmann's handler interface: counts, checks the depth and hands on.
class Bounded {
 public:
  Bounded(std::string_view text, JsonVisitor& visitor, ErrorKind kind, std::string_view subject, const Limits& limits)
      : text_(text), visitor_(visitor), kind_(kind), subject_(subject), limits_(limits) {}

  [[noreturn]] void fail(std::string_view message, std::size_t position, bool over_limit = false) const {
    throw JsonError(kind_, subject_, place(text_, position) + std::string(message), position, over_limit);
  }

  bool null() { return count(), visitor_.null(), true; }
  bool boolean(bool value) { return count(), visitor_.boolean(value), true; }
  bool number_integer(std::int64_t value) { return count(), visitor_.integer(value), true; }
  bool number_unsigned(std::uint64_t value) { return count(), visitor_.unsigned_integer(value), true; }
  bool number_float(double value, const std::string&) { return count(), visitor_.real(value), true; }
  bool string(std::string& value) { return count(), visitor_.string(value), true; }
  bool binary(nlohmann::json::binary_t&) { return false; }
  bool key(std::string& name) { return locate(), visitor_.key(name), true; }
  bool start_object(std::size_t) { return enter(), visitor_.begin_object(), true; }
  bool end_object() { return --depth_, locate(), visitor_.end_object(), true; }
  bool start_array(std::size_t) { return enter(), visitor_.begin_array(), true; }
  bool end_array() { return --depth_, locate(), visitor_.end_array(), true; }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& exception) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while …": the end says what it
    // is.
    std::string_view reason = exception.what();
    if (const auto close = reason.find("] "); close != std::string_view::npos) reason.remove_prefix(close + 2);
    if (reason.starts_with("parse error at ")) reason.remove_prefix(std::min(reason.find(": ") + 2, reason.size()));
    fail(printable(reason, 300), position > 0 ? position - 1 : 0);
  }

  const char* at = nullptr;

 private:
  void locate() { visitor_.position = static_cast<std::size_t>(at - text_.data()); }
  void count() {
    locate();
    if (++values_ > limits_.objects)
      fail("more than " + std::to_string(limits_.objects) + " values", visitor_.position, true);
  }
  void enter() {
    count();
    if (++depth_ > limits_.depth) fail("nested deeper than " + std::to_string(limits_.depth), visitor_.position, true);
  }

  std::string_view text_;
  JsonVisitor& visitor_;
  ErrorKind kind_;
  std::string_view subject_;
  const Limits& limits_;
  std::uint64_t values_ = 0, depth_ = 0;
};

/// Builds the tree. Open containers are kept on a stack of our own; values move in when they are complete.
class TreeBuilder final : public JsonVisitor {
 public:
  TreeBuilder(std::string_view text, ErrorKind kind, std::string_view subject)
      : text_(text), kind_(kind), subject_(subject) {}

  void null() override { add(nullptr); }
  void boolean(bool value) override { add(value); }
  void integer(std::int64_t value) override { add(value); }
  void unsigned_integer(std::uint64_t value) override { add(value); }
  void real(double value) override { add(value); }
  void string(std::string& value) override { add(std::move(value)); }
  void key(std::string& name) override {
    if (open_.back().value.contains(name)) {
      throw JsonError(kind_, subject_, place(text_, position) + "duplicate key '" + printable(name, 200) + "'",
                      position, false);
    }
    open_.back().key = std::move(name);
  }
  void begin_object() override { open_.push_back({nlohmann::json::object(), {}}); }
  void end_object() override { close(); }
  void begin_array() override { open_.push_back({nlohmann::json::array(), {}}); }
  void end_array() override { close(); }

  nlohmann::json root;

 private:
  struct Open {
    nlohmann::json value;
    std::string key;
  };

  void close() {
    auto value = std::move(open_.back().value);
    open_.pop_back();
    add(std::move(value));
  }

  void add(nlohmann::json value) {
    if (open_.empty()) {
      root = std::move(value);
    } else if (open_.back().value.is_array()) {
      open_.back().value.push_back(std::move(value));
    } else {
      open_.back().value.emplace(std::move(open_.back().key), std::move(value));
    }
  }

  std::string_view text_;
  ErrorKind kind_;
  std::string_view subject_;
  std::vector<Open> open_;
};

}  // namespace

JsonError::JsonError(ErrorKind kind, std::string_view subject, std::string_view message, std::size_t position,
                     bool over_limit)
    : Error(kind, subject, message), position_(position), over_limit_(over_limit) {}

void visit_json(std::string_view text, JsonVisitor& visitor, ErrorKind kind, std::string_view subject,
                const Limits& limits) {
  Bounded handler(text, visitor, kind, subject, limits);
  if (text.starts_with("\xEF\xBB\xBF")) handler.fail("a byte order mark, expected JSON", 0);
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) handler.fail("a NUL byte", nul);
  handler.at = text.data();
  nlohmann::json::sax_parse(TrackedByte(text.data(), &handler.at), TrackedByte(text.data() + text.size(), &handler.at),
                            &handler);
}

nlohmann::json parse_json(std::string_view text, ErrorKind kind, std::string_view subject, const Limits& limits) {
  TreeBuilder builder(text, kind, subject);
  visit_json(text, builder, kind, subject, limits);
  return std::move(builder.root);
}

}  // namespace vitral
