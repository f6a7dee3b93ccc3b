#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "common/core/text.h"
#include "common/weights/source.h"

namespace vitral::weights {
namespace {

constexpr std::size_t kAlignment = 8;

/// Falling alignment, then name: so every tensor lies at a multiple of its element's size.
std::vector<const NamedTensor*> in_file_order(std::span<const NamedTensor> tensors) {
  std::vector<const NamedTensor*> sorted;
  for (const auto& named : tensors) sorted.push_back(&named);
  std::sort(sorted.begin(), sorted.end(), [](const NamedTensor* a, const NamedTensor* b) {
    const unsigned bits_a = bits(a->tensor.dtype), bits_b = bits(b->tensor.dtype);
    return bits_a != bits_b ? bits_a > bits_b : a->name < b->name;
  });
  return sorted;
}

/// The header without its length, padded with spaces.
std::string make_header(std::span<const NamedTensor* const> tensors, const std::map<std::string, std::string>& metadata,
                        std::string_view path) {
  std::set<std::string_view> seen;
  std::uint64_t at = 0;
  std::string text = "{";
  const auto add = [&](const std::string& name, const nlohmann::json& value) {
    if (text.size() > 1) text += ',';
    text += nlohmann::json(name).dump() + ":" + value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  if (!metadata.empty()) add("__metadata__", metadata);
  for (const NamedTensor* named : tensors) {
    auto problem = name_problem(named->name, Limits{});
    if (named->name == "__metadata__" || !seen.insert(named->name).second)
      problem = "the tensor's name '" + named->name + "' is taken";
    if (problem) throw Error(ErrorKind::failed, path, "can't be written: " + *problem);
    const std::uint64_t end = at + named->tensor.size_bytes();
    add(named->name,
        {{"dtype", to_string(named->tensor.dtype)}, {"shape", named->tensor.shape}, {"data_offsets", {at, end}}});
    at = end;
  }
  text += '}';
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  return text;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata, bool overwrite) {
  AtomicFile out(path, overwrite);
  const auto sorted = in_file_order(tensors);
  const std::string header = make_header(sorted, metadata, printable(path.string()));
  const std::uint64_t length = header.size();
  out.write(std::as_bytes(std::span(&length, 1)));
  out.write(header);
  std::vector<std::byte> scratch;
  // A source that is cut short meanwhile gives zeros, or EFAULT to the system call: then the new file must not appear.
  const auto check_sources = [&] {
    std::set<const MappedFile*> sources;
    for (const auto& named : tensors) sources.insert(named.tensor.file.get());
    sources.erase(nullptr);
    for (const MappedFile* source : sources) source->check();
  };
  try {
    for (const NamedTensor* named : sorted) out.write(contiguous_bytes(named->tensor, scratch));
  } catch (const Error&) {
    check_sources();
    throw;
  }
  check_sources();
  out.commit();
}

}  // namespace vitral::weights
