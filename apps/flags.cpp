#include "apps/flags.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <charconv>

#include "apps/registry.h"
#include "apps/user_store.h"
#include "common/core/file.h"
#include "common/core/text.h"
#include "common/runtime/device.h"

namespace vitral::apps {

void ModelFlags::add(CLI::App& app, bool required) {
  auto* name = app.add_option("-m,--model", model, "a name from 'vitral models list', or a native checkpoint file");
  name->type_name("NAME|FILE");
  if (required) name->required();
  app.add_option("-w,--weights", weights, "weights for a name: .safetensors, .pth, .bin, .npz of any known origin")->type_name("FILE");
  app.add_option("--origin", origin, "whose layout the weights have, instead of recognising it")->type_name("ORIGIN");
  app.add_option("--num-classes", num_classes, "class count; a head of another size is re-initialised")->check(CLI::Range(1, 1'000'000));
  app.add_option("--imgsz", imgsz, "input size in pixels, N or HxW; position tables are resampled")->type_name("N|HxW");
  app.add_option("--in-chans", in_chans, "input channels; the stem is summed or repeated")->check(CLI::Range(1, 4'096));
  app.add_flag("--allow-partial", allow_partial, "load although keys are missing or left over");
  app.add_option("--seed", seed, "seed of everything random")->capture_default_str();
}

std::optional<std::array<std::int64_t, 2>> ModelFlags::image_size() const {
  return imgsz.empty() ? std::nullopt : std::optional(parse_size(imgsz));
}

LoadRequest ModelFlags::request() const {
  LoadRequest request;
  request.model = model;
  if (!weights.empty()) request.weights = weights;
  request.store = user_store();
  request.origin = origin;
  request.num_classes = num_classes;
  request.in_chans = in_chans;
  request.image_size = image_size();
  request.allow_partial = allow_partial;
  request.seed = seed;
  return request;
}

void ComputeFlags::add(CLI::App& app) {
  app.add_option("--device", device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  app.add_option("--precision", precision, "auto, fp32, bf16, fp16 or int8")
      ->check(CLI::IsMember({"auto", "fp32", "bf16", "fp16", "int8"}))
      ->capture_default_str();
  app.add_option("--threads", threads, "threads to compute with (0: one a core)")->check(CLI::Range(0, 4'096))->capture_default_str();
  app.add_option("-b,--batch", batch, "pictures computed together")->check(CLI::Range(1, 65'536))->capture_default_str();
  app.add_flag("--deterministic", deterministic, "fail where an operation can't be deterministic");
  app.add_option("--cuda-graphs", cuda_graphs, "record the work on a GPU for shapes that come often: auto or off")
      ->check(CLI::IsMember({"auto", "off"}))
      ->capture_default_str();
}

std::pair<at::Device, nn::Precision> ComputeFlags::apply() const {
  const at::Device where = resolve_device(device);
  if (threads > 0) at::set_num_threads(threads);
  at::globalContext().setFlushDenormal(true);
  if (deterministic) at::globalContext().setDeterministicAlgorithms(true, false);
  // fp32 means fp32: cuDNN would take 10 bits of each factor instead of 23.
  if (where.is_cuda()) at::globalContext().setAllowTF32CuDNN(false);
  return {where, resolve_precision(precision, where)};
}

std::array<std::int64_t, 2> parse_size(const std::string& text) { return parse_pair(text, "--imgsz", "HxW"); }

std::array<std::int64_t, 2> parse_pair(const std::string& text, const char* flag, const char* form) {
  const auto number = [&](std::string_view digits) -> std::int64_t {
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || value < 1 || value > 16'384) {
      throw Error(ErrorKind::usage, flag, "'" + printable(text, 100) + "' is neither N nor " + form + " with 1 to 16384 pixels");
    }
    return value;
  };
  const auto cross = text.find('x');
  if (cross == std::string::npos) return {number(text), number(text)};
  const std::string_view view = text;
  return {number(view.substr(0, cross)), number(view.substr(cross + 1))};
}

LoadedModel load(const ModelFlags& flags, const ComputeFlags& compute, Console& console, bool allow_random,
                 const LayerListener& on_output) {
  auto request = flags.request();
  request.allow_random = allow_random;
  const auto registry = make_registry();
  const auto [device, precision] = compute.apply();
  auto model = load_model(*registry, request);
  model.keep_alive = registry;
  for (const auto& note : model.notes) console.note(note);
  if (model.report && !model.report->is_complete()) console.warning("partly loaded: " + model.report->problems());
  if (!model.checkpoint) console.warning(model.entry->name + " has random weights (seed " + std::to_string(flags.seed) + ")");
  if (model.report) {
    console.detail(model.entry->name + ": " + std::to_string(model.report->loaded.size()) + " tensors of origin " +
                   model.record.origin + " from " + model.report->file);
  }
  model.prepare(device, precision, {on_output, compute.cuda_graphs != "off"});
  return model;
}

}  // namespace vitral::apps
