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
    if (!seen.insert(named->name).second) problem = "two tensors are named '" + named->name + "'";
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

/// Hands the file to `sink` piece by piece.
template <typename Sink>
void emit(std::span<const NamedTensor> tensors, const std::map<std::string, std::string>& metadata,
          std::string_view label, const Sink& sink) {
  const auto sorted = in_file_order(tensors);
  const std::string header = make_header(sorted, metadata, label);
  const std::uint64_t length = header.size();
  sink(std::as_bytes(std::span(&length, 1)));
  sink(std::as_bytes(std::span(header)));
  std::vector<std::byte> scratch;
  for (const NamedTensor* named : sorted) sink(contiguous_bytes(named->tensor, scratch));
}

/// A source that was cut short meanwhile gave zeros: then the result must not be kept.
void check_sources(std::span<const NamedTensor> tensors) {
  std::set<const MappedFile*> sources;
  for (const auto& named : tensors) sources.insert(named.tensor.file.get());
  sources.erase(nullptr);
  for (const MappedFile* source : sources) source->check();
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata, bool overwrite) {
  AtomicFile out(path, overwrite);
  try {
    emit(tensors, metadata, printable(path.string()), [&](std::span<const std::byte> bytes) { out.write(bytes); });
  } catch (const Error&) {
    check_sources(tensors);  // missing pages fail the system call: say what really happened
    throw;
  }
  check_sources(tensors);
  out.commit();
}

std::string safetensors_bytes(std::span<const NamedTensor> tensors,
                              const std::map<std::string, std::string>& metadata) {
  std::string file;
  emit(tensors, metadata, "safetensors", [&](std::span<const std::byte> bytes) {
    file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  check_sources(tensors);
  return file;
}

}  // namespace vitral::weights
