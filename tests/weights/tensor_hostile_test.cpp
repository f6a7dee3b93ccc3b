#include <gtest/gtest.h>

#include "tests/weights/hostile.h"

namespace vitral::weights::build {
namespace {

Op floats_in(std::int64_t count) {
  return storage("FloatStorage", "0", count);
}

TEST(TensorHostile, Storages) {
  const auto persistent = [](const Op& tuple_ops) { return only(tensor(tuple_ops + "Q", 0, {2}, {1})); };
  expect_faults({
      {"key that is not there", only(tensor(storage("FloatStorage", "9", 2), 0, {2}, {1})), Fault::bad_storage},
      {"key that climbs", only(tensor(storage("FloatStorage", "../0", 2), 0, {2}, {1})), Fault::bad_storage},
      {"empty key", only(tensor(storage("FloatStorage", "", 2), 0, {2}, {1})), Fault::bad_storage},
      {"key with a NUL", only(tensor(storage("FloatStorage", std::string_view("0\0", 2), 2), 0, {2}, {1})),
       Fault::bad_storage},
      {"count too small", only(tensor(floats_in(1), 0, {1}, {1})), Fault::size_mismatch},
      {"count too large", only(tensor(floats_in(3), 0, {3}, {1})), Fault::size_mismatch},
      {"count 2^62 wraps to 0 bytes", only(tensor(floats_in(std::int64_t{1} << 62), 0, {2}, {1})), Fault::overflow},
      {"count 2^63 - 1", only(tensor(floats_in(INT64_MAX), 0, {2}, {1})), Fault::overflow},
      {"negative count", only(tensor(floats_in(-2), 0, {2}, {1})), Fault::bad_storage},
      {"bytes of another type", only(tensor(storage("DoubleStorage", "0", 2), 0, {2}, {1})), Fault::size_mismatch},
      {"one key, two types", beside(tensor(storage("IntStorage", "0", 2), 0, {2}, {1})), Fault::bad_storage},
      {"one key, two lengths", beside(tensor(floats_in(1), 0, {1}, {1})), Fault::bad_storage},
      {"complex double", only(tensor(storage("ComplexDoubleStorage", "0", 2), 0, {2}, {1})), Fault::unsupported_tensor},
      {"quantised storage", only(tensor(storage("QInt8Storage", "0", 2), 0, {2}, {1})), Fault::unsupported_tensor},
      {"type that is no storage",
       persistent(tuple({text("storage"), global("torch", "float32"), text("0"), text("cpu"), integer(2)})),
       Fault::bad_storage},
      {"class as a storage",
       persistent(tuple({text("storage"), global("evil", "FloatStorage"), text("0"), text("cpu"), integer(2)})),
       Fault::bad_storage},
      {"id of another kind",
       persistent(tuple({text("tensor"), global("torch", "FloatStorage"), text("0"), text("cpu"), integer(2)})),
       Fault::bad_storage},
      {"id of three parts", persistent(tuple({text("storage"), text("0"), integer(2)})), Fault::pickle_type},
      {"id that is a string", persistent(text("0")), Fault::pickle_type},
      {"id with a number as its key",
       persistent(tuple({text("storage"), global("torch", "FloatStorage"), integer(0), text("cpu"), integer(2)})),
       Fault::pickle_type},
      {"id with a string as its count",
       persistent(tuple({text("storage"), global("torch", "FloatStorage"), text("0"), text("cpu"), text("2")})),
       Fault::pickle_type},
      {"storage of a GPU",
       persistent(tuple({text("storage"), global("torch", "FloatStorage"), text("0"), text("cuda:0"), integer(2)})),
       std::nullopt},
  });
}

TEST(TensorHostile, Views) {
  const auto view = [](std::int64_t offset, std::initializer_list<std::int64_t> shape,
                       std::initializer_list<std::int64_t> strides) {
    return only(tensor(floats_in(2), offset, shape, strides));
  };
  constexpr std::int64_t k2to62 = std::int64_t{1} << 62;
  expect_faults({
      {"negative offset", view(-1, {2}, {1}), Fault::bad_view},
      {"offset at the end", view(2, {1}, {1}), Fault::bad_view},
      {"offset of 2^63 - 1", view(INT64_MAX, {1}, {1}), Fault::overflow},
      {"offset of 2^62", view(k2to62, {2}, {1}), Fault::overflow},
      {"negative stride", view(1, {2}, {-1}), Fault::bad_view},
      {"negative size", view(0, {-2}, {1}), Fault::bad_view},
      {"stride too long", view(0, {2}, {2}), Fault::bad_view},
      {"stride of 2^62", view(0, {2}, {k2to62}), Fault::overflow},
      {"strides that wrap to a small sum", view(0, {5, 5}, {k2to62, k2to62}), Fault::overflow},
      {"one element too many", view(0, {3}, {1}), Fault::bad_view},
      {"product wraps to 0", view(0, {std::int64_t{1} << 32, std::int64_t{1} << 32}, {0, 0}), Fault::overflow},
      {"bytes wrap", view(0, {k2to62}, {0}), Fault::overflow},
      {"zero does not excuse 2^62 x 4", view(0, {0, k2to62, 4}, {1, 1, 1}), Fault::overflow},
      {"expanded to 2^40", view(0, {std::int64_t{1} << 40}, {0}), Fault::limit},
      {"expanded to a thousand", view(0, {1'000}, {0}), std::nullopt},
      {"overlapping rows",
       only(tensor(storage("FloatStorage", "0", 4), 0, {3, 2}, {1, 1}), {{"0", floats({1, 2, 3, 4})}}), std::nullopt},
      {"more strides than sizes", view(0, {2}, {1, 1}), Fault::bad_view},
      {"fewer strides than sizes", view(0, {1, 2}, {1}), Fault::bad_view},
      {"scalar", view(1, {}, {}), std::nullopt},
      {"no elements past the end", view(3, {0}, {1}), Fault::bad_view},
      {"no elements", view(2, {0}, {1}), std::nullopt},
      {"transposed", only(tensor(storage("FloatStorage", "0", 4), 0, {2, 2}, {1, 2}), {{"0", floats({1, 2, 3, 4})}}),
       std::nullopt},
      {"rank 64",
       [] {
         Op shape = "(", strides = "(";
         for (int i = 0; i < 64; ++i) shape += integer(1), strides += integer(1);
         return only(reduce(global("torch._utils", "_rebuild_tensor"),
                            tuple({floats_in(2), integer(0), shape + "t", strides + "t"})));
       }(),
       std::nullopt},
      {"rank 65",
       [] {
         Op shape = "(";
         for (int i = 0; i < 65; ++i) shape += integer(1);
         return only(reduce(global("torch._utils", "_rebuild_tensor"),
                            tuple({floats_in(2), integer(0), shape + "t", shape + "t"})));
       }(),
       Fault::limit},
  });
}

TEST(TensorHostile, Rebuilds) {
  const Op v2 = global("torch._utils", "_rebuild_tensor_v2"), v3 = global("torch._utils", "_rebuild_tensor_v3");
  const Op parameter = global("torch._utils", "_rebuild_parameter"), hooks = "}";
  const auto torch_utils = [](const char* name) { return only(reduce(global("torch._utils", name), ")")); };
  const auto typed = [=](const Op& dtype) {
    return only(reduce(v3, tuple({storage("UntypedStorage", "0", 8), integer(0), sizes({2}), sizes({1}), boolean(false),
                                  hooks, dtype})));
  };
  const auto from_type = [](const Op& type, const Op& function) {
    return only(reduce(
        global("torch._tensor", "_rebuild_from_type_v2"),
        tuple({function, type, tuple({floats_in(2), integer(0), sizes({2}), sizes({1}), boolean(false), "}"}), "}"})));
  };
  const Op tensor_type = global("torch", "Tensor");
  expect_faults({
      {"no arguments", only(reduce(v2, ")")), Fault::pickle_type},
      {"too few arguments", only(reduce(v2, tuple({floats_in(2), integer(0), sizes({2}), sizes({1})}))),
       Fault::pickle_type},
      {"too many arguments",
       only(reduce(v2, tuple({floats_in(2), integer(0), sizes({2}), sizes({1}), boolean(false), hooks, hooks, hooks}))),
       Fault::pickle_type},
      {"no storage", only(reduce(v2, tuple({integer(1), integer(0), sizes({2}), sizes({1}), boolean(false), hooks}))),
       Fault::pickle_type},
      {"offset is a string",
       only(reduce(v2, tuple({floats_in(2), text("0"), sizes({2}), sizes({1}), boolean(false), hooks}))),
       Fault::pickle_type},
      {"offset is a huge integer",
       only(reduce(v2,
                   tuple({floats_in(2), "\x8A\x09" + Bytes(9, '\1'), sizes({2}), sizes({1}), boolean(false), hooks}))),
       Fault::pickle_type},
      {"shape is a list",
       only(reduce(v2, tuple({floats_in(2), integer(0), list({integer(2)}), sizes({1}), boolean(false), hooks}))),
       Fault::pickle_type},
      {"shape holds a float",
       only(reduce(
           v2, tuple({floats_in(2), integer(0), tuple({"G" + Bytes(8, '\0')}), sizes({1}), boolean(false), hooks}))),
       Fault::pickle_type},
      {"shape is a torch.Size",
       only(reduce(v2, tuple({floats_in(2), integer(0), reduce(global("torch", "Size"), tuple({sizes({2})})),
                              sizes({1}), boolean(false), hooks}))),
       std::nullopt},
      {"requires_grad is a number",
       only(reduce(v2, tuple({floats_in(2), integer(0), sizes({2}), sizes({1}), integer(1), hooks}))),
       Fault::pickle_type},
      {"parameter", only(reduce(parameter, tuple({pair_tensor(), boolean(true), hooks}))), std::nullopt},
      {"parameter of a number", only(reduce(parameter, tuple({integer(1), boolean(true), hooks}))), Fault::pickle_type},
      {"parameter of one argument", only(reduce(parameter, tuple({pair_tensor()}))), Fault::pickle_type},
      {"untyped storage", typed(global("torch", "float32")), std::nullopt},
      {"untyped storage too small for its type", typed(global("torch", "float64")), Fault::bad_view},
      {"dtype that is none", typed(global("torch", "FloatStorage")), Fault::bad_dtype},
      {"dtype that is not read", typed(global("torch", "complex128")), Fault::bad_dtype},
      {"dtype is a string", typed(text("float32")), Fault::pickle_type},
      {"plain type", from_type(tensor_type, v2), std::nullopt},
      {"tensor subclass", from_type(global("evil", "Tensor"), v2), Fault::unsupported_tensor},
      {"made by a stranger", from_type(tensor_type, global("evil", "rebuild")), Fault::unsupported_tensor},
      {"type that is no name", from_type(integer(1), v2), Fault::pickle_type},
      {"quantised", torch_utils("_rebuild_qtensor"), Fault::unsupported_tensor},
      {"sparse", torch_utils("_rebuild_sparse_tensor"), Fault::unsupported_tensor},
      {"sparse rows", torch_utils("_rebuild_sparse_csr_tensor"), Fault::unsupported_tensor},
      {"nested", torch_utils("_rebuild_nested_tensor"), Fault::unsupported_tensor},
      {"meta", torch_utils("_rebuild_meta_tensor_no_storage"), Fault::unsupported_tensor},
      {"of a device", torch_utils("_rebuild_device_tensor_from_numpy"), Fault::unsupported_tensor},
      {"wrapper subclass", torch_utils("_rebuild_wrapper_subclass"), Fault::unsupported_tensor},
      {"a rebuild of tomorrow", torch_utils("_rebuild_tensor_v9"), Fault::unsupported_tensor},
  });
}

TEST(TensorHostile, StateDicts) {
  expect_faults({
      {"a number", ops(integer(1)), Fault::no_tensors},
      {"a list of tensors", ops(list({pair_tensor()})), Fault::no_tensors},
      {"a single tensor", ops(pair_tensor()), Fault::no_tensors},
      {"an empty dict", ops("}"), Fault::no_tensors},
      {"a dict of numbers", ops(dict({{text("epoch"), integer(1)}})), Fault::no_tensors},
      {"numbered keys", ops(dict({{integer(0), pair_tensor()}})), Fault::bad_name},
      {"a tuple as a key", ops(dict({{sizes({1}), pair_tensor()}})), Fault::bad_name},
      {"two tensors of one name", ops(dict({{text("w"), pair_tensor()}, {text("w"), pair_tensor()}})),
       Fault::duplicate_name},
      {"a name that is no UTF-8", ops(dict({{text("\xFF"), pair_tensor()}})), Fault::bad_name},
      {"an empty name", ops(dict({{text(""), pair_tensor()}})), Fault::bad_name},
      {"a name of 2,000 bytes", ops(dict({{text(repeat("n", 2'000)), pair_tensor()}})), Fault::bad_name},
      {"a name with a newline", ops(dict({{text("a\nb"), pair_tensor()}})), std::nullopt},
      {"10^5 tensors on one storage",
       [] {
         Op items = "}(" + text("w") + pair_tensor() + "q\x01";
         for (int i = 0; i < 100'000; ++i) items += text(std::to_string(i)) + "h\x01";
         return ops(items + "u");
       }(),
       Fault::limit},
      {"10^4 tensors on one storage",
       [] {
         Op items = "}(" + text("w") + pair_tensor() + "q\x01";
         for (int i = 0; i < 10'000; ++i) items += text(std::to_string(i)) + "h\x01";
         return ops(items + "u");
       }(),
       std::nullopt},
      {"doubling state dicts",
       [] {
         Op inner = dict({{text("w"), pair_tensor()}}) +
                    "q\x01"
                    "0";
         for (int i = 0; i < 40; ++i)
           inner += "}" + text("a") + "h\x01s" + text("b") +
                    "h\x01sq\x01"
                    "0";
         return ops(inner + "h\x01");
       }(),
       Fault::limit},
  });
}

}  // namespace
}  // namespace vitral::weights::build
