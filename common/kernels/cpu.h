/// What the processor of this machine offers, found at run time (CPUID, XCR0 and, for AMX, the kernel's permission).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vitral::kernels {

/// Instruction sets that the kernels can make use of. A value: tests clear flags to force an older path.
struct CpuFeatures {
  bool avx2 = false;         ///< AVX2, FMA and F16C, and the system saves the 256-bit registers
  bool avx512 = false;       ///< AVX-512 F, BW, VL and DQ, and the system saves the 512-bit registers
  bool avx512_bf16 = false;  ///< vdpbf16ps
  bool avx512_vnni = false;  ///< vpdpbusd
  bool avx512_fp16 = false;  ///< arithmetic on half precision
  bool amx_bf16 = false;     ///< tile products of bf16; the system granted the use of the tiles
  bool amx_int8 = false;     ///< tile products of int8; likewise
  bool amx_fp16 = false;     ///< tile products of half precision; likewise
};

/// Data caches as one core sees them, in bytes; 0 where the system does not tell.
struct CacheSizes {
  std::int64_t l1 = 0;
  std::int64_t l2 = 0;
  std::int64_t l3 = 0;
};

struct Cpu {
  std::string name;  ///< the brand string, e.g. "AMD EPYC 9654"
  CpuFeatures features;
  CacheSizes caches;
};

/// Asks the processor. For AMX this also asks the Linux kernel to allow the process the use of the tiles.
Cpu detect_cpu();

/// What `detect_cpu` found the first time that it was asked for.
const Cpu& this_cpu();

/// The features that are present, as `doctor` prints them: "avx2", "avx512", "avx512_bf16", ...
std::vector<std::string> feature_names(const CpuFeatures& features);

}  // namespace vitral::kernels
