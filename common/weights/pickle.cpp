#include "common/weights/pickle.h"

#include <bit>
#include <cstring>

#include "common/core/text.h"
#include "common/weights/pickle_machine.h"

namespace vitral::weights::pickle {
namespace {

/// The opcodes of protocols 2 to 5 that data needs (Python's pickletools names).
enum Opcode : std::uint8_t {
  kMark = '(',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kDup = '2',
  kNone = 'N',
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kLong1 = 0x8a,
  kLong4 = 0x8b,
  kBinFloat = 'G',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kBinBytes8 = 0x8e,
  kByteArray8 = 0x96,
  kEmptyList = ']',
  kAppend = 'a',
  kAppends = 'e',
  kList = 'l',
  kEmptyTuple = ')',
  kTuple = 't',
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kEmptyDict = '}',
  kSetItem = 's',
  kSetItems = 'u',
  kDict = 'd',
  kEmptySet = 0x8f,
  kAddItems = 0x90,
  kFrozenSet = 0x91,
  kBinGet = 'h',
  kLongBinGet = 'j',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kMemoize = 0x94,
  kGlobal = 'c',
  kStackGlobal = 0x93,
  kReduce = 'R',
  kBuild = 'b',
  kNewObj = 0x81,
  kNewObjEx = 0x92,
  kBinPersId = 'Q',
  kProto = 0x80,
  kFrame = 0x95,
};

constexpr std::uint64_t kLongestInteger = 16;  // bytes; torch's magic number has 10

}  // namespace

double Tree::real(Id id) const {
  return std::bit_cast<double>(nodes_[id].payload);
}

std::span<const Id> Tree::items(Id id) const {
  const Node& node = nodes_[id];
  const std::uint64_t index = node.kind == Kind::record ? record_items_[node.payload] : node.payload;
  return index == kEmpty ? std::span<const Id>() : std::span<const Id>(items_[index]);
}

Tree read(const Source& source, Cursor& cursor, bool persistent) {
  return Machine(source, cursor, persistent).run();
}

Tree Machine::run() {
  at_ = cursor_.position();
  if (cursor_.number<std::uint8_t>("a pickle") != kProto)
    fail(Fault::pickle_opcode, "does not begin with a protocol of 2 to 5");
  const auto protocol = cursor_.number<std::uint8_t>("a pickle");
  if (protocol < 2 || protocol > 5)
    fail(Fault::pickle_opcode, "protocol " + std::to_string(protocol) + ", expected 2 to 5");
  for (;;) {
    at_ = cursor_.position();
    const auto opcode = cursor_.number<std::uint8_t>("a pickle (no STOP)");
    if (opcode == kStop) break;
    step(opcode);
  }
  if (stack_.size() != 1 || !marks_.empty()) {
    fail(Fault::pickle_stack, "ends with " + std::to_string(stack_.size()) + " values on the stack, expected one");
  }
  tree_.root = stack_.front();
  return std::move(tree_);
}

void Machine::step(std::uint8_t opcode) {
  if (step_number(opcode) || step_text(opcode) || step_container(opcode) || step_memo(opcode) || step_object(opcode))
    return;
  static constexpr char kHex[] = "0123456789abcdef";
  fail(Fault::pickle_opcode,
       std::string("opcode 0x") + kHex[opcode >> 4] + kHex[opcode & 15] + " is not used by checkpoints");
}

bool Machine::step_number(std::uint8_t opcode) {
  const auto integer = [&](std::int64_t value) { push(add(Kind::integer, static_cast<std::uint64_t>(value))); };
  switch (opcode) {
    case kNone:
      push(add(Kind::none));
      return true;
    case kNewTrue:
      push(add(Kind::boolean, 1));
      return true;
    case kNewFalse:
      push(add(Kind::boolean, 0));
      return true;
    case kBinInt:
      integer(cursor_.number<std::int32_t>("BININT"));
      return true;
    case kBinInt1:
      integer(cursor_.number<std::uint8_t>("BININT1"));
      return true;
    case kBinInt2:
      integer(cursor_.number<std::uint16_t>("BININT2"));
      return true;
    case kLong1:
      read_long(cursor_.number<std::uint8_t>("LONG1"));
      return true;
    case kLong4:
      read_long(cursor_.number<std::uint32_t>("LONG4"));
      return true;
    case kBinFloat:
      push(add(Kind::real, __builtin_bswap64(cursor_.number<std::uint64_t>("BINFLOAT"))));
      return true;
    default:
      return false;
  }
}

void Machine::read_long(std::uint64_t count) {
  if (count > kLongestInteger) fail(Fault::limit, "an integer of " + std::to_string(count) + " bytes");
  const std::uint64_t begin = cursor_.position();
  const auto bytes = cursor_.take(count, "an integer");
  if (count > 8) return push(add(Kind::big, begin, static_cast<std::uint32_t>(count)));
  std::uint64_t value = count > 0 && (bytes[count - 1] & std::byte{0x80}) != std::byte{0} ? UINT64_MAX : 0;
  if (count > 0) std::memcpy(&value, bytes.data(), count);
  push(add(Kind::integer, value));
}

bool Machine::step_text(std::uint8_t opcode) {
  switch (opcode) {
    case kShortBinUnicode:
    case kShortBinString:
      read_text(Kind::text, cursor_.number<std::uint8_t>("a string"));
      return true;
    case kBinUnicode:
    case kBinString:
      read_text(Kind::text, cursor_.number<std::uint32_t>("a string"));
      return true;
    case kBinUnicode8:
      read_text(Kind::text, cursor_.number<std::uint64_t>("a string"));
      return true;
    case kShortBinBytes:
      read_text(Kind::bytes, cursor_.number<std::uint8_t>("bytes"));
      return true;
    case kBinBytes:
      read_text(Kind::bytes, cursor_.number<std::uint32_t>("bytes"));
      return true;
    case kBinBytes8:
    case kByteArray8:
      read_text(Kind::bytes, cursor_.number<std::uint64_t>("bytes"));
      return true;
    default:
      return false;
  }
}

void Machine::read_text(Kind kind, std::uint64_t count) {
  const std::uint64_t begin = cursor_.position();
  cursor_.take(count, kind == Kind::text ? "a string" : "bytes");
  if (count > UINT32_MAX) fail(Fault::limit, "a string of more than 4 GiB");
  push(add(kind, begin, static_cast<std::uint32_t>(count)));
}

bool Machine::step_container(std::uint8_t opcode) {
  switch (opcode) {
    case kMark:
      if (marks_.size() >= source_.limits.depth)
        fail(Fault::limit, "nested deeper than " + std::to_string(source_.limits.depth));
      marks_.push_back(stack_.size());
      return true;
    case kEmptyList:
      push(add_container(Kind::list, {}));
      return true;
    case kEmptyDict:
      push(add_container(Kind::dict, {}));
      return true;
    case kEmptySet:
      push(add_container(Kind::set, {}));
      return true;
    case kEmptyTuple:
      make_tuple(0);
      return true;
    case kTuple1:
      make_tuple(1);
      return true;
    case kTuple2:
      make_tuple(2);
      return true;
    case kTuple3:
      make_tuple(3);
      return true;
    case kTuple:
      make_from_mark(Kind::tuple);
      return true;
    case kList:
      make_from_mark(Kind::list);
      return true;
    case kDict:
      make_from_mark(Kind::dict);
      return true;
    case kFrozenSet:
      make_from_mark(Kind::set);
      return true;
    case kAppend: {
      const Id value = pop();
      append(top(), {&value, 1});
      return true;
    }
    case kSetItem: {
      const Id value = pop(), key = pop(), pair[] = {key, value};
      set_items(top(), pair);
      return true;
    }
    case kAppends:
    case kAddItems:
    case kSetItems: {
      const std::size_t begin = pop_mark();
      const std::vector<Id> values(stack_.begin() + static_cast<std::ptrdiff_t>(begin), stack_.end());
      stack_.resize(begin);
      opcode == kSetItems ? set_items(top(), values) : append(top(), values);
      return true;
    }
    default:
      return false;
  }
}

bool Machine::step_memo(std::uint8_t opcode) {
  switch (opcode) {
    case kBinGet:
      push(get(cursor_.number<std::uint8_t>("BINGET")));
      return true;
    case kLongBinGet:
      push(get(cursor_.number<std::uint32_t>("LONG_BINGET")));
      return true;
    case kBinPut:
      put(cursor_.number<std::uint8_t>("BINPUT"), top());
      return true;
    case kLongBinPut:
      put(cursor_.number<std::uint32_t>("LONG_BINPUT"), top());
      return true;
    case kMemoize:
      put(memo_.size(), top());
      return true;
    case kDup:
      push(top());
      return true;
    case kPop:
      // As in Python: a POP right behind a MARK takes the mark away.
      if (!marks_.empty() && marks_.back() == stack_.size())
        marks_.pop_back();
      else
        pop();
      return true;
    case kPopMark:
      stack_.resize(pop_mark());
      return true;
    default:
      return false;
  }
}

bool Machine::step_object(std::uint8_t opcode) {
  switch (opcode) {
    case kGlobal:
      read_global_lines();
      return true;
    case kStackGlobal: {
      const Id name = pop(), module = pop();
      expect_kind(name, Kind::text, "STACK_GLOBAL");
      expect_kind(module, Kind::text, "STACK_GLOBAL");
      push_global(tree_.text(module), tree_.text(name));
      return true;
    }
    case kReduce: {
      const Id arguments = pop(), callable = pop();
      push(call(callable, arguments));
      return true;
    }
    case kNewObj:
    case kNewObjEx: {
      if (opcode == kNewObjEx) expect_kind(pop(), Kind::dict, "NEWOBJ_EX");
      const Id arguments = pop(), type = pop();
      push(instance(type, arguments));
      return true;
    }
    case kBuild: {
      const Id state = pop();
      build(top(), state);
      return true;
    }
    case kBinPersId:
      push(persistent(pop()));
      return true;
    case kProto:
      cursor_.number<std::uint8_t>("PROTO");
      return true;
    case kFrame:
      if (cursor_.number<std::uint64_t>("FRAME") > cursor_.remaining())
        fail(Fault::truncated, "a frame reaches past the end");
      return true;
    default:
      return false;
  }
}

std::string_view Machine::read_line() {
  const std::uint64_t begin = cursor_.position();
  const std::uint64_t room = std::min(cursor_.remaining(), source_.limits.name_bytes);
  const std::size_t end = source_.text(begin, room).find('\n');
  if (end == std::string_view::npos) fail(Fault::pickle_global, "a global's name without an end");
  cursor_.take(end + 1, "a name");
  return source_.text(begin, end);
}

void Machine::read_global_lines() {
  const std::string_view module = read_line(), name = read_line();
  push_global(module, name);
}

}  // namespace vitral::weights::pickle
