#include <ATen/ops/empty.h>

#include <bit>
#include <cstring>

#include "common/core/checked.h"
#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/limits.h"
#include "common/core/text.h"
#include "export/onnx_file.h"

namespace vitral::onnx {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 31;

/// One field of a message: its number, and a number or bytes.
struct Field {
  std::uint64_t id = 0;
  bool is_bytes = false;
  std::uint64_t number = 0;
  std::span<const std::byte> bytes;
};

/// Reads fields one after another; nothing is believed that does not lie inside the bytes.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  bool next(Field& field) {
    if (bytes_.empty()) return false;
    const auto key = varint();
    field = {key >> 3, false, 0, {}};
    if (field.id == 0) fail("field number 0");
    switch (key & 7) {
      case 0:
        field.number = varint();
        break;
      case 1:
        field.number = fixed(8);
        break;
      case 2:
        field.bytes = take(varint());
        field.is_bytes = true;
        break;
      case 5:
        field.number = fixed(4);
        break;
      default:
        fail("wire type " + std::to_string(key & 7) + ", expected 0, 1, 2 or 5");
    }
    return true;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::weights, file_, "no ONNX file that vitral wrote: " + what);
  }
  Reader inside(const Field& field) const { return {bytes_of(field), file_}; }
  std::span<const std::byte> bytes_of(const Field& field) const {
    if (!field.is_bytes) fail("field " + std::to_string(field.id) + " is a number, expected bytes");
    return field.bytes;
  }
  std::uint64_t number_of(const Field& field) const {
    if (field.is_bytes) fail("field " + std::to_string(field.id) + " is bytes, expected a number");
    return field.number;
  }
  std::int64_t integer_of(const Field& field) const { return static_cast<std::int64_t>(number_of(field)); }
  std::string text_of(const Field& field) const {
    const auto bytes = bytes_of(field);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  std::span<const std::byte> take(std::uint64_t count) {
    if (count > bytes_.size())
      fail("a field of " + std::to_string(count) + " bytes where " + std::to_string(bytes_.size()) + " are left");
    const auto taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = std::to_integer<std::uint64_t>(take(1)[0]);
      if (shift == 63 && byte > 1) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    fail("a number of more than 64 bits");
  }
  std::uint64_t fixed(std::size_t count) {
    const auto bytes = take(count);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
    return value;
  }
  std::span<const std::byte> bytes_;
  const std::string& file_;
};

at::ScalarType dtype_of(std::int64_t number, const Reader& reader) {
  switch (number) {
    case 1:
      return at::kFloat;
    case 2:
      return at::kByte;
    case 6:
      return at::kInt;
    case 7:
      return at::kLong;
    case 9:
      return at::kBool;
    case 10:
      return at::kHalf;
    case 11:
      return at::kDouble;
    default:
      reader.fail("tensor type " + std::to_string(number));
  }
}

std::pair<std::string, at::Tensor> tensor_from(Reader reader) {
  std::string name;
  std::vector<std::int64_t> shape;
  std::int64_t dtype = 0;
  std::span<const std::byte> raw;
  for (Field field; reader.next(field);) {
    switch (field.id) {
      case 1:
        shape.push_back(reader.integer_of(field));
        break;
      case 2:
        dtype = reader.integer_of(field);
        break;
      case 8:
        name = reader.text_of(field);
        break;
      case 9:
        raw = reader.bytes_of(field);
        break;
      default:
        reader.fail("a tensor with field " + std::to_string(field.id));
    }
    if (shape.size() > Limits{}.rank)
      reader.fail("a tensor of more than " + std::to_string(Limits{}.rank) + " dimensions");
  }
  const auto type = dtype_of(dtype, reader);
  const auto count = checked_numel(shape);
  const auto bytes = count ? checked_mul(*count, c10::elementSize(type)) : std::nullopt;
  if (!bytes || *bytes != raw.size()) {
    reader.fail("tensor '" + printable(name, 100) + "' has " + std::to_string(raw.size()) +
                " bytes, which its sizes do not ask for");
  }
  auto tensor = at::empty(shape, at::TensorOptions(type));
  if (!raw.empty()) std::memcpy(tensor.mutable_data_ptr(), raw.data(), raw.size());
  return {name, tensor};
}

