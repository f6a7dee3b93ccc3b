/// The machine's stack, marks and memo, and the containers it builds.
#include <algorithm>
#include <array>

#include "common/weights/pickle_machine.h"

namespace vitral::weights::pickle {

Id Machine::add(Kind kind, std::uint64_t payload, std::uint32_t count) {
  if (tree_.nodes_.size() >= source_.limits.objects) {
    fail(Fault::limit, "more than " + std::to_string(source_.limits.objects) + " values");
  }
  tree_.nodes_.push_back({kind, 1, count, payload});
  return static_cast<Id>(tree_.nodes_.size() - 1);
}

Id Machine::add_container(Kind kind, Ids items) {
  const Id id = add(kind, Tree::kEmpty);
  if (items.empty()) return id;
  own_items(id).assign(items.begin(), items.end());
  for (const Id item : items) deepen(id, item);
  return id;
}

void Machine::push(Id id) {
  // Counts what GET and DUP repeat, too: a short stream can't fill the memory with references.
  if (++pushed_ > source_.limits.objects)
    fail(Fault::limit, "more than " + std::to_string(source_.limits.objects) + " values");
  stack_.push_back(id);
}

Id Machine::pop() {
  const Id id = top();
  stack_.pop_back();
  return id;
}

Id Machine::top() const {
  // Values below an open mark belong to the container that it opened.
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back()))
    fail(Fault::pickle_stack, "an opcode finds too little on the stack");
  return stack_.back();
}

std::size_t Machine::pop_mark() {
  if (marks_.empty()) fail(Fault::pickle_stack, "an opcode finds no MARK");
  const std::size_t begin = marks_.back();
  marks_.pop_back();
  return begin;
}

void Machine::put(std::uint64_t index, Id id) {
  if (index >= source_.limits.objects) fail(Fault::pickle_memo, "memo entry " + std::to_string(index));
  if (index >= memo_.size()) memo_.resize(static_cast<std::size_t>(index) + 1, kNothing);
  memo_[index] = id;
}

Id Machine::get(std::uint64_t index) const {
  if (index >= memo_.size() || memo_[index] == kNothing) {
    fail(Fault::pickle_memo, "memo entry " + std::to_string(index) + " is used before it is set");
  }
  return memo_[index];
}

void Machine::make_tuple(std::size_t count) {
  std::array<Id, 3> items{};
  for (std::size_t i = count; i-- > 0;) items[i] = pop();
  push(add_container(Kind::tuple, Ids(items).first(count)));
}

void Machine::make_from_mark(Kind kind) {
  const std::size_t begin = pop_mark();
  const std::vector<Id> items(stack_.begin() + static_cast<std::ptrdiff_t>(begin), stack_.end());
  stack_.resize(begin);
  if (kind == Kind::dict && items.size() % 2 != 0) fail(Fault::pickle_stack, "DICT with a key but no value");
  push(add_container(kind, items));
}

void Machine::append(Id target, Ids values) {
  const Kind kind = tree_.kind(target);
  if (kind != Kind::list && kind != Kind::set && kind != Kind::record) {
    fail(Fault::pickle_type, "items are added to something that is no list");
  }
  if (kind == Kind::record) return;  // a list-like class: its entries are of no use here
  for (const Id value : values) deepen(target, value);
  if (!values.empty()) own_items(target).insert(own_items(target).end(), values.begin(), values.end());
}

void Machine::set_items(Id target, Ids pairs) {
  const Kind kind = tree_.kind(target);
  if (kind != Kind::dict && kind != Kind::record)
    fail(Fault::pickle_type, "items are set in something that is no dict");
  if (pairs.size() % 2 != 0) fail(Fault::pickle_stack, "SETITEMS with a key but no value");
  for (const Id value : pairs) deepen(target, value);
  if (!pairs.empty()) own_items(target).insert(own_items(target).end(), pairs.begin(), pairs.end());
}

std::vector<Id>& Machine::own_items(Id container) {
  auto& node = tree_.nodes_[container];
  std::uint64_t& index = node.kind == Kind::record ? tree_.record_items_[node.payload] : node.payload;
  if (index == Tree::kEmpty) {
    index = tree_.items_.size();
    tree_.items_.emplace_back();
  }
  return tree_.items_[index];
}

void Machine::deepen(Id parent, Id child) {
  const std::uint64_t depth = tree_.nodes_[child].depth + std::uint64_t{1};
  if (depth > source_.limits.depth) fail(Fault::limit, "nested deeper than " + std::to_string(source_.limits.depth));
  auto& own = tree_.nodes_[parent].depth;
  own = std::max(own, static_cast<std::uint16_t>(depth));
}

}  // namespace vitral::weights::pickle
