// vitral forward: raw outputs of a network for ready-made tensors.
#include <ATen/ops/cat.h>

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
