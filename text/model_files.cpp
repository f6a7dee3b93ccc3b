#include "text/model_files.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/json.h"
#include "common/core/text.h"
#include "common/nn/init.h"
#include "common/runtime/convert.h"
#include "common/weights/state_dict.h"

namespace vitral::text {
namespace {

namespace fs = std::filesystem;

constexpr const char* kKey = "vitral.text";
constexpr const char* kSchema = "vitral.text/1";
constexpr std::uint64_t kLargestConfig = 1 << 20;

/// Fields of a JSON object from outside, with their bounds.
class Fields {
 public:
  Fields(const nlohmann::json& json, std::string subject) : json_(json), subject_(std::move(subject)) {
    if (!json_.is_object()) throw Error(ErrorKind::weights, subject_, "is no JSON object");
  }
  bool has(const char* name) const { return json_.contains(name) && !json_[name].is_null(); }
  const nlohmann::json& at(const char* name) const {
    if (!json_.contains(name)) fail(name, "is missing");
    return json_[name];
  }
  std::int64_t count(const char* name, std::int64_t least, std::int64_t most) const {
    const auto& value = at(name);
    if (!value.is_number_integer() || value.get<double>() < static_cast<double>(least) ||
        value.get<double>() > static_cast<double>(most)) {
      fail(name,
           "is " + printable(value.dump(), 60) + ", expected " + std::to_string(least) + " to " + std::to_string(most));
    }
    return value.get<std::int64_t>();
  }
  std::int64_t count(const char* name, std::int64_t least, std::int64_t most, std::int64_t otherwise) const {
    return has(name) ? count(name, least, most) : otherwise;
  }
  double share(const char* name) const {
    const auto& value = at(name);
    if (!value.is_number() || !(value.get<double>() >= 0 && value.get<double>() < 1))
      fail(name, "is no number from 0 to 1");
    return value.get<double>();
  }
  double number(const char* name, double otherwise) const {
    if (!has(name)) return otherwise;
    if (!at(name).is_number() || !(at(name).get<double>() > 0)) fail(name, "is no number above 0");
    return at(name).get<double>();
  }
  bool flag(const char* name, bool otherwise) const {
    if (!has(name)) return otherwise;
    if (!at(name).is_boolean()) fail(name, "is neither true nor false");
    return at(name).get<bool>();
  }
  std::string text(const char* name) const {
    if (!at(name).is_string()) fail(name, "is no text");
    return at(name).get<std::string>();
  }
  [[noreturn]] void fail(const char* name, const std::string& what) const {
    throw Error(ErrorKind::weights, subject_, "'" + std::string(name) + "' " + what);
  }

