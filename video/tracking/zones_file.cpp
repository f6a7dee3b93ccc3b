#include "video/tracking/zones_file.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/json.h"
#include "common/core/text.h"

namespace vitral {
namespace {

constexpr std::uint64_t kMaxFileBytes = 16u << 20;
constexpr double kLargestCoordinate = 1e6;  // pixels
constexpr int kMaxFrames = 100'000;

/// One object of the file, with errors that name its place.
class Reader {
 public:
  Reader(const nlohmann::json& json, std::string_view subject, std::string place)
      : json_(json), subject_(subject), place_(std::move(place)) {
    if (!json.is_object()) fail("is " + std::string(json.type_name()) + ", expected an object");
  }

  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorKind::usage, subject_, place_ + " " + printable(problem));
  }

  void allow(std::initializer_list<const char*> names) const {
    for (const auto& [name, value] : json_.items()) {
      if (std::find(names.begin(), names.end(), name) == names.end()) fail("has the unknown field '" + name + "'");
    }
  }

  bool has(const char* name) const { return json_.contains(name); }

  const nlohmann::json& field(const char* name, nlohmann::json::value_t type) const {
    const auto found = json_.find(name);
    if (found == json_.end()) fail("lacks the field '" + std::string(name) + "'");
    if (found->type() != type) fail("has the field '" + std::string(name) + "' as " + found->type_name());
    return *found;
  }

  std::string name() const {
    const std::string& name = field("name", nlohmann::json::value_t::string).get_ref<const std::string&>();
    if (name.empty()) fail("has an empty name");
    return name;
  }

  Point point(const nlohmann::json& json) const {
    const auto is_coordinate = [](const nlohmann::json& value) {
      return value.is_number() && std::abs(value.get<double>()) <= kLargestCoordinate;
    };
    if (json.is_array() && json.size() == 2 && is_coordinate(json[0]) && is_coordinate(json[1]))
      return {json[0], json[1]};
    fail("has the point " + json.dump().substr(0, 60) + ", expected [x, y] in pixels");
  }

  Anchor anchor(Anchor otherwise) const {
    if (!has("anchor")) return otherwise;
    const std::string anchor = field("anchor", nlohmann::json::value_t::string);
    if (anchor == "box") return Anchor::box;
    if (anchor == "bottom") return Anchor::bottom;
    if (anchor == "center") return Anchor::center;
    fail("has the anchor '" + anchor + "', expected box, bottom or center");
  }

  int frames() const {
    if (!has("frames")) return 1;
    const auto frames = field("frames", nlohmann::json::value_t::number_unsigned).get<std::uint64_t>();
    if (frames < 1 || frames > kMaxFrames) fail("has " + std::to_string(frames) + " frames, expected 1 to 100000");
    return static_cast<int>(frames);
  }

  std::vector<std::string> labels() const {
    if (!has("labels")) return {};
    std::vector<std::string> labels;
    for (const auto& label : field("labels", nlohmann::json::value_t::array)) {
      if (!label.is_string()) fail("has a label that is " + std::string(label.type_name()) + ", expected a string");
      labels.push_back(label);
    }
    if (labels.empty()) fail("has no labels; without the field all count");
    return labels;
  }

 private:
  const nlohmann::json& json_;
  std::string_view subject_;
  std::string place_;
};

CountingLine line_of(const Reader& reader) {
  reader.allow({"name", "from", "to", "anchor", "frames", "labels"});
  CountingLine line;
  line.name = reader.name();
  line.from = reader.point(reader.field("from", nlohmann::json::value_t::array));
  line.to = reader.point(reader.field("to", nlohmann::json::value_t::array));
  if (line.from.x == line.to.x && line.from.y == line.to.y) reader.fail("has no length");
  line.anchor = reader.anchor(line.anchor);
  line.frames = reader.frames();
  line.labels = reader.labels();
  return line;
}

Zone zone_of(const Reader& reader) {
  reader.allow({"name", "polygon", "anchor", "frames", "labels"});
  Zone zone;
  zone.name = reader.name();
  for (const auto& corner : reader.field("polygon", nlohmann::json::value_t::array))
    zone.polygon.push_back(reader.point(corner));
  if (zone.polygon.size() < 3)
    reader.fail("has " + std::to_string(zone.polygon.size()) + " corners, expected at least 3");
  zone.anchor = reader.anchor(zone.anchor);
  zone.frames = reader.frames();
  zone.labels = reader.labels();
  return zone;
}

/// The elements of an array of the file, each made into a value; names are unique within it.
template <class Value>
std::vector<Value> values_of(const Reader& root, const char* field, std::string_view subject,
                             Value (*make)(const Reader&)) {
  std::vector<Value> values;
  if (!root.has(field)) return values;
  std::set<std::string> names;
  for (const auto& element : root.field(field, nlohmann::json::value_t::array)) {
    const Reader reader(element, subject, std::string(field) + "[" + std::to_string(values.size()) + "]");
    values.push_back(make(reader));
    if (!names.insert(values.back().name).second)
      reader.fail("has the name '" + values.back().name + "' of another one");
  }
  return values;
}

}  // namespace

Scene parse_scene(std::string_view json, std::string_view subject) {
  const nlohmann::json tree = parse_json(json, ErrorKind::usage, subject);
  const Reader root(tree, subject, "the file");
  root.allow({"lines", "zones"});
  Scene scene{values_of(root, "lines", subject, line_of), values_of(root, "zones", subject, zone_of)};
  if (scene.lines.empty() && scene.zones.empty()) root.fail("has neither lines nor zones");
  return scene;
}

Scene read_scene(const std::filesystem::path& path) {
  return parse_scene(read_file(path, ErrorKind::usage, kMaxFileBytes), printable(path.string()));
}

nlohmann::ordered_json to_json(const ZoneEvent& event) {
  return {{"event", to_string(event.kind)}, {"name", event.name}, {"track_id", event.track_id}};
}

nlohmann::ordered_json counts_json(const ZoneCounter& counter) {
  auto lines = nlohmann::ordered_json::array(), zones = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < counter.scene().lines.size(); ++i) {
    const auto& count = counter.line_counts()[i];
    lines.push_back({{"name", counter.scene().lines[i].name}, {"in", count.in}, {"out", count.out}});
  }
  for (std::size_t i = 0; i < counter.scene().zones.size(); ++i) {
    const auto& count = counter.zone_counts()[i];
    zones.push_back({{"name", counter.scene().zones[i].name}, {"inside", count.inside}, {"entered", count.entered}});
  }
  return {{"lines", std::move(lines)}, {"zones", std::move(zones)}};
}

}  // namespace vitral
