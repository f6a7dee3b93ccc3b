#include "train/trainer.h"

#include <ATen/Context.h>
#include <ATen/ops/rand.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cmath>

#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/stop_watch.h"
#include "common/core/text.h"
#include "common/nn/checkpoint.h"
#include "train/augment.h"
#include "train/autocast.h"
#include "train/history.h"
#include "train/restore.h"
#include "train/together.h"

namespace vitral::train {
namespace {

std::unique_ptr<Loader> make_loader(const TrainingData& data, const Preprocess& spec, const TrainOptions& options,
                                    const Trainer::Setup& setup, const LoaderPosition& start) {
  LoaderOptions loading;
  loading.batch = static_cast<std::size_t>(options.batch);
  loading.seed = options.seed;
  loading.workers = setup.workers;
  loading.ahead = 2 * loading.batch;
  loading.strict = setup.strict;
  if (setup.peers != nullptr) {
    loading.rank = setup.peers->rank();
    loading.world = setup.peers->world();
  }
  loading.drop_last = loading.world > 1 || data.train->size() >= loading.batch;
  return std::make_unique<Loader>(data.train, training_transform(options.augment, spec, data.train), loading,
                                  batch_transform(options.augment), start);
}

double value_of(const at::Tensor& scalar) {
  return scalar.detach().to(at::kCPU, at::kDouble).item<double>();
}

}  // namespace

Trainer::Trainer(LoadedModel& model, TrainingData data, const TrainOptions& options, Setup setup, Listener& listener)
    : model_(model),
      data_(std::move(data)),
      options_(options),
      setup_(std::move(setup)),
      listener_(listener),
      objective_(make_objective(model, options_, setup_.teacher, setup_.device)),
      optimizer_(group_parameters(model.net->module(), options_.groups), options_.optimizer) {
  at::manual_seed(options_.seed + rank());
  model_.net->module().to(setup_.device);
  share_weights(setup_.peers, model_.net->module());
  model_.net->module().train();
  if (options_.ema > 0) ema_ = std::make_unique<Ema>(model_.net->module(), options_.ema);
  if (data_.val) places_of(data_.val->classes(), data_.train->classes(), "the validation set");
  loader_ = make_loader(data_, model_.record.preprocess, options_, setup_, {});
}

Trainer::~Trainer() = default;

std::int64_t Trainer::steps_per_epoch() const {
  const auto batches = static_cast<std::int64_t>(loader_->batches_per_epoch());
  return (batches + options_.accumulate - 1) / options_.accumulate;
}

std::int64_t Trainer::total_steps() const {
  const auto all = steps_per_epoch() * options_.epochs;
  return options_.max_steps > 0 ? std::min(all, options_.max_steps) : all;
}

ScheduleOptions Trainer::schedule() const {
  auto schedule = options_.schedule;
  const auto steps = [this](double epochs) {
    return static_cast<std::int64_t>(std::lround(epochs * static_cast<double>(steps_per_epoch())));
  };
  schedule.total_steps = steps_per_epoch() * options_.epochs;
  schedule.warmup_steps = steps(options_.warmup_epochs);
  schedule.decay_steps = steps(options_.decay_epochs);
  return schedule;
}

/// What the file says of the run, before any of it is used.
void Trainer::check(const StoredState& stored, const std::string& subject) const {
  const auto& state = stored.state;
  if (state.position.batch >= loader_->batches_per_epoch() || state.step < 0) {
    throw Error(ErrorKind::weights, subject,
                "goes on at batch " + std::to_string(state.position.batch) + ", of " +
                    std::to_string(loader_->batches_per_epoch()) + " in an epoch of this data");
  }
  for (const auto& line : state.history) {
    if (!is_epoch_record(line))
      throw Error(ErrorKind::weights, subject, "its history holds no record of an epoch: " + printable(line, 100));
  }
}

void Trainer::resume() {
  const auto file = setup_.files.state();
  const std::string subject = printable(file.string());
  auto stored = load_state(file);
  check(stored, subject);
  restore(weights::state_dict_of(model_.net->module()), stored.sections["model"], "value", subject);
  if (ema_) ema_->load(stored.sections["average"], subject);
  optimizer_.load(stored.sections["optimizer"], subject);
  auto random = random_states(setup_.peers, setup_.device);
  const auto& kept = stored.sections["random"];
  if (kept.size() != random.size()) {
    throw Error(
        ErrorKind::weights, subject,
        "is of a run of " + std::to_string(kept.size()) + " processes, this one has " + std::to_string(random.size()));
  }
  restore(random, kept, "random state", subject);
  set_random_state(setup_.peers, setup_.device, random);
  state_ = std::move(stored.state);
  scaler_.restore(state_.scale, state_.good_steps);
  loader_ = make_loader(data_, model_.record.preprocess, options_, setup_, state_.position);
}

void Trainer::try_largest_batch() {
  const auto [height, width] = largest_input(model_.record.preprocess, model_.entry->task);
  // What the pass would change is put back: it is no part of the training.
  const auto before = random_states(setup_.peers, setup_.device);
  SampleBatch batch;
  batch.images = at::rand({options_.batch, 3, height, width});
  batch.mask = at::zeros({options_.batch, height, width}, at::kBool);
  const auto classes = static_cast<std::int64_t>(data_.train->classes().size());
  batch.shares = at::full({options_.batch, classes}, 1.0 / static_cast<double>(classes));
  const auto box = at::tensor({0.25, 0.25, 0.75, 0.75}, at::kFloat).view({1, 4});
  const auto pixels = box * at::tensor({width, height, width, height}, at::kFloat);
  const auto middle = at::full({1, 4}, 0.5);
  batch.objects.assign(static_cast<std::size_t>(options_.batch), {at::zeros({1}, at::kLong), pixels, middle});
  weights::StateDict buffers;
  for (const auto& item : model_.net->module().named_buffers()) buffers.insert(item.key(), item.value().clone());
  try {
    at::Tensor total;
    for (const auto& [name, loss] : losses(batch, 0)) {
      total = total.defined() ? total + loss : loss;
    }
    total.backward();
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::unavailable, "a batch of " + std::to_string(options_.batch),
                "does not fit into memory at " + std::to_string(width) + "x" + std::to_string(height) +
                    " pixels: take a smaller --batch with --accum, or a smaller --imgsz");
  }
  optimizer_.zero_grad();
  const at::NoGradGuard no_grad;
  for (const auto& item : model_.net->module().named_buffers()) item.value().copy_(buffers[item.key()]);
  set_random_state(setup_.peers, setup_.device, before);
}

