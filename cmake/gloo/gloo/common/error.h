// Named by a header of LibTorch; see context.h.
#pragma once

#include "gloo/context.h"
