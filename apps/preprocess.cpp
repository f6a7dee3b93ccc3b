// vitral preprocess: exactly the tensor that the network would see.
#include <ATen/ops/empty.h>

#include "apps/collate.h"
#include "apps/command.h"
#include "apps/flags.h"
#include "apps/picture_stream.h"
#include "apps/registry.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

struct PreprocessFlags {
  ConsoleFlags console;
  OutputFlags output;
  std::string model, imgsz;
  std::vector<std::string> inputs;
};

/// Reads every usable picture; a bad one is skipped and named, or ends the run with --strict.
std::vector<PreparedPicture> read_all(PictureStream& stream, bool strict, Console& console) {
  std::vector<PreparedPicture> pictures;
  std::string last_error;
  while (auto picture = stream.next()) {
    if (picture->error.empty()) {
      pictures.push_back(std::move(*picture));
      continue;
    }
    last_error = picture->error;
    if (strict) throw Error(ErrorKind::input, "", picture->error);
    if (stream.size() > 1) console.warning("skipped: " + picture->error);
  }
  if (pictures.empty()) throw Error(ErrorKind::input, "", last_error);
  return pictures;
}

int run(const PreprocessFlags& flags, Console& console) {
  const auto registry = make_registry();
  const auto size = flags.imgsz.empty() ? std::nullopt : std::optional(parse_size(flags.imgsz));
  const auto [preprocess, task] = input_of(*registry, flags.model, size);
  AtomicFile early_check(flags.output.output, flags.output.overwrite);
  const auto sources = expand_inputs(flags.inputs);
  for (const auto& source : sources) refuse_same_file(flags.output.output, source.path.string());
  console.detail(explain(preprocess));
  PictureStream stream(sources, preprocess);
  const auto pictures = read_all(stream, flags.output.strict, console);
  std::vector<const PreparedInput*> inputs;
  auto sizes = at::empty({static_cast<std::int64_t>(pictures.size()), 2}, at::kLong);
  for (const auto& picture : pictures) {
    const auto i = static_cast<std::int64_t>(inputs.size());
    sizes[i][0] = picture.height;
    sizes[i][1] = picture.width;
    inputs.push_back(&picture.inputs.front());
  }
  weights::StateDict outputs;
  outputs.insert("images", stacked_images(inputs));
  if (task == Task::detect) outputs.insert("mask", padding_mask(inputs));
  outputs.insert("sizes", sizes);
  weights::save(flags.output.output, outputs, {}, flags.output.overwrite);
  console.note("written: " + printable(flags.output.output));
  return 0;
}

}  // namespace

void add_preprocess(CLI::App& root, Context& context) {
  auto flags = std::make_shared<PreprocessFlags>();
  auto* app = root.add_subcommand("preprocess", "the tensor that a network would see");
  app->add_option("INPUT", flags->inputs, "pictures, folders, globs, @list.txt, or - for standard input")->required();
  app->add_option("-m,--model", flags->model, "a name, with or without a tag, or a native checkpoint file")->required()->type_name("NAME|FILE");
  app->add_option("--imgsz", flags->imgsz, "input size in pixels")->type_name("N|HxW");
  flags->output.add_output(*app, "safetensors to write: images F32 [B, 3, H, W], sizes I64 [B, 2], of detectors also mask BOOL [B, H, W]");
  app->get_option("--output")->required();
  flags->output.add_strict(*app);
  flags->console.add(*app);
  app->footer("Example:\n  vitral preprocess -m resnet50.tv_in1k cat.jpg -o cat.safetensors");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      if (!flags->imgsz.empty()) parse_size(flags->imgsz);
      return run(*flags, context.console);
    };
  });
}

}  // namespace vitral::apps
