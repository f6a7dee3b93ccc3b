/// The catalogue of networks: names, how to build them, where their weights were published, how pictures are prepared.
///
/// Families add their entries with a function (`register_vit(Registry&)`); nothing registers itself.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/core/preprocess.h"
#include "common/core/task.h"
#include "common/runtime/detector.h"
#include "common/runtime/file_size.h"
#include "common/weights/keymap.h"
#include "common/weights/state_dict.h"

namespace vitral {

std::string_view to_string(Task task);

/// One published checkpoint of a network. Plain strings: "A2" style abbreviations of tables are written out by the
/// family.
struct Pretrained {
  std::string tag;     ///< timm's tag ("augreg_in21k_ft_in1k"), or the origin's own name
  std::string origin;  ///< layout of the file: "timm", "torchvision", "hf", "original", "jax"
  std::string file;    ///< file name at the publisher; empty where only the hub has it
  std::string url;     ///< where the file lies; empty where unknown
  std::string hash;    ///< SHA-256 in hex, or its first digits; empty where unknown
  FileSize size;       ///< of every file that lies somewhere: the registry estimates it where nobody states it
  std::string licence;
  Preprocess preprocess;
  std::int64_t num_classes = 1000;
  double top1 = 0, top5 = 0;  ///< published accuracy in percent, 0: none published
  double ap = 0, ap50 = 0;    ///< of detectors: published box AP and AP50 on COCO val2017 in percent, 0: none published
};

/// What the network of an entry becomes when weights of another shape are loaded into it.
struct AdaptContext {
  std::string origin;
  std::vector<weights::Adaptation>* log = nullptr;
  bool reset_head = false;  ///< the head may be re-initialised
};

/// A registered network. `build` makes it with fresh random weights.
struct ModelEntry {
  std::string name;                  ///< timm's name
  std::vector<std::string> aliases;  ///< e.g. torchvision's
  Task task = Task::classify;
  std::string family;  ///< "vit", "cnn", …
  std::string paper;
  std::int64_t params = 0;    ///< learnt numbers with the class count of the first published file
  std::int64_t features = 0;  ///< that the class head reads; 0: all files have the same classes, or state sizes
  double gmacs = 0;           ///< billions of multiply-adds for one picture at the published size
  std::string labels;         ///< name of the label list ("imagenet1k"), empty: none
  std::vector<Pretrained> pretrained;  ///< the first one gives the entry's preprocessing
  std::function<std::shared_ptr<Network>(const BuildOptions&)> build;
  std::span<const weights::KeyMap> key_maps;  ///< tables of all origins but own_layout
  /// Resamples position tables, repeats stems and the like so that `state` fits `model`; null: nothing to adapt.
  std::function<void(weights::StateDict& state, Network& model, const AdaptContext& context)> adapt;
  /// Makes heads of another class count fit where the origin has a rule of its own; null, or left alone: the head is
  /// re-initialised.
  std::function<void(weights::StateDict& state, Network& model, const AdaptContext& context)> adapt_classes;
  /// Adds the buffers that `origin` stores and we compute to a state in that origin's names; null: there are none.
  std::function<void(weights::StateDict& state, Network& model, std::string_view origin)> complete;
  std::string own_layout = "timm";       ///< the library whose names our keys are; empty: nobody else's
  std::vector<std::string> same_layout;  ///< further origins whose files have our keys
  /// Layers that JAX's scan stacked along a first dimension: names that begin with `first` become `second` with a
  /// number for {i}, before any table is applied.
  std::vector<std::pair<std::string, std::string>> stacked;
  bool bundled = false;  ///< weights travel with the program

  const Preprocess& preprocess() const { return pretrained.front().preprocess; }
  /// What `build` makes, as a network of its task. Throws Error(usage) for an entry of another task.
  std::shared_ptr<Classifier> build_classifier(const BuildOptions& options) const;
  std::shared_ptr<Detector> build_detector(const BuildOptions& options) const;
  /// The first published checkpoint of that tag or, for an origin, of that origin; null where there is none.
  const Pretrained* find_tag(std::string_view tag) const;
  const Pretrained* find_origin(std::string_view origin) const;
};

/// A name as the user wrote it, resolved.
struct ResolvedName {
  const ModelEntry* entry = nullptr;
  const Pretrained* pretrained = nullptr;  ///< named by a tag or an alias; null: none was named
};

class Registry {
 public:
  /// Files without a size get the one that follows from the parameters. Throws std::logic_error for a name or alias
  /// that is taken: a mistake of the program, not of its user.
  void add(ModelEntry entry);
  /// `name`, `alias`, or either with ".tag". Throws Error(usage) naming the nearest names.
  ResolvedName resolve(std::string_view name) const;
  const std::vector<std::unique_ptr<ModelEntry>>& entries() const { return entries_; }

 private:
  std::vector<std::unique_ptr<ModelEntry>> entries_;
  std::map<std::string, const ModelEntry*, std::less<>> by_name_;
};

}  // namespace vitral
