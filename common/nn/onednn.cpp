#include "common/nn/onednn.h"

#include <ATen/Context.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>

#include <string_view>

namespace vitral::nn::onednn {
namespace {

using Scalars = c10::List<std::optional<at::Scalar>>;
using OptionalTensor = std::optional<at::Tensor>;
using Algorithm = std::optional<std::string_view>;
using OptionalInts = at::OptionalIntArrayRef;

struct Attribute {
  std::string_view name = "none";
  Scalars scalars{Scalars()};
  Algorithm algorithm;
};

/// The name that oneDNN's operators know an activation by. GELU needs its algorithm named ("none" is the exact one).
Attribute attribute(Activation activation) {
  Attribute result;
  switch (activation) {
    case Activation::none:
      break;
    case Activation::relu:
      result.name = "relu";
      break;
    case Activation::relu6:
      result.name = "hardtanh";
      result.scalars.push_back(at::Scalar(0.0));
      result.scalars.push_back(at::Scalar(6.0));
      break;
    case Activation::gelu:
      result.name = "gelu";
      result.algorithm = "none";
      break;
    case Activation::silu:
      result.name = "swish";
      break;
    case Activation::tanh:
      result.name = "tanh";
      break;
  }
  return result;
}

template <class Signature>
c10::TypedOperatorHandle<Signature> find(const char* name, const char* overload = "") {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, overload).typed<Signature>();
}

bool exists(const char* name, const char* overload = "") {
  return c10::Dispatcher::singleton().findSchema({name, overload}).has_value();
}

OptionalTensor optional(const at::Tensor& tensor) {
  return tensor.defined() ? OptionalTensor(tensor) : std::nullopt;
}

}  // namespace

bool replaceable(const at::Tensor& tensor) {
  return tensor.use_count() == 1 && tensor.storage().use_count() == 1 &&
         tensor.is_contiguous(at::MemoryFormat::ChannelsLast);
}

bool usable(at::ScalarType dtype) {
  static const bool present =
      at::hasMKLDNN() && exists("mkldnn::_linear_pointwise") && exists("mkldnn::_linear_pointwise", "binary") &&
      exists("mkldnn::_reorder_linear_weight") && exists("mkldnn::_convolution_pointwise") &&
      exists("mkldnn::_convolution_pointwise_", "binary") && exists("mkldnn::_reorder_convolution_weight");
  if (!present) return false;
  if (dtype == at::kFloat) return true;
  const char* query = dtype == at::kBFloat16 ? "mkldnn::_is_mkldnn_bf16_supported"
                      : dtype == at::kHalf   ? "mkldnn::_is_mkldnn_fp16_supported"
                                             : nullptr;
  return query != nullptr && exists(query) && find<bool()>(query).call();
}

bool prefer_for_products() {
  if (!usable(at::kFloat)) return false;
  const at::NoGradGuard no_grad;
  // Numbers that bf16 can't hold, at the shapes of a layer, its inputs' gradient and its weights' gradient.
  const auto a = at::arange(257 * 192, at::kDouble).remainder(977).div(977).view({257, 192});
  const auto b = at::arange(192 * 128, at::kDouble).remainder(643).div(643).sub(0.5).view({192, 128});
  const auto is_exact = [](const at::Tensor& x, const at::Tensor& y) {
    const auto wanted = x.matmul(y);
    const auto error = x.to(at::kFloat).matmul(y.to(at::kFloat)).to(at::kDouble).sub(wanted).abs().max().item<double>();
    return error <= 1e-5 * wanted.abs().max().item<double>();
  };
  at::globalContext().setFloat32MatmulPrecision("medium");
  if (is_exact(a, b) && is_exact(b.t(), a.t()) && is_exact(a.t(), a)) return true;
  at::globalContext().setFloat32MatmulPrecision("highest");
  return false;
}

bool preferred_for_products() {
  return at::globalContext().float32MatmulPrecision() != at::Float32MatmulPrecision::HIGHEST;
}

at::Tensor pack_linear(const at::Tensor& weight, std::int64_t rows) {
  static const auto op =
      find<at::Tensor(const at::Tensor&, std::optional<c10::SymInt>)>("mkldnn::_reorder_linear_weight");
  return op.call(weight, c10::SymInt(rows));
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, Activation activation,
                  const at::Tensor& residual) {
  static const auto unary = find<at::Tensor(const at::Tensor&, const at::Tensor&, const OptionalTensor&,
                                            std::string_view, Scalars, Algorithm)>("mkldnn::_linear_pointwise");
  static const auto binary =
      find<at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, const OptionalTensor&,
                      std::string_view)>("mkldnn::_linear_pointwise", "binary");
  if (residual.defined()) return binary.call(x, residual, packed, optional(bias), "add");
  const Attribute attr = attribute(activation);
  return unary.call(x, packed, optional(bias), attr.name, attr.scalars, attr.algorithm);
}

at::Tensor pack_conv(const at::Tensor& weight, const ConvGeometry& geometry, at::IntArrayRef input_size) {
  static const auto op = find<at::Tensor(const at::Tensor&, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef,
                                         std::int64_t, OptionalInts)>("mkldnn::_reorder_convolution_weight");
  return op.call(weight, geometry.padding, geometry.stride, geometry.dilation, geometry.groups, input_size);
}

at::Tensor conv(const at::Tensor& x, const at::Tensor& packed, const at::Tensor& bias, const ConvGeometry& geometry,
                Activation activation, at::Tensor residual) {
  static const auto unary =
      find<at::Tensor(const at::Tensor&, const at::Tensor&, const OptionalTensor&, at::IntArrayRef, at::IntArrayRef,
                      at::IntArrayRef, std::int64_t, std::string_view, Scalars, Algorithm)>(
          "mkldnn::_convolution_pointwise");
  static const auto add_into =
      find<at::Tensor&(at::Tensor&, const at::Tensor&, const at::Tensor&, const OptionalTensor&, at::IntArrayRef,
                       at::IntArrayRef, at::IntArrayRef, std::int64_t, std::string_view, std::optional<at::Scalar>,
                       Algorithm, Scalars, Algorithm)>("mkldnn::_convolution_pointwise_", "binary");
  const Attribute attr = attribute(activation);
  const auto& g = geometry;
  if (!residual.defined()) {
    return unary.call(x, packed, optional(bias), g.padding, g.stride, g.dilation, g.groups, attr.name, attr.scalars,
                      attr.algorithm);
  }
  // oneDNN accumulates into the residual. Its operator that does not would copy the residual first, too.
  if (!replaceable(residual)) residual = residual.clone(at::MemoryFormat::ChannelsLast);
  const Algorithm after = activation == Activation::none ? Algorithm() : Algorithm(attr.name);
  return add_into.call(residual, x, packed, optional(bias), g.padding, g.stride, g.dilation, g.groups, "add",
                       std::nullopt, after, Scalars(), std::nullopt);
}

}  // namespace vitral::nn::onednn
