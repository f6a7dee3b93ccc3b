/// The .index.json that names, for every tensor, the file beside it that holds it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/core/json.h"
#include "common/core/text.h"
#include "common/weights/source.h"

namespace vitral::weights {
namespace {

/// A plain file name: nothing in an index may lead out of its folder. Symbolic links are followed, as caches make them.
void check_shard_name(const Source& index, const std::string& name) {
  const bool plain = !name.empty() && name != "." && name != ".." && name.size() <= 255 &&
                     name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
  if (!plain) index.fail(Fault::bad_path, "the shard '" + printable(name, 100) + "' is no plain file name");
}

/// Tensor names by shard.
std::map<std::string, std::set<std::string>> read_index(const Source& index) {
  Limits limits = index.limits;
  limits.objects = std::min(limits.objects, 4 * limits.tensors);  // a tree costs a hundred bytes a value
  nlohmann::json json;
  try {
    json = parse_json(index.text(0, index.bytes.size()), ErrorKind::weights, index.name, limits);
  } catch (const JsonError& error) {
    index.fail(error.over_limit() ? Fault::limit : Fault::bad_json,
               "is no JSON" + std::string(error.what()).substr(error.subject().size()), error.position());
  }
  if (!json.contains("weight_map") || !json["weight_map"].is_object()) {
    index.fail(Fault::unknown_container, "is JSON without a weight_map, expected an index of shards");
  }
  std::map<std::string, std::set<std::string>> shards;
  for (const auto& [name, file] : json["weight_map"].items()) {
    if (!file.is_string())
      index.fail(Fault::bad_header, "the weight_map of '" + printable(name, 100) + "' is no file name");
    check_shard_name(index, file.get<std::string>());
    shards[file.get<std::string>()].insert(name);
  }
  return shards;
}

}  // namespace

void read_shards(const Source& index, Checkpoint& checkpoint) {
  if (index.bytes.size() > index.limits.header_bytes) {
    index.fail(Fault::limit, "is JSON of " + human_bytes(index.bytes.size()) + ", too much for an index of shards");
  }
  checkpoint.container = Container::safetensors_index;
  Collector collector(index, checkpoint);
  const auto folder = std::filesystem::path(checkpoint.path).parent_path();
  for (auto& [file, wanted] : read_index(index)) {
    const auto mapped = MappedFile::open(folder / file, ErrorKind::weights, index.limits.file_bytes);
    const Source source{mapped->bytes(), mapped, mapped, mapped->path(), index.limits};
    checkpoint.files.push_back(mapped);
    Checkpoint shard;
    switch (sniff(source)) {
      case Format::safetensors:
        read_safetensors(source, shard);
        break;
      case Format::zip:
        read_zip(source, shard);
        break;
      case Format::torch_legacy:
        read_torch_legacy(source, shard);
        break;
      case Format::index:
        source.fail(Fault::bad_path, "is an index of shards inside an index of shards");
    }
    for (auto& named : shard.tensors) {
      if (wanted.erase(named.name) > 0)
        collector.add(named.name, std::move(named.tensor));
      else
        checkpoint.ignored.push_back(named.name + " (in " + file + ", not in the index)");
    }
    if (!wanted.empty())
      source.fail(Fault::missing_member,
                  "lacks the tensor '" + printable(*wanted.begin(), 100) + "' that the index expects");
    checkpoint.metadata.merge(shard.metadata);
  }
  if (checkpoint.tensors.empty()) index.fail(Fault::no_tensors, "is an index without tensors");
}

}  // namespace vitral::weights
