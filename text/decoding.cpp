#include "text/decoding.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/multinomial.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/topk.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/core/error.h"

namespace vitral::text {
namespace {

/// Tells the logits of the next token of each row, with or without a memory of what was computed before.
class NextToken {
 public:
  NextToken(Seq2Seq& network, DecoderState state, bool cache)
      : network_(network), state_(std::move(state)), cache_(cache) {}

  /// The rows grow by tokens int64 [B] -> logits [B, V] of what follows.
  at::Tensor after(const at::Tensor& tokens) {
    const auto column = tokens.unsqueeze(1);
    if (cache_) return network_->next(column, state_).select(1, 0);
    written_ = written_.defined() ? at::cat({written_, column}, 1) : column;
    return network_->all_next(written_, state_).select(1, -1);
  }
  void reorder(const at::Tensor& rows) {
    state_.reorder(rows);
    if (written_.defined()) written_ = written_.index_select(0, rows);
  }

 private:
  Seq2Seq& network_;
  DecoderState state_;
  at::Tensor written_;
  bool cache_;
};

void check(const DecodeOptions& o) {
  const auto refuse = [](const char* what, const char* expected) { throw Error(ErrorKind::usage, what, expected); };
  if (o.most < 1) refuse("most", "at least one token has to be written");
  if (o.beams < 1 || o.beams > 1'000) refuse("beams", "expected 1 to 1000");
  if (!(o.temperature > 0) || !std::isfinite(o.temperature)) refuse("temperature", "expected a number above 0");
  if (o.top_k < 0) refuse("top-k", "expected 0 or more");
  if (!(o.top_p > 0 && o.top_p <= 1)) refuse("top-p", "expected a share above 0, at most 1");
  if (!std::isfinite(o.length_penalty) || o.length_penalty < 0) refuse("length penalty", "expected 0 or more");
}

/// logits [B, V] with those that must not be drawn at -inf.
at::Tensor drawable(at::Tensor logits, const DecodeOptions& options) {
  logits = logits / options.temperature;
  const double never = -std::numeric_limits<double>::infinity();
  if (options.top_k > 0 && options.top_k < logits.size(1)) {
    const auto least = std::get<0>(at::topk(logits, options.top_k, 1)).slice(1, options.top_k - 1);  // [B, 1]
    logits = logits.masked_fill(logits < least, never);
  }
  if (options.top_p < 1) {
    const auto [sorted, order] = logits.sort(1, /*descending=*/true);
    const auto shares = at::softmax(sorted, 1);
    const auto beyond = (shares.cumsum(1) - shares).ge(options.top_p);  // the first one always stays
    logits = logits.masked_fill(beyond.scatter(1, order, beyond), never);
  }
  return logits;
}

/// Greedy or drawn: one sentence a row, all rows in step.
std::vector<Sentence> one_by_one(NextToken& network, std::int64_t rows, const at::TensorOptions& ids,
                                 const DecodeOptions& options) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(options.seed);
  std::vector<Sentence> sentences(static_cast<std::size_t>(rows));
  auto last = at::full({rows}, options.start, ids);
  for (std::int64_t step = 0; step < options.most; ++step) {
    const auto logits = network.after(last);  // [B, V]
    last = options.search == Search::sample
               ? at::multinomial(at::softmax(drawable(logits, options), 1).cpu(), 1, false, generator)
                     .squeeze(1)
                     .to(logits.device())
               : logits.argmax(1);
    const auto scores = at::log_softmax(logits, 1).gather(1, last.unsqueeze(1)).squeeze(1).to(at::kCPU, at::kDouble);
    const auto chosen = last.cpu();
    bool open = false;
    for (std::int64_t i = 0; i < rows; ++i) {
      auto& sentence = sentences[static_cast<std::size_t>(i)];
      if (sentence.ended) continue;
      const auto token = chosen.const_data_ptr<std::int64_t>()[i];
      sentence.log_probability += scores.const_data_ptr<double>()[i];
      sentence.ended = token == options.end;
      if (!sentence.ended) sentence.tokens.push_back(token);
      open |= !sentence.ended;
    }
    if (!open) break;
  }
  return sentences;
}

double penalised(double score, std::size_t length, double penalty) {
  return score / std::pow((5.0 + static_cast<double>(length)) / 6.0, penalty);
}

/// Beam search for one source.
class Beams {
 public:
  Beams(NextToken& network, const at::TensorOptions& ids, const DecodeOptions& options)
      : network_(network), ids_(ids), options_(options) {}

