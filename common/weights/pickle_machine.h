/// The machine behind pickle.h: stack, marks, memo, and what REDUCE makes of the constructors it knows.
#pragma once

#include <string>
#include <vector>

#include "common/weights/pickle.h"
#include "common/weights/pickle_globals.h"

namespace vitral::weights::pickle {

class Machine {
 public:
  Machine(const Source& source, Cursor& cursor, bool persistent)
      : source_(source), cursor_(cursor), persistent_(persistent), tree_(source) {}
  Tree run();

 private:
  using Ids = std::span<const Id>;

  // pickle.cpp: opcodes
  void step(std::uint8_t opcode);
  bool step_number(std::uint8_t opcode);
  bool step_text(std::uint8_t opcode);
  bool step_container(std::uint8_t opcode);
  bool step_memo(std::uint8_t opcode);
  bool step_object(std::uint8_t opcode);
  void read_long(std::uint64_t count);
  void read_text(Kind kind, std::uint64_t count);
  void read_global_lines();
  std::string_view read_line();

  // pickle_stack.cpp: stack
  [[noreturn]] void fail(Fault fault, std::string_view message) const {
    source_.fail(fault, "pickle: " + std::string(message), at_);
  }
  Id add(Kind kind, std::uint64_t payload = 0, std::uint32_t count = 0);
  Id add_container(Kind kind, Ids items);
  void push(Id id);
  Id pop();
  Id top() const;
  std::size_t pop_mark();
  void put(std::uint64_t index, Id id);
  Id get(std::uint64_t index) const;

  // pickle_stack.cpp: containers
  void make_tuple(std::size_t count);
  void make_from_mark(Kind kind);
  void append(Id target, Ids values);
  void set_items(Id target, Ids pairs);
  std::vector<Id>& own_items(Id container);
  void deepen(Id parent, Id child);

  // pickle_call.cpp
  void push_global(std::string_view module, std::string_view name);
  Id call(Id callable, Id arguments);
  Id instance(Id type, Id arguments);
  Id make_record(Id global, Id arguments);
  void build(Id target, Id state);
  Id make_dict(Ids arguments);
  Id persistent(Id persistent_id);
  Id rebuild(Role role, Ids arguments);
  Id view(Id storage, Dtype dtype, Id offset, Id sizes, Id strides);
  GlobalFacts facts(Id global) const;
  std::int64_t integer(Id id, std::string_view what) const;
  std::vector<std::int64_t> integers(Id tuple, std::string_view what) const;
  void expect_kind(Id id, Kind kind, std::string_view what) const;
  void expect_count(Ids arguments, std::size_t least, std::size_t most, std::string_view what) const;

  const Source& source_;
  Cursor& cursor_;
  bool persistent_;
  Tree tree_;
  std::vector<Id> stack_;
  std::vector<std::size_t> marks_;
  std::vector<Id> memo_;
  std::map<std::string_view, std::uint32_t> storage_index_;
  std::map<std::pair<std::string_view, std::string_view>, Id> global_index_;
  std::uint64_t at_ = 0;      // of the present opcode
  std::uint64_t pushed_ = 0;  // values put on the stack so far
};

}  // namespace vitral::weights::pickle
