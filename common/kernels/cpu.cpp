#include "common/kernels/cpu.h"

#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace vitral::kernels {
namespace {

#if defined(__x86_64__)

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf = 0) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

bool bit(unsigned word, int position) {
  return (word >> position & 1U) != 0;
}

/// Which register states the operating system saves (XCR0); none where it does not use XSAVE.
std::uint64_t saved_states() {
  if (!bit(cpuid(1).ecx, 27)) return 0;
  unsigned low = 0;
  unsigned high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<std::uint64_t>(high) << 32 | low;
}

/// Linux hands out the 8 KiB of tile registers only to a process that asks for them.
bool request_tiles() {
#if defined(__linux__) && defined(SYS_arch_prctl)
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int kTileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

CpuFeatures detect_features() {
  constexpr std::uint64_t kYmm = 0x6;
  constexpr std::uint64_t kZmm = 0xe6;
  constexpr std::uint64_t kTiles = 0x60000;
  const std::uint64_t saved = saved_states();
  const Registers basic = cpuid(1);
  const Registers leaf7 = cpuid(7);
  const Registers leaf7_1 = cpuid(7, 1);

  CpuFeatures f;
  f.avx2 = (saved & kYmm) == kYmm && bit(leaf7.ebx, 5) && bit(basic.ecx, 12) && bit(basic.ecx, 29);
  f.avx512 = f.avx2 && (saved & kZmm) == kZmm && bit(leaf7.ebx, 16) && bit(leaf7.ebx, 17) && bit(leaf7.ebx, 30) &&
             bit(leaf7.ebx, 31);
  f.avx512_bf16 = f.avx512 && bit(leaf7_1.eax, 5);
  f.avx512_vnni = f.avx512 && bit(leaf7.ecx, 11);
  f.avx512_fp16 = f.avx512 && bit(leaf7.edx, 23);
  if ((saved & kTiles) == kTiles && bit(leaf7.edx, 24) && request_tiles()) {
    f.amx_bf16 = f.avx512 && bit(leaf7.edx, 22);
    f.amx_int8 = f.avx512 && bit(leaf7.edx, 25);
    f.amx_fp16 = f.avx512 && bit(leaf7_1.eax, 21);
  }
  return f;
}

std::string detect_name() {
  if (cpuid(0x80000000U).eax < 0x80000004U) return "x86-64";
  char brand[49] = {};
  for (unsigned i = 0; i < 3; ++i) {
    const Registers r = cpuid(0x80000002U + i);
    const unsigned words[4] = {r.eax, r.ebx, r.ecx, r.edx};
    std::memcpy(brand + 16 * i, words, sizeof words);
  }
  std::string name = brand;
  name.erase(0, name.find_first_not_of(' '));
  name.erase(name.find_last_not_of(' ') + 1);
  return name;
}

#else

CpuFeatures detect_features() {
  return {};
}
std::string detect_name() {
  return "not x86-64";
}

#endif

std::int64_t cache_size([[maybe_unused]] int name) {
#if defined(__linux__)
  const long bytes = sysconf(name);
  return bytes > 0 ? bytes : 0;
#else
  return 0;
#endif
}

}  // namespace

Cpu detect_cpu() {
  Cpu cpu{detect_name(), detect_features(), {}};
#if defined(_SC_LEVEL1_DCACHE_SIZE)
  cpu.caches = {cache_size(_SC_LEVEL1_DCACHE_SIZE), cache_size(_SC_LEVEL2_CACHE_SIZE),
                cache_size(_SC_LEVEL3_CACHE_SIZE)};
#endif
  return cpu;
}

const Cpu& this_cpu() {
  static const Cpu cpu = detect_cpu();
  return cpu;
}

std::vector<std::string> feature_names(const CpuFeatures& features) {
  const struct {
    const char* name;
    bool present;
  } all[] = {{"avx2", features.avx2},
             {"avx512", features.avx512},
             {"avx512_bf16", features.avx512_bf16},
             {"avx512_vnni", features.avx512_vnni},
             {"avx512_fp16", features.avx512_fp16},
             {"amx_bf16", features.amx_bf16},
             {"amx_int8", features.amx_int8},
             {"amx_fp16", features.amx_fp16}};
  std::vector<std::string> names;
  for (const auto& feature : all) {
    if (feature.present) names.emplace_back(feature.name);
  }
  return names;
}

}  // namespace vitral::kernels
