#include "train/launch.h"

#include <charconv>
#include <optional>

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral::train {
namespace {

constexpr std::size_t kMostProcesses = 65'536;

class Reader {
 public:
  explicit Reader(const Environment& environment) : environment_(environment) {}

  std::optional<std::string> text(const char* name) const {
    const char* value = environment_(name);
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  }
  /// A number from `least` to below `end`.
  std::size_t number(const char* name, std::size_t least, std::size_t end) const {
    const auto value = text(name);
    if (!value) throw Error(ErrorKind::usage, name, "is not set, which a run of several processes needs");
    std::size_t result = 0;
    const auto [last, error] = std::from_chars(value->data(), value->data() + value->size(), result);
    if (error != std::errc() || last != value->data() + value->size() || result < least || result >= end) {
      throw Error(ErrorKind::usage, name,
                  "'" + printable(*value, 50) + "' is no number from " + std::to_string(least) + " to " +
                      std::to_string(end - 1));
    }
    return result;
  }
  std::size_t number_or(const char* name, std::size_t least, std::size_t end, std::size_t otherwise) const {
    return text(name) ? number(name, least, end) : otherwise;
  }

 private:
  const Environment& environment_;
};

void read_meeting(const Reader& reader, Launch& launch) {
  if (const auto address = reader.text("MASTER_ADDR")) launch.address = *address;
  launch.port = static_cast<std::uint16_t>(reader.number_or("MASTER_PORT", 1, 65'536, launch.port));
  launch.meets_at_agent = reader.text("TORCHELASTIC_USE_AGENT_STORE") == "True";
  launch.meeting = "vitral/" + reader.text("TORCHELASTIC_RESTART_COUNT").value_or("0") + "/";
}

}  // namespace

Launch launch_of(const Environment& environment) {
  const Reader reader(environment);
  Launch launch;
  if (reader.text("WORLD_SIZE")) {
    launch.world = reader.number("WORLD_SIZE", 1, kMostProcesses + 1);
    launch.rank = reader.number("RANK", 0, launch.world);
    launch.local_rank = reader.number_or("LOCAL_RANK", 0, kMostProcesses, launch.rank);
  } else if (reader.text("OMPI_COMM_WORLD_SIZE")) {
    launch.world = reader.number("OMPI_COMM_WORLD_SIZE", 1, kMostProcesses + 1);
    launch.rank = reader.number("OMPI_COMM_WORLD_RANK", 0, launch.world);
    launch.local_rank = reader.number_or("OMPI_COMM_WORLD_LOCAL_RANK", 0, kMostProcesses, launch.rank);
    launch.by_mpirun = true;
    const auto here = reader.number_or("OMPI_COMM_WORLD_LOCAL_SIZE", 1, kMostProcesses + 1, 1);
    if (here < launch.world) launch.address.clear();
  }
  if (launch.world > 1) read_meeting(reader, launch);
  return launch;
}

std::string name_of(const Launch& launch) {
  return "process " + std::to_string(launch.rank) + " of " + std::to_string(launch.world);
}

}  // namespace vitral::train
