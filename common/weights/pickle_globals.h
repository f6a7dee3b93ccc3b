/// What the pickle machine makes of the names in a file. The machine calls nothing whatever this says.
#pragma once

#include <string_view>

#include "common/weights/tensor.h"

namespace vitral::weights::pickle {

enum class Role {
  refused,      ///< Python's own library outside the short list: no checkpoint needs it, attacks do
  function,     ///< may appear as a value; calling it is refused
  type,         ///< instances become inert records
  constructor,  ///< a function whose result is an inert record (numpy scalars, copyreg)
  dict,         ///< OrderedDict and its kin
  set,          ///< set, frozenset
  size,         ///< torch.Size
  storage,      ///< torch.FloatStorage, …
  dtype,        ///< torch.float32, …
  tensor_type,  ///< torch.Tensor, torch.nn.parameter.Parameter
  rebuild_v1,   ///< torch._utils._rebuild_tensor
  rebuild_v2,   ///< …_v2
  rebuild_v3,   ///< …_v3: untyped storage and a dtype
  rebuild_parameter,
  rebuild_from_type,
  unsupported_tensor,  ///< quantised, sparse, meta, nested tensors
};

struct GlobalFacts {
  Role role = Role::refused;
  Dtype element = Dtype::f32;  ///< of storage and dtype
};

GlobalFacts classify(std::string_view module, std::string_view name);

}  // namespace vitral::weights::pickle
