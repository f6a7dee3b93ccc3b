#include "common/runtime/native.h"

#include <nlohmann/json.hpp>

#include "common/core/error.h"
#include "common/core/json.h"
#include "common/core/text.h"

namespace vitral {
namespace {

constexpr const char* kKey = "vitral";
constexpr const char* kSchema = "vitral.model/1";

template <class Value>
Value field(const nlohmann::json& json, const char* name, const std::string& file) {
  try {
    return json.at(name).get<Value>();
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorKind::weights, file, std::string("metadata '") + kKey + "': field '" + name + "' is missing or of another type");
  }
}

std::int64_t count(const nlohmann::json& json, const char* name, const std::string& file, std::int64_t least, std::int64_t most) {
  const auto value = field<std::int64_t>(json, name, file);
  if (value < least || value > most) {
    throw Error(ErrorKind::weights, file,
                std::string("metadata '") + kKey + "': " + name + " is " + std::to_string(value) + ", expected " +
                    std::to_string(least) + " to " + std::to_string(most));
  }
  return value;
}

}  // namespace

std::map<std::string, std::string> to_metadata(const NativeRecord& record) {
  const nlohmann::json json = {{"schema", kSchema},
                               {"architecture", record.architecture},
                               {"origin", record.origin},
                               {"num_classes", record.num_classes},
                               {"height", record.height},
                               {"width", record.width},
                               {"in_chans", record.in_chans},
                               {"preprocess", to_json(record.preprocess)},
                               {"labels", record.labels},
                               {"licence", record.licence}};
  return {{kKey, json.dump()}, {"format", "pt"}};
}

std::optional<NativeRecord> native_record(const weights::Checkpoint& checkpoint) {
  const auto found = checkpoint.metadata.find(kKey);
  if (found == checkpoint.metadata.end()) return std::nullopt;
  const std::string file = printable(checkpoint.path);
  const auto json = parse_json(found->second, ErrorKind::weights, file);
  if (!json.is_object() || json.value("schema", nlohmann::json()) != kSchema) {
    throw Error(ErrorKind::weights, file, std::string("metadata '") + kKey + "' is no record of schema " + kSchema);
  }
  NativeRecord record;
  record.architecture = field<std::string>(json, "architecture", file);
  record.origin = field<std::string>(json, "origin", file);
  record.num_classes = count(json, "num_classes", file, 0, 1'000'000);
  record.height = count(json, "height", file, 1, 16'384);
  record.width = count(json, "width", file, 1, 16'384);
  record.in_chans = count(json, "in_chans", file, 1, 4'096);
  record.preprocess = preprocess_from_json(field<nlohmann::json>(json, "preprocess", file), file);
  record.labels = field<std::vector<std::string>>(json, "labels", file);
  record.licence = field<std::string>(json, "licence", file);
  if (!record.labels.empty() && static_cast<std::int64_t>(record.labels.size()) != record.num_classes) {
    throw Error(ErrorKind::weights, file,
                "has " + std::to_string(record.labels.size()) + " labels for " + std::to_string(record.num_classes) + " classes");
  }
  return record;
}

}  // namespace vitral
