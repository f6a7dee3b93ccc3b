#include "common/weights/torch_tree.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "common/core/text.h"

namespace vitral::weights {
namespace {

using pickle::Id;
using pickle::Kind;
using pickle::kNothing;

/// Where training scripts put the weights, in the order in which they are looked for.
using Path = std::array<std::string_view, 2>;
constexpr Path kWrappers[] = {{"ema", "module"}, {"model_ema"}, {"state_dict_ema"}, {"model"},
                              {"state_dict"},    {"params"},    {"opt", "target"}};
constexpr int kMostWrappers = 8;
constexpr std::size_t kMostMetadata = 256;

class StateDictCollector {
 public:
  StateDictCollector(const Source& source, const pickle::Tree& tree, std::span<const Content> storages,
                     Checkpoint& checkpoint)
      : source_(source), tree_(tree), storages_(storages), checkpoint_(checkpoint), collector_(source, checkpoint) {}

  void run() {
    Id place = tree_.root;
    for (int i = 0; i < kMostWrappers; ++i) {
      const Id inner = unwrap(place);
      if (inner == kNothing) break;
      place = inner;
    }
    if (is_module(place)) {
      collect_module(place, "", 0);
    } else if (!is_dict(place)) {
      source_.fail(Fault::no_tensors, "holds " + describe(place) + ", expected a state dict");
    } else if (!collect_tensors(place)) {
      collect_nested(place, "");
      describe_rest(place, kNothing);
    } else {
      describe_rest(place, kNothing);
    }
    if (checkpoint_.tensors.empty())
      source_.fail(Fault::no_tensors, "holds no state dict: no dict of named tensors is in it");
  }

 private:
  std::string_view text(Id id) const { return tree_.kind(id) == Kind::text ? tree_.text(id) : std::string_view(); }
  bool is_dict(Id id) const {
    return tree_.kind(id) == Kind::dict || (tree_.kind(id) == Kind::record && !tree_.items(id).empty());
  }

  /// The value of `key`, or kNothing.
  Id find(Id dict, std::string_view key) const {
    if (dict == kNothing || !is_dict(dict)) return kNothing;
    const auto items = tree_.items(dict);
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      if (text(items[i]) == key) return items[i + 1];
    }
    return kNothing;
  }

  /// A pickled torch.nn.Module: an instance whose attributes are the dicts that every module has.
  bool is_module(Id id) const {
    if (tree_.kind(id) != Kind::record) return false;
    const Id state = tree_.record(id).state;
    return find(state, "_parameters") != kNothing && find(state, "_modules") != kNothing;
  }

  /// One wrapper taken off, noted; kNothing where `dict` is no wrapper.
  Id unwrap(Id dict) {
    for (const Path& path : kWrappers) {
      Id inner = find(dict, path[0]);
      if (!path[1].empty()) inner = find(inner, path[1]);
      if (inner == kNothing || !(is_dict(inner) || is_module(inner)) || !has_tensor(inner)) continue;
      describe_rest(dict, find(dict, path[0]));
      for (const auto key : path) {
        if (!key.empty()) checkpoint_.unwrapped.emplace_back(key);
      }
      return inner;
    }
    return kNothing;
  }

  /// True where a tensor can be reached. Every value is visited once, so cycles and shared values cost nothing.
  bool has_tensor(Id from) const {
    std::vector<bool> seen(tree_.size(), false);
    std::vector<Id> open{from};
    const auto visit = [&](Id id) {
      if (id == kNothing || seen[id]) return;
      seen[id] = true;
      open.push_back(id);
    };
    while (!open.empty()) {
      const Id id = open.back();
      open.pop_back();
      if (tree_.kind(id) == Kind::tensor) return true;
      const Kind kind = tree_.kind(id);
      if (kind == Kind::record) visit(tree_.record(id).state);
      if (kind == Kind::dict || kind == Kind::list || kind == Kind::tuple || kind == Kind::record) {
        for (const Id item : tree_.items(id)) visit(item);
      }
    }
    return false;
  }

  /// Adds the tensors that lie directly in `dict`; false where there are none.
  bool collect_tensors(Id dict) {
    bool any = false;
    const auto items = tree_.items(dict);
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      if (tree_.kind(items[i + 1]) != Kind::tensor) continue;
      if (tree_.kind(items[i]) != Kind::text) source_.fail(Fault::bad_name, "a tensor's key is no string");
      add(std::string(tree_.text(items[i])), items[i + 1]);
      any = true;
    }
    return any;
  }

