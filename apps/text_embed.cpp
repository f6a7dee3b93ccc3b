// vitral text embed: sentences as vectors.
#include <algorithm>

#include "apps/json_sink.h"
#include "apps/records.h"
#include "apps/text.h"
#include "common/core/text.h"
#include "text/model_files.h"

namespace vitral::apps {
namespace {

struct EmbedFlags : TextFlags {
  std::string input;
  std::int64_t batch = 32;
};

int run(const EmbedFlags& flags, Console& console) {
  JsonSink json(console, flags.output.json, flags.output.overwrite);
  auto encoder = text::load_sentence_encoder(flags.model);
  const auto lines = read_lines(flags.input);
  std::size_t cut = 0;
  const auto most = static_cast<std::size_t>(flags.batch);
  for (std::size_t begin = 0; begin < lines.size(); begin += most) {
    const std::vector<std::string> part(
        lines.begin() + static_cast<std::ptrdiff_t>(begin),
        lines.begin() + static_cast<std::ptrdiff_t>(std::min(begin + most, lines.size())));
    const auto vectors = text::embed_sentences(encoder, part, &cut).contiguous();
    console.progress("sentences", begin + part.size(), lines.size());
    for (std::size_t i = 0; i < part.size(); ++i) {
      const float* row = vectors.const_data_ptr<float>() + static_cast<std::int64_t>(i) * vectors.size(1);
      const std::vector<float> vector(row, row + vectors.size(1));
      const auto line =
          json_line({{"schema", "vitral.embedding/1"}, {"line", begin + i + 1}, {"text", part[i]}, {"vector", vector}});
      if (json) json.write(line);
      if (!json) console.result(line);
    }
  }
  console.end_progress();
  json.finish();
  if (cut > 0)
    console.warning(std::to_string(cut) + " of " + std::to_string(lines.size()) + " sentences were cut to " +
                    std::to_string(encoder.longest) + " tokens");
  return 0;
}

}  // namespace

void add_text_embed(CLI::App& text, Context& context) {
  auto flags = std::make_shared<EmbedFlags>();
  auto* app = text.add_subcommand("embed", "a vector of length one for each line");
  app->add_option("INPUT", flags->input, "a text file, a sentence a line, or - for standard input")->required();
  app->add_option("-m,--model", flags->model,
                  "a folder of BERT: config.json, vocab.txt, model.safetensors or pytorch_model.bin")
      ->required()
      ->type_name("DIR");
  app->add_option("-b,--batch", flags->batch, "sentences at a time")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  flags->add_common(*app);
  app->footer("Example:\n  vitral text embed -m all-MiniLM-L6-v2 sentences.txt --json vectors.jsonl");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      return run(*flags, context.console);
    };
  });
}

}  // namespace vitral::apps
