/// Work on a GPU that is recorded once for each shape and then played back: one launch instead of hundreds.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace vitral {

/// What work is given, in the order that it knows: an undefined tensor stands for what is not there.
using Inputs = std::vector<at::Tensor>;
/// What work gives, by name.
using Outputs = std::vector<std::pair<std::string, at::Tensor>>;

/// Work that was recorded.
class Recording {
 public:
  virtual ~Recording() = default;
  /// Does the work again, on the memory that it was recorded with. What comes after it on the same stream sees it done.
  virtual void replay() = 0;
};

/// Records work; on a GPU a CUDA graph (common/runtime/cuda_module.cpp).
class Recorder {
 public:
  virtual ~Recorder() = default;
  /// Calls `work` several times to warm up and, the last time, to record it. Throws where the work can't be recorded
  /// because it waits for the device or copies from the host; the recorder can be used again then.
  virtual std::unique_ptr<Recording> record(const std::function<void()>& work) = 0;
};

struct ReplayOptions {
  std::size_t calls_before = 2;  ///< calls of a key that run plainly before it is recorded: caches fill, layers pack
  std::size_t most_recordings = 32;  ///< the one that was not used for longest goes
  /// So many times as often a key has to come again whose recording had to go: recording costs several runs, and where
  /// more shapes come than are kept, most of them had better run plainly.
  std::size_t patience = 4;
  std::size_t most_keys = 512;  ///< shapes that are counted; pictures of endless shapes must not fill the memory
};

/// Recordings by key: a tag, and shape, dtype and device of each input. May be called from several threads, which then
/// wait for each other.
class ReplayCache {
 public:
  using Work = std::function<Outputs(const Inputs& inputs)>;
  using Use = std::function<void(const Outputs& outputs)>;

  explicit ReplayCache(std::shared_ptr<Recorder> recorder, ReplayOptions options = {});
  ~ReplayCache();
  ReplayCache(const ReplayCache&) = delete;
  ReplayCache& operator=(const ReplayCache&) = delete;

  /// Gives `use` what `work` makes of `inputs`. For one tag the work is always the same. The outputs of a recording are
  /// its own memory and written anew by the next call: `use` has to take out of them what it wants to keep. What `work`
  /// throws comes through.
  void run(const std::string& tag, const Inputs& inputs, const Work& work, const Use& use);

  /// Lets go of all recordings, and of the memory that they hold.
  void clear();

  std::size_t recordings() const;
  /// Why the latest work that was tried could not be recorded; it and its like run plainly. Empty: none has failed.
  std::string problem() const;

 private:
  struct Entry;
  Entry& entry_of(const std::string& key);
  bool record(Entry& entry, const Inputs& inputs, const Work& work);
  void make_room();

  std::shared_ptr<Recorder> recorder_;
  ReplayOptions options_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  ///< the latest used first
  std::string problem_;
};

}  // namespace vitral
