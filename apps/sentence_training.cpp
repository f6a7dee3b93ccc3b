#include "apps/sentence_training.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/text.h"
#include "common/core/error.h"
#include "common/core/stop_watch.h"
#include "common/core/text.h"
#include "datasets/rng.h"
#include "train/optimizer.h"

namespace vitral::apps {
namespace {

using text::SentenceCoder;

/// Pairs as numbers: targets begin with the start token and end with the end token.
struct CodedPairs {
  std::vector<std::vector<std::int64_t>> source, target;
};

CodedPairs coded(const text::SentenceModel& model, const SentencePairs& pairs) {
  CodedPairs result;
  const auto longest = static_cast<std::size_t>(model.network->options.longest());
  for (std::size_t i = 0; i < pairs.source.size(); ++i) {
    auto source = model.source.encode(pairs.source[i]);
    auto target = model.target.encode(pairs.target[i]);
    target.insert(target.begin(), SentenceCoder::kStart);
    target.push_back(SentenceCoder::kEnd);
    if (source.size() > longest || target.size() > longest) {
      throw Error(ErrorKind::input, "pair " + std::to_string(i + 1),
                  "has " + std::to_string(std::max(source.size(), target.size())) + " tokens, the network takes " +
                      std::to_string(longest));
    }
    result.source.push_back(std::move(source));
    result.target.push_back(std::move(target));
  }
  return result;
}

/// The loss of one batch, with gradients.
at::Tensor loss_of(text::Seq2Seq& network, const CodedPairs& pairs, std::span<const std::size_t> chosen,
                   double smoothing) {
  std::vector<std::vector<std::int64_t>> sources, targets;
  for (const auto i : chosen) {
    sources.push_back(pairs.source[i]);
    targets.push_back(pairs.target[i]);
  }
  const auto [source, padding] = text::padded(sources);
  const auto target = text::padded(targets).first;  // [B, M]
  const auto logits = network->forward(source, padding, target.slice(1, 0, -1));
  return text::smoothed_loss(logits, target.slice(1, 1), SentenceCoder::kPad, smoothing);
}

/// Adam as section 5.3 sets it; nothing decays.
train::Optimizer adam(torch::nn::Module& network) {
  train::OptimizerOptions options;
  options.beta2 = 0.98;
  options.epsilon = 1e-9;
  return {train::group_parameters(network, {}), options};
}

class SentenceTrainer {
 public:
  SentenceTrainer(text::SentenceModel& model, const SentencePairs& train, const SentencePairs& val,
                  const SentenceTraining& options, SentenceListener& listener)
      : model_(model),
        pairs_(coded(model, train)),
        val_(val),
        options_(options),
        listener_(listener),
        optimizer_(adam(*model.network)) {
    const auto per_epoch = (count() + options.batch - 1) / options.batch;
    steps_ = per_epoch * options.epochs;
    if (options.max_steps > 0) steps_ = std::min(steps_, options.max_steps);
  }

  void run() {
    for (std::int64_t epoch = 0; step_ < steps_ && !stopped_; ++epoch) {
      StopWatch watch;
      const double loss = pass(epoch);
      listener_.finished({epoch, step_, rate(), loss, exact_matches(), watch.lap() / 1e3});
    }
  }

 private:
  std::int64_t count() const { return static_cast<std::int64_t>(pairs_.source.size()); }
  double rate() const {
    return options_.rate * text::warmup_rate(step_, model_.network->options.dim(), options_.warmup);
  }

  /// One pass over the pairs -> the mean loss.
  double pass(std::int64_t epoch) {
    model_.network->train();
    std::vector<std::size_t> order(pairs_.source.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    Rng(options_.seed, RandomPurpose::order, static_cast<std::uint64_t>(epoch)).shuffle(order);
    const auto batch = static_cast<std::size_t>(options_.batch);
    double sum = 0;
    std::int64_t taken = 0;
    for (std::size_t begin = 0; begin < order.size() && step_ < steps_ && !stopped_; begin += batch) {
      sum += take_step(std::span(order).subspan(begin, std::min(batch, order.size() - begin)));
      ++taken;
    }
    return sum / static_cast<double>(std::max<std::int64_t>(taken, 1));
  }

  double take_step(std::span<const std::size_t> chosen) {
    const auto loss = loss_of(model_.network, pairs_, chosen, options_.smoothing);
    const double value = loss.item<double>();
    ++step_;
    if (!std::isfinite(value))
      throw Error(ErrorKind::failed, "step " + std::to_string(step_), "the loss is no number; try a lower --lr");
    optimizer_.zero_grad();
    loss.backward();
    if (options_.clip > 0) train::clip_gradients(optimizer_.parameters(), options_.clip);
    optimizer_.step(rate());
    listener_.stepped(step_, steps_, value);
    stopped_ = listener_.stops();
    return value;
  }

  double exact_matches() {
    if (val_.source.empty()) return 0;
    model_.network->eval();
    std::size_t exact = 0;
    write_sentences(model_, val_.source, {}, 4 * options_.batch, [&](std::size_t i, const text::Sentence& sentence) {
      exact += model_.target.decode(sentence.tokens) == val_.target[i] ? 1 : 0;
    });
    return static_cast<double>(exact) / static_cast<double>(val_.source.size());
  }

  text::SentenceModel& model_;
  const CodedPairs pairs_;
  const SentencePairs& val_;
  const SentenceTraining& options_;
  SentenceListener& listener_;
  train::Optimizer optimizer_;
  std::int64_t step_ = 0, steps_ = 0;
  bool stopped_ = false;
};

}  // namespace

SentencePairs read_pairs(const std::string& path) {
  SentencePairs pairs;
  const auto lines = read_lines(path);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto tab = lines[i].find('\t');
    if (tab == std::string::npos || lines[i].find('\t', tab + 1) != std::string::npos || tab == 0 ||
        tab + 1 == lines[i].size()) {
      throw Error(ErrorKind::input, printable(path, 300),
                  "line " + std::to_string(i + 1) + ": expected two columns with a tab between them");
    }
    pairs.source.push_back(lines[i].substr(0, tab));
    pairs.target.push_back(lines[i].substr(tab + 1));
  }
  return pairs;
}

void write_sentences(text::SentenceModel& model, std::span<const std::string> lines, const text::DecodeOptions& options,
                     std::int64_t batch, const std::function<void(std::size_t, const text::Sentence&)>& written) {
  const auto most = static_cast<std::size_t>(batch);
  for (std::size_t begin = 0; begin < lines.size(); begin += most) {
    std::vector<std::vector<std::int64_t>> rows;
    for (const auto& line : lines.subspan(begin, std::min(most, lines.size() - begin)))
      rows.push_back(model.source.encode(line));
    const auto [source, padding] = text::padded(rows);
    const auto sentences = text::decode(model.network, source, padding, options);
    for (std::size_t i = 0; i < sentences.size(); ++i) written(begin + i, sentences[i]);
  }
}

void train_sentences(text::SentenceModel& model, const SentencePairs& train, const SentencePairs& val,
                     const SentenceTraining& options, SentenceListener& listener) {
  SentenceTrainer(model, train, val, options, listener).run();
}

}  // namespace vitral::apps
