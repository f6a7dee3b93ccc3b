#include "common/weights/keymap.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "common/core/error.h"
#include "common/weights/pattern.h"

namespace vitral::weights {
namespace {

/// One rule with its patterns compiled and turned the way the plan reads them.
struct CompiledRule {
  RuleKind kind;
  std::vector<Pattern> from, to;  // an empty pattern has no text: zeros, or a part that is not kept
  Transform transform;
  bool spare;
};

Pattern join(std::string_view prefix, std::string_view pattern) {
  return pattern.empty() ? Pattern() : Pattern(std::string(prefix) + std::string(pattern));
}

CompiledRule compile(const RuleGroup& group, const Rule& rule, Direction direction) {
  const bool many_is_theirs = rule.kind != RuleKind::unpack;
  // A tie joins two of our own names.
  const std::string_view many_prefix = many_is_theirs && rule.kind != RuleKind::tie ? group.theirs : group.ours;
  const std::string_view one_prefix = many_is_theirs ? group.ours : group.theirs;
  CompiledRule compiled{rule.kind, {}, {}, rule.transform, rule.spare};
  for (std::size_t i = 0; i < rule.parts; ++i) compiled.from.push_back(join(many_prefix, rule.many[i]));
  compiled.to.push_back(join(one_prefix, rule.one));
  if (many_is_theirs != (direction == Direction::to_ours)) std::swap(compiled.from, compiled.to);
  return compiled;
}

std::vector<CompiledRule> compile(const KeyMap& map, Direction direction) {
  std::vector<CompiledRule> rules;
  for (const auto& group : map.groups) {
    for (const auto& rule : group.rules) {
      const bool one_way = rule.kind == RuleKind::drop || rule.spare || rule.kind == RuleKind::tie;
      if (one_way && direction == Direction::to_theirs) continue;
      rules.push_back(compile(group, rule, direction));
    }
  }
  return rules;
}

class Planner {
 public:
  Planner(std::span<const std::string> names, const KeyMap& map, Direction direction)
      : rules_(compile(map, direction)), undo_(direction == Direction::to_theirs), names_(names.begin(), names.end()) {
    plan_.origin = map.origin;
  }

  Plan run(std::span<const std::string> names, std::span<const std::string> expected) {
    for (const auto& name : names) {
      if (!taken_.contains(name)) place(name);
    }
    for (const auto& spare : spares_) place_spare(spare);
    const std::set<std::string, std::less<>> wanted(expected.begin(), expected.end());
    for (const auto& name : wanted) {
      if (!targets_.contains(name)) fill_tie(name);
    }
    return std::move(plan_);
  }

 private:
  struct Spare {
    std::string source, target;
    Transform transform;
  };

  void place(const std::string& name) {
    if (carries_no_weights(name)) return plan_.dropped.push_back(name);
    for (const auto& rule : rules_) {
      if (rule.kind != RuleKind::tie && apply(rule, name)) return;
    }
    plan_.unmatched.push_back(name);
  }

  bool apply(const CompiledRule& rule, const std::string& name) {
    for (const auto& pattern : rule.from) {
      const auto values = pattern.match(name);
      if (!values) continue;
      if (rule.kind == RuleKind::drop) return plan_.dropped.push_back(name), true;
      const auto targets = fill(rule.to, *values);
      if (!targets) continue;
      if (rule.spare)
        spares_.push_back({name, targets->front(), rule.transform});
      else
        add_step(rule, *values, name, *targets);
      return true;
    }
    return false;
  }

  static std::optional<std::vector<std::string>> fill(const std::vector<Pattern>& patterns, const Captures& values) {
    std::vector<std::string> names;
    for (const auto& pattern : patterns) {
      const auto name = pattern.empty() ? std::optional<std::string>("") : pattern.fill(values);
      if (!name) return std::nullopt;
      names.push_back(*name);
    }
    return names;
  }

  void add_step(const CompiledRule& rule, const Captures& values, const std::string& name,
                const std::vector<std::string>& targets) {
    Step step{{}, targets, rule.transform, undo_, false};
    bool complete = true;
    for (const auto& pattern : rule.from) {
      step.sources.push_back(pattern.empty() ? "" : find_source(pattern, values, name));
      if (pattern.empty()) continue;
      taken_.insert(step.sources.back());
      if (names_.contains(step.sources.back())) continue;
      plan_.incomplete.push_back(step.sources.back());
      complete = false;
    }
    if (!complete) {  // what is there of an incomplete pack leads nowhere
      std::copy_if(step.sources.begin(), step.sources.end(), std::back_inserter(plan_.unmatched),
                   [&](const auto& source) { return names_.contains(source); });
      return;
    }
    for (const auto& target : targets) {
      if (!target.empty() && !targets_.insert(target).second) return plan_.conflicting.push_back(name);
    }
    plan_.steps.push_back(std::move(step));
  }

