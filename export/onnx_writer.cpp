#include <bit>
#include <limits>

#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/text.h"
#include "export/onnx_file.h"
#include "export/operation.h"

namespace vitral::onnx {
namespace {

constexpr std::int64_t kIrVersion = 8, kOpset = 17;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 31;  // of a protobuf message

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

/// A message of the wire format. Numbers of tensors are kept where they are until the file is written.
class Message {
 public:
  void integer(int field, std::int64_t value) {
    text_ += varint(static_cast<std::uint64_t>(field) << 3) + varint(static_cast<std::uint64_t>(value));
  }
  void number(int field, float value) {
    text_ += varint(static_cast<std::uint64_t>(field) << 3 | 5);
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) text_ += static_cast<char>(bits >> shift & 0xff);
  }
  void bytes(int field, std::string_view value) {
    begin(field, value.size());
    text_ += value;
  }
  void tensor_bytes(int field, const at::Tensor& tensor) {
    begin(field, tensor.nbytes());
    flush();
    parts_.push_back({{}, tensor});
    size_ += tensor.nbytes();
  }
  void message(int field, Message&& other) {
    begin(field, other.size());
    other.flush();
    flush();
    for (auto& part : other.parts_) parts_.push_back(std::move(part));
    size_ += other.size_;
  }
  std::uint64_t size() const { return size_ + text_.size(); }
  template <class Take>
  void give(Take take) {
    flush();
    for (const auto& part : parts_) {
      if (part.tensor.defined()) {
        take(std::string_view(static_cast<const char*>(part.tensor.const_data_ptr()), part.tensor.nbytes()));
      } else {
        take(std::string_view(part.text));
      }
    }
  }

 private:
  struct Part {
    std::string text;
    at::Tensor tensor;
  };
  void begin(int field, std::uint64_t length) {
    text_ += varint(static_cast<std::uint64_t>(field) << 3 | 2) + varint(length);
  }
  void flush() {
    if (text_.empty()) return;
    size_ += text_.size();
    parts_.push_back({std::move(text_), {}});
    text_.clear();
  }
  std::string text_;
  std::vector<Part> parts_;
  std::uint64_t size_ = 0;
};

Message tensor_message(const std::string& name, const at::Tensor& tensor) {
  Message message;
  for (const auto size : tensor.sizes()) message.integer(1, size);
  message.integer(2, onnx_dtype(tensor.scalar_type()));
  if (!name.empty()) message.bytes(8, name);
  message.tensor_bytes(9, tensor.detach().contiguous());
  return message;
}

/// AttributeProto: each kind of value has a field and a number of its own.
struct AttributeMessage {
  Message message;
  void operator()(std::int64_t value) {
    add(2, [&] { message.integer(3, value); });
  }
  void operator()(float value) {
    add(1, [&] { message.number(2, value); });
  }
  void operator()(const std::string& value) {
    add(3, [&] { message.bytes(4, value); });
  }
  void operator()(const at::Tensor& value) {
    add(4, [&] { message.message(5, tensor_message("", value)); });
  }
  void operator()(const std::vector<float>& values) {
    add(6, [&] {
      for (const auto value : values) message.number(7, value);
    });
  }
  void operator()(const std::vector<std::int64_t>& values) {
    add(7, [&] {
      for (const auto value : values) message.integer(8, value);
    });
  }
  template <class Value>
  void add(std::int64_t kind, Value value) {
    value();
    message.integer(20, kind);
  }
};

Message node_message(const Node& node) {
  Message message;
  for (const auto& input : node.inputs) message.bytes(1, input);
  for (const auto& output : node.outputs) message.bytes(2, output);
  message.bytes(3, node.outputs.front());
  message.bytes(4, node.op);
  for (const auto& [name, value] : node.attributes) {
    AttributeMessage attribute;
    attribute.message.bytes(1, name);
    std::visit(attribute, value);
    message.message(5, std::move(attribute.message));
  }
  return message;
}

/// ValueInfoProto.
Message port_message(const Port& port) {
  Message shape;
  for (const auto size : port.shape) {
    Message dimension;
    size < 0 ? dimension.bytes(2, "batch") : dimension.integer(1, size);
    shape.message(1, std::move(dimension));
  }
  Message tensor, type, info;
  tensor.integer(1, onnx_dtype(port.dtype));
  tensor.message(2, std::move(shape));
  type.message(1, std::move(tensor));
  info.bytes(1, port.name);
  info.message(2, std::move(type));
  return info;
}

Message graph_message(const Graph& graph) {
  Message message;
  for (const auto& node : graph.nodes) message.message(1, node_message(node));
  message.bytes(2, graph.name);
  for (const auto& [name, tensor] : graph.constants) message.message(5, tensor_message(name, tensor));
  message.bytes(10, graph.description);
  for (const auto& port : graph.inputs) message.message(11, port_message(port));
  for (const auto& port : graph.outputs) message.message(12, port_message(port));
  return message;
}

Message model_message(const Graph& graph, const std::string& version) {
  Message opset, model;
  opset.bytes(1, "");
  opset.integer(2, kOpset);
  model.integer(1, kIrVersion);
  model.bytes(2, "vitral");
  model.bytes(3, version);
  model.bytes(6, graph.description);
  model.message(7, graph_message(graph));
  model.message(8, std::move(opset));
  for (const auto& [key, value] : graph.metadata) {
    Message entry;
    entry.bytes(1, key);
    entry.bytes(2, value);
    model.message(14, std::move(entry));
  }
  return model;
}

}  // namespace

std::string encode(const Graph& graph, const std::string& version) {
  std::string bytes;
  model_message(graph, version).give([&](std::string_view part) { bytes += part; });
  return bytes;
}

void write(const Graph& graph, const std::filesystem::path& path, const std::string& version, bool overwrite) {
  auto message = model_message(graph, version);
  if (message.size() >= kMostBytes) {
    throw Error(ErrorKind::failed, printable(path.string()),
                "would have " + human_bytes(message.size()) +
                    ", and ONNX files have less than 2 GiB; --half writes half of it");
  }
  AtomicFile file(path, overwrite);
  message.give([&](std::string_view part) { file.write(part); });
  file.commit();
}

}  // namespace vitral::onnx
