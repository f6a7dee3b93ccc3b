// vitral forward: raw outputs of a network for ready-made tensors.
#include <ATen/ops/cat.h>

#include <algorithm>
#include <map>

#include "apps/command.h"
#include "apps/flags.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

struct ForwardFlags {
  ConsoleFlags console;
  ModelFlags model;
  ComputeFlags compute;
  OutputFlags output;
  std::string input;
  bool features = false;
};

std::string shape_text(const at::Tensor& tensor) {
  std::vector<std::string> sizes;
  for (const auto size : tensor.sizes()) sizes.push_back(std::to_string(size));
  return "[" + join(sizes) + "]";
}

/// What a file holds for the network, or why not, in the file's name.
class InputFile {
 public:
  explicit InputFile(const std::string& path) : path_(path) {
    try {
      const auto checkpoint = weights::open(path);
      for (const char* name : {"images", "mask"}) {
        if (const auto* record = checkpoint.find(name)) found_[name] = weights::describe(*record);
      }
      state_ = weights::to_state_dict(checkpoint);
    } catch (const Error& error) {
      throw Error(ErrorKind::input, "", error.what());  // the same words, but it is the input that can't be read
    }
  }

  /// `images`, checked against what the network takes.
  at::Tensor images(const LoadedModel& model) const {
    const at::Tensor* images = state_.find("images");
    if (images == nullptr) refuse("has no tensor 'images', expected F32 [B, C, H, W]");
    if (images->dim() != 4 || images->scalar_type() != at::kFloat || images->numel() == 0) {
      refuse("images are " + found_.at("images") + ", expected F32 [B, C, H, W]");
    }
    const auto shape = "images " + shape_text(*images);
    if (images->size(1) != model.record.in_chans) {
      refuse(shape + " have " + std::to_string(images->size(1)) + " channels, " + model.entry->name + " takes " +
             std::to_string(model.record.in_chans));
    }
    const auto fixed = model.net->fixed_size();
    if (fixed && (images->size(2) != (*fixed)[0] || images->size(3) != (*fixed)[1])) {
      refuse(shape + " do not fit " + model.entry->name + ", which takes " + std::to_string((*fixed)[0]) + "x" +
             std::to_string((*fixed)[1]) + " (--imgsz " + std::to_string(images->size(2)) + "x" +
             std::to_string(images->size(3)) + " adapts it)");
    }
    return *images;
  }

  /// `mask` as bool [B, H, W], true = padding, or nothing where the file has none.
  at::Tensor mask(const at::Tensor& images) const {
    const at::Tensor* mask = state_.find("mask");
    if (mask == nullptr) return {};
    const bool type_fits = mask->scalar_type() == at::kByte || mask->scalar_type() == at::kBool;
    if (!type_fits || mask->sizes() != at::IntArrayRef{images.size(0), images.size(2), images.size(3)}) {
      refuse("mask is " + found_.at("mask") + ", expected U8 or BOOL " + shape_text(images.select(1, 0)) +
             " as the images are");
    }
    const auto padding = mask->view(at::kByte).ne(0);
    const auto hidden = padding.flatten(1).all(1);
    for (std::int64_t i = 0; i < hidden.size(0); ++i) {
      if (hidden[i].item<bool>()) refuse("mask takes the whole of picture " + std::to_string(i) + " for padding");
    }
    return padding;
  }

 private:
  [[noreturn]] void refuse(const std::string& message) const {
    throw Error(ErrorKind::input, printable(path_), message);
  }
  std::string path_;
  weights::StateDict state_;
  std::map<std::string, std::string> found_;  ///< dtype and shape in words
};

/// Outputs of one part of the batch after another, put together along the first dimension.
class Outputs {
 public:
  void add(const NamedTensors& part) {
    for (const auto& output : part) {
      const auto same_name = [&](const auto& each) { return each.first == output.first; };
      const auto known = std::find_if(parts_.begin(), parts_.end(), same_name);
      if (known == parts_.end()) {
        parts_.push_back({output.first, {output.second}});
      } else {
        known->second.push_back(output.second);
      }
    }
  }
  weights::StateDict together() const {
    weights::StateDict state;
    for (const auto& [name, tensors] : parts_) state.insert(name, at::cat(tensors));
    return state;
  }

 private:
  std::vector<std::pair<std::string, std::vector<at::Tensor>>> parts_;
};

NamedTensors classify(const LoadedModel& model, const at::Tensor& images, bool features) {
  if (!features) return {{"logits", model.logits(images)}};
  const auto [pooled, logits] = model.features_and_logits(images);
  return {{"logits", logits}, {"features", pooled}};
}

/// `first`: number of the batch's first picture in the file.
NamedTensors detect(const LoadedModel& model, const PictureBatch& batch, std::int64_t first) {
  auto outputs = model.raw(batch);
  for (auto& [name, tensor] : outputs) {
    if (name == "image_index") tensor = tensor + first;
  }
  return outputs;
}

int run(const ForwardFlags& flags, Console& console) {
  refuse_same_file(flags.output.output, flags.input);
  AtomicFile early_check(flags.output.output, flags.output.overwrite);  // before the work, not after it
  const auto model = load(flags.model, flags.compute, console);
  const bool detects = model.entry->task == Task::detect;
  if (detects && flags.features) {
    throw Error(ErrorKind::usage, "--features",
                "detectors have no pooled features, and " + model.entry->name + " is one");
  }
  const InputFile file(flags.input);
  const PictureBatch all{file.images(model), detects ? file.mask(file.images(model)) : at::Tensor()};
  Outputs outputs;
  for (std::int64_t begin = 0; begin < all.images.size(0); begin += flags.compute.batch) {
    const auto part = [&](const at::Tensor& whole) {
      return whole.defined() ? whole.slice(0, begin, std::min(begin + flags.compute.batch, whole.size(0))) : whole;
    };
    outputs.add(detects ? detect(model, {part(all.images), part(all.mask)}, begin)
                        : classify(model, part(all.images), flags.features));
  }
  weights::save(flags.output.output, outputs.together(), {}, flags.output.overwrite);
  console.note("written: " + printable(flags.output.output));
  return 0;
}

}  // namespace

void add_forward(CLI::App& root, Context& context) {
  auto flags = std::make_shared<ForwardFlags>();
  auto* app = root.add_subcommand("forward", "raw outputs for ready-made tensors");
  flags->model.add(*app);
  app->add_option(
         "-i,--input", flags->input,
         "safetensors with images F32 [B, C, H, W], normalised; for detectors also mask U8 [B, H, W], 1 = padding")
      ->required()
      ->type_name("FILE");
  flags->output.add_output(*app,
                           "safetensors to write: logits F32 [B, K]; detectors: logits and boxes, see docs/formats.md");
  app->get_option("--output")->required();
  app->add_flag("--features", flags->features, "also write the pooled features [B, C]");
  flags->compute.add(*app);
  flags->console.add(*app);
  app->footer("Example:\n  vitral forward -m resnet50 -w resnet50.pth -i batch.safetensors -o logits.safetensors");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      flags->model.image_size();
      return run(*flags, context.console);
    };
  });
}

}  // namespace vitral::apps
