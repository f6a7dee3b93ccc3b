/// What the machine makes of names, constructors and instances. "Call" is meant in the pickle's sense: nothing is
/// called.
#include <algorithm>

#include "common/core/text.h"
#include "common/weights/pickle_machine.h"

namespace vitral::weights::pickle {
namespace {

/// Optimisers keep storages beside those of the weights.
constexpr std::uint64_t kStoragesPerTensor = 4;

bool is_identifier(std::string_view text, bool dots) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (dots && c == '.');
  });
}

}  // namespace

void Machine::push_global(std::string_view module, std::string_view name) {
  const std::string full = printable(std::string(module) + "." + std::string(name), 200);
  // A dotted name would walk through attributes ("os" out of a module that imports it).
  if (!is_identifier(module, true) || !is_identifier(name, false))
    fail(Fault::pickle_global, "the name '" + full + "' is refused");
  if (classify(module, name).role == Role::refused) {
    fail(Fault::pickle_global, "the name '" + full + "' belongs to Python's library and to no checkpoint");
  }
  const auto [known, is_new] = global_index_.emplace(std::pair(module, name), kNothing);
  if (is_new) {
    if (tree_.globals_.size() == source_.limits.tensors) fail(Fault::limit, "too many different names");
    known->second = add(Kind::global, tree_.globals_.size());
    tree_.globals_.push_back({module, name});
  }
  push(known->second);
}

GlobalFacts Machine::facts(Id global) const {
  const Global& name = tree_.global(global);
  return classify(name.module, name.name);
}

void Machine::expect_kind(Id id, Kind kind, std::string_view what) const {
  if (tree_.kind(id) != kind) fail(Fault::pickle_type, std::string(what) + ": a value of the wrong type");
}

void Machine::expect_count(Ids arguments, std::size_t least, std::size_t most, std::string_view what) const {
  if (arguments.size() < least || arguments.size() > most) {
    fail(Fault::pickle_type, std::string(what) + " with " + std::to_string(arguments.size()) + " arguments");
  }
}

std::int64_t Machine::integer(Id id, std::string_view what) const {
  expect_kind(id, Kind::integer, what);
  return tree_.integer(id);
}

std::vector<std::int64_t> Machine::integers(Id tuple, std::string_view what) const {
  expect_kind(tuple, Kind::tuple, what);
  const Ids items = tree_.items(tuple);
  if (items.size() > source_.limits.pickle_rank)
    fail(Fault::limit, "a tensor of " + std::to_string(items.size()) + " dimensions");
  std::vector<std::int64_t> values;
  for (const Id item : items) values.push_back(integer(item, what));
  return values;
}

Id Machine::call(Id callable, Id arguments) {
  if (tree_.kind(callable) != Kind::global) fail(Fault::pickle_type, "REDUCE of something that is no name");
  expect_kind(arguments, Kind::tuple, "REDUCE");
  const Ids values = tree_.items(arguments);
  switch (const Role role = facts(callable).role) {
    case Role::type:
    case Role::constructor:
      return make_record(callable, arguments);
    case Role::dict:
      return make_dict(values);
    case Role::set:
    case Role::size:
      expect_count(values, 0, 1, "torch.Size or set");
      if (values.empty()) return add_container(role == Role::set ? Kind::set : Kind::tuple, {});
      if (role == Role::size) expect_kind(values[0], Kind::tuple, "torch.Size");
      return values[0];
    case Role::rebuild_v1:
    case Role::rebuild_v2:
    case Role::rebuild_v3:
      return rebuild(role, values);
    case Role::rebuild_parameter:
      expect_count(values, 3, 4, "_rebuild_parameter");
      expect_kind(values[0], Kind::tensor, "_rebuild_parameter");
      return values[0];
    case Role::rebuild_from_type:
      expect_count(values, 4, 4, "_rebuild_from_type_v2");
      expect_kind(values[0], Kind::global, "_rebuild_from_type_v2");
      expect_kind(values[1], Kind::global, "_rebuild_from_type_v2");
      expect_kind(values[2], Kind::tuple, "_rebuild_from_type_v2");
      if (facts(values[1]).role != Role::tensor_type) {
        fail(Fault::unsupported_tensor, "a tensor of the subclass " + tree_.global(values[1]).full());
      }
      if (const Role inner = facts(values[0]).role; inner >= Role::rebuild_v1 && inner <= Role::rebuild_v3) {
        return rebuild(inner, tree_.items(values[2]));
      }
      fail(Fault::unsupported_tensor, "a tensor made by " + tree_.global(values[0]).full());
    case Role::unsupported_tensor:
      fail(Fault::unsupported_tensor,
           tree_.global(callable).full() + ": quantised, sparse and other special tensors are not read");
    default:
      fail(Fault::pickle_call, tree_.global(callable).full() + " would have to be called");
  }
}

