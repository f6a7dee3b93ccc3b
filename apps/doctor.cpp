// vitral doctor and version: what this machine offers and what is wrong.
#include <ATen/Parallel.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>

#include <nlohmann/json.hpp>

#include "apps/command.h"
#include "apps/flags.h"
#include "apps/json_sink.h"
#include "apps/machine.h"
#include "apps/records.h"
#include "common/core/text.h"
#include "common/kernels/attention.h"
#include "common/kernels/cuda/table.h"
#include "common/nn/attention.h"
#include "common/nn/onednn.h"
#include "common/runtime/device.h"
#include "common/runtime/gpu.h"

namespace vitral::apps {
namespace {

struct DoctorFlags {
  ConsoleFlags console;
  OutputFlags output;
};

struct Check {
  std::string name;
  bool good;
  std::string text;
};

/// The fused attention against the textbook one, on this processor.
Check attention_check() {
  const auto q = at::randn({1, 2, 50, 64}), k = at::randn({1, 2, 50, 64}), v = at::randn({1, 2, 50, 64});
  const double error = (nn::attend(q, k, v) - nn::attend_plain(q, k, v)).abs().max().item<double>();
  char text[96];
  std::snprintf(text, sizeof text, "%s, differs from the plain path by %.1e", kernels::attention_implementation(kernels::DType::f32), error);
  return {"attention kernel", error < 1e-5, text};
}

std::string first_line(const std::string& text) { return printable(text.substr(0, text.find('\n')), 300); }

std::string gpu_text(const GpuProperties& gpu) {
  char text[256];
  std::snprintf(text, sizeof text, "%s, %.1f GiB, compute capability %d.%d, %d multiprocessors", gpu.name.c_str(),
                static_cast<double>(gpu.memory) / (1024.0 * 1024.0 * 1024.0), gpu.major, gpu.minor, gpu.processors);
  return text;
}

/// Records a product and plays it back with other numbers.
Check graph_check(Gpu& gpu, const at::Device& device, const std::string& name) {
  try {
    const auto x = at::ones({8, 8}, at::TensorOptions(device));
    at::Tensor y;
    const auto recording = gpu.recorder()->record([&] { y = x.matmul(x); });
    x.fill_(2);
    recording->replay();
    const double sum = y.sum().item<double>();
    return {name, sum == 8 * 8 * 8 * 4, "a recorded product gives " + std::to_string(sum)};
  } catch (const std::exception& error) {
    return {name, false, first_line(error.what())};
  }
}

/// What our own kernels were compiled for, and one of them beside the host's arithmetic.
Check kernel_check(int index, const std::string& name) {
  const auto* const table = kernels::cuda::table();
  if (table == nullptr) return {name, true, kernels::cuda::table_problem() + "; LibTorch's operators are used"};
  const std::string code = std::string("code for ") + table->architectures;
  if (const auto problem = kernels::cuda::device_problem(index); !problem.empty()) {
    return {name, true, code + "; " + problem + "; LibTorch's operators are used"};
  }
  try {
    const auto found = kernels::cuda::run_self_test(index);
    char text[64];
    std::snprintf(text, sizeof text, "; differs from the host by %.1e", static_cast<double>(found.worst));
    return {name, true, code + text};
  } catch (const Error& error) {
    return {name, false, code + "; " + error.what()};
  }
}

/// What one GPU is, and whether it computes.
void check_gpu(int index, std::vector<Check>& checks) {
  const auto number = std::to_string(index), name = "cuda:" + number;
  try {
    const auto device = resolve_device(name);
    std::string why;
    const auto gpu = open_gpu(device, why);
    if (!gpu) {
      checks.push_back({name, true, "computes; without recordings and pinned memory: " + why});
      checks.push_back(kernel_check(index, "kernels " + number));
      return;
    }
    const auto properties = gpu->properties();
    checks.push_back({name, true, gpu_text(properties)});
    checks.push_back({"driver " + number, true,
                      "CUDA " + cuda_version_text(properties.driver) + "; LibTorch runs with " +
                          cuda_version_text(properties.runtime)});
    checks.push_back(kernel_check(index, "kernels " + number));
    checks.push_back(graph_check(*gpu, device, "graphs " + number));
  } catch (const std::exception& error) {
    checks.push_back({name, false, first_line(error.what())});
  }
}

std::vector<Check> gpu_checks() {
  if (const auto problem = cuda_problem(); !problem.empty()) return {{"CUDA", true, problem + "; the CPU is used"}};
  std::vector<Check> checks;
  for (int index = 0; index < gpu_count(); ++index) check_gpu(index, checks);
  return checks;
}

std::vector<Check> run_checks() {
  auto gpus = gpu_checks();  // first of all, see resolve_device()
  std::vector<Check> checks;
  checks.push_back(attention_check());
  checks.push_back({"oneDNN fp32", nn::onednn::usable(at::kFloat), nn::onednn::usable(at::kFloat) ? "packed operators found" : "missing: plain operators are used"});
  const bool bf16 = nn::onednn::usable(at::kBFloat16), fp16 = nn::onednn::usable(at::kHalf);
  checks.push_back({"precision bf16", true, bf16 ? "available" : "not on this processor"});
  checks.push_back({"precision fp16", true, fp16 ? "available" : "not on this processor"});
  for (auto& check : gpus) checks.push_back(std::move(check));
  return checks;
}

int run_doctor(const DoctorFlags& flags, Console& console) {
  const auto machine = machine_json();
  const auto checks = run_checks();
  bool good = true;
  auto list = nlohmann::ordered_json::array();
  std::string text;
  for (const auto& [key, value] : machine.items()) {
    std::string name = key;
    name.resize(18, ' ');
    std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
    if (value.is_array()) shown = join(value.get<std::vector<std::string>>());
    text += name + shown + "\n";
  }
  for (const auto& check : checks) {
    good &= check.good;
    std::string name = check.name;
    name.resize(18, ' ');
    text += name + (check.good ? "" : "WRONG: ") + check.text + "\n";
    list.push_back({{"name", check.name}, {"good", check.good}, {"text", check.text}});
  }
  text += "threads           " + std::to_string(at::get_num_threads()) + "\n";
  JsonSink json(console, flags.output.json, flags.output.overwrite);
  if (json) json.write(json_line({{"schema", "vitral.doctor/1"}, {"machine", machine}, {"checks", list}, {"good", good}}));
  json.finish();
  if (!flags.output.json_on_stdout()) console.result(text);
  if (!good) throw Error(ErrorKind::failed, "doctor", "a check went wrong");
  return 0;
}

}  // namespace

void add_doctor(CLI::App& root, Context& context) {
  auto flags = std::make_shared<DoctorFlags>();
  auto* app = root.add_subcommand("doctor", "what this machine offers and what is wrong");
  flags->output.add_json(*app);
  flags->console.add(*app);
  app->footer("Example:\n  vitral doctor --json -");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      return run_doctor(*flags, context.console);
    };
  });
}

void add_version(CLI::App& root, Context& context) {
  auto flags = std::make_shared<DoctorFlags>();
  auto* app = root.add_subcommand("version", "versions of the program and of what it is built on");
  flags->output.add_json(*app);
  app->footer("Example:\n  vitral version");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      JsonSink json(context.console, flags->output.json, flags->output.overwrite);
      if (json) {
        json.write(json_line({{"schema", "vitral.version/1"}, {"vitral", VITRAL_VERSION}, {"libtorch", VITRAL_LIBTORCH_VERSION}}));
      }
      json.finish();
      if (!flags->output.json_on_stdout()) {
        context.console.result("vitral " VITRAL_VERSION " (LibTorch " VITRAL_LIBTORCH_VERSION ")\n");
      }
      return 0;
    };
  });
}

}  // namespace vitral::apps
