// vitral forward: raw outputs of a network for ready-made tensors.
#include <ATen/ops/cat.h>

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

/// The tensor `images` of the file, checked against what the network takes.
at::Tensor read_images(const std::string& path, const LoadedModel& model) {
  const auto refuse = [&](const std::string& message) { throw Error(ErrorKind::input, printable(path), message); };
  weights::StateDict state;
  std::string found;
  try {
    const auto checkpoint = weights::open(path);
    if (const auto* record = checkpoint.find("images")) found = weights::describe(*record);
    state = weights::to_state_dict(checkpoint);
  } catch (const Error& error) {
    throw Error(ErrorKind::input, "", error.what());  // the same words, but it is the input that can't be read
  }
  const at::Tensor* images = state.find("images");
  if (images == nullptr) refuse("has no tensor 'images', expected F32 [B, C, H, W]");
  if (images->dim() != 4 || images->scalar_type() != at::kFloat || images->numel() == 0) {
    refuse("images are " + found + ", expected F32 [B, C, H, W]");
  }
  if (images->size(1) != model.record.in_chans) {
    refuse("images " + shape_text(*images) + " have " + std::to_string(images->size(1)) + " channels, " + model.entry->name + " takes " +
           std::to_string(model.record.in_chans));
  }
  const auto fixed = model.net->fixed_size();
  if (fixed && (images->size(2) != (*fixed)[0] || images->size(3) != (*fixed)[1])) {
    refuse("images " + shape_text(*images) + " do not fit " + model.entry->name + ", which takes " + std::to_string((*fixed)[0]) + "x" +
           std::to_string((*fixed)[1]) + " (--imgsz " + std::to_string(images->size(2)) + "x" + std::to_string(images->size(3)) + " adapts it)");
  }
  return *images;
}

int run(const ForwardFlags& flags, Console& console) {
  refuse_same_file(flags.output.output, flags.input);
  AtomicFile early_check(flags.output.output, flags.output.overwrite);  // before the work, not after it
  const auto model = load(flags.model, flags.compute, console);
  const auto images = read_images(flags.input, model);
  std::vector<at::Tensor> logits, features;
  for (std::int64_t begin = 0; begin < images.size(0); begin += flags.compute.batch) {
    const auto part = images.slice(0, begin, std::min(begin + flags.compute.batch, images.size(0)));
    if (flags.features) {
      const auto [pooled, scores] = model.features_and_logits(part);
      features.push_back(pooled);
      logits.push_back(scores);
    } else {
      logits.push_back(model.logits(part));
    }
  }
  weights::StateDict outputs;
  outputs.insert("logits", at::cat(logits));
  if (flags.features) outputs.insert("features", at::cat(features));
  weights::save(flags.output.output, outputs, {}, flags.output.overwrite);
  console.note("written: " + printable(flags.output.output));
  return 0;
}

}  // namespace

void add_forward(CLI::App& root, Context& context) {
  auto flags = std::make_shared<ForwardFlags>();
  auto* app = root.add_subcommand("forward", "raw outputs for ready-made tensors");
  flags->model.add(*app);
  app->add_option("-i,--input", flags->input, "safetensors with images F32 [B, C, H, W], normalised")->required()->type_name("FILE");
  flags->output.add_output(*app, "safetensors to write: logits F32 [B, K]");
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