Id Machine::instance(Id type, Id arguments) {
  expect_kind(type, Kind::global, "NEWOBJ");
  expect_kind(arguments, Kind::tuple, "NEWOBJ");
  switch (facts(type).role) {
    case Role::dict:
      return add_container(Kind::dict, {});
    case Role::set:
      return add_container(Kind::set, {});
    case Role::type:
    case Role::function:
      return make_record(type, arguments);  // a class with a lower-case name
    default:
      fail(Fault::pickle_type, "NEWOBJ of " + tree_.global(type).full());
  }
}

Id Machine::make_record(Id global, Id arguments) {
  // copyreg's constructor says in its first argument what it makes.
  if (const Ids values = tree_.items(arguments); tree_.global(global).name == "_reconstructor" && !values.empty()) {
    if (tree_.kind(values[0]) == Kind::global) global = values[0];
  }
  const Id id = add(Kind::record, tree_.records_.size());
  tree_.records_.push_back({global, arguments, kNothing});
  tree_.record_items_.push_back(Tree::kEmpty);
  deepen(id, arguments);
  return id;
}

void Machine::build(Id target, Id state) {
  switch (tree_.kind(target)) {
    case Kind::dict:
      return;  // OrderedDict's attributes, such as a state dict's _metadata
    case Kind::record:
      deepen(target, state);
      tree_.records_[tree_.nodes_[target].payload].state = state;
      return;
    default:
      fail(Fault::pickle_type, "BUILD on a value that has no attributes");
  }
}

/// OrderedDict(), OrderedDict([[k, v], …]) of Python 2, defaultdict(factory), Counter({…}).
Id Machine::make_dict(Ids arguments) {
  expect_count(arguments, 0, 2, "a dict");
  std::vector<Id> pairs;
  if (!arguments.empty()) {
    const Id last = arguments.back();
    if (tree_.kind(last) == Kind::dict) {
      pairs.assign(tree_.items(last).begin(), tree_.items(last).end());
    } else if (tree_.kind(last) == Kind::list) {
      for (const Id entry : tree_.items(last)) {
        if (tree_.kind(entry) != Kind::list && tree_.kind(entry) != Kind::tuple)
          fail(Fault::pickle_type, "a dict of no pairs");
        const Ids pair = tree_.items(entry);
        expect_count(pair, 2, 2, "a dict's pair");
        pairs.insert(pairs.end(), pair.begin(), pair.end());
      }
    } else if (tree_.kind(last) != Kind::global && tree_.kind(last) != Kind::none) {
      fail(Fault::pickle_type, "a dict made of no list");
    }
  }
  return add_container(Kind::dict, pairs);
}

/// ('storage', torch.FloatStorage, key, location, count[, view]), or in legacy files a class with its source text:
/// ('module', class, file, text).
Id Machine::persistent(Id persistent_id) {
  if (!persistent_) fail(Fault::pickle_opcode, "a persistent id where none can be");
  expect_kind(persistent_id, Kind::tuple, "a persistent id");
  const Ids parts = tree_.items(persistent_id);
  expect_count(parts, 4, 6, "a persistent id");
  expect_kind(parts[0], Kind::text, "a persistent id");
  expect_kind(parts[1], Kind::global, "a persistent id");
  if (tree_.text(parts[0]) == "module") return parts[1];
  expect_count(parts, 5, 6, "a storage");
  expect_kind(parts[2], Kind::text, "a storage");
  if (tree_.text(parts[0]) != "storage") fail(Fault::bad_storage, "a persistent id that names no storage");
  const GlobalFacts type = facts(parts[1]);
  if (type.role == Role::unsupported_tensor) fail(Fault::unsupported_tensor, "a " + tree_.global(parts[1]).full());
  if (type.role != Role::storage) fail(Fault::bad_storage, tree_.global(parts[1]).full() + " is no storage type");
  if (parts.size() == 6 && tree_.kind(parts[5]) != Kind::none) fail(Fault::unsupported_tensor, "a view of a storage");
  const std::int64_t count = integer(parts[4], "a storage's length");
  if (count < 0) fail(Fault::bad_storage, "a storage of " + std::to_string(count) + " elements");

  const StorageName name{type.element, tree_.text(parts[2]), static_cast<std::uint64_t>(count)};
  const auto [found, is_new] = storage_index_.emplace(name.key, static_cast<std::uint32_t>(tree_.storages.size()));
  if (is_new) {
    if (tree_.storages.size() == kStoragesPerTensor * source_.limits.tensors) fail(Fault::limit, "too many storages");
    tree_.storages.push_back(name);
  } else if (const auto& known = tree_.storages[found->second];
             known.dtype != name.dtype || known.count != name.count) {
    fail(Fault::bad_storage, "storage '" + printable(name.key, 100) + "' has two types or lengths");
  }
  return add(Kind::storage, found->second);
}

