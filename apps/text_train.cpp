// vitral text train: word vectors from plain text, Transformers from pairs of sentences.
#include "apps/text_train.h"

#include <algorithm>
#include <thread>

#include "common/core/error.h"

namespace vitral::apps {
namespace {

struct NamedTask {
  std::string name;
  std::unique_ptr<TextTask> task;
  std::vector<CLI::Option*> flags;
};

struct Tasks {
  TextTrainFlags flags;
  std::string chosen = "word2vec";
  std::vector<NamedTask> all;

  int run(Console& console) const {
    const auto mine = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.name == chosen; });
    for (const auto& other : all) {
      for (const auto* flag : other.flags) {
        if (other.name != chosen && flag->count() > 0) {
          throw Error(ErrorKind::usage, flag->get_name(), "means nothing to --task " + chosen);
        }
      }
    }
    return mine->task->run(flags, console);
  }
};

}  // namespace

void add_text_train(CLI::App& text, Context& context) {
  auto tasks = std::make_shared<Tasks>();
  auto& flags = tasks->flags;
  flags.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  auto* app = text.add_subcommand("train", "word vectors from plain text, a Transformer from pairs of sentences");
  app->add_option("DATA", flags.data,
                  "plain text, a sentence a line, words between blanks; for seq2seq two columns with a tab between "
                  "them; - for standard input")
      ->required();
  tasks->all.push_back({"word2vec", word_vector_task(), {}});
  tasks->all.push_back({"seq2seq", sentence_pair_task(), {}});
  app->add_option("--task", tasks->chosen, "word2vec or seq2seq")
      ->check(CLI::IsMember({"word2vec", "seq2seq"}))
      ->capture_default_str();
  app->add_option("--epochs", flags.epochs, "passes over the data (word2vec 5, seq2seq 10)")
      ->check(CLI::Range(1, 1'000'000));
  app->add_option("--lr", flags.rate,
                  "learning rate at first (word2vec 0.025), or factor of the paper's schedule (seq2seq 1)")
      ->check(CLI::PositiveNumber);
  app->add_option("--min-count", flags.min_count, "rarer units are left out (word2vec 5, seq2seq 1)")
      ->check(CLI::Range(1, 1'000'000'000));
  app->add_option("--threads", flags.threads, "threads; with one, a seed decides everything")
      ->check(CLI::Range(1, 1'024));
  app->add_option("--seed", flags.seed, "of everything random")->capture_default_str();
  for (auto& each : tasks->all) each.flags = each.task->add(*app);
  flags.output.add_output(*app, "word vectors to write, or the folder of a run (seq2seq)");
  app->get_option("--output")->required();
  flags.add_common(*app);
  app->footer(
      "Examples:\n  vitral text train corpus.txt -o vectors.bin --dim 100 --arch skip-gram\n"
      "  vitral text train dates/train.tsv --task seq2seq --val dates/val.tsv --preset tiny -o runs/dates");
  app->callback([tasks, &context] {
    context.run = [tasks, &context] {
      tasks->flags.console.apply(context.console);
      return tasks->run(context.console);
    };
  });
}

}  // namespace vitral::apps