 private:
  const nlohmann::json& json_;
  std::string subject_;
};

constexpr std::int64_t kMostTokens = 10'000'000, kMostWidth = 65'536, kMostDepth = 1'024;

/// Memory for a network is not taken on a record's word alone: the file has to hold as many numbers.
void require_numbers(const weights::Checkpoint& checkpoint, double layers, std::int64_t dim, std::int64_t hidden,
                     std::int64_t tokens) {
  const auto d = static_cast<double>(dim);
  const double least = layers * d * (4 * d + 2 * static_cast<double>(hidden)) + d * static_cast<double>(tokens);
  double held = 0;
  for (const auto& each : checkpoint.tensors) held += static_cast<double>(each.tensor.numel());
  if (held >= least) return;
  char text[120];
  std::snprintf(text, sizeof text, "holds %.0f numbers, its sizes ask for at least %.0f", held, least);
  throw Error(ErrorKind::weights, printable(checkpoint.path, 300), text);
}

void fill(torch::nn::Module& module, const weights::StateDict& state, const weights::Checkpoint& checkpoint) {
  weights::LoadReport report;
  report.file = checkpoint.path;
  weights::load_into(module, state, {.storage = weights::Storage::copied}, std::move(report));
  checkpoint.check();
}

nlohmann::json to_json(const SentenceCoder& coder) {
  return {{"units", coder.units() == Units::words ? "words" : "characters"}, {"tokens", coder.vocabulary().tokens()}};
}

SentenceCoder coder_of(const nlohmann::json& json, const std::string& subject) {
  const Fields fields(json, subject);
  const auto units = fields.text("units");
  if (units != "words" && units != "characters")
    fields.fail("units", "is '" + printable(units, 60) + "', expected words or characters");
  if (!fields.at("tokens").is_array()) fields.fail("tokens", "is no list");
  std::vector<std::string> tokens;
  for (const auto& token : fields.at("tokens")) {
    if (!token.is_string()) fields.fail("tokens", "holds something else than text");
    tokens.push_back(token.get<std::string>());
  }
  return SentenceCoder(units == "words" ? Units::words : Units::characters, Vocabulary(std::move(tokens), subject));
}

nlohmann::json config_of(const fs::path& path) {
  return parse_json(read_file(path, ErrorKind::weights, kLargestConfig), ErrorKind::weights,
                    printable(path.string(), 300));
}

BertOptions bert_options(const Fields& config, std::int64_t tokens) {
  BertOptions options;
  options.tokens(config.count("vocab_size", 1, kMostTokens))
      .longest(config.count("max_position_embeddings", 2, kMostTokens))
      .types(config.count("type_vocab_size", 1, kMostWidth))
      .dim(config.count("hidden_size", 1, kMostWidth))
      .heads(config.count("num_attention_heads", 1, kMostWidth))
      .hidden(config.count("intermediate_size", 1, kMostTokens))
      .depth(config.count("num_hidden_layers", 1, kMostDepth))
      .norm_eps(config.number("layer_norm_eps", 1e-12))
      .dropout(0);
  if (options.tokens() < tokens)
    config.fail("vocab_size", "is smaller than the " + std::to_string(tokens) + " lines of vocab.txt");
  if (config.has("hidden_act") && config.text("hidden_act") != "gelu") {
    config.fail("hidden_act", "is '" + printable(config.text("hidden_act"), 60) + "', expected gelu");
  }
  if (config.has("position_embedding_type") && config.text("position_embedding_type") != "absolute") {
    config.fail("position_embedding_type", "is not 'absolute'");
  }
  return options;
}

}  // namespace

void save_sentence_model(const fs::path& path, SentenceModel& model, bool overwrite, bool half) {
  const auto& o = model.network->options;
  const nlohmann::json record{{"schema", kSchema},
                              {"architecture", "transformer"},
                              {"dim", o.dim()},
                              {"heads", o.heads()},
                              {"hidden", o.hidden()},
                              {"encoder_depth", o.encoder_depth()},
                              {"decoder_depth", o.decoder_depth()},
                              {"dropout", o.dropout()},
                              {"norm_first", o.norm_first()},
                              {"shared", o.shared()},
                              {"longest", o.longest()},
                              {"source", to_json(model.source)},
                              {"target", to_json(model.target)}};
  const auto state = weights::state_dict_of(*model.network);
  weights::save(path, half ? halved(state) : state, {{kKey, record.dump()}, {"format", "pt"}}, overwrite);
}

SentenceModel load_sentence_model(const fs::path& path) {
  const auto checkpoint = weights::open(path.string());
  const auto file = printable(path.string(), 300);
  const auto found = checkpoint.metadata.find(kKey);
  if (found == checkpoint.metadata.end()) {
    throw Error(ErrorKind::weights, file, std::string("has no metadata '") + kKey + "': it is no text model of vitral");
  }
  const auto json = parse_json(found->second, ErrorKind::weights, file);
  const Fields record(json, file);
  if (record.text("schema") != kSchema || record.text("architecture") != "transformer") {
    record.fail("schema", std::string("is not ") + kSchema + " of a transformer");
  }
  auto source = coder_of(record.at("source"), file), target = coder_of(record.at("target"), file);
  const auto options = Seq2SeqOptions()
                           .source_tokens(source.vocabulary().size())
                           .target_tokens(target.vocabulary().size())
                           .dim(record.count("dim", 2, kMostWidth))
                           .heads(record.count("heads", 1, kMostWidth))
                           .hidden(record.count("hidden", 1, kMostTokens))
                           .encoder_depth(record.count("encoder_depth", 1, kMostDepth))
                           .decoder_depth(record.count("decoder_depth", 1, kMostDepth))
                           .dropout(record.share("dropout"))
                           .norm_first(record.flag("norm_first", false))
                           .shared(record.flag("shared", false))
                           .longest(record.count("longest", 1, 1'000'000));
  require_numbers(checkpoint, static_cast<double>(options.encoder_depth() + options.decoder_depth()), options.dim(),
                  options.hidden(), options.target_tokens());
  const nn::SkipInit skip;
  SentenceModel model{Seq2Seq(options), std::move(source), std::move(target)};
  fill(*model.network, weights::to_state_dict(checkpoint, weights::Storage::copied), checkpoint);
  model.network->eval();
  return model;
}

SentenceEncoder load_sentence_encoder(const fs::path& folder) {
  const auto config_path = folder / "config.json";
  const auto json = config_of(config_path);
  const Fields config(json, printable(config_path.string(), 300));
  auto vocabulary = read_vocabulary((folder / "vocab.txt").string());
  auto options = bert_options(config, vocabulary.size());
  WordPieceOptions pieces;
  std::size_t longest = static_cast<std::size_t>(options.longest());
  if (const auto path = folder / "tokenizer_config.json"; fs::exists(path)) {
    const auto tokenizer = config_of(path);
    pieces.lower = Fields(tokenizer, printable(path.string(), 300)).flag("do_lower_case", true);
  }
  if (const auto path = folder / "sentence_bert_config.json"; fs::exists(path)) {
    const auto limits = config_of(path);
    longest = static_cast<std::size_t>(
        Fields(limits, printable(path.string(), 300)).count("max_seq_length", 2, options.longest(), options.longest()));
  }
  const bool plain = fs::exists(folder / "model.safetensors");
  const auto file = folder / (plain ? "model.safetensors" : "pytorch_model.bin");
  const auto checkpoint = weights::open(file.string());
  const auto state = weights::to_state_dict(checkpoint, weights::Storage::copied);
  const auto names = weights::names_of(state);
  if (!weights::detect(names, kBertMap))
    throw Error(ErrorKind::weights, printable(file.string(), 300), "holds no BERT");
  const auto plan = weights::plan(names, kBertMap, weights::Direction::to_ours);
  if (!plan.unmatched.empty()) {
    throw Error(ErrorKind::weights, printable(file.string(), 300),
                "holds '" + printable(plan.unmatched.front(), 100) + "', which no BERT encoder has");
  }
  const auto ours = weights::apply(plan, state);
  require_numbers(checkpoint, static_cast<double>(options.depth()), options.dim(), options.hidden(),
                  options.tokens() + options.longest());
  options.pooler(ours.contains("pooler.weight")).masked_head(ours.contains("transform.weight"));
  const nn::SkipInit skip;
  SentenceEncoder encoder{Bert(options), WordPiece(std::move(vocabulary), pieces), longest};
  fill(*encoder.network, ours, checkpoint);
  encoder.network->eval();
  return encoder;
}

std::pair<at::Tensor, at::Tensor> padded(const std::vector<std::vector<std::int64_t>>& rows, std::int64_t fill) {
  std::size_t longest = 1;
  for (const auto& row : rows) longest = std::max(longest, row.size());
  const auto count = static_cast<std::int64_t>(rows.size()), columns = static_cast<std::int64_t>(longest);
  auto ids = at::full({count, columns}, fill, at::kLong);
  auto padding = at::full({count, columns}, true, at::kBool);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto& row = rows[static_cast<std::size_t>(i)];
    std::copy(row.begin(), row.end(), ids.mutable_data_ptr<std::int64_t>() + i * columns);
    std::fill_n(padding.mutable_data_ptr<bool>() + i * columns, row.size(), false);
  }
  return {ids, padding};
}

at::Tensor embed_sentences(SentenceEncoder& encoder, const std::vector<std::string>& texts, std::size_t* cut) {
  const at::NoGradGuard no_grad;
  std::vector<std::vector<std::int64_t>> rows;
  for (const auto& text : texts) {
    auto encoded = encoder.tokenizer.encode(text, encoder.longest);
    if (cut != nullptr) *cut += encoded.cut ? 1 : 0;
    rows.push_back(std::move(encoded.ids));
  }
  const auto [ids, padding] = padded(rows, encoder.tokenizer.pad());
  return sentence_vectors(encoder.network->forward(ids, padding), padding);
}

}  // namespace vitral::text