/// v1 (storage, offset, size, stride), v2 (…, requires_grad, hooks[, metadata]), v3 (…, requires_grad, hooks, dtype[,
/// metadata]).
Id Machine::rebuild(Role role, Ids arguments) {
  static constexpr std::string_view kWhat = "_rebuild_tensor";
  const std::size_t least = role == Role::rebuild_v1 ? 4 : role == Role::rebuild_v2 ? 6 : 7;
  expect_count(arguments, least, role == Role::rebuild_v1 ? 4 : least + 1, kWhat);
  expect_kind(arguments[0], Kind::storage, kWhat);
  if (role != Role::rebuild_v1) expect_kind(arguments[4], Kind::boolean, kWhat);
  Dtype dtype = tree_.storages[tree_.nodes_[arguments[0]].payload].dtype;
  if (role == Role::rebuild_v3) {
    expect_kind(arguments[6], Kind::global, kWhat);
    const GlobalFacts type = facts(arguments[6]);
    if (type.role != Role::dtype)
      fail(Fault::bad_dtype, tree_.global(arguments[6]).full() + " is no element type that is read here");
    dtype = type.element;
  }
  return view(arguments[0], dtype, arguments[1], arguments[2], arguments[3]);
}

Id Machine::view(Id storage, Dtype dtype, Id offset_id, Id sizes, Id strides) {
  const auto index = static_cast<std::uint32_t>(tree_.nodes_[storage].payload);
  const StorageName& name = tree_.storages[index];
  const std::int64_t offset = integer(offset_id, "a tensor's offset");
  View view{index, dtype, 0, 0, integers(sizes, "a tensor's shape"), integers(strides, "a tensor's strides")};
  const auto refuse = [&](Fault fault, std::string_view why) {
    fail(fault, "a tensor of shape " + describe_shape(view.shape) + ", strides " + describe_shape(view.strides) +
                    " and offset " + std::to_string(offset) + " " + std::string(why));
  };
  if (view.shape.size() != view.strides.size()) refuse(Fault::bad_view, "has more of one than of the other");
  const bool negative = std::any_of(view.strides.begin(), view.strides.end(), [](auto stride) { return stride < 0; }) ||
                        std::any_of(view.shape.begin(), view.shape.end(), [](auto size) { return size < 0; });
  if (negative || offset < 0) refuse(Fault::bad_view, "has a negative number");
  const auto numel = checked_numel(view.shape);
  const std::uint64_t item = bits(dtype) / 8;
  if (!numel || !checked_mul(*numel, item)) refuse(Fault::overflow, "has more elements than 64 bits count");

  // The last element reached is offset + Σ (size − 1)·stride, all of it in checked arithmetic.
  std::optional<std::uint64_t> end = *numel == 0 ? 0 : 1;
  for (std::size_t d = 0; d < view.shape.size() && *numel > 0; ++d) {
    const auto reach =
        checked_mul(static_cast<std::uint64_t>(view.shape[d] - 1), static_cast<std::uint64_t>(view.strides[d]));
    end = end && reach ? checked_add(*end, *reach) : std::nullopt;
  }
  const auto begin = checked_mul(static_cast<std::uint64_t>(offset), item);
  const auto length = end ? checked_mul(*end, item) : std::nullopt;
  const auto stop = begin && length ? checked_add(*begin, *length) : std::nullopt;
  const auto stored = checked_mul(name.count, bits(name.dtype) / 8);
  if (!stop || !stored) refuse(Fault::overflow, "reaches past 64 bits");
  if (*stop > *stored)
    refuse(Fault::bad_view, "leads outside its storage of " + std::to_string(name.count) + " elements");
  view.begin = *begin;
  view.bytes = *length;
  const Id id = add(Kind::tensor, tree_.views.size());
  tree_.views.push_back(std::move(view));
  return id;
}

}  // namespace vitral::weights::pickle
