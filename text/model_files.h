/// Text models as files: native checkpoints of the Transformer, and folders of BERT as transformers saves them.
#pragma once

#include <filesystem>
#include <memory>

#include "common/weights/report.h"
#include "text/bert.h"
#include "text/seq2seq.h"
#include "text/vocabulary.h"
#include "text/wordpiece.h"

namespace vitral::text {

/// A network with what turns text into its numbers and back.
struct SentenceModel {
  Seq2Seq network = nullptr;
  SentenceCoder source, target;
};

/// One safetensors file; the record under the metadata key `vitral.text` says what is in it (docs/formats.md). `half`:
/// fp32 numbers are stored as fp16; they are fp32 again when they are loaded.
void save_sentence_model(const std::filesystem::path& path, SentenceModel& model, bool overwrite, bool half = false);
/// Throws Error(weights) naming the file and the field or tensor that is wrong.
SentenceModel load_sentence_model(const std::filesystem::path& path);

struct SentenceEncoder {
  Bert network = nullptr;
  WordPiece tokenizer;
  std::size_t longest = 512;  ///< tokens of a text, from sentence_bert_config.json where there is one
};

/// A folder with config.json, vocab.txt and model.safetensors or pytorch_model.bin (transformers,
/// sentence-transformers). Throws Error(weights) naming the file and what is wrong.
SentenceEncoder load_sentence_encoder(const std::filesystem::path& folder);

/// Rows of tokens as int64 [B, N] and their padding bool [B, N], N the longest row, at least 1; `fill` stands where a
/// row has ended.
std::pair<at::Tensor, at::Tensor> padded(const std::vector<std::vector<std::int64_t>>& rows,
                                         std::int64_t fill = SentenceCoder::kPad);

/// A unit vector [C] for each text. Throws Error(input) for text that is no UTF-8. `cut` counts texts that were too
/// long.
at::Tensor embed_sentences(SentenceEncoder& encoder, const std::vector<std::string>& texts, std::size_t* cut = nullptr);

}  // namespace vitral::text
