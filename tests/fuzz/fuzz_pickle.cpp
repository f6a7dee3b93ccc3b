/// The pickle machine alone: the input is the data.pkl of an archive that is otherwise good.
#include "tests/fuzz/checkpoint_target.h"

using namespace vitral::weights::build;

std::vector<std::string> seeds() {
  const Op w = text("w");
  const Op module = object(
      global("net", "Net"),
      dict({{text("_parameters"), dict({{w, pair_tensor()}})}, {text("_modules"), "}"}, {text("_buffers"), "}"}}));
  const Op typed = reduce(global("torch._utils", "_rebuild_tensor_v3"),
                          tuple({storage("UntypedStorage", "0", 8), integer(0), sizes({2}), sizes({1}), boolean(false),
                                 "}", global("torch", "int32")}));
  const Op args = object(global("argparse", "Namespace"), dict({{text("lr"), "G" + Bytes(8, '\0')}}));
  return {
      pickle(dict({{w, pair_tensor()}})),
      pickle(ordered_dict({{w, pair_tensor()}}) + dict({{text("_metadata"), "}"}}) + "b"),
      pickle(dict({{text("ema"), dict({{text("module"), dict({{text("module.w"), pair_tensor()}})}})},
                   {text("args"), args},
                   {text("epoch"), integer(300)}})),
      pickle(dict({{w, tensor(storage("HalfStorage", "0", 4), 1, {2, 1}, {2, 1})}})),
      pickle(dict(
          {{w, reduce(global("torch._utils", "_rebuild_parameter"), tuple({pair_tensor(), boolean(true), "}"}))}})),
      pickle(dict({{w, typed}})),
      pickle(dict({{text("model"), module}})),
      pickle("\x95" + u64(30) + "}\x94\x8C\x01w\x94" + pair_tensor() + "s", 4),
      pickle(dict({{w, pair_tensor()},
                   {text("x"), "\x8A\x02\x01\x02"},
                   {text("y"), "C\x01z"},
                   {text("l"), list({integer(-1), none()})}})),
  };
}

extern "C" int LLVMFuzzerTestOneInput(const char* data, std::size_t size) {
  try_checkpoint(zip({{"a/data.pkl", Bytes(data, size)}, {"a/data/0", floats({1, 2})}}));
  return 0;
}
