#include "apps/source_trackers.h"

#include "video/tracking/zones_file.h"

namespace vitral::apps {

Findings SourceTrackers::follow(const PreparedPicture& picture, std::span<const ScoredBox> boxes) {
  State& state = state_for(picture);
  const std::int64_t passed = picture.frame->index - state.last_frame;
  state.last_frame = picture.frame->index;
  Findings found;
  found.is_tracked = true;
  for (const Track& track : state.tracker.update(boxes, passed)) {
    const ScoredBox& seen = boxes[track.detection];
    found.boxes.push_back({track.box, seen.score, seen.class_id});
    found.track_ids.push_back(track.id);
  }
  if (!state.zones) return found;
  std::vector<std::string> labels;
  for (const auto& box : found.boxes) labels.push_back(class_label(classes_, box.class_id));
  std::vector<TrackedObject> objects;
  for (std::size_t i = 0; i < labels.size(); ++i)
    objects.push_back({found.track_ids[i], found.boxes[i].box, labels[i]});
  found.events = state.zones->update(objects, passed);
  return found;
}

std::optional<nlohmann::ordered_json> SourceTrackers::zone_counts() const {
  if (!settings_.scene) return std::nullopt;
  auto counts = nlohmann::ordered_json::object();
  for (const auto& [index, state] : states_) counts[state.name] = counts_json(*state.zones);
  return counts;
}

SourceTrackers::State& SourceTrackers::state_for(const PreparedPicture& picture) {
  const auto found = states_.find(picture.source.index);
  if (found != states_.end()) return found->second;
  TrackerOptions options = settings_.tracker;
  options.frame_rate = picture.frame->rate.value();
  State state{picture.source.name, ByteTracker(options), std::nullopt, picture.frame->index - 1};
  if (settings_.scene)
    state.zones.emplace(*settings_.scene, static_cast<std::int64_t>(options.buffer_seconds * options.frame_rate));
  return states_.emplace(picture.source.index, std::move(state)).first->second;
}

}  // namespace vitral::apps
