// vitral text generate: what a trained Transformer writes to what it reads.
#include <algorithm>

#include "apps/json_sink.h"
#include "apps/records.h"
#include "apps/text.h"
#include "common/core/text.h"
#include "common/runtime/prepare.h"
#include "text/decoding.h"
#include "text/model_files.h"

namespace vitral::apps {
namespace {

struct GenerateFlags : TextFlags {
  std::string input, search = "greedy";
  std::int64_t batch = 32;
  text::DecodeOptions options;
};

text::Search search_of(const std::string& name) {
  return name == "beam" ? text::Search::beam : name == "sample" ? text::Search::sample : text::Search::greedy;
}

int run(GenerateFlags& flags, Console& console) {
  JsonSink json(console, flags.output.json, flags.output.overwrite);
  auto model = text::load_sentence_model(flags.model);
  prepare_for_inference(*model.network, nn::Precision::fp32);
  const auto lines = read_lines(flags.input);
  flags.options.search = search_of(flags.search);
  flags.options.start = text::SentenceCoder::kStart;
  flags.options.end = text::SentenceCoder::kEnd;
  const auto most = static_cast<std::size_t>(flags.batch);
  for (std::size_t begin = 0; begin < lines.size(); begin += most) {
    std::vector<std::vector<std::int64_t>> rows;
    for (std::size_t i = begin; i < std::min(begin + most, lines.size()); ++i) {
      rows.push_back(model.source.encode(lines[i]));
    }
    const auto [source, padding] = text::padded(rows);
    const auto sentences = text::decode(model.network, source, padding, flags.options);
    console.progress("sentences", begin + rows.size(), lines.size());
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      const auto written = model.target.decode(sentences[i].tokens);
      if (json) {
        json.write(json_line({{"schema", "vitral.text/1"},
                              {"line", begin + i + 1},
                              {"source", lines[begin + i]},
                              {"text", written},
                              {"log_probability", sentences[i].log_probability},
                              {"ended", sentences[i].ended}}));
      }
      if (!flags.output.json_on_stdout()) console.result(written + "\n");
    }
  }
  console.end_progress();
  json.finish();
  return 0;
}

}  // namespace

void add_text_generate(CLI::App& text, Context& context) {
  auto flags = std::make_shared<GenerateFlags>();
  auto& options = flags->options;
  auto* app = text.add_subcommand("generate", "what a trained Transformer writes to each line");
  app->add_option("INPUT", flags->input, "a text file, a sentence a line, or - for standard input")->required();
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
  app->add_option("-b,--batch", flags->batch, "sentences at a time")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  flags->add_common(*app);
  app->footer("Example:\n  echo '3rd of March 2021' | vitral text generate -m dates.safetensors -");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      return run(*flags, context.console);
    };
  });
}

}  // namespace vitral::apps
