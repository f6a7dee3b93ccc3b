#include "common/runtime/provenance.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/json.h"

namespace vitral {
namespace {

constexpr const char* kKey = "vitral.training";

constexpr std::uint64_t kLongestHistory = 64u << 20;

/// A field of an object, of the type that `is` asks for.
const nlohmann::json& field(const nlohmann::json& object, const char* name, bool (nlohmann::json::*is)() const noexcept,
                            const std::string& subject) {
  if (!object.is_object() || !object.contains(name) || !(object[name].*is)()) {
    throw Error(ErrorKind::weights, subject, std::string("field '") + name + "' is missing or of another type");
  }
  return object[name];
}

TrainingRecord record_from(const nlohmann::json& json, const std::string& subject) {
  using Json = nlohmann::json;
  return {field(json, "seconds", &Json::is_number, subject).get<double>(),
          field(json, "epochs", &Json::is_number_integer, subject).get<std::int64_t>(),
          field(json, "recipe", &Json::is_string, subject).get<std::string>(),
          field(json, "seed", &Json::is_number_unsigned, subject).get<std::uint64_t>()};
}

std::optional<TrainingRecord> record_of_run(const std::filesystem::path& folder) {
  const auto flags = folder / "run.json", history = folder / "metrics.jsonl";
  if (!std::filesystem::exists(flags) || !std::filesystem::exists(history)) return std::nullopt;
  const auto run =
      parse_json(read_file(flags, ErrorKind::weights, kLongestHistory), ErrorKind::weights, flags.string());
  const auto& options = field(run, "options", &nlohmann::json::is_object, flags.string());
  TrainingRecord record;
  record.recipe = field(options, "recipe", &nlohmann::json::is_string, flags.string());
  record.seed = field(options, "seed", &nlohmann::json::is_number_unsigned, flags.string());
  std::istringstream lines(read_file(history, ErrorKind::weights, kLongestHistory));
  for (std::string line; std::getline(lines, line);) {
    const auto epoch = parse_json(line, ErrorKind::weights, history.string());
    record.seconds += field(epoch, "seconds", &nlohmann::json::is_number, history.string()).get<double>();
    ++record.epochs;
  }
  static const nlohmann::json::json_pointer began_with("/facts/earlier");
  if (run.contains(began_with)) {
    const auto earlier = record_from(run[began_with], flags.string());
    record.seconds += earlier.seconds;
    record.epochs += earlier.epochs;
  }
  return record;
}

}  // namespace

nlohmann::ordered_json to_json(const TrainingRecord& record) {
  return {{"seconds", record.seconds}, {"epochs", record.epochs}, {"recipe", record.recipe}, {"seed", record.seed}};
}

void add_to(std::map<std::string, std::string>& metadata, const TrainingRecord& record) {
  metadata[kKey] = to_json(record).dump();
}

std::optional<TrainingRecord> training_record(const weights::Checkpoint& checkpoint) {
  const auto found = checkpoint.metadata.find(kKey);
  if (found == checkpoint.metadata.end()) return record_of_run(std::filesystem::path(checkpoint.path).parent_path());
  const auto subject = checkpoint.path + ": metadata '" + kKey + "'";
  return record_from(parse_json(found->second, ErrorKind::weights, subject), subject);
}

}  // namespace vitral