LoaderPosition Trainer::next_position() const {
  const auto position = loader_->position();
  return position.batch == loader_->batches_per_epoch() ? LoaderPosition{position.epoch + 1, 0} : position;
}

std::vector<LoadedBatch> Trainer::next_group() {
  std::vector<LoadedBatch> group;
  const auto epoch = next_position().epoch;
  while (static_cast<std::int64_t>(group.size()) < options_.accumulate && next_position().epoch == epoch) {
    auto batch = loader_->next();
    for (const auto& problem : batch.problems) listener_.warning("skipped: " + problem);
    state_.meters.bad_pictures += static_cast<std::int64_t>(batch.problems.size());
    if (!batch.samples.empty()) group.push_back(std::move(batch));
  }
  return group;
}

NamedTensors Trainer::losses(const SampleBatch& batch, double object_count) {
  const Autocast autocast(setup_.device, options_.amp);
  const nn::CheckpointScope checkpoints(options_.checkpointing);
  return objective_->losses(to_device(batch, setup_.device), object_count);
}

Trainer::Pass Trainer::backward(const std::vector<LoadedBatch>& group) {
  Pass pass;
  const auto objects = objects_of(group);
  const double share = 1.0 / static_cast<double>(group.size());
  const double scale = options_.amp == Amp::fp16 ? scaler_.scale() : 1.0;
  for (std::size_t batch = 0; batch < group.size(); ++batch) {
    const auto& each = group[batch];
    for (const auto& sample : each.samples) pass.names.push_back(sample.name);
    pass.pictures += each.samples.size();
    const auto parts =
        losses(collate(each.samples, data_.train->classes().size(), model_.record.preprocess), objects[batch]);
    at::Tensor total;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto& [name, loss] = parts[i];
      total = total.defined() ? total + loss : loss;
      if (pass.parts.size() <= i) pass.parts.emplace_back(name, 0.0);
      pass.parts[i].second += value_of(loss) * share;
    }
    const double loss = value_of(total);
    pass.loss += loss * share;
    pass.finite = pass.finite && std::isfinite(loss);
    if (!pass.finite) break;
    (total * (share * scale)).backward();
  }
  return agreed(std::move(pass));
}

/// Of each batch of the group, the objects of all processes per process; 0 where one process counts for itself.
std::vector<double> Trainer::objects_of(const std::vector<LoadedBatch>& group) {
  std::vector<double> counts(static_cast<std::size_t>(options_.accumulate), 0.0);
  if (setup_.peers == nullptr) return counts;
  for (std::size_t i = 0; i < group.size(); ++i) {
    for (const auto& sample : group[i].samples) {
      for (const auto& object : sample.objects) counts[i] += object.crowd ? 0 : 1;
    }
  }
  counts = sum_of(setup_.peers, std::move(counts));
  for (auto& each : counts) each /= static_cast<double>(setup_.peers->world());
  return counts;
}

