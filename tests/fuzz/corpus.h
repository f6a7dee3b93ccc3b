/// What a fuzz target tells the fuzzer beside the target itself.
#pragma once

#include <string>
#include <vector>

/// Inputs to begin with. Each target defines it; they are written into an empty corpus folder before the run.
std::vector<std::string> seeds();
