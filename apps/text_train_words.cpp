// Training word vectors.
#include "apps/json_sink.h"
#include "apps/records.h"
#include "apps/text_train.h"
#include "common/core/stop_watch.h"
#include "common/core/text.h"
#include "text/word2vec.h"

namespace vitral::apps {
namespace {

class WordVectorTask final : public TextTask {
 public:
  std::vector<CLI::Option*> add(CLI::App& app) override {
    auto& o = options_;
    return {
        app.add_option("--arch", architecture_, "cbow or skip-gram")
            ->check(CLI::IsMember({"cbow", "skip-gram"}))
            ->capture_default_str(),
        app.add_option("--dim", o.dim, "numbers of a vector")->check(CLI::Range(1, 100'000))->capture_default_str(),
        app.add_option("--window", o.window, "words on either side")
            ->check(CLI::Range(1, 1'000))
            ->capture_default_str(),
        app.add_option("--negative", o.negative, "drawn words beside each true one")
            ->check(CLI::Range(1, 1'000))
            ->capture_default_str(),
        app.add_option("--sample", o.sample, "share beyond which words are thinned out, 0: never")
            ->check(CLI::Range(0.0, 0.999))
            ->capture_default_str(),
        app.add_option("--to", format_, "binary or text")
            ->check(CLI::IsMember({"binary", "text"}))
            ->capture_default_str(),
    };
  }

  int run(const TextTrainFlags& flags, Console& console) override {
    const auto& output = flags.output;
    JsonSink json(console, output.json, output.overwrite);
    { AtomicFile early_check(output.output, output.overwrite); }
    refuse_same_file(output.output, flags.data);
    auto options = options_;
    options.model = architecture_ == "cbow" ? text::Word2VecModel::cbow : text::Word2VecModel::skip_gram;
    options.epochs = flags.epochs.value_or(options.epochs);
    options.rate = flags.rate.value_or(options.rate);
    options.min_count = flags.min_count.value_or(options.min_count);
    options.seed = flags.seed;
    options.threads = flags.threads;
    const auto corpus = text::read_corpus(read_lines(flags.data), options.min_count);
    console.note(std::to_string(corpus.words.size()) + " words, " + std::to_string(corpus.running_words) +
                 " running words");
    StopWatch watch;
    const auto vectors = text::train_word2vec(corpus, options, [&](double share) {
      console.progress("word2vec", static_cast<std::uint64_t>(100 * share), 100);
    });
    console.end_progress();
    const double seconds = watch.lap() / 1e3;
    text::write_word_vectors(output.output, vectors,
                             format_ == "text" ? text::VectorFormat::text : text::VectorFormat::binary,
                             output.overwrite);
    if (json) {
      const double words = static_cast<double>(corpus.running_words) * static_cast<double>(options.epochs);
      json.write(json_line({{"schema", "vitral.word2vec/1"},
                            {"data", flags.data},
                            {"words", corpus.words.size()},
                            {"running_words", corpus.running_words},
                            {"dim", options.dim},
                            {"epochs", options.epochs},
                            {"threads", options.threads},
                            {"seconds", seconds},
                            {"words_per_s", words / seconds},
                            {"file", output.output}}));
    }
    json.finish();
    console.note("written: " + printable(output.output));
    return 0;
  }

 private:
  text::Word2VecOptions options_;
  std::string architecture_ = "cbow", format_ = "binary";
};

}  // namespace

std::unique_ptr<TextTask> word_vector_task() {
  return std::make_unique<WordVectorTask>();
}

}  // namespace vitral::apps
