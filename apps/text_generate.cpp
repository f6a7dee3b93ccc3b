// vitral text generate: what a trained Transformer writes to what it reads.
#include <ATen/Parallel.h>

#include <filesystem>

#include "apps/json_sink.h"
#include "apps/records.h"
#include "apps/sentence_training.h"
#include "apps/text.h"
#include "apps/user_store.h"
#include "common/core/stop_watch.h"
#include "common/core/text.h"
#include "common/runtime/prepare.h"
#include "text/decoding.h"
#include "text/model_files.h"

namespace vitral::apps {
namespace {

struct GenerateFlags : TextFlags {
  std::string input, search = "greedy";
  std::int64_t batch = 32;
  int threads = 0;
  bool no_cache = false;
  text::DecodeOptions options;
};

text::Search search_of(const std::string& name) {
  return name == "beam" ? text::Search::beam : name == "sample" ? text::Search::sample : text::Search::greedy;
}

/// A .tsv has the expected sentences in its second column.
SentencePairs read_input(const std::string& path) {
  return std::filesystem::path(path).extension() == ".tsv" ? read_pairs(path) : SentencePairs{read_lines(path), {}};
}

class GenerateRun {
 public:
  GenerateRun(const GenerateFlags& flags, Console& console)
      : flags_(flags), console_(console), json_(console, flags.output.json, flags.output.overwrite) {}

  int run() {
    if (flags_.threads > 0) at::set_num_threads(flags_.threads);
    auto model = text::load_sentence_model(sentence_model(flags_.model));
    prepare_for_inference(*model.network, nn::Precision::fp32);
    const auto pairs = read_input(flags_.input);
    auto options = flags_.options;
    options.search = search_of(flags_.search);
    options.cache = !flags_.no_cache;
    StopWatch watch;
    write_sentences(model, pairs.source, options, flags_.batch, [&](std::size_t i, const text::Sentence& sentence) {
      add(i, pairs, model.target.decode(sentence.tokens), sentence);
      console_.progress("sentences", i + 1, pairs.source.size());
    });
    console_.end_progress();
    finish(pairs, watch.lap() / 1e3);
    return 0;
  }

 private:
  void add(std::size_t i, const SentencePairs& pairs, const std::string& written, const text::Sentence& sentence) {
    tokens_ += sentence.tokens.size() + (sentence.ended ? 1 : 0);
    nlohmann::ordered_json record{{"schema", "vitral.text/1"},        {"line", i + 1},
                                  {"source", pairs.source[i]},        {"text", written},
                                  {"tokens", sentence.tokens.size()}, {"log_probability", sentence.log_probability},
                                  {"ended", sentence.ended}};
    if (!pairs.target.empty()) {
      const bool exact = written == pairs.target[i];
      exact_ += exact ? 1 : 0;
      record["expected"] = pairs.target[i];
      record["exact"] = exact;
    }
    if (json_) json_.write(json_line(record));
    if (!flags_.output.json_on_stdout()) console_.result(written + "\n");
  }

  void finish(const SentencePairs& pairs, double seconds) {
    const auto sentences = static_cast<double>(pairs.source.size());
    nlohmann::ordered_json summary{{"schema", "vitral.text-summary/1"},
                                   {"sentences", pairs.source.size()},
                                   {"tokens", tokens_},
                                   {"seconds", seconds}};
    if (!pairs.target.empty()) {
      summary["exact"] = static_cast<double>(exact_) / sentences;
      char text[80];
      std::snprintf(text, sizeof text, "%.2f%% of %.0f sentences are as expected",
                    100.0 * summary["exact"].get<double>(), sentences);
      console_.note(text);
    }
    if (json_) json_.write(json_line(summary));
    json_.finish();
  }

  const GenerateFlags& flags_;
  Console& console_;
  JsonSink json_;
  std::size_t tokens_ = 0, exact_ = 0;
};

}  // namespace

void add_text_generate(CLI::App& text, Context& context) {
  auto flags = std::make_shared<GenerateFlags>();
  auto& options = flags->options;
  options.start = text::SentenceCoder::kStart;
  options.end = text::SentenceCoder::kEnd;
  auto* app = text.add_subcommand("generate", "what a trained Transformer writes to each line");
  app->add_option("INPUT", flags->input,
                  "a text file, a sentence a line, or - for standard input; the second column of a .tsv is what is "
                  "expected")
      ->required();
  app->add_option("-m,--model", flags->model, "a text model of vitral")->required()->type_name("FILE");
  app->add_option("--search", flags->search, "greedy, beam or sample")
      ->check(CLI::IsMember({"greedy", "beam", "sample"}))
      ->capture_default_str();
  app->add_option("--max-tokens", options.most, "tokens of a sentence at most")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app->add_option("--beams", options.beams, "of beam search")->check(CLI::Range(1, 1'000))->capture_default_str();
  app->add_option("--length-penalty", options.length_penalty, "of beam search, 0: none")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app->add_option("--temperature", options.temperature, "of drawing")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app->add_option("--top-k", options.top_k, "draw among the most probable tokens, 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app->add_option("--top-p", options.top_p, "draw among tokens of this share")
      ->check(CLI::Range(1e-9, 1.0))
      ->capture_default_str();
  app->add_option("--seed", options.seed, "of drawing")->capture_default_str();
  app->add_flag("--no-cache", flags->no_cache, "compute everything anew for each token: the same sentences, later");
  app->add_option("-b,--batch", flags->batch, "sentences at a time")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app->add_option("--threads", flags->threads, "threads, 0: as many as there are")->check(CLI::Range(0, 1'024));
  flags->add_common(*app);
  app->footer("Example:\n  echo '3rd of March 2021' | vitral text generate -m models/dates.safetensors -");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      return GenerateRun(*flags, context.console).run();
    };
  });
}

}  // namespace vitral::apps
