#include "apps/train_run.h"

#include "apps/machine.h"
#include "common/core/file.h"
#include "common/core/json.h"
#include "common/core/sha256.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

constexpr const char* kSchema = "vitral.run/1";
constexpr const char* kFile = "run.json";

/// Calls `field(name, reference)` for every text of the plan.
template <class Plan, class Field>
void visit(Plan& plan, Field field) {
  field("model", plan.model);
  field("weights", plan.weights);
  field("origin", plan.origin);
  field("imgsz", plan.imgsz);
  field("data", plan.data);
  field("format", plan.format);
  field("split", plan.split);
  field("val", plan.val);
  field("teacher", plan.teacher);
}

}  // namespace

nlohmann::ordered_json to_json(const RunPlan& plan) {
  nlohmann::ordered_json json = {{"schema", kSchema}};
  visit(plan, [&json](const char* name, const std::string& value) { json[name] = value; });
  json["options"] = train::to_json(plan.options);
  return json;
}

RunPlan read_plan(const std::filesystem::path& folder) {
  const auto path = folder / kFile;
  const std::string subject = printable(path.string());
  const auto json = parse_json(read_file(path, ErrorKind::input, 16u << 20), ErrorKind::input, subject);
  RunPlan plan;
  const auto text = [&](const char* name, std::string& value) {
    if (!json.is_object() || !json.contains(name) || !json.at(name).is_string()) {
      throw Error(ErrorKind::input, subject, std::string("field '") + name + "' is missing or no text");
    }
    value = json.at(name).get<std::string>();
  };
  std::string schema;
  text("schema", schema);
  if (schema != kSchema) throw Error(ErrorKind::input, subject, "is no training run: schema " + printable(schema, 100));
  visit(plan, text);
  if (!json.contains("options")) throw Error(ErrorKind::input, subject, "field 'options' is missing");
  plan.options = train::train_options_from_json(json.at("options"), subject);
  return plan;
}

void write_plan(const std::filesystem::path& folder, const RunPlan& plan, const nlohmann::ordered_json& facts) {
  auto json = to_json(plan);
  json["facts"] = facts;
  json["machine"] = machine_json();
  write_file(folder / kFile, json.dump(2) + "\n", /*overwrite=*/true);
}

std::string hash_of(const Dataset& set) {
  Sha256 hash;
  const auto feed = [&hash](const std::string& text) {
    const std::string line = text + "\n";
    hash.update(std::as_bytes(std::span(line)));
  };
  for (std::size_t i = 0; i < set.classes().size(); ++i) {
    feed(set.classes().names[i] + " " + std::to_string(set.classes().ids[i]));
  }
  for (std::size_t i = 0; i < set.size(); ++i) {
    const auto sample = set.describe(i);
    feed(sample.name + " " + std::to_string(sample.width) + "x" + std::to_string(sample.height));
    for (const auto& [index, share] : sample.classes) feed(std::to_string(index) + " " + std::to_string(share));
    for (const auto& object : sample.objects) {
      const auto& box = object.box;
      feed(std::to_string(object.class_index) + " " + std::to_string(box.xmin) + " " + std::to_string(box.ymin) + " " +
           std::to_string(box.xmax) + " " + std::to_string(box.ymax) + (object.crowd ? " crowd" : ""));
    }
  }
  return hash.hex();
}

}  // namespace vitral::apps
