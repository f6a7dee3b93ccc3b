#include "common/runtime/native.h"

#include <nlohmann/json.hpp>
#include <set>

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

std::string of_classes(std::size_t count, const char* what, std::int64_t classes) {
  return "has " + std::to_string(count) + " " + what + " for " + std::to_string(classes) + " classes";
}

/// Whole numbers, each once.
std::vector<std::int64_t> unique_ids(const nlohmann::json& json, const std::string& file) {
  const auto ids = field<std::vector<std::int64_t>>(json, "category_ids", file);
  std::set<std::int64_t> seen;
  for (const auto id : ids) {
    if (!seen.insert(id).second) {
      throw Error(ErrorKind::weights, file,
                  std::string("metadata '") + kKey + "': category id " + std::to_string(id) + " is there twice");
    }
  }
  return ids;
}

}  // namespace

std::string class_label(const NativeRecord& record, std::int64_t class_id) {
  const auto index = static_cast<std::size_t>(class_id);
  const bool named = class_id >= 0 && index < record.labels.size() && !record.labels[index].empty();
  return named ? record.labels[index] : "class " + std::to_string(class_id);
}

std::int64_t category_id(const NativeRecord& record, std::int64_t class_id) {
  const auto index = static_cast<std::size_t>(class_id);
  return class_id >= 0 && index < record.category_ids.size() ? record.category_ids[index] : class_id;
}

std::map<std::string, std::string> to_metadata(const NativeRecord& record) {
  nlohmann::json json = {{"schema", kSchema},
                               {"architecture", record.architecture},
                               {"origin", record.origin},
                               {"num_classes", record.num_classes},
                               {"height", record.height},
                               {"width", record.width},
                               {"in_chans", record.in_chans},
                               {"preprocess", to_json(record.preprocess)},
                               {"labels", record.labels},
                               {"licence", record.licence}};
  if (!record.category_ids.empty()) json["category_ids"] = record.category_ids;
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
  record.height = count(json, "height", file, 0, 16'384);
  record.width = count(json, "width", file, 0, 16'384);
  record.in_chans = count(json, "in_chans", file, 1, 4'096);
  record.preprocess = preprocess_from_json(field<nlohmann::json>(json, "preprocess", file), file);
  record.labels = field<std::vector<std::string>>(json, "labels", file);
  record.licence = field<std::string>(json, "licence", file);
  if (!record.labels.empty() && static_cast<std::int64_t>(record.labels.size()) != record.num_classes) {
    throw Error(ErrorKind::weights, file, of_classes(record.labels.size(), "labels", record.num_classes));
  }
  if (json.contains("category_ids")) record.category_ids = unique_ids(json, file);
  if (!record.category_ids.empty() && static_cast<std::int64_t>(record.category_ids.size()) != record.num_classes) {
    throw Error(ErrorKind::weights, file, of_classes(record.category_ids.size(), "category ids", record.num_classes));
  }
  return record;
}

}  // namespace vitral
