#include "common/runtime/replay.h"

#include <ATen/ops/empty_like.h>
#include <c10/core/Device.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <exception>

#include "common/core/text.h"
#include "common/runtime/kept_tensors.h"

namespace vitral {
namespace {

std::string key_of(const std::string& tag, const Inputs& inputs) {
  std::string key = tag;
  for (const auto& input : inputs) {
    key += ';';
    if (!input.defined()) continue;
    key += input.device().str() + ' ' + c10::toString(input.scalar_type());
    for (const auto size : input.sizes()) key += ' ' + std::to_string(size);
  }
  return key;
}

/// Memory of the same shape and layout, with the same values; undefined stays undefined.
Inputs copies_of(const Inputs& inputs) {
  Inputs copies;
  for (const auto& input : inputs) {
    copies.push_back(input.defined() ? at::empty_like(input).copy_(input) : at::Tensor());
  }
  return copies;
}

std::string first_line(const std::string& text) {
  return printable(text.substr(0, text.find('\n')), 300);
}

}  // namespace

struct ReplayCache::Entry {
  std::string key;
  std::size_t calls = 0;   ///< since its last recording went
  std::size_t needed = 0;  ///< so many run plainly
  bool plain = false;      ///< it can't be recorded
  // What the recording reads and writes, which therefore has to outlive it.
  Inputs inputs;
  Outputs outputs;
  std::vector<at::Tensor> kept;
  std::unique_ptr<Recording> recording;

  void drop() {
    recording.reset();
    inputs.clear();
    outputs.clear();
    kept.clear();
  }
};

ReplayCache::ReplayCache(std::shared_ptr<Recorder> recorder, ReplayOptions options)
    : recorder_(std::move(recorder)), options_(options) {}

ReplayCache::~ReplayCache() = default;

void ReplayCache::run(const std::string& tag, const Inputs& inputs, const Work& work, const Use& use) {
  const std::lock_guard lock(mutex_);
  auto& entry = entry_of(key_of(tag, inputs));
  if (!entry.recording && !entry.plain && entry.calls >= entry.needed) entry.plain = !record(entry, inputs, work);
  ++entry.calls;
  if (!entry.recording) {
    const auto outputs = work(inputs);
    if (outputs.empty()) entry.plain = true;  // nothing that a recording could save
    use(outputs);
    return;
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].defined()) entry.inputs[i].copy_(inputs[i], /*non_blocking=*/true);
  }
  entry.recording->replay();
  use(entry.outputs);
}

ReplayCache::Entry& ReplayCache::entry_of(const std::string& key) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& each) { return each.key == key; });
  if (found != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, found);
  } else {
    if (entries_.size() >= options_.most_keys) entries_.pop_back();
    auto& entry = entries_.emplace_front();
    entry.key = key;
    entry.needed = options_.calls_before;
  }
  return entries_.front();
}

/// Whether it could be done. Memory that runs out is no property of the work, and is the caller's to hear of.
bool ReplayCache::record(Entry& entry, const Inputs& inputs, const Work& work) {
  make_room();
  try {
    entry.inputs = copies_of(inputs);
    entry.recording = recorder_->record([&] {
      KeptTensors scope;
      entry.outputs = work(entry.inputs);
      entry.kept = scope.take();
    });
    return true;
  } catch (const std::exception& error) {
    problem_ = entry.key + ": " + first_line(error.what());
    entry.drop();
    if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) throw;
    return false;
  }
}

/// The recording that was not used for longest goes, where there are as many as there may be.
void ReplayCache::make_room() {
  const auto recorded = [](const Entry& each) { return each.recording != nullptr; };
  const auto count = static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), recorded));
  if (count < options_.most_recordings) return;
  const auto last = std::find_if(entries_.rbegin(), entries_.rend(), recorded);
  if (last == entries_.rend()) return;
  last->drop();
  last->calls = 0;
  last->needed *= options_.patience;
}

void ReplayCache::clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
}

std::size_t ReplayCache::recordings() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(), [](const Entry& each) { return each.recording != nullptr; }));
}

std::string ReplayCache::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

}  // namespace vitral