  /// The name that `pattern` means for these values: `name` itself, or a partner in whichever spelling the file has.
  std::string find_source(const Pattern& pattern, const Captures& values, const std::string& name) const {
    if (const auto own = pattern.match(name); own && *own == values) return name;
    for (auto& spelling : pattern.spellings(values)) {
      if (names_.contains(spelling)) return spelling;
    }
    return pattern.fill(values).value_or("a part of " + name);
  }

  void place_spare(const Spare& spare) {
    if (!targets_.insert(spare.target).second) return plan_.dropped.push_back(spare.source);
    plan_.steps.push_back({{spare.source}, {spare.target}, spare.transform, undo_, false});
  }

  /// `name` is expected and nothing gave it: perhaps its tensor is kept under another of our names.
  void fill_tie(const std::string& name) {
    for (const auto& rule : rules_) {
      if (rule.kind != RuleKind::tie) continue;
      const auto values = rule.to[0].match(name);
      if (!values) continue;
      const auto original = rule.from[0].fill(*values);
      for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
        const Step& step = plan_.steps[i];
        if (step.targets.size() != 1 || step.targets[0] != original) continue;
        plan_.steps.push_back({step.sources, {name}, step.transform, step.undo, true});
        targets_.insert(name);
        return;
      }
    }
  }

  std::vector<CompiledRule> rules_;
  bool undo_;
  std::set<std::string, std::less<>> names_, taken_, targets_;
  std::vector<Spare> spares_;
  Plan plan_;
};

/// Throws where a rule can't be turned round: both sides have to use the same variables.
void validate(const RuleGroup& group, const Rule& rule) {
  const CompiledRule compiled = compile(group, rule, Direction::to_ours);
  const auto variables = [](const std::vector<Pattern>& patterns) {
    std::set<char> all;
    for (const auto& pattern : patterns) all.merge(pattern.variables());
    return all;
  };
  const bool one_way = rule.kind == RuleKind::drop;
  const auto from = variables(compiled.from), to = variables(compiled.to);
  const std::string label = "rule '" + std::string(rule.many[0]) + "' <-> '" + std::string(rule.one) + "'";
  if (rule.kind == RuleKind::tie) {
    // The copy may have an index more than the original ("every {i} equals 0"), never one less.
    if (!std::includes(to.begin(), to.end(), from.begin(), from.end()))
      throw Error(ErrorKind::failed, label, "the original has a variable more");
  } else if (rule.spare) {
    // Never written, so many of theirs may stand for one of ours.
    if (!std::includes(from.begin(), from.end(), to.begin(), to.end()))
      throw Error(ErrorKind::failed, label, "ours has a variable more");
  } else if (!one_way && from != to) {
    throw Error(ErrorKind::failed, label, "the two sides use different variables");
  }
  for (const auto* side : {&compiled.from, &compiled.to}) {
    for (const auto& pattern : *side) {
      if (!pattern.empty() && !one_way && !rule.spare && rule.kind != RuleKind::tie && pattern.variables() != from) {
        throw Error(ErrorKind::failed, label, "a part lacks a variable");
      }
    }
  }
}

}  // namespace

bool carries_no_weights(std::string_view name) {
  static constexpr std::string_view kBuffers[] = {"num_batches_tracked",   "relative_position_index",
                                                  "relative_coords_table", "attn_mask",
                                                  "num_points_scale",      "n_points_scale"};
  const std::string_view last = name.substr(name.rfind('.') + 1);
  return std::find(std::begin(kBuffers), std::end(kBuffers), last) != std::end(kBuffers);
}

Plan plan(std::span<const std::string> names, const KeyMap& map, Direction direction,
          std::span<const std::string> expected) {
  return Planner(names, map, direction).run(names, expected);
}

bool detect(std::span<const std::string> names, const KeyMap& map) {
  return std::all_of(map.marks.begin(), map.marks.end(), [&](std::string_view mark) {
    const bool wanted = !mark.starts_with('!');
    const Pattern pattern(std::string(mark.substr(wanted ? 0 : 1)));
    const bool present =
        std::any_of(names.begin(), names.end(), [&](const auto& name) { return pattern.match(name).has_value(); });
    return present == wanted;
  });
}

const KeyMap* detect(std::span<const std::string> names, std::span<const KeyMap> maps) {
  const auto found = std::find_if(maps.begin(), maps.end(), [&](const KeyMap& map) { return detect(names, map); });
  return found == maps.end() ? nullptr : &*found;
}

void validate(const KeyMap& map) {
  for (const auto mark : map.marks) Pattern(std::string(mark.substr(mark.starts_with('!') ? 1 : 0)));
  for (const auto& group : map.groups) {
    for (const auto& rule : group.rules) validate(group, rule);
  }
}

}  // namespace vitral::weights
