#include "common/runtime/loader.h"

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>

#include "common/core/error.h"
#include "common/core/labels.h"
#include "common/core/text.h"
#include "common/nn/init.h"
#include "common/runtime/adapt.h"
#include "common/runtime/advice.h"
#include "common/runtime/gpu.h"
#include "common/runtime/picture_uploads.h"
#include "common/runtime/prepare.h"
#include "common/runtime/runner.h"

namespace vitral {
namespace {

/// The published checkpoint whose preprocessing and class count hold: named by the user, else of that origin, else the
/// first.
const Pretrained& published(const ResolvedName& name, const std::string& origin) {
  if (name.pretrained != nullptr) return *name.pretrained;
  // timm republishes every file under its own names, so those names alone say nothing but "timm's default".
  const Pretrained* same_origin = origin == "timm" ? nullptr : name.entry->find_origin(origin);
  return same_origin != nullptr ? *same_origin : name.entry->pretrained.front();
}

/// Detectors whose input follows the picture's shape take the sides as those that it is scaled to: one number is the
/// short side, and the cap of the long one keeps its ratio to it.
void set_sides(Preprocess& preprocess, std::array<std::int64_t, 2> size) {
  const auto [shorter, longer] = std::minmax(size[0], size[1]);
  const double ratio = static_cast<double>(preprocess.longest) / preprocess.resize;
  preprocess.resize = static_cast<int>(shorter);
  preprocess.longest = shorter == longer ? static_cast<int>(std::lround(static_cast<double>(shorter) * ratio))
                                         : static_cast<int>(longer);
}

void set_size(Preprocess& preprocess, std::array<std::int64_t, 2> size) {
  if (preprocess.height == 0) return set_sides(preprocess, size);
  const double ratio = static_cast<double>(size[0]) / preprocess.height;
  preprocess.resize = static_cast<int>(std::lround(preprocess.resize * ratio));
  preprocess.height = static_cast<int>(size[0]);
  preprocess.width = static_cast<int>(size[1]);
}

/// Whose numerics go with files in our own names.
const std::string& own_origin(const ModelEntry& entry) {
  return entry.own_layout.empty() ? entry.pretrained.front().origin : entry.own_layout;
}

/// Only networks whose input follows the picture's shape have no size.
void check_size(const NativeRecord& own, const ModelEntry& entry, const std::string& file) {
  const bool sized = entry.preprocess().height > 0;
  if ((own.height > 0) == sized && (own.width > 0) == sized) return;
  throw Error(ErrorKind::weights, file,
              "metadata 'vitral': " + std::to_string(own.height) + "x" + std::to_string(own.width) +
                  " is no size for " + entry.name);
}

/// What the network of a name is, before the user's wishes: the file's own record, or what was published.
NativeRecord base_record(const ResolvedName& name, const std::optional<NativeRecord>& own, const std::string& origin) {
  if (own) return *own;
  const Pretrained& source = published(name, origin);
  NativeRecord record;
  record.architecture = name.entry->name;
  record.origin = origin;
  record.num_classes = source.num_classes;
  record.preprocess = source.preprocess;
  record.height = source.preprocess.height;
  record.width = source.preprocess.width;
  record.licence = source.licence;
  const auto* names = labels(name.entry->labels);
  if (names != nullptr && static_cast<std::int64_t>(names->size()) == record.num_classes) {
    record.labels = *names;
    record.category_ids = category_ids(name.entry->labels);
  }
  return record;
}

void apply_wishes(NativeRecord& record, const LoadRequest& request) {
  if (request.num_classes && *request.num_classes != record.num_classes) {
    record.num_classes = *request.num_classes;
    record.labels.clear();
    record.category_ids.clear();
  }
  if (request.in_chans) record.in_chans = *request.in_chans;
  if (request.image_size) {
    set_size(record.preprocess, *request.image_size);
    record.height = record.preprocess.height;
    record.width = record.preprocess.width;
  }
}

std::shared_ptr<Network> build(const ModelEntry& entry, const NativeRecord& record, const LoadRequest& request,
                               bool from_file) {
  // What a file fills completely needs no random numbers.
  std::optional<nn::SkipInit> skip;
  if (from_file && !request.allow_partial && !request.num_classes) skip.emplace();
  at::manual_seed(request.seed);
  BuildOptions options;
  options.num_classes = record.num_classes;
  if (record.height > 0) options.image_size = {record.height, record.width};
  options.in_chans = record.in_chans;
  options.origin = record.origin;
  options.drop_path = request.drop_path;
  options.dropout = request.dropout;
  return entry.build(options);
}

/// Resamples, sums and drops what the user's wishes ask for.
void adapt(LoadedModel& model, weights::StateDict& state, const LoadRequest& request, weights::LoadReport& report) {
  const AdaptContext context{model.record.origin, &report.adapted, request.num_classes.has_value()};
  if (request.in_chans) adapt_stem(state, *model.net, report.adapted);
  if (request.num_classes && model.entry->adapt_classes) model.entry->adapt_classes(state, *model.net, context);
  if (request.num_classes) adapt_head(state, *model.net, report.adapted);
  if (request.image_size && model.entry->adapt) model.entry->adapt(state, *model.net, context);
  for (const auto& each : report.adapted) model.notes.push_back(each.name + ": " + each.text);
}

/// Fills `model.net` from its checkpoint.
void fill(LoadedModel& model, const weights::KeyMap* map, const LoadRequest& request, const Registry& registry) {
  const auto& checkpoint = *model.checkpoint;
  auto state = weights::to_state_dict(checkpoint, request.storage);
  auto report = weights::begin_report(checkpoint, {});
  const auto expected = weights::names_of(weights::state_dict_of(model.net->module()));
  if (map != nullptr) {
    const auto plan = weights::plan(checkpoint.names(), *map, weights::Direction::to_ours, expected);
    state = weights::apply(plan, state);
    report = weights::begin_report(checkpoint, plan);
    if (!map->note.empty()) model.notes.emplace_back(map->note);
  }
  report.origin = model.record.origin;
  report.model = model.entry->name;
  const bool every_key_is_known = report.unexpected.empty();
  reshape_linear_stem(state, *model.net);
  adapt(model, state, request, report);
  // Strictness is judged below, where the reason can be named: a head that was asked for anew is missing by intention.
  auto loaded = weights::load_into(model.net->module(), state, {true, request.storage}, std::move(report));
  if (!request.allow_partial && !only_heads_missing(loaded)) {
    if (every_key_is_known) loaded.advice = advice(registry, *model.entry, model.record, state);
    if (loaded.advice.empty()) loaded.contents = contents(registry, checkpoint);
    throw weights::LoadError(std::move(loaded));
  }
  checkpoint.check();
  model.report = std::move(loaded);
}

/// A path or a name. Of names only those of hub repositories have a slash:
/// "vit_base_patch16_224.google/vit-base-patch16-224".
bool names_file(const Registry& registry, const std::string& model) {
  if (model.find('/') == std::string::npos && !model.ends_with(".safetensors")) return false;
  return std::none_of(registry.entries().begin(), registry.entries().end(), [&](const auto& entry) {
    return model.starts_with(entry->name + ".") &&
           entry->find_tag(std::string_view(model).substr(entry->name.size() + 1)) != nullptr;
  });
}

/// The file of the name that was fetched earlier; `name` then stands for it.
std::optional<std::filesystem::path> stored(ResolvedName& name, const ModelStore& store) {
  const auto* file = published_file(name);
  auto path = file == nullptr ? std::nullopt : store.find(*name.entry, *file);
  if (path) name.pretrained = file;
  return path;
}

[[noreturn]] void no_weights(const std::string& model, const ModelEntry& entry, const ModelStore& store) {
  if (entry.bundled) {
    throw Error(ErrorKind::weights, "model " + entry.name,
                "has no weights here: " + entry.pretrained.front().file +
                    " is not in the program's folder of models ('./run train-bundled " + entry.name +
                    "' makes it); -w names another file");
  }
  std::string text = "has no weights here: -w names a file, 'vitral models pull " + printable(model, 200) +
                     "' fetches one, 'vitral models show " + entry.name + "' lists what was published";
  std::vector<std::string> here;
  for (const auto& tag : store.tags(entry)) here.push_back(entry.name + "." + tag);
  if (!here.empty()) text += "; here: " + join(here);
  throw Error(ErrorKind::weights, "model " + printable(model, 200), text);
}

}  // namespace

const weights::KeyMap* find_key_map(const ModelEntry& entry, const std::vector<std::string>& names,
                                    const std::string& origin) {
  if (origin.empty()) return weights::detect(names, entry.key_maps);
  const weights::KeyMap* named = nullptr;
  std::vector<std::string> known;
  if (!entry.own_layout.empty()) known.push_back(entry.own_layout);
  for (const auto& map : entry.key_maps) {
    known.emplace_back(map.origin);
    if (map.origin != origin) continue;
    if (weights::detect(names, map)) return &map;
    if (named == nullptr) named = &map;
  }
  if (named == nullptr && origin != entry.own_layout && origin != "native") {
    throw Error(ErrorKind::usage, "--origin " + printable(origin, 100),
                "is unknown for " + entry.name + ", which knows " + join(known));
  }
  return named;
}

LoadedModel load_model(const Registry& registry, const LoadRequest& request) {
  LoadedModel model;
  ResolvedName name;
  const bool from_file = names_file(registry, request.model);
  if (!from_file) name = registry.resolve(request.model);
  auto file = from_file ? std::optional<std::filesystem::path>(request.model) : request.weights;
  if (!file) file = stored(name, request.store);
  if (!file && !request.allow_random) no_weights(request.model, *name.entry, request.store);
  if (file) model.checkpoint = weights::open(*file);
  std::optional<NativeRecord> own;
  if (model.checkpoint) own = native_record(*model.checkpoint);
  if (from_file) {
    if (!own) {
      throw Error(ErrorKind::weights, printable(request.model),
                  "does not say which model it holds: name it with -m NAME and give the file with -w");
    }
    name = registry.resolve(own->architecture);
  } else if (own && own->architecture != name.entry->name) {
    throw Error(ErrorKind::weights, printable(model.checkpoint->path),
                "holds " + printable(own->architecture, 100) + ", not " + name.entry->name);
  }
  model.entry = name.entry;
  if (own) check_size(*own, *name.entry, printable(model.checkpoint->path));
  const weights::KeyMap* map = nullptr;
  if (model.checkpoint && !own) {
    for (const auto& [before, numbered] : name.entry->stacked) weights::unstack(*model.checkpoint, before, numbered);
  }
  if (model.checkpoint && !own) map = find_key_map(*name.entry, model.checkpoint->names(), request.origin);
  std::string origin = map != nullptr ? std::string(map->origin) : request.origin;
  if (origin.empty() || origin == "native") {
    // Without a file the name itself tells: torchvision's names stand for torchvision's files.
    const bool named = !model.checkpoint && name.pretrained != nullptr;
    origin = named ? name.pretrained->origin : own_origin(*name.entry);
  }
  model.record = base_record(name, own, origin);
  apply_wishes(model.record, request);
  model.net = build(*name.entry, model.record, request, model.checkpoint.has_value());
  if (model.checkpoint) fill(model, map, request, registry);
  return model;
}

InputOf input_of(const Registry& registry, const std::string& model,
                 std::optional<std::array<std::int64_t, 2>> image_size) {
  InputOf input;
  if (names_file(registry, model)) {
    const auto record = native_record(weights::open(model));
    if (!record) throw Error(ErrorKind::weights, printable(model), "carries no preprocessing");
    input = {record->preprocess, registry.resolve(record->architecture).entry->task};
  } else {
    const auto name = registry.resolve(model);
    input = {published(name, "").preprocess, name.entry->task};
  }
  if (image_size) set_size(input.preprocess, *image_size);
  return input;
}

Classifier& LoadedModel::classifier() const {
  if (auto* classifier = dynamic_cast<Classifier*>(net.get())) return *classifier;
  throw Error(ErrorKind::usage, "model " + entry->name, "is a detector, expected a classifier");
}

Detector& LoadedModel::detector() const {
  if (auto* detector = dynamic_cast<Detector*>(net.get())) return *detector;
  throw Error(ErrorKind::usage, "model " + entry->name, "is a classifier, expected a detector");
}

void LoadedModel::prepare(const at::Device& device, nn::Precision precision, const RunOptions& options) {
  constexpr std::int64_t kSideMultiple = 64;
  std::string why;
  RunnerOptions how{entry->name, device, precision, options.graphs && !options.on_output};
  // Networks of one size can't be given another.
  if (record.height == 0) how.side_multiple = kSideMultiple;
  how.preprocess = record.preprocess;
  // Layers that are listened to do all that they do elsewhere, and padding may have to be 0 behind normalising.
  how.takes_levels = net->takes_levels({record.height, record.width}) && !options.on_output &&
                     !pads_after_normalising(record.preprocess.rule);
  runner_ = std::make_shared<Runner>(std::move(how), options.gpu ? options.gpu : open_gpu(device, why));
  if (!device.is_cpu()) runner_->guarded({}, [&] { net->module().to(device); });
  std::vector<std::shared_ptr<const MappedFile>> files;
  if (checkpoint) files = checkpoint->files;
  const auto release = [files](const at::Tensor& plain) {
    if (!plain.is_cpu() || !plain.is_contiguous()) return;
    const std::span bytes(static_cast<const std::byte*>(plain.const_data_ptr()), plain.nbytes());
    for (const auto& file : files) file->release(bytes);
  };
  prepare_for_inference(net->module(), precision, release, options.on_output,
                        kernels::normalization_of(record.preprocess));
}

at::Device LoadedModel::device() const {
  return runner_->device();
}

Gpu* LoadedModel::gpu() const {
  return runner_->gpu().get();
}

std::shared_ptr<const PictureUploads> LoadedModel::uploads() const {
  if (runner_->device().is_cpu() && runner_->gpu() == nullptr) return nullptr;
  if (record.in_chans != 3 || !PictureUploads::serve(record.preprocess, entry->task)) return nullptr;
  return std::make_shared<const PictureUploads>(record.preprocess, runner_->device(), runner_->gpu());
}

void LoadedModel::compute(const PictureBatch& batch, const Use& use) const {
  auto& network = detector();
  const c10::InferenceMode inference;
  runner_->guarded(batch.images, [&] {
    const auto placed = runner_->place(batch);
    runner_->run(
        "compute", {placed.images, placed.mask},
        [&](const Inputs& inputs) {
          return network.compute({inputs[0], inputs[1]});
        },
        [&](const Outputs& computed) { use(placed, computed); });
  });
  if (checkpoint) checkpoint->check();
}

NamedTensors LoadedModel::raw(const PictureBatch& batch) const {
  NamedTensors outputs;
  compute(batch, [&](const PictureBatch& placed, const NamedTensors& computed) {
    outputs = detector().outputs_of(placed, computed);
    for (auto& [name, tensor] : outputs) {
      tensor = tensor.is_floating_point() ? tensor.to(at::kCPU, at::kFloat) : tensor.to(at::kCPU);
    }
  });
  return outputs;
}

std::vector<Detections> LoadedModel::detect(const PictureBatch& batch, const DetectOptions& options) const {
  std::vector<Detections> found;
  compute(batch, [&](const PictureBatch& placed, const NamedTensors& computed) {
    found = detector().detect_from(placed, computed, options);
    for (auto& [boxes, scores, labels, queries] : found) {
      boxes = boxes.to(at::kCPU, at::kFloat).contiguous();
      scores = scores.to(at::kCPU, at::kFloat).contiguous();
      labels = labels.to(at::kCPU, at::kLong).contiguous();
      if (queries.defined()) queries = queries.to(at::kCPU, at::kLong).contiguous();
    }
  });
  return found;
}

at::Tensor LoadedModel::logits(const at::Tensor& images) const {
  auto& network = classifier();
  const c10::InferenceMode inference;
  at::Tensor result;
  runner_->guarded(images, [&] {
    runner_->run(
        "logits", {runner_->place(images)},
        [&](const Inputs& inputs) {
          return Outputs{{"logits", network.forward(inputs[0])}};
        },
        [&](const Outputs& outputs) { result = outputs[0].second.to(at::kCPU, at::kFloat); });
  });
  if (checkpoint) checkpoint->check();
  return result;
}

std::pair<at::Tensor, at::Tensor> LoadedModel::features_and_logits(const at::Tensor& images) const {
  auto& network = classifier();
  const c10::InferenceMode inference;
  const auto work = [&](const Inputs& inputs) {
    const auto pooled = network.pool(network.forward_features(inputs[0]));
    const auto logits = network.forward_head(pooled);
    return Outputs{{"features", pooled.dim() == 3 ? pooled.mean(1) : pooled},
                   {"logits", logits}};  // distilled: both tokens
  };
  std::pair<at::Tensor, at::Tensor> result;
  runner_->guarded(images, [&] {
    runner_->run("features", {runner_->place(images)}, work, [&](const Outputs& outputs) {
      result = {outputs[0].second.to(at::kCPU, at::kFloat), outputs[1].second.to(at::kCPU, at::kFloat)};
    });
  });
  return result;
}

}  // namespace vitral
