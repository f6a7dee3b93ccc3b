// vitral text: sentences in, sentences, vectors or words out.
#include "apps/text.h"

#include <unistd.h>

#include "common/core/file.h"
#include "common/core/text.h"
#include "text/utf8.h"

namespace vitral::apps {
namespace {

constexpr std::uint64_t kMostText = std::uint64_t{16} << 30;

std::string all_of_stdin() {
  std::string all;
  char buffer[1 << 16];
  for (ssize_t got = 0; (got = ::read(STDIN_FILENO, buffer, sizeof buffer)) > 0;) {
    all.append(buffer, static_cast<std::size_t>(got));
    if (all.size() > kMostText) throw Error(ErrorKind::input, "standard input", "is larger than 16 GiB");
  }
  return all;
}

}  // namespace

void TextFlags::add_common(CLI::App& app) {
  output.add_json(app);
  console.add(app);
}

std::vector<std::string> read_lines(const std::string& path) {
  const bool standard = path == "-";
  const auto subject = standard ? std::string("standard input") : printable(path, 300);
  const auto all = standard ? all_of_stdin() : read_file(path, ErrorKind::input, kMostText);
  if (!is_utf8(all)) text::decode_utf8(all, subject);  // says which byte
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < all.size();) {
    const auto end = std::min(all.find('\n', begin), all.size());
    auto line = std::string_view(all).substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
    begin = end + 1;
  }
  if (lines.empty()) throw Error(ErrorKind::input, subject, "is empty");
  return lines;
}

void add_text(CLI::App& root, Context& context) {
  auto* app = root.add_subcommand("text", "the original Transformer, BERT and word2vec");
  app->require_subcommand(1);
  add_text_train(*app, context);
  add_text_generate(*app, context);
  add_text_embed(*app, context);
  add_text_neighbours(*app, context);
}

}  // namespace vitral::apps
