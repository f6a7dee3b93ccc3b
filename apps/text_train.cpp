// vitral text train: word vectors from plain text.
#include <algorithm>
#include <thread>

#include "apps/json_sink.h"
#include "apps/records.h"
#include "apps/text.h"
#include "common/core/stop_watch.h"
#include "common/core/text.h"
#include "text/word2vec.h"

namespace vitral::apps {
namespace {

struct TrainFlags : TextFlags {
  std::string data, task = "word2vec", architecture = "cbow", format = "binary";
  text::Word2VecOptions options;
};

int run(const TrainFlags& flags, Console& console) {
  const auto& output = flags.output;
  JsonSink json(console, output.json, output.overwrite);
  { AtomicFile early_check(output.output, output.overwrite); }
  refuse_same_file(output.output, flags.data);
  const auto corpus = text::read_corpus(read_lines(flags.data), flags.options.min_count);
  console.note(std::to_string(corpus.words.size()) + " words, " + std::to_string(corpus.running_words) +
               " running words");
  auto options = flags.options;
  options.model = flags.architecture == "cbow" ? text::Word2VecModel::cbow : text::Word2VecModel::skip_gram;
  StopWatch watch;
  const auto vectors = text::train_word2vec(corpus, options, [&](double share) {
    console.progress("word2vec", static_cast<std::uint64_t>(100 * share), 100);
  });
  console.end_progress();
  const double seconds = watch.lap() / 1e3;
  text::write_word_vectors(output.output, vectors,
                           flags.format == "text" ? text::VectorFormat::text : text::VectorFormat::binary,
                           output.overwrite);
  const double words = static_cast<double>(corpus.running_words) * static_cast<double>(options.epochs);
  if (json) {
    json.write(json_line({{"schema", "vitral.word2vec/1"},
                          {"data", flags.data},
                          {"words", corpus.words.size()},
                          {"running_words", corpus.running_words},
                          {"dim", options.dim},
                          {"epochs", options.epochs},
                          {"seconds", seconds},
                          {"words_per_s", words / seconds},
                          {"file", output.output}}));
  }
  json.finish();
  console.note("written: " + printable(output.output));
  return 0;
}

}  // namespace

void add_text_train(CLI::App& text, Context& context) {
  auto flags = std::make_shared<TrainFlags>();
  auto& options = flags->options;
  options.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  auto* app = text.add_subcommand("train", "word vectors from plain text");
  app->add_option("DATA", flags->data, "plain text, a sentence a line, words between blanks; - for standard input")
      ->required();
  app->add_option("--task", flags->task, "what is trained")->check(CLI::IsMember({"word2vec"}))->capture_default_str();
  app->add_option("--arch", flags->architecture, "cbow or skip-gram")
      ->check(CLI::IsMember({"cbow", "skip-gram"}))
      ->capture_default_str();
  app->add_option("--dim", options.dim, "numbers of a vector")->check(CLI::Range(1, 100'000))->capture_default_str();
  app->add_option("--window", options.window, "words on either side")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  app->add_option("--negative", options.negative, "drawn words beside each true one")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  app->add_option("--sample", options.sample, "share beyond which words are thinned out, 0: never")
      ->check(CLI::Range(0.0, 0.999))
      ->capture_default_str();
  app->add_option("--min-count", options.min_count, "rarer words are left out")
      ->check(CLI::Range(1, 1'000'000'000))
      ->capture_default_str();
  app->add_option("--epochs", options.epochs, "passes over the text")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app->add_option("--lr", options.rate, "learning rate at first")->check(CLI::PositiveNumber)->capture_default_str();
  app->add_option("--threads", options.threads, "threads; with one, a seed decides everything")
      ->check(CLI::Range(1, 1'024));
  app->add_option("--seed", options.seed, "of the drawn words")->capture_default_str();
  app->add_option("--to", flags->format, "binary or text")
      ->check(CLI::IsMember({"binary", "text"}))
      ->capture_default_str();
  flags->output.add_output(*app, "word vectors to write");
  app->get_option("--output")->required();
  flags->add_common(*app);
  app->footer("Example:\n  vitral text train corpus.txt -o vectors.bin --dim 100 --arch skip-gram");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      return run(*flags, context.console);
    };
  });
}

}  // namespace vitral::apps
