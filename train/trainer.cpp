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
#include "train/augment.h"
#include "train/history.h"
#include "train/out_of_memory.h"
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

/// Before anything is laid beside its parameters.
torch::nn::Module& moved(LoadedModel& model, const at::Device& device) {
  model.net->module().to(device);
  return model.net->module();
}

}  // namespace

Trainer::Trainer(LoadedModel& model, TrainingData data, const TrainOptions& options, Setup setup, Listener& listener)
    : model_(model),
      data_(std::move(data)),
      options_(options),
      setup_(std::move(setup)),
      listener_(listener),
      objective_(make_objective(model, options_, setup_.teacher, setup_.device)),
      optimizer_(group_parameters(moved(model, setup_.device), options_.groups), options_.optimizer) {
  at::manual_seed(options_.seed + rank());
  share_weights(setup_.peers, model_.net->module());
  model_.net->module().train();
  if (options_.ema > 0) ema_ = std::make_unique<Ema>(model_.net->module(), options_.ema);
  if (data_.val) places_of(data_.val->classes(), data_.train->classes(), "the validation set");
  make_queue({});
}

Trainer::~Trainer() = default;

void Trainer::make_queue(const LoaderPosition& start) {
  auto loader = make_loader(data_, model_.record.preprocess, options_, setup_, start);
  batches_ = std::make_unique<BatchQueue>(std::move(loader), data_.train->classes().size(), model_.record.preprocess,
                                          setup_.device, /*ahead=*/!setup_.device.is_cpu());
}

std::int64_t Trainer::steps_per_epoch() const {
  const auto batches = static_cast<std::int64_t>(batches_->batches_per_epoch());
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
  if (state.position.batch >= batches_->batches_per_epoch() || state.step < 0) {
    throw Error(ErrorKind::weights, subject,
                "goes on at batch " + std::to_string(state.position.batch) + ", of " +
                    std::to_string(batches_->batches_per_epoch()) + " in an epoch of this data");
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
  make_queue(state_.position);
}

void Trainer::try_largest_batch() {
  const auto [height, width] = largest_input(model_.record.preprocess, model_.entry->task);
  // What the pass would change is put back: it is no part of the training.
  const auto before = random_states(setup_.peers, setup_.device);
  SampleBatch batch;
  const auto classes = static_cast<std::int64_t>(data_.train->classes().size());
  batch.shares = at::full({options_.batch, classes}, 1.0 / static_cast<double>(classes));
  const auto box = at::tensor({0.25, 0.25, 0.75, 0.75}, at::kFloat).view({1, 4});
  const auto pixels = box * at::tensor({width, height, width, height}, at::kFloat);
  const auto middle = at::full({1, 4}, 0.5);
  batch.objects.assign(static_cast<std::size_t>(options_.batch), {at::zeros({1}, at::kLong), pixels, middle});
  weights::StateDict buffers;
  for (const auto& item : model_.net->module().named_buffers()) buffers.insert(item.key(), item.value().clone());
  const std::array<std::int64_t, 4> shape = {options_.batch, 3, height, width};
  try {
    batch.images = at::rand(shape, setup_.device);
    at::Tensor total;
    for (const auto& [name, loss] : losses(to_device(batch, setup_.device), 0)) {
      total = total.defined() ? total + loss : loss;
    }
    total.backward();
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error)) throw;
    throw no_memory_for(model_.entry->name, shape, setup_.device);
  }
  optimizer_.zero_grad();
  const at::NoGradGuard no_grad;
  for (const auto& item : model_.net->module().named_buffers()) item.value().copy_(buffers[item.key()]);
  set_random_state(setup_.peers, setup_.device, before);
}

LoaderPosition Trainer::next_position() const {
  const auto position = batches_->position();
  return position.batch == batches_->batches_per_epoch() ? LoaderPosition{position.epoch + 1, 0} : position;
}

void Trainer::take_step() {
  StopWatch watch;
  auto group = next_group();
  state_.position = next_position();
  if (any_of(setup_.peers, group.empty())) return;
  const double lr = learning_rate(schedule(), state_.step);
  auto pass = backward(group);
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
