// What a run does after an epoch: it evaluates, and writes its folder.
#include "common/core/file.h"
#include "common/image/draw.h"
#include "train/curves.h"
#include "train/history.h"
#include "train/samples.h"
#include "train/together.h"
#include "train/trainer.h"

namespace vitral::train {

void Trainer::finish_epoch(std::uint64_t epoch) {
  const bool is_last = static_cast<std::int64_t>(epoch) + 1 >= options_.epochs;
  const bool due = (static_cast<std::int64_t>(epoch) + 1) % std::max<std::int64_t>(options_.evaluate_every, 1) == 0;
  std::optional<Evaluation> evaluation;
  state_.meters.bad_pictures =
      static_cast<std::int64_t>(sum_of(setup_.peers, {static_cast<double>(state_.meters.bad_pictures)})[0]);
  share_buffers(setup_.peers, model_.net->module());
  {
    const Ema::Swapped averaged(ema_.get());
    if (data_.val && (due || is_last)) {
      evaluation.emplace();
      if (is_first()) {
        evaluation = evaluate(model_, *data_.val, data_.train->classes(), options_.batch, setup_.device);
      }
      evaluation->score = of_first(setup_.peers, evaluation->score);
    }
    const bool is_best = !data_.val || (evaluation && evaluation->score > state_.best);
    if (is_best) {
      state_.best = evaluation ? evaluation->score : state_.best;
      state_.best_epoch = static_cast<std::int64_t>(epoch);
      write_model(setup_.files.best());
      write_samples();
    }
    state_.history.push_back(epoch_record(epoch, state_, learning_rate(schedule(), state_.step), evaluation));
    state_.meters = {};
    if (is_first()) listener_.finished_epoch(state_.history.back(), is_best);
  }
  save();
}

void Trainer::save() {
  share_buffers(setup_.peers, model_.net->module());
  const auto random = random_states(setup_.peers, setup_.device);
  if (!is_first()) return;
  {
    const Ema::Swapped averaged(ema_.get());
    write_model(setup_.files.last());
  }
  state_.scale = scaler_.scale();
  state_.good_steps = scaler_.good_steps();
  std::map<std::string, weights::StateDict> sections = {
      {"model", weights::state_dict_of(model_.net->module())}, {"optimizer", optimizer_.state()}, {"random", random}};
  if (ema_) sections["average"] = ema_->state();
  save_state(setup_.files.state(), sections, state_);
  write_file(setup_.files.metrics(), lines_of(state_.history), /*overwrite=*/true);
  write_file(setup_.files.table(), table_of(state_.history), /*overwrite=*/true);
  const auto samples = setup_.files.samples();
  write_curves(setup_.files.folder, model_.entry->name, state_.history,
               std::filesystem::exists(samples) ? samples.filename().string() : "");
}

/// What the network, as it is now, says of some pictures of the validation set.
void Trainer::write_samples() {
  if (!is_first() || !data_.val) return;
  model_.prepare(setup_.device, nn::Precision::fp32);
  const auto sheet = sample_sheet(model_, *data_.val, data_.train->classes());
  model_.net->module().train();
  if (sheet.width == 0) return;
  const auto bytes = image::encode_jpeg(sheet);
  write_file(setup_.files.samples(), {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, /*overwrite=*/true);
}

void Trainer::write_model(const std::filesystem::path& path) {
  if (!is_first()) return;
  weights::save(path, weights::state_dict_of(model_.net->module()), to_metadata(model_.record), /*overwrite=*/true);
}

}  // namespace vitral::train