  /// Adds the tensors of state dicts inside `dict` under dotted names. Optimisers (numbered keys, lists) are none.
  void collect_nested(Id dict, const std::string& prefix) {
    const auto items = tree_.items(dict);
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      const std::string name = prefix + std::string(text(items[i]));
      if (tree_.kind(items[i + 1]) == Kind::tensor)
        add(name, items[i + 1]);
      else if (is_state_dict(items[i + 1], 0))
        collect_nested(items[i + 1], name + ".");
    }
  }

  /// String keys, and every value a tensor or a state dict. Remembered by value, so shared ones are judged once.
  bool is_state_dict(Id id, std::uint64_t depth) {
    if (!is_dict(id) || tree_.items(id).empty() || depth > source_.limits.depth) return false;
    const auto [entry, is_new] = judged_.emplace(id, false);
    if (!is_new) return entry->second;
    const auto items = tree_.items(id);
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      if (tree_.kind(items[i]) != Kind::text) return false;
      if (tree_.kind(items[i + 1]) != Kind::tensor && !is_state_dict(items[i + 1], depth + 1)) return false;
    }
    return judged_[id] = true;
  }

  /// The state dict of a pickled module, as its own state_dict() would name it.
  void collect_module(Id module, const std::string& prefix, std::uint64_t depth) {
    if (depth > source_.limits.depth || ++modules_ > source_.limits.tensors) {
      source_.fail(Fault::limit, "modules nested too deep or too many");
    }
    const Id state = tree_.record(module).state;
    const Id hidden = find(state, "_non_persistent_buffers_set");
    for (const auto* group : {"_parameters", "_buffers", "_modules"}) {
      const Id dict = find(state, group);
      if (dict == kNothing || !is_dict(dict)) continue;
      const auto items = tree_.items(dict);
      for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
        const std::string name = prefix + std::string(text(items[i]));
        if (tree_.kind(items[i + 1]) == Kind::tensor && !contains(hidden, text(items[i])))
          add(name, items[i + 1]);
        else if (is_module(items[i + 1]))
          collect_module(items[i + 1], name + ".", depth + 1);
      }
    }
  }

  bool contains(Id set, std::string_view name) const {
    if (set == kNothing || (tree_.kind(set) != Kind::set && tree_.kind(set) != Kind::list)) return false;
    const auto items = tree_.items(set);
    return std::any_of(items.begin(), items.end(), [&](Id item) { return text(item) == name; });
  }

  void add(const std::string& name, Id tensor) {
    const pickle::View& view = tree_.view(tensor);
    const Content& storage = storages_[view.storage];
    // Views may repeat what is stored, but not without measure: whoever copies them needs the memory.
    repeated_bytes_ += *checked_numel(view.shape) * (bits(view.dtype) / 8);  // fits: checked with the view
    const std::uint64_t stored = source_.bytes.size();
    if (repeated_bytes_ > source_.limits.view_repeats * stored + source_.limits.view_bytes) {
      source_.fail(Fault::limit, "the views up to '" + printable(name, 100) + "' repeat the file more than " +
                                     std::to_string(source_.limits.view_repeats) + " times");
    }
    collector_.add(name,
                   {view.dtype, view.shape, view.strides,
                    storage.bytes.subspan(static_cast<std::size_t>(view.begin), static_cast<std::size_t>(view.bytes)),
                    storage.owner, storage.file});
  }

  /// What lies in `dict` beside the weights and beside `used`.
  void describe_rest(Id dict, Id used) {
    const auto items = tree_.items(dict);
    for (std::size_t i = 0; i + 1 < items.size() && checkpoint_.ignored.size() < kMostMetadata; i += 2) {
      const Id value = items[i + 1];
      if (value == used || tree_.kind(items[i]) != Kind::text || tree_.kind(value) == Kind::tensor) continue;
      const std::string name = printable(tree_.text(items[i]), 200);
      if (const auto scalar = scalar_text(value))
        checkpoint_.metadata.emplace(name, *scalar);
      else if (!judged_[value])
        checkpoint_.ignored.push_back(name + " (" + describe(value) + ")");
    }
  }

  std::optional<std::string> scalar_text(Id id) const {
    switch (tree_.kind(id)) {
      case Kind::boolean:
        return tree_.boolean(id) ? "true" : "false";
      case Kind::integer:
        return std::to_string(tree_.integer(id));
      case Kind::real:
        return std::to_string(tree_.real(id));
      case Kind::text:
        return printable(tree_.text(id));
      default:
        return std::nullopt;
    }
  }

  std::string describe(Id id) const {
    static constexpr const char* kNames[] = {"None",     "a bool", "an integer", "an integer", "a number",
                                             "a string", "bytes",  "a list",     "a tuple",    "a dict",
                                             "a set",    "a name", "",           "a storage",  "a single tensor"};
    if (tree_.kind(id) != Kind::record) return kNames[static_cast<std::size_t>(tree_.kind(id))];
    return tree_.global(tree_.record(id).global).full();
  }

  const Source& source_;
  const pickle::Tree& tree_;
  std::span<const Content> storages_;
  Checkpoint& checkpoint_;
  Collector collector_;
  std::map<Id, bool> judged_;
  std::uint64_t modules_ = 0, repeated_bytes_ = 0;
};

}  // namespace

void collect_state_dict(const Source& source, const pickle::Tree& tree, std::span<const Content> storages,
                        Checkpoint& checkpoint) {
  StateDictCollector(source, tree, storages, checkpoint).run();
  strip_prefixes(checkpoint);
}

void strip_prefixes(Checkpoint& checkpoint) {
  const auto shared = [&](std::string_view prefix) {
    return std::all_of(checkpoint.tensors.begin(), checkpoint.tensors.end(), [&](const NamedTensor& named) {
      return named.name.size() > prefix.size() && named.name.starts_with(prefix);
    });
  };
  for (bool found = !checkpoint.tensors.empty(); found;) {
    found = false;
    for (const std::string_view prefix : {"module.", "_orig_mod."}) {
      if (!shared(prefix)) continue;
      for (auto& named : checkpoint.tensors) named.name.erase(0, prefix.size());
      checkpoint.stripped += prefix;
      found = true;
    }
  }
}

}  // namespace vitral::weights
