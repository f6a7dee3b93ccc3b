/// What a network does, or a data set is for.
#pragma once

namespace vitral {

enum class Task { classify, detect };

}  // namespace vitral
