// Training a Transformer on pairs of sentences: a run's folder with its record, metrics, curves and checkpoints.
#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include "apps/interrupt.h"
#include "apps/json_sink.h"
#include "apps/output_folder.h"
#include "apps/records.h"
#include "apps/sentence_training.h"
#include "apps/text_train.h"
#include "common/core/text.h"
#include "train/curves.h"
#include "train/history.h"

namespace vitral::apps {
namespace {

namespace fs = std::filesystem;

/// Writes down each epoch, and the network after it.
class RunFolder final : public SentenceListener {
 public:
  RunFolder(fs::path folder, text::SentenceModel& model, bool validates, bool half, JsonSink& json, Console& console)
      : folder_(std::move(folder)), model_(model), validates_(validates), half_(half), json_(json), console_(console) {}

  void stepped(std::int64_t step, std::int64_t steps, double loss) override {
    char what[48];
    std::snprintf(what, sizeof what, "loss %.4f", loss);
    console_.progress(what, static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(steps));
  }

  void finished(const SentenceEpoch& epoch) override {
    const bool is_best = !validates_ || epoch.exact > best_;
    nlohmann::ordered_json record{{"schema", "vitral.epoch/1"},
                                  {"epoch", epoch.epoch},
                                  {"step", epoch.step},
                                  {"lr", epoch.rate},
                                  {"train", {{"loss", epoch.loss}}}};
    if (validates_) record["val"] = {{"exact", epoch.exact}};
    record["seconds"] = epoch.seconds;
    history_.push_back(record.dump());
    save_sentence_model(folder_ / "last.safetensors", model_, true, half_);
    if (is_best) {
      best_ = epoch.exact;
      save_sentence_model(folder_ / "best.safetensors", model_, true, half_);
    }
    write_file(folder_ / "metrics.jsonl", train::lines_of(history_), true);
    for (const auto& [name, figure] : train::curves_of(history_)) {
      write_file(folder_ / (name + ".svg"), to_svg(figure), true);
      write_file(folder_ / (name + ".csv"), to_csv(figure), true);
    }
    if (json_) json_.write(json_line(record));
    tell(epoch, is_best);
  }

  bool stops() override { return interrupted(); }

 private:
  void tell(const SentenceEpoch& epoch, bool is_best) {
    char text[160];
    std::snprintf(text, sizeof text, "epoch %lld  loss %.4f  %.1f s", static_cast<long long>(epoch.epoch + 1),
                  epoch.loss, epoch.seconds);
    std::string line = text;
    std::snprintf(text, sizeof text, "  exact %.2f%%", 100 * epoch.exact);
    if (validates_) line += text;
    console_.end_progress();
    console_.note(line + (is_best ? "  best" : ""));
  }

  fs::path folder_;
  text::SentenceModel& model_;
  bool validates_, half_;
  JsonSink& json_;
  Console& console_;
  double best_ = -1;
  std::vector<std::string> history_;
};

class SentencePairTask final : public TextTask {
 public:
  std::vector<CLI::Option*> add(CLI::App& app) override {
    auto& o = options_;
    return {
        app.add_option("--val", val_, "pairs to measure on after each epoch")->type_name("FILE"),
        app.add_option("--preset", preset_, "base (the paper's), big, small or tiny")->capture_default_str(),
        app.add_option("--units", units_, "what a token is: characters or words")
            ->check(CLI::IsMember({"characters", "words"}))
            ->capture_default_str(),
        app.add_option("--dropout", dropout_, "instead of the preset's")->check(CLI::Range(0.0, 0.999)),
        app.add_option("-b,--batch", o.batch, "pairs of a step")->check(CLI::Range(1, 100'000))->capture_default_str(),
        app.add_option("--warmup", o.warmup, "steps with a rising rate")
            ->check(CLI::Range(1, 100'000'000))
            ->capture_default_str(),
        app.add_option("--smoothing", o.smoothing, "of labels")->check(CLI::Range(0.0, 0.999))->capture_default_str(),
        app.add_option("--clip", o.clip, "norm of all gradients at most, 0: not limited")
            ->check(CLI::NonNegativeNumber)
            ->capture_default_str(),
        app.add_option("--max-steps", o.max_steps, "steps at most, 0: as many as the epochs have")
            ->check(CLI::NonNegativeNumber)
            ->capture_default_str(),
        app.add_flag("--half", half_, "store the checkpoints in half precision"),
    };
  }

  int run(const TextTrainFlags& flags, Console& console) override {
    const auto& output = flags.output;
    auto options = options_;
    options.epochs = flags.epochs.value_or(options.epochs);
    options.rate = flags.rate.value_or(options.rate);
    options.seed = flags.seed;
    auto sizes = text::seq2seq_preset(preset_);
    JsonSink json(console, output.json, output.overwrite);
    const auto train = read_pairs(flags.data);
    const auto val = val_.empty() ? SentencePairs{} : read_pairs(val_);
    at::set_num_threads(flags.threads);
    at::globalContext().setFlushDenormal(true);
    at::manual_seed(options.seed);
    auto model = make(train, sizes, flags.min_count.value_or(1));
    const fs::path folder = output.output;
    claim_folder(folder, {"run.json", "metrics.jsonl", "best.safetensors", "last.safetensors"}, output.overwrite);
    write_file(folder / "run.json", record_of(flags, options, *model.network), output.overwrite);
    console.note(std::to_string(train.source.size()) + " pairs, " + std::to_string(val.source.size()) +
                 " to measure on");
    catch_interrupts();
    RunFolder listener(folder, model, !val.source.empty(), half_, json, console);
    train_sentences(model, train, val, options, listener);
    json.finish();
    console.note("written: " + printable(folder.string()));
    return interrupted() ? kInterruptedExit : 0;
  }

 private:
  text::SentenceModel make(const SentencePairs& pairs, text::Seq2SeqOptions sizes, std::int64_t least) const {
    const auto units = units_ == "words" ? text::Units::words : text::Units::characters;
    auto source = text::SentenceCoder::build(units, pairs.source, least);
    auto target = text::SentenceCoder::build(units, pairs.target, least);
    sizes.source_tokens(source.vocabulary().size()).target_tokens(target.vocabulary().size());
    if (dropout_) sizes.dropout(*dropout_);
    return {text::Seq2Seq(sizes), std::move(source), std::move(target)};
  }

  /// What was asked for, so that it can be done again.
  std::string record_of(const TextTrainFlags& flags, const SentenceTraining& o, text::Seq2SeqImpl& network) const {
    std::int64_t parameters = 0;
    for (const auto& each : network.parameters()) parameters += each.numel();
    return json_line({{"schema", "vitral.seq2seq-run/1"},
                      {"task", "seq2seq"},
                      {"data", flags.data},
                      {"val", val_},
                      {"preset", preset_},
                      {"units", units_},
                      {"dropout", network.options.dropout()},
                      {"params", parameters},
                      {"epochs", o.epochs},
                      {"batch", o.batch},
                      {"max_steps", o.max_steps},
                      {"lr", o.rate},
                      {"warmup", o.warmup},
                      {"smoothing", o.smoothing},
                      {"clip", o.clip},
                      {"min_count", flags.min_count.value_or(1)},
                      {"seed", o.seed},
                      {"threads", flags.threads},
                      {"half", half_}});
  }

  SentenceTraining options_;
  std::string val_, preset_ = "base", units_ = "characters";
  std::optional<double> dropout_;
  bool half_ = false;
};

}  // namespace

std::unique_ptr<TextTask> sentence_pair_task() {
  return std::make_unique<SentencePairTask>();
}

}  // namespace vitral::apps
