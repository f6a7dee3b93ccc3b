// vitral text neighbours: words near a word, and analogies.
#include <cstdio>

#include "apps/json_sink.h"
#include "apps/records.h"
#include "apps/text.h"
#include "common/core/text.h"
#include "text/word_vectors.h"

namespace vitral::apps {
namespace {

struct NeighbourFlags : TextFlags {
  std::vector<std::string> words;
  bool analogy = false;
  std::size_t top = 10;
};

void write(const std::string& asked, const std::vector<text::Neighbour>& found, JsonSink& json, bool text,
           Console& console) {
  auto list = nlohmann::ordered_json::array();
  std::string lines = printable(asked, 300) + "\n";
  for (const auto& each : found) {
    list.push_back({{"word", each.word}, {"similarity", each.similarity}});
    char number[32];
    std::snprintf(number, sizeof number, "  %7.4f  ", each.similarity);
    lines += number + printable(each.word, 200) + "\n";
  }
  if (json) json.write(json_line({{"schema", "vitral.neighbours/1"}, {"query", asked}, {"neighbours", list}}));
  if (text) console.result(lines);
}

int run(const NeighbourFlags& flags, Console& console) {
  JsonSink json(console, flags.output.json, flags.output.overwrite);
  const auto vectors = text::read_word_vectors(flags.model);
  const bool text = !flags.output.json_on_stdout();
  if (flags.analogy) {
    write(join(flags.words, " "), vectors.analogy(flags.words[0], flags.words[1], flags.words[2], flags.top), json,
          text, console);
  } else {
    // All words are looked up before anything is written.
    std::vector<std::vector<text::Neighbour>> found;
    for (const auto& word : flags.words) found.push_back(vectors.neighbours(word, flags.top));
    for (std::size_t i = 0; i < found.size(); ++i) write(flags.words[i], found[i], json, text, console);
  }
  json.finish();
  return 0;
}

}  // namespace

void add_text_neighbours(CLI::App& text, Context& context) {
  auto flags = std::make_shared<NeighbourFlags>();
  auto* app = text.add_subcommand("neighbours", "the words nearest to words, or analogies");
  app->add_option("WORD", flags->words, "words; with --analogy three: man king woman")->required();
  app->add_option("-m,--model", flags->model, "word vectors in the text or binary format of word2vec")
      ->required()
      ->type_name("FILE");
  app->add_flag("--analogy", flags->analogy, "what is to the third word as the second is to the first");
  app->add_option("--topk", flags->top, "words to show")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  flags->add_common(*app);
  app->footer(
      "Example:\n  vitral text neighbours -m vectors.bin paris\n  vitral text neighbours -m vectors.bin --analogy man "
      "king woman");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      if (flags->analogy && flags->words.size() != 3) {
        throw Error(ErrorKind::usage, "--analogy", "takes three words, found " + std::to_string(flags->words.size()));
      }
      return run(*flags, context.console);
    };
  });
}

}  // namespace vitral::apps
