#include "apps/train_flags.h"

#include <charconv>

#include "common/core/text.h"

namespace vitral::apps {
namespace {

template <class From, class To>
void take(const std::optional<From>& from, To& to) {
  if (from) to = static_cast<To>(*from);
}

double parse_decay(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0 && value < 1)) {
    throw Error(ErrorKind::usage, "--ema", "'" + printable(text, 50) + "' is no decay from 0 (none) to below 1");
  }
  return value;
}

void add_run_flags(CLI::App& app, TrainFlags& f) {
  app.add_option("--data", f.data, "folder of the data set (any format of 'vitral data check')")->type_name("DIR");
  app.add_option("--val", f.val, "the split to evaluate on, or another data set; none: no evaluation")
      ->type_name("SPLIT|DIR");
  app.add_option("--split", f.split, "the split to learn from")->capture_default_str();
  app.add_option("--format", f.format, "folder, coco, yolo, voc, cifar or idx, instead of recognising it");
  app.add_option("--task", f.task, "classify or detect; the model tells it too")
      ->check(CLI::IsMember({"classify", "detect"}));
  app.add_option("--recipe", f.recipe, "settings to begin with: small, finetune, or a paper's (docs/training.md)");
  app.add_option("--resume", f.resume, "go on with a run that was stopped; without a folder with that of -o")
      ->expected(0, 1)
      ->type_name("RUN");
  app.add_option("--epochs", f.epochs)->check(CLI::Range(1, 1'000'000));
  app.add_option("-b,--batch", f.batch, "pictures a step, before --accum")->check(CLI::Range(1, 65'536));
  app.add_option("--accum", f.accumulate, "batches whose gradients make one step")->check(CLI::Range(1, 65'536));
  app.add_option("--max-steps", f.max_steps, "stop after so many steps")->check(CLI::Range(1, 2'000'000'000));
  app.add_option("--patience", f.patience, "stop after so many epochs without a better result")
      ->check(CLI::Range(0, 1'000'000));
  app.add_option("--eval-every", f.evaluate_every, "epochs between evaluations")->check(CLI::Range(1, 1'000'000));
  app.add_option("--device", f.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  app.add_option("--threads", f.threads, "threads to compute with (0: one a core)")->check(CLI::Range(0, 4'096));
  app.add_option("--workers", f.workers, "threads that prepare pictures")
      ->check(CLI::Range(1, 1'024))
      ->capture_default_str();
}

void add_step_flags(CLI::App& app, TrainFlags& f) {
  app.add_option("--lr", f.lr, "highest learning rate")->check(CLI::PositiveNumber);
  app.add_option("--min-lr", f.min_lr, "learning rate at the end")->check(CLI::NonNegativeNumber);
  app.add_option("--warmup", f.warmup, "epochs in which it rises")->check(CLI::NonNegativeNumber);
  app.add_option("--schedule", f.schedule, "constant, cosine, step or onecycle");
  app.add_option("--optimizer", f.optimizer, "adamw, sgd or lion");
  app.add_option("--weight-decay", f.weight_decay)->check(CLI::NonNegativeNumber);
  app.add_option("--layer-decay", f.layer_decay, "each layer learns that much slower than the next")
      ->check(CLI::Range(1e-3, 1.0));
  app.add_option("--backbone-lr", f.backbone_lr, "factor for a detector's backbone")->check(CLI::NonNegativeNumber);
  app.add_option("--freeze", f.freeze, "parameters that do not learn, by name with * and ?")->type_name("GLOB");
  app.add_option("--clip", f.clip, "norm of all gradients at most (0: any)")->check(CLI::NonNegativeNumber);
  app.add_option("--ema", f.ema, "decay of a moving average of the weights (0: none)")
      ->expected(0, 1)
      ->type_name("DECAY");
  app.add_option("--amp", f.amp, "compute in bf16 or fp16 where that is safe; off: nowhere (a GPU: bf16, a CPU: off)")
      ->expected(0, 1)
      ->type_name("TYPE");
  app.add_flag("--checkpointing", f.checkpointing, "compute layers twice to keep less of them in memory");
}

void add_loss_flags(CLI::App& app, TrainFlags& f) {
  app.add_option("--label-smoothing", f.label_smoothing)->check(CLI::Range(0.0, 0.99));
  app.add_option("--drop-path", f.drop_path, "stochastic depth")->check(CLI::Range(0.0, 0.99));
  app.add_option("--dropout", f.dropout)->check(CLI::Range(0.0, 0.99));
  app.add_option("--teacher", f.teacher, "a trained classifier to learn from: a name or a native checkpoint")
      ->type_name("NAME|FILE");
  app.add_option("--distill", f.distill, "soft or hard (with --teacher)");
  app.add_option("--distill-share", f.distill_share, "of the loss")->check(CLI::Range(0.0, 1.0));
  app.add_option("--distill-temperature", f.distill_temperature)->check(CLI::PositiveNumber);
  app.add_option("--crop-scale", f.crop_scale, "least share of a picture that a random crop keeps")
      ->check(CLI::Range(0.01, 1.0));
  app.add_flag("--no-flip", f.no_flip, "pictures are not mirrored");
  app.add_option("--color-jitter", f.color_jitter)->check(CLI::Range(0.0, 1.0));
  app.add_option("--rand-augment", f.rand_augment, "magnitude of RandAugment, 0 to 10")->check(CLI::Range(0, 10));
  app.add_option("--erasing", f.erasing, "probability of random erasing")->check(CLI::Range(0.0, 1.0));
  app.add_option("--mixup", f.mixup, "alpha")->check(CLI::NonNegativeNumber);
  app.add_option("--cutmix", f.cutmix, "alpha")->check(CLI::NonNegativeNumber);
  app.add_option("--scale-jitter", f.scale_jitter, "objects appear 1 - X to 1 + X times as large")
      ->check(CLI::Range(0.0, 0.9));
  app.add_option("--mosaic", f.mosaic, "probability of four pictures in one")->check(CLI::Range(0.0, 1.0));
}

}  // namespace

void TrainFlags::add(CLI::App& app) {
  model.add(app, /*required=*/false);
  add_run_flags(app, *this);
  add_step_flags(app, *this);
  add_loss_flags(app, *this);
  output.add_output(app, "folder of the run");
  output.add_strict(app);
  console.add(app);
}

train::TrainOptions TrainFlags::options(Task task, bool has_weights, train::Amp amp_of_device) const {
  auto o = train::recipe(!recipe.empty() ? recipe : has_weights ? "finetune" : "small", task);
  take(epochs, o.epochs);
  take(batch, o.batch);
  take(accumulate, o.accumulate);
  take(max_steps, o.max_steps);
  take(patience, o.patience);
  take(evaluate_every, o.evaluate_every);
  take(lr, o.schedule.lr);
  take(min_lr, o.schedule.min_lr);
  take(warmup, o.warmup_epochs);
  take(weight_decay, o.groups.weight_decay);
  take(layer_decay, o.groups.layer_decay);
  take(backbone_lr, o.groups.backbone_lr);
  take(clip, o.clip);
  take(label_smoothing, o.label_smoothing);
  take(drop_path, o.drop_path);
  take(dropout, o.dropout);
  take(distill_share, o.distillation_share);
  take(distill_temperature, o.distillation_temperature);
  take(crop_scale, o.augment.crop_scale);
  take(color_jitter, o.augment.color_jitter);
  take(rand_augment, o.augment.rand_augment);
  take(erasing, o.augment.erasing);
  take(mixup, o.augment.mixup);
  take(cutmix, o.augment.cutmix);
  take(scale_jitter, o.augment.scale_jitter);
  take(mosaic, o.augment.mosaic);
  if (!optimizer.empty()) o.optimizer.kind = train::parse_optimizer(optimizer);
  if (!schedule.empty()) o.schedule.kind = train::parse_schedule(schedule);
  o.amp = amp.empty() ? amp_of_device : train::parse_amp(amp);
  if (!distill.empty()) o.distillation = train::parse_distillation(distill);
  if (!ema.empty()) o.ema = parse_decay(ema);
  if (no_flip) o.augment.flip = false;
  o.checkpointing = o.checkpointing || checkpointing;
  o.groups.freeze = freeze;
  o.seed = model.seed;
  o.schedule.min_lr = std::min(o.schedule.min_lr, o.schedule.lr);
  if (teacher.empty() != (o.distillation == train::Distillation::none)) {
    if (teacher.empty()) throw Error(ErrorKind::usage, "--distill", "needs a --teacher");
    o.distillation = train::Distillation::hard;
  }
  return o;
}

void TrainFlags::extend(train::TrainOptions& options) const {
  take(epochs, options.epochs);
  take(max_steps, options.max_steps);
  if (!max_steps) options.max_steps = 0;
  take(patience, options.patience);
}

}  // namespace vitral::apps