  Sentence run() {
    open_ = {Sentence{}};
    auto logits = network_.after(at::full({1}, options_.start, ids_));
    for (std::int64_t step = 1;; ++step) {
      extend(at::log_softmax(logits, 1).to(at::kCPU, at::kDouble).contiguous());
      if (open_.empty() || step == options_.most || !can_improve()) break;
      network_.reorder(at::tensor(from_, ids_));
      std::vector<std::int64_t> last;
      for (const auto& sentence : open_) last.push_back(sentence.tokens.back());
      logits = network_.after(at::tensor(last, ids_));
    }
    for (auto& sentence : open_) finish(sentence);  // cut off at the greatest length
    return best_;
  }

 private:
  /// Every open sentence goes on with every token; the best become the open ones, but for those that end.
  void extend(const at::Tensor& log_probabilities) {
    const std::int64_t vocabulary = log_probabilities.size(1);
    std::vector<double> base;
    for (const auto& sentence : open_) base.push_back(sentence.log_probability);
    const auto sums = (log_probabilities + at::tensor(base, at::kDouble).unsqueeze(1)).flatten();
    // Each open sentence has one token that ends it: twice the beams are enough to keep all beams open.
    const auto count = std::min<std::int64_t>(2 * options_.beams, sums.numel());
    const auto [scores, places] = at::topk(sums, count);
    std::vector<Sentence> next;
    from_.clear();
    for (std::int64_t i = 0; i < count && static_cast<std::int64_t>(next.size()) < options_.beams; ++i) {
      const auto place = places.const_data_ptr<std::int64_t>()[i];
      auto sentence = open_[static_cast<std::size_t>(place / vocabulary)];
      sentence.log_probability = scores.const_data_ptr<double>()[i];
      if (place % vocabulary == options_.end) {
        sentence.ended = true;
        finish(sentence);
        continue;
      }
      sentence.tokens.push_back(place % vocabulary);
      from_.push_back(place / vocabulary);
      next.push_back(std::move(sentence));
    }
    open_ = std::move(next);
  }

  static std::size_t length(const Sentence& sentence) { return sentence.tokens.size() + (sentence.ended ? 1 : 0); }

  void finish(const Sentence& sentence) {
    const double score = penalised(sentence.log_probability, length(sentence), options_.length_penalty);
    if (score <= best_score_) return;
    best_score_ = score;
    best_ = sentence;
  }

  /// Longer sentences only lose probability, and no length is punished less than the greatest.
  bool can_improve() const {
    const auto most = static_cast<std::size_t>(options_.most);
    return penalised(open_.front().log_probability, most, options_.length_penalty) > best_score_;
  }

  NextToken& network_;
  at::TensorOptions ids_;
  const DecodeOptions& options_;
  std::vector<Sentence> open_;
  std::vector<std::int64_t> from_;  // the row that each open sentence goes on from
  Sentence best_;
  double best_score_ = -std::numeric_limits<double>::infinity();
};

}  // namespace

std::vector<Sentence> decode(Seq2Seq& network, const at::Tensor& source, const at::Tensor& source_padding,
                             const DecodeOptions& given) {
  check(given);
  auto options = given;
  options.most = std::min(options.most, network->options.longest());
  const at::NoGradGuard no_grad;
  if (options.search != Search::beam) {
    NextToken next(network, network->read(source, source_padding), options.cache);
    return one_by_one(next, source.size(0), source.options(), options);
  }
  std::vector<Sentence> sentences;
  for (std::int64_t i = 0; i < source.size(0); ++i) {
    const auto padding = source_padding.defined() ? source_padding.slice(0, i, i + 1) : at::Tensor();
    NextToken next(network, network->read(source.slice(0, i, i + 1), padding), options.cache);
    sentences.push_back(Beams(next, source.options(), options).run());
  }
  return sentences;
}

}  // namespace vitral::text