/// A step is taken by all processes or by none; what is told of it is the mean.
Trainer::Pass Trainer::agreed(Pass pass) {
  if (setup_.peers == nullptr) return pass;
  pass.finite = !any_of(setup_.peers, !pass.finite);
  if (!pass.finite) return pass;
  std::vector<double> numbers{static_cast<double>(pass.pictures), pass.loss};
  for (const auto& [name, value] : pass.parts) numbers.push_back(value);
  numbers = sum_of(setup_.peers, std::move(numbers));
  const auto world = static_cast<double>(setup_.peers->world());
  pass.pictures = static_cast<std::size_t>(numbers[0]);
  pass.loss = numbers[1] / world;
  for (std::size_t i = 0; i < pass.parts.size(); ++i) pass.parts[i].second = numbers[i + 2] / world;
  return pass;
}

bool Trainer::apply(const Pass& pass, double lr) {
  if (!pass.finite) return false;
  const auto parameters = optimizer_.parameters();
  average_gradients(setup_.peers, parameters);
  if (options_.amp == Amp::fp16) {
    for (const auto& parameter : parameters) {
      if (parameter.grad().defined()) parameter.grad().div_(scaler_.scale());
    }
  }
  const double norm = clip_gradients(parameters, options_.clip);
  const bool finite = std::isfinite(norm);
  if (options_.amp == Amp::fp16) scaler_.update(finite);
  if (!finite) return false;
  optimizer_.step(lr);
  ++state_.step;
  if (ema_) ema_->update(state_.step);
  state_.meters.gradient_norm += norm;
  return true;
}

/// With fp16 a gradient that overflows is how the scale is found; it is no failure of the pictures.
void Trainer::skip(const Pass& pass) {
  ++state_.meters.bad_steps;
  ++state_.bad_in_row;
  if (pass.finite && options_.amp == Amp::fp16 && scaler_.scale() >= 1) return;
  listener_.warning("step " + std::to_string(state_.step) + " has no finite " + (pass.finite ? "gradient" : "loss") +
                    " and is left out; its pictures: " + printable(join(pass.names), 1000));
  if (state_.bad_in_row < options_.most_bad_steps) return;
  throw Error(ErrorKind::failed, "training",
              std::to_string(state_.bad_in_row) + " steps in a row had no finite loss; the last good checkpoint is " +
                  printable(setup_.files.last().string()) + ". A lower --lr, --clip or --amp off may help");
}

void Trainer::take_step() {
  StopWatch watch;
  const auto group = next_group();
  state_.position = next_position();
  if (any_of(setup_.peers, group.empty())) return;
  const double lr = learning_rate(schedule(), state_.step);
  const auto pass = backward(group);
  const bool taken = apply(pass, lr);
  optimizer_.zero_grad();
  auto& meters = state_.meters;
  if (!taken) {
    skip(pass);
  } else {
    state_.bad_in_row = 0;
    meters.total += pass.loss;
    if (meters.sums.empty()) {
      for (const auto& [name, value] : pass.parts) meters.sums.emplace_back(name, 0.0);
    }
    for (std::size_t i = 0; i < pass.parts.size(); ++i) meters.sums[i].second += pass.parts[i].second;
    ++meters.steps;
    meters.pictures += static_cast<std::int64_t>(pass.pictures);
  }
  const double seconds = watch.lap() / 1000;
  meters.seconds += seconds;
  run_seconds_ += seconds;
  ++run_steps_;
  Listener::Step step;
  step.step = state_.step;
  step.steps = total_steps();
  step.epoch = state_.position.epoch;
  step.loss = pass.loss;
  step.lr = lr;
  step.images_per_s = static_cast<double>(pass.pictures) / std::max(seconds, 1e-9);
  step.seconds_left = run_seconds_ / static_cast<double>(run_steps_) * static_cast<double>(step.steps - step.step);
  if (is_first()) listener_.stepped(step);
}

Outcome Trainer::run(const std::function<bool()>& stop) {
  auto outcome = Outcome::finished;
  const auto last = static_cast<std::uint64_t>(options_.epochs);
  const auto enough = [&] { return options_.max_steps > 0 && state_.step >= options_.max_steps; };
  while (state_.position.epoch < last && !enough()) {
    const auto epoch = state_.position.epoch;
    take_step();
    const bool epoch_over = state_.position.epoch != epoch;
    if (epoch_over || enough()) finish_epoch(epoch);
    const bool patient =
        options_.patience == 0 || static_cast<std::int64_t>(epoch) - state_.best_epoch < options_.patience;
    if (epoch_over && data_.val && !patient) {
      outcome = Outcome::out_of_patience;
      break;
    }
    if (state_.position.epoch < last && !enough() && any_of(setup_.peers, stop())) {
      outcome = Outcome::interrupted;
      break;
    }
  }
  save();
  return outcome;
}

}  // namespace vitral::train
