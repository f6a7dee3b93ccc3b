// vitral forward: raw outputs of a network for ready-made tensors.
#include <ATen/ops/cat.h>

#include <algorithm>

#include "apps/command.h"
#include "apps/flags.h"
#include "apps/image_tensors.h"
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
  const PictureBatch all = InputFile(flags.input).batch(model);
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
