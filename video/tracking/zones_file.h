/// Lines and areas from a JSON file, and their events as JSON.
///
///     {"lines": [{"name": "door", "from": [100, 400], "to": [500, 400], "anchor": "bottom", "frames": 2, "labels":
///     ["person"]}],
///      "zones": [{"name": "hall", "polygon": [[0, 0], [640, 0], [640, 300], [0, 300]]}]}
///
/// Coordinates are pixels of the source's frames. `anchor` ("box", "bottom" or "center"), `frames` and `labels` may be
/// left out; see zones.h for what they mean and what they are then.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "video/tracking/zones.h"

namespace vitral {

/// Throws JsonError for bad JSON and Error(usage, subject) where a field is missing, unknown, of another type or out of
/// range, a name is empty or there twice, or there is neither a line nor an area.
Scene parse_scene(std::string_view json, std::string_view subject);

/// The same from a file of at most 16 MiB.
Scene read_scene(const std::filesystem::path& path);

/// {"event":"in","name":"door","track_id":7}
nlohmann::ordered_json to_json(const ZoneEvent& event);

/// {"lines":[{"name":"door","in":3,"out":1}],"zones":[{"name":"hall","inside":2,"entered":9}]}
nlohmann::ordered_json counts_json(const ZoneCounter& counter);

}  // namespace vitral
