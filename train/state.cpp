#include "train/state.h"

#include <nlohmann/json.hpp>

#include "common/core/error.h"
#include "common/core/json.h"
#include "common/core/text.h"

namespace vitral::train {
namespace {

constexpr const char* kKey = "vitral_run";
constexpr const char* kSchema = "vitral.run_state/1";

template <class Value>
void take(const nlohmann::json& json, const char* name, Value& value, const std::string& subject) {
  try {
    value = json.at(name).get<Value>();
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorKind::weights, subject, std::string("field '") + name + "' is missing or of another type");
  }
}

/// Calls `field(name, reference)` for every number of the state.
template <class State, class Field>
void visit(State& s, Field field) {
  field("epoch", s.position.epoch);
  field("batch", s.position.batch);
  field("step", s.step);
  field("bad_in_row", s.bad_in_row);
  field("best", s.best);
  field("best_epoch", s.best_epoch);
  field("losses", s.meters.sums);
  field("total", s.meters.total);
  field("gradient_norm", s.meters.gradient_norm);
  field("steps", s.meters.steps);
  field("pictures", s.meters.pictures);
  field("bad_steps", s.meters.bad_steps);
  field("bad_pictures", s.meters.bad_pictures);
  field("seconds", s.meters.seconds);
  field("scale", s.scale);
  field("good_steps", s.good_steps);
  field("history", s.history);
}

}  // namespace

nlohmann::ordered_json to_json(const RunState& state) {
  nlohmann::ordered_json json = {{"schema", kSchema}};
  visit(state, [&json](const char* name, const auto& value) { json[name] = value; });
  return json;
}

RunState run_state_from_json(const nlohmann::json& json, const std::string& subject) {
  std::string schema;
  take(json, "schema", schema, subject);
  if (schema != kSchema) throw Error(ErrorKind::weights, subject, std::string("is no state of schema ") + kSchema);
  RunState state;
  visit(state, [&](const char* name, auto& value) { take(json, name, value, subject); });
  return state;
}

void save_state(const std::filesystem::path& path, const std::map<std::string, weights::StateDict>& sections,
                const RunState& state) {
  weights::StateDict all;
  for (const auto& [section, tensors] : sections) {
    for (const auto& item : tensors) all.insert(section + "/" + item.key(), item.value().detach());
  }
  weights::save(path, all, {{kKey, to_json(state).dump()}}, /*overwrite=*/true);
}

StoredState load_state(const std::filesystem::path& path) {
  const auto checkpoint = weights::open(path);
  const std::string subject = printable(path.string());
  const auto found = checkpoint.metadata.find(kKey);
  if (found == checkpoint.metadata.end()) throw Error(ErrorKind::weights, subject, "holds no state of a training run");
  StoredState result;
  result.state = run_state_from_json(parse_json(found->second, ErrorKind::weights, subject), subject);
  for (const auto& item : weights::to_state_dict(checkpoint, weights::Storage::copied)) {
    const auto slash = item.key().find('/');
    if (slash == std::string::npos)
      throw Error(ErrorKind::weights, subject, "tensor '" + item.key() + "' is in no section");
    result.sections[item.key().substr(0, slash)].insert(item.key().substr(slash + 1), item.value());
  }
  checkpoint.check();
  return result;
}

}  // namespace vitral::train
