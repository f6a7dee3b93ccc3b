#include "common/runtime/advice.h"

#include "common/core/text.h"
#include "common/nn/init.h"

namespace vitral {
namespace {

/// Sizes that published networks were trained at.
constexpr std::int64_t kSizes[] = {32,  64,  96,  128, 160, 176, 192, 224, 240, 256,
                                   288, 320, 336, 384, 448, 480, 512, 518, 640};

class Adviser {
 public:
  Adviser(const ModelEntry& entry, const NativeRecord& record, const weights::StateDict& state)
      : entry_(entry), record_(record), state_(state) {
    const auto net = build(entry, {record.height, record.width}, record.num_classes, record.in_chans);
    classes_ = classes_in_file(*net);
    channels_ = channels_in_file(*net);
  }

  /// True where the file fits at the published size, with whatever classes and channels it has.
  bool fits_as_published() const { return fits(entry_, {record_.height, record_.width}); }

  std::string text(const Registry& registry) const {
    const std::string flags = (classes_ == record_.num_classes ? "" : " --num-classes " + std::to_string(classes_)) +
                              (channels_ == record_.in_chans ? "" : " --in-chans " + std::to_string(channels_));
    if (fits(entry_, {record_.height, record_.width})) return flags.empty() ? "" : flags.substr(1);
    std::vector<std::string> ways;
    for (const auto size : kSizes) {
      if (!fits(entry_, {size, size})) continue;
      ways.push_back("--imgsz " + std::to_string(size) + flags);
      break;
    }
    for (const auto& other : registry.entries()) {
      if (other.get() == &entry_ || other->family != entry_.family || other->task != entry_.task) continue;
      if (!fits(*other, {other->preprocess().height, other->preprocess().width})) continue;
      const bool says_classes = classes_ != other->pretrained.front().num_classes;
      ways.push_back("-m " + other->name + (says_classes ? " --num-classes " + std::to_string(classes_) : "") +
                     (channels_ == 3 ? "" : " --in-chans " + std::to_string(channels_)));
      break;
    }
    return join(ways, " or ");
  }

 private:
  std::shared_ptr<Network> build(const ModelEntry& entry, std::array<std::int64_t, 2> size, std::int64_t classes,
                                 std::int64_t channels) const {
    BuildOptions options;
    options.num_classes = classes;
    options.image_size = size;
    options.in_chans = channels;
    options.origin = record_.origin;
    return entry.build(options);
  }

  /// True where the file fills every weight of `entry` at that size, with the file's own classes and channels.
  bool fits(const ModelEntry& entry, std::array<std::int64_t, 2> size) const {
    try {
      const auto net = build(entry, size, classes_, channels_);
      return weights::load_into(net->module(), state_, {.allow_partial = true}).is_complete();
    } catch (const std::exception&) {
      return false;  // a size that the network can't have
    }
  }

  std::int64_t classes_in_file(Network& net) const {
    for (const auto& head : net.head_names()) {
      if (const auto* weight = state_.find(head + ".weight"); weight != nullptr && weight->dim() > 0)
        return weight->size(0);
    }
    return record_.num_classes;
  }

  std::int64_t channels_in_file(Network& net) const {
    for (const auto& item : net.module().named_parameters()) {
      if (item.value().dim() != 4 || !item.key().ends_with(".weight")) continue;  // the stem, no position table
      const auto* weight = state_.find(item.key());
      return weight != nullptr && weight->dim() == 4 ? weight->size(1) : record_.in_chans;
    }
    return record_.in_chans;
  }

  const nn::SkipInit skip_;
  const ModelEntry& entry_;
  const NativeRecord& record_;
  const weights::StateDict& state_;
  std::int64_t classes_ = 0, channels_ = 3;
};

/// Learnt numbers and running statistics; the same whatever the names.
double numbers_of(const weights::Checkpoint& checkpoint) {
  double count = 0;
  for (const auto& each : checkpoint.tensors) count += static_cast<double>(each.tensor.numel());
  return count;
}

/// Heads of another class count and statistics change the sum by a little, so that it tells most networks apart without
/// building them.
bool may_hold(double numbers, const ModelEntry& entry) {
  const auto params = static_cast<double>(entry.params);
  return numbers > 0.8 * params && numbers < 1.1 * params;
}

/// True where the file has every weight of `entry`, in the layout of `map` (null: our own names).
bool holds(const ModelEntry& entry, const weights::KeyMap* map, const weights::Checkpoint& checkpoint) {
  const auto& published = entry.pretrained.front();
  NativeRecord record;
  record.origin = map != nullptr ? std::string(map->origin) : entry.own_layout;
  record.num_classes = published.num_classes;
  record.height = published.preprocess.height;
  record.width = published.preprocess.width;
  auto state = weights::to_state_dict(checkpoint, weights::Storage::mapped);
  if (map != nullptr) {
    const auto plan = weights::plan(checkpoint.names(), *map, weights::Direction::to_ours);
    if (!plan.is_clean()) return false;
    state = weights::apply(plan, state);
  }
  return Adviser(entry, record, state).fits_as_published();
}

}  // namespace

std::string contents(const Registry& registry, const weights::Checkpoint& checkpoint) {
  const double numbers = numbers_of(checkpoint);
  const auto names = checkpoint.names();
  for (const auto& entry : registry.entries()) {
    if (!may_hold(numbers, *entry) || !holds(*entry, weights::detect(names, entry->key_maps), checkpoint)) continue;
    return "it holds " + entry->name + (entry->task == Task::detect ? ", a detector" : ", a classifier");
  }
  return "";
}

std::string advice(const Registry& registry, const ModelEntry& entry, const NativeRecord& record,
                   const weights::StateDict& state) {
  return Adviser(entry, record, state).text(registry);
}

}  // namespace vitral
