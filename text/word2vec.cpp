#include "text/word2vec.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <thread>
#include <unordered_map>

#include "common/core/error.h"
#include "common/kernels/vector.h"

namespace vitral::text {
namespace {

constexpr std::size_t kSentence = 10'000;  // tokens that are trained on together at most
constexpr float kLargest = 6;              // beyond it a logit's gradient counts as 0 or 1, as in the original
constexpr double kNoisePower = 0.75;

/// xorshift64* (Vigna 2016): fast, and good enough to draw words.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15U + 0xD1B54A32D192ED03U) {
    if (state_ == 0) state_ = 1;
  }
  std::uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1DU;
  }
  /// 0 to count - 1.
  std::uint64_t below(std::uint64_t count) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * count) >> 64);
  }
  float share() { return static_cast<float>(next() >> 40) * 0x1p-24F; }

 private:
  std::uint64_t state_;
};

void check(const Word2VecOptions& o) {
  const auto refuse = [](const char* what, const char* expected) { throw Error(ErrorKind::usage, what, expected); };
  if (o.dim < 1 || o.dim > 100'000) refuse("dim", "expected 1 to 100000");
  if (o.window < 1 || o.window > 1'000) refuse("window", "expected 1 to 1000");
  if (o.negative < 1 || o.negative > 1'000) refuse("negative", "expected 1 to 1000");
  if (o.epochs < 1) refuse("epochs", "expected 1 or more");
  if (!(o.sample >= 0 && o.sample < 1)) refuse("sample", "expected a share from 0 to 1");
  if (!(o.rate > 0) || !std::isfinite(o.rate) || !(o.last_rate >= 0)) refuse("rate", "expected a number above 0");
  if (o.threads < 1 || o.threads > 1'024) refuse("threads", "expected 1 to 1024");
}

/// Draws words with probabilities that follow counts^0.75, in constant time (Walker 1977).
class NoiseTable {
 public:
  explicit NoiseTable(const std::vector<std::int64_t>& counts) : keep_(counts.size()), other_(counts.size()) {
    std::vector<double> share;
    double sum = 0;
    for (const auto count : counts) sum += share.emplace_back(std::pow(static_cast<double>(count), kNoisePower));
    std::vector<std::size_t> small, large;
    for (std::size_t i = 0; i < share.size(); ++i) {
      share[i] *= static_cast<double>(share.size()) / sum;
      (share[i] < 1 ? small : large).push_back(i);
    }
    std::fill(keep_.begin(), keep_.end(), 1.0F);
    while (!small.empty() && !large.empty()) {
      const auto little = small.back(), much = large.back();
      small.pop_back();
      keep_[little] = static_cast<float>(share[little]);
      other_[little] = static_cast<std::int32_t>(much);
      share[much] -= 1 - share[little];
      if (share[much] < 1) {
        large.pop_back();
        small.push_back(much);
      }
    }
  }
  std::int32_t draw(Random& random) const {
    const auto i = random.below(keep_.size());
    return random.share() < keep_[i] ? static_cast<std::int32_t>(i) : other_[i];
  }

 private:
  std::vector<float> keep_;
  std::vector<std::int32_t> other_;
};

class Trainer {
 public:
  Trainer(const Corpus& corpus, const Word2VecOptions& options, const std::function<void(double)>& progress)
      : corpus_(corpus),
        options_(options),
        progress_(progress),
        noise_(corpus.counts),
        vector_(kernels::vector_functions()) {
    const auto rows = static_cast<std::size_t>(corpus.words.size()), dim = static_cast<std::size_t>(options.dim);
    input_.resize(rows * dim);
    output_.resize(rows * dim);
    Random random(options.seed);
    // Twice as wide as the original's, as gensim begins: small corpora learn more from it.
    for (auto& x : input_) x = (2 * random.share() - 1) / static_cast<float>(dim);
    for (const auto count : corpus.counts) {
      const double share = static_cast<double>(count) / static_cast<double>(corpus.running_words);
      const double kept = options.sample > 0 ? (std::sqrt(share / options.sample) + 1) * options.sample / share : 1;
      keep_.push_back(static_cast<float>(std::min(kept, 1.0)));
    }
  }

  WordVectors run() {
    std::vector<std::thread> threads;
    for (int i = 1; i < options_.threads; ++i) threads.emplace_back([this, i] { work(i); });
    work(0);
    for (auto& thread : threads) thread.join();
    if (progress_) progress_(1.0);
    return WordVectors(corpus_.words, options_.dim, std::move(input_));
  }

 private:
  float* input(std::int32_t word) { return input_.data() + static_cast<std::int64_t>(word) * options_.dim; }
  float* output(std::int32_t word) { return output_.data() + static_cast<std::int64_t>(word) * options_.dim; }

  /// Everything that one thread does: its part of the text, once an epoch.
  void work(int thread) {
    Random random(options_.seed + 1 + static_cast<std::uint64_t>(thread) * 1'000'003);
    const auto size = corpus_.tokens.size(), count = static_cast<std::size_t>(options_.threads),
               t = static_cast<std::size_t>(thread);
    const auto begin = size * t / count, end = size * (t + 1) / count;
    std::vector<std::int32_t> sentence;
    std::vector<float> hidden(static_cast<std::size_t>(options_.dim)), error(hidden.size());
    for (std::int64_t epoch = 0; epoch < options_.epochs; ++epoch) {
      for (auto at = begin; at < end;) {
        std::int64_t seen = 0;
        sentence.clear();
        for (; at < end && sentence.size() < kSentence; ++at) {
          const auto word = corpus_.tokens[at];
          if (word < 0) {
            ++at;
            break;
          }
          ++seen;
          if (random.share() < keep_[static_cast<std::size_t>(word)]) sentence.push_back(word);
        }
        learn(sentence, random, hidden, error);
        advance(seen, thread);
      }
    }
  }

  void advance(std::int64_t seen, int thread) {
    const auto done = done_.fetch_add(seen, std::memory_order_relaxed) + seen;
    const double share =
        static_cast<double>(done) / (static_cast<double>(options_.epochs) * static_cast<double>(corpus_.running_words));
    rate_.store(
        static_cast<float>(std::max(options_.rate + (options_.last_rate - options_.rate) * share, options_.last_rate)),
        std::memory_order_relaxed);
    if (thread == 0 && progress_ && share - reported_ > 0.01) progress_(reported_ = std::min(share, 1.0));
  }

  void learn(const std::vector<std::int32_t>& sentence, Random& random, std::vector<float>& hidden,
             std::vector<float>& error) {
    const auto length = static_cast<std::int64_t>(sentence.size());
    const float rate = rate_.load(std::memory_order_relaxed);
    for (std::int64_t center = 0; center < length; ++center) {
      const auto width = 1 + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(options_.window)));
      const auto first = std::max<std::int64_t>(center - width, 0), last = std::min(center + width, length - 1);
      if (options_.model == Word2VecModel::cbow) {
        predict_center(sentence, center, first, last, rate, random, hidden, error);
      } else {
        for (auto i = first; i <= last; ++i) {
          if (i != center)
            predict(sentence[at(center)], input(sentence[at(i)]), rate, random, error, input(sentence[at(i)]));
        }
      }
    }
  }

  static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

  void predict_center(const std::vector<std::int32_t>& sentence, std::int64_t center, std::int64_t first,
                      std::int64_t last, float rate, Random& random, std::vector<float>& hidden,
                      std::vector<float>& error) {
    if (last == first) return;
    std::fill(hidden.begin(), hidden.end(), 0.0F);
    const float share = 1.0F / static_cast<float>(last - first);
    for (auto i = first; i <= last; ++i) {
      if (i != center) vector_.add_scaled(share, input(sentence[at(i)]), hidden.data(), options_.dim);
    }
    predict(sentence[at(center)], hidden.data(), rate, random, error, nullptr);
    for (auto i = first; i <= last; ++i) {
      if (i != center) vector_.add_scaled(1.0F, error.data(), input(sentence[at(i)]), options_.dim);
    }
  }

  /// One step of negative sampling (Mikolov et al. 2013, equation 4): `word` against drawn ones, told by `from`. The
  /// gradient for `from`, times the rate, is left in `error` and added to `learner` where there is one.
  void predict(std::int32_t word, const float* from, float rate, Random& random, std::vector<float>& error,
               float* learner) {
    std::fill(error.begin(), error.end(), 0.0F);
    for (std::int64_t n = 0; n <= options_.negative; ++n) {
      const auto target = n == 0 ? word : noise_.draw(random);
      if (n > 0 && target == word) continue;
      const float logit = vector_.dot(from, output(target), options_.dim);
      const float probability = logit > kLargest ? 1 : logit < -kLargest ? 0 : 1 / (1 + std::exp(-logit));
      const float step = rate * ((n == 0 ? 1.0F : 0.0F) - probability);
      vector_.add_scaled(step, output(target), error.data(), options_.dim);
      vector_.add_scaled(step, from, output(target), options_.dim);
    }
    if (learner != nullptr) vector_.add_scaled(1.0F, error.data(), learner, options_.dim);
  }

  const Corpus& corpus_;
  const Word2VecOptions& options_;
  const std::function<void(double)>& progress_;
  NoiseTable noise_;
  const kernels::VectorFunctions& vector_;
  std::vector<float> input_, output_, keep_;
  std::atomic<std::int64_t> done_{0};
  std::atomic<float> rate_{static_cast<float>(options_.rate)};
  double reported_ = 0;
};

}  // namespace

Corpus read_corpus(const std::vector<std::string>& lines, std::int64_t min_count) {
  std::unordered_map<std::string, std::int64_t> counts;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (auto& word : split_units(lines[i], Units::words, "line " + std::to_string(i + 1))) ++counts[std::move(word)];
  }
  std::vector<std::pair<std::int64_t, std::string>> kept;
  for (const auto& [word, count] : counts) {
    if (count >= min_count) kept.emplace_back(-count, word);
  }
  if (kept.empty()) throw Error(ErrorKind::input, "corpus", "no word occurs " + std::to_string(min_count) + " times");
  std::sort(kept.begin(), kept.end());
  std::vector<std::string> words;
  std::vector<std::int64_t> frequencies;
  for (auto& [count, word] : kept) {
    words.push_back(std::move(word));
    frequencies.push_back(-count);
  }
  Corpus corpus{Vocabulary(std::move(words), "corpus"), std::move(frequencies), {}, 0};
  for (const auto& line : lines) {
    for (const auto& word : split_units(line, Units::words)) {
      if (const auto id = corpus.words.find(word)) corpus.tokens.push_back(static_cast<std::int32_t>(*id));
    }
    if (!corpus.tokens.empty() && corpus.tokens.back() >= 0) corpus.tokens.push_back(-1);
  }
  for (const auto count : corpus.counts) corpus.running_words += count;
  return corpus;
}

WordVectors train_word2vec(const Corpus& corpus, const Word2VecOptions& options,
                           const std::function<void(double)>& progress) {
  check(options);
  return Trainer(corpus, options, progress).run();
}

}  // namespace vitral::text
