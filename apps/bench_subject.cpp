#include "apps/bench_subject.h"

#include <ATen/Parallel.h>
#include <ATen/ops/randn.h>

#include <algorithm>
#include <array>

#include "apps/bench_stages.h"
#include "apps/eval_data.h"
#include "apps/evaluation.h"
#include "apps/records.h"
#include "common/core/stop_watch.h"
#include "common/core/text.h"
#include "common/runtime/provenance.h"

namespace vitral::apps {
namespace {

constexpr std::int64_t kEvalBatch = 32;

/// {height, width} of the input. Detectors whose input follows the picture's shape get what they would make of the
/// commonest picture, 4 to 3, unless --imgsz names both sides.
std::array<std::int64_t, 2> input_size(const LoadedModel& model, const ModelFlags& flags) {
  if (model.record.height > 0) return {model.record.height, model.record.width};
  const auto named = flags.image_size();
  if (named && (*named)[0] != (*named)[1]) return *named;
  const std::int64_t shorter = model.record.preprocess.resize;
  return {shorter, shorter * 4 / 3};
}

LoadedModel load_named(const std::string& name, const BenchOptions& options, Console& console) {
  ModelFlags flags = options.model;
  flags.model = name;
  return load(flags, options.compute, console, /*allow_random=*/true);
}

}  // namespace

BenchSubject::BenchSubject(const std::string& name, const BenchOptions& options, Console& console)
    : options_(options), console_(console), name_(name), times_(options.batches.size()) {
  load();
}

void BenchSubject::load() {
  if (model_) return;
  Console silent;  // the second time has nothing new to say
  model_.emplace(load_named(name_, options_, loaded_before_ ? silent : console_));
  loaded_before_ = true;
  at::manual_seed(options_.model.seed);
  const auto [height, width] = input_size(model(), options_.model);
  auto* const gpu = model().gpu();
  if (gpu != nullptr) {
    gpu->reset_peak();
    timer_ = gpu->timer();
    if (!monitor_) monitor_ = open_monitor(gpu->properties().bus);
  }
  for (const auto batch : options_.batches) {
    images_.push_back(at::randn({batch, model().record.in_chans, height, width}).to(model().device()));
  }
}

void BenchSubject::unload() {
  images_.clear();
  timer_.reset();
  model_.reset();
}

void BenchSubject::set_peak_memory(double mb) {
  peak_mb_ = mb;
  if (auto* const gpu = model().gpu()) gpu_peak_mb_ = static_cast<double>(gpu->memory().peak) / 1e6;
}

void BenchSubject::watch_clocks() {
  if (!monitor_) return;
  const auto now = monitor_->clocks();
  if (!clocks_) clocks_ = now;
  clocks_->processors = std::min(clocks_->processors, now.processors);
  clocks_->memory = std::min(clocks_->memory, now.memory);
  clocks_->reasons |= now.reasons;
}

double BenchSubject::run_ms(const at::Tensor& images) {
  StopWatch watch;
  if (!timer_) {
    run(images);
    return watch.lap();
  }
  model().gpu()->synchronise();
  timer_->start();
  run(images);
  timer_->stop();
  return timer_->ms();
}

void BenchSubject::run(const at::Tensor& images) const {
  if (model().entry->task == Task::classify) {
    model().logits(images);
  } else if (options_.raw) {
    model().raw({images, {}});
  } else {
    model().detect({images, {}}, DetectOptions{});
  }
}

void BenchSubject::time(int warmup, int iterations) {
  for (std::size_t i = 0; i < images_.size(); ++i) {
    for (int run = 0; run < warmup; ++run) run_ms(images_[i]);
    for (int run = 0; run < iterations; ++run) {
      times_[i].push_back(run_ms(images_[i]));
      console_.progress("bench " + name_, static_cast<std::uint64_t>(run) + 1, static_cast<std::uint64_t>(iterations));
    }
    if (iterations > 0) watch_clocks();
  }
  console_.end_progress();
}

void BenchSubject::examine() {
  for (const auto& path : options_.data) judge(path);
  if (options_.inputs.empty()) return;
  for (const auto batch : options_.batches) stages_.push_back(end_to_end(model(), options_.inputs, batch));
}

void BenchSubject::judge(const std::string& path) {
  const auto set = open_judging_data(path, options_.split);
  if (set->task() != model().entry->task) return;
  const EvaluationOptions how{path, kEvalBatch, /*strict=*/true};
  findings_["data"] = std::filesystem::path(path).filename().string();
  findings_["data_pictures"] = set->size();
  if (model().entry->task == Task::classify) {
    const auto found = evaluate_classifier(model(), *set, how, console_);
    findings_["top1"] = found.metrics.top1();
    findings_["top5"] = found.metrics.top5();
  } else {
    const auto found = evaluate_detector(model(), *set, how, console_);
    findings_["AP"] = found.evaluation.stats[0];
    findings_["AP50"] = found.evaluation.stats[1];
  }
}

std::vector<nlohmann::ordered_json> BenchSubject::rows() const {
  std::int64_t params = 0;
  for (const auto& parameter : model().net->module().parameters()) params += parameter.numel();
  const auto& compute = options_.compute;
  const double bytes_each = compute.precision == "fp32" ? 4.0 : 2.0;
  const auto training = model().checkpoint ? training_record(*model().checkpoint) : std::nullopt;
  std::vector<nlohmann::ordered_json> rows;
  for (std::size_t i = 0; i < images_.size(); ++i) {
    const auto& times = times_[i];
    const double median = percentile(times, 50);
    nlohmann::ordered_json row = {
        {"model", name_},
        {"task", model().entry->task == Task::detect ? "detect" : "classify"},
        {"family", model().entry->family},
        {"precision", compute.precision},
        {"input", {images_[i].size(2), images_[i].size(3)}},
        {"batch", options_.batches[i]},
        {"threads", at::get_num_threads()},
        {"device", model().device().str()},
        {"weights", model().checkpoint ? std::filesystem::path(model().checkpoint->path).filename().string()
                                       : "random (seed " + std::to_string(options_.model.seed) + ")"},
        {"ms",
         {{"min", percentile(times, 0)},
          {"p50", median},
          {"p90", percentile(times, 90)},
          {"p99", percentile(times, 99)}}},
        {"images_per_s", 1000.0 * static_cast<double>(options_.batches[i]) / median},
        {"params", params},
        {"gmacs", model().entry->gmacs},
        {"peak_rss_mb", peak_mb_},
        {"weights_mb", static_cast<double>(params) * bytes_each / 1e6}};
    if (timer_) row["peak_gpu_mb"] = gpu_peak_mb_;
    if (clocks_) {
      row["clocks"] = {{"mhz", clocks_->processors},
                       {"most_mhz", clocks_->most},
                       {"memory_mhz", clocks_->memory},
                       {"held_back_by", throttle_words(clocks_->reasons)}};
    }
    if (training) row["training"] = {{"seconds", training->seconds}, {"epochs", training->epochs}};
    row.update(findings_);
    if (!stages_.empty()) row["end_to_end"] = stages_[i];
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace vitral::apps
