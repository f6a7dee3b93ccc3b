/// Who runs the GPU's functions in these tests: every test runs once for each of them.
#pragma once

#include "common/kernels/cuda/table.h"

namespace vitral::test {

/// The functions on the host's memory: first as teams of one thread each (common/kernels/cuda/team.h), then by the
/// `.cu` files on threads of the host, which begin in their order, backwards, and shuffled at every barrier.
const kernels::cuda::Table& side();

}  // namespace vitral::test
