#include "apps/sentence_training.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/text.h"
#include "common/core/error.h"
#include "common/core/stop_watch.h"
#include "common/core/text.h"
#include "datasets/rng.h"
#include "text/decoding.h"
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

double exact_matches(text::SentenceModel& model, const SentencePairs& pairs, std::int64_t batch) {
  model.network->eval();
  text::DecodeOptions options;
  options.start = SentenceCoder::kStart;
  options.end = SentenceCoder::kEnd;
  std::size_t exact = 0;
  const auto most = static_cast<std::size_t>(batch);
  for (std::size_t begin = 0; begin < pairs.source.size(); begin += most) {
    std::vector<std::vector<std::int64_t>> rows;
    for (std::size_t i = begin; i < std::min(begin + most, pairs.source.size()); ++i)
      rows.push_back(model.source.encode(pairs.source[i]));
    const auto [source, padding] = text::padded(rows);
    const auto written = text::decode(model.network, source, padding, options);
    for (std::size_t i = 0; i < written.size(); ++i)
      exact += model.target.decode(written[i].tokens) == pairs.target[begin + i] ? 1 : 0;
  }
  return static_cast<double>(exact) / static_cast<double>(pairs.source.size());
}

void train_sentences(text::SentenceModel& model, const SentencePairs& train, const SentencePairs& val,
                     const SentenceTraining& options, const std::function<void(const SentenceEpoch&)>& finished,
                     const std::function<bool(std::int64_t step, std::int64_t steps)>& stop) {
  const auto pairs = coded(model, train);
  auto& network = model.network;
  train::OptimizerOptions adam;
  adam.beta2 = 0.98;
  adam.epsilon = 1e-9;
  train::Optimizer optimizer(train::group_parameters(*network, {}), adam);
  const auto batch = static_cast<std::size_t>(options.batch), count = pairs.source.size();
  const auto per_epoch = static_cast<std::int64_t>((count + batch - 1) / batch);
  const auto steps =
      options.max_steps > 0 ? std::min(options.max_steps, per_epoch * options.epochs) : per_epoch * options.epochs;
  std::int64_t step = 0;
  bool stopped = false;
  for (std::int64_t epoch = 0; epoch < options.epochs && step < steps && !stopped; ++epoch) {
    StopWatch watch;
    network->train();
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    Rng(options.seed, RandomPurpose::order, static_cast<std::uint64_t>(epoch)).shuffle(order);
    double sum = 0;
    std::int64_t taken = 0;
    for (std::size_t begin = 0; begin < count && step < steps && !stopped; begin += batch) {
      const auto loss =
          loss_of(network, pairs, std::span(order).subspan(begin, std::min(batch, count - begin)), options.smoothing);
      const double value = loss.item<double>();
      if (!std::isfinite(value))
        throw Error(ErrorKind::failed, "step " + std::to_string(step + 1), "the loss is no number; try a lower --lr");
      optimizer.zero_grad();
      loss.backward();
      if (options.clip > 0) train::clip_gradients(optimizer.parameters(), options.clip);
      optimizer.step(options.rate * text::warmup_rate(++step, network->options.dim(), options.warmup));
      sum += value;
      ++taken;
      stopped = stop(step, steps);
    }
    finished({epoch, step, sum / static_cast<double>(std::max<std::int64_t>(taken, 1)),
              exact_matches(model, val, options.batch * 4), watch.lap() / 1e3});
  }
}

}  // namespace vitral::apps
