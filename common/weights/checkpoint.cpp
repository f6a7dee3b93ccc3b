#include "common/weights/checkpoint.h"

#include <algorithm>

#include "common/core/text.h"
#include "common/weights/source.h"
#include "common/weights/torch_tree.h"
#include "common/weights/zip.h"

namespace vitral::weights {
namespace {

void read(const Source& source, Checkpoint& checkpoint) {
  switch (sniff(source)) {
    case Format::zip:
      return read_zip(source, checkpoint);
    case Format::torch_legacy:
      return read_torch_legacy(source, checkpoint);
    case Format::index:
      return read_shards(source, checkpoint);
    case Format::safetensors:
      return read_safetensors(source, checkpoint);
  }
}

}  // namespace

std::string_view to_string(Container container) {
  static constexpr std::string_view kNames[] = {"safetensors", "safetensors shards", "torch zip", "torch legacy",
                                                "npz"};
  return kNames[static_cast<std::size_t>(container)];
}

const TensorRecord* Checkpoint::find(std::string_view name) const {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const NamedTensor& named) { return named.name == name; });
  return found == tensors.end() ? nullptr : &found->tensor;
}

std::vector<std::string> Checkpoint::names() const {
  std::vector<std::string> all;
  for (const auto& named : tensors) all.push_back(named.name);
  return all;
}

std::uint64_t Checkpoint::size_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& named : tensors) sum += named.tensor.size_bytes();
  return sum;
}

void Checkpoint::check() const {
  for (const auto& file : files) file->check();
}

Checkpoint open(const std::filesystem::path& path, const Limits& limits) {
  Checkpoint checkpoint;
  checkpoint.path = path.string();
  const auto file = MappedFile::open(path, ErrorKind::weights, limits.file_bytes);
  checkpoint.files.push_back(file);
  try {
    read({file->bytes(), file, file, checkpoint.path, limits}, checkpoint);
  } catch (const FormatError&) {
    file->check();  // a file that was cut short while it was read is that, whatever its zeros looked like
    throw;
  }
  checkpoint.check();
  return checkpoint;
}

Checkpoint open_bytes(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, std::string_view name,
                      const Limits& limits) {
  Checkpoint checkpoint;
  checkpoint.path = name;
  const Source source{bytes, std::move(owner), nullptr, checkpoint.path, limits};
  if (sniff(source) == Format::index)
    source.fail(Fault::unsupported_container, "is an index of shards, which needs its folder");
  read(source, checkpoint);
  return checkpoint;
}

void read_zip(const Source& source, Checkpoint& checkpoint) {
  ZipArchive archive(source);
  const auto holds = [&](std::string_view suffix) {
    return std::any_of(archive.members().begin(), archive.members().end(),
                       [&](auto& member) { return member.name.ends_with(suffix); });
  };
  if (!holds("data.pkl") && holds(".npy")) return read_npz(source, archive, checkpoint);
  read_torch_zip(source, archive, checkpoint);
}

void unstack(Checkpoint& checkpoint, std::string_view before, std::string_view numbered) {
  const std::size_t hole = numbered.find("{i}");
  std::vector<NamedTensor> flat;
  for (auto& named : checkpoint.tensors) {
    const bool stacked = named.name.starts_with(before) && !named.tensor.shape.empty() && bits(named.tensor.dtype) >= 8;
    if (!stacked || hole == std::string_view::npos) {
      flat.push_back(std::move(named));
      continue;
    }
    for (std::int64_t i = 0; i < named.tensor.shape[0]; ++i) {
      std::string name(numbered.substr(0, hole));
      name += std::to_string(i);
      name += numbered.substr(hole + 3);
      flat.push_back({name + named.name.substr(before.size()), select(named.tensor, i)});
    }
  }
  checkpoint.tensors = std::move(flat);
}

std::optional<std::string> name_problem(std::string_view name, const Limits& limits) {
  if (name.empty()) return "a tensor without a name";
  const std::string label = "the tensor's name '" + printable(name, 100) + "' ";
  if (name.size() > limits.name_bytes) return label + "has " + std::to_string(name.size()) + " bytes";
  if (name.find('\0') != std::string_view::npos) return label + "holds a NUL";
  if (!is_utf8(name)) return label + "is no UTF-8";
  if (name == "__metadata__") return label + "is reserved";
  // Names become paths in some formats; none that is a path elsewhere is let in.
  if (name[0] == '/' || name.starts_with("../") || name.find("/../") != std::string_view::npos)
    return label + "is a path";
  return std::nullopt;
}

void Collector::add(std::string_view name, TensorRecord tensor) {
  if (const auto problem = name_problem(name, source_.limits)) source_.fail(Fault::bad_name, *problem);
  if (!seen_.emplace(name).second)
    source_.fail(Fault::duplicate_name, "two tensors are named '" + printable(name, 100) + "'");
  if (checkpoint_.tensors.size() == source_.limits.tensors) {
    source_.fail(Fault::limit, "more than " + std::to_string(source_.limits.tensors) + " tensors");
  }
  checkpoint_.tensors.push_back({std::string(name), std::move(tensor)});
}

}  // namespace vitral::weights