std::pair<std::string, AttributeValue> attribute_from(Reader reader) {
  std::string name;
  std::int64_t kind = 0, integer = 0;
  float number = 0;
  std::string text;
  at::Tensor tensor;
  std::vector<float> numbers;
  std::vector<std::int64_t> integers;
  const auto as_float = [&](const Field& field) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(reader.number_of(field)));
  };
  for (Field field; reader.next(field);) {
    switch (field.id) {
      case 1:
        name = reader.text_of(field);
        break;
      case 2:
        number = as_float(field);
        break;
      case 3:
        integer = reader.integer_of(field);
        break;
      case 4:
        text = reader.text_of(field);
        break;
      case 5:
        tensor = tensor_from(reader.inside(field)).second;
        break;
      case 7:
        numbers.push_back(as_float(field));
        break;
      case 8:
        integers.push_back(reader.integer_of(field));
        break;
      case 20:
        kind = reader.integer_of(field);
        break;
      default:
        reader.fail("an attribute with field " + std::to_string(field.id));
    }
  }
  switch (kind) {
    case 1:
      return {name, number};
    case 2:
      return {name, integer};
    case 3:
      return {name, text};
    case 4:
      if (!tensor.defined()) reader.fail("attribute '" + printable(name, 100) + "' has no tensor");
      return {name, tensor};
    case 6:
      return {name, numbers};
    case 7:
      return {name, integers};
    default:
      reader.fail("an attribute of kind " + std::to_string(kind));
  }
}

Node node_from(Reader reader) {
  Node node;
  for (Field field; reader.next(field);) {
    switch (field.id) {
      case 1:
        node.inputs.push_back(reader.text_of(field));
        break;
      case 2:
        node.outputs.push_back(reader.text_of(field));
        break;
      case 4:
        node.op = reader.text_of(field);
        break;
      case 5:
        node.attributes.insert(attribute_from(reader.inside(field)));
        break;
      default:
        break;
    }
  }
  return node;
}

Port port_from(Reader reader) {
  Port port;
  std::int64_t dtype = 0;
  for (Field field; reader.next(field);) {
    if (field.id == 1) port.name = reader.text_of(field);
    if (field.id != 2) continue;
    Reader type = reader.inside(field);
    for (Field of_type; type.next(of_type);) {
      if (of_type.id != 1) continue;
      Reader tensor = type.inside(of_type);
      for (Field part; tensor.next(part);) {
        if (part.id == 1) dtype = tensor.integer_of(part);
        if (part.id != 2) continue;
        Reader shape = tensor.inside(part);
        for (Field size; shape.next(size);) {
          Reader dimension = shape.inside(size);
          std::int64_t value = -1;
          for (Field each; dimension.next(each);) {
            if (each.id == 1) value = dimension.integer_of(each);
          }
          port.shape.push_back(value);
          if (port.shape.size() > Limits{}.rank) reader.fail("a value of too many dimensions");
        }
      }
    }
  }
  port.dtype = dtype_of(dtype, reader);
  return port;
}

Graph graph_from(Reader reader) {
  Graph graph;
  for (Field field; reader.next(field);) {
    switch (field.id) {
      case 1:
        graph.nodes.push_back(node_from(reader.inside(field)));
        break;
      case 2:
        graph.name = reader.text_of(field);
        break;
      case 5:
        graph.constants.push_back(tensor_from(reader.inside(field)));
        break;
      case 10:
        graph.description = reader.text_of(field);
        break;
      case 11:
        graph.inputs.push_back(port_from(reader.inside(field)));
        break;
      case 12:
        graph.outputs.push_back(port_from(reader.inside(field)));
        break;
      default:
        break;
    }
    if (graph.nodes.size() > Limits{}.objects || graph.constants.size() > Limits{}.tensors)
      reader.fail("too many nodes or tensors");
  }
  return graph;
}

}  // namespace

Graph decode(std::span<const std::byte> bytes, const std::string& file) {
  Reader reader(bytes, file);
  Graph graph;
  std::map<std::string, std::string> metadata;
  bool found = false;
  for (Field field; reader.next(field);) {
    if (field.id == 7) {
      graph = graph_from(reader.inside(field));
      found = true;
    }
    if (field.id != 14) continue;
    Reader entry = reader.inside(field);
    std::string key, value;
    for (Field part; entry.next(part);) (part.id == 1 ? key : value) = entry.text_of(part);
    metadata[key] = value;
  }
  if (!found) reader.fail("no graph");
  graph.metadata = std::move(metadata);
  return graph;
}

Graph read(const std::filesystem::path& path) {
  const auto file = MappedFile::open(path, ErrorKind::weights, kMostBytes);
  auto graph = decode(file->bytes(), printable(file->path()));
  file->check();
  return graph;
}

}  // namespace vitral::onnx
