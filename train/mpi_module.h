/// What training asks of the MPI module. It is loaded only where mpirun started the program: MPI brings a dozen
/// libraries along, and a machine without it can train all the same.
#pragma once

#include <cstddef>

namespace vitral::train {

constexpr const char* kMpiModule = "vitral_mpi.so";
constexpr const char* kMpiFunctions = "vitral_mpi_functions";

/// Plain functions, none of which throws. Each gives null, or what went wrong: a text that lives until the next call.
struct MpiFunctions {
  /// Once a process, before all others.
  const char* (*start)(int* rank, int* world);
  /// Adds up over all processes, in place.
  const char* (*sum_floats)(float* values, std::size_t count);
  const char* (*sum_doubles)(double* values, std::size_t count);
  /// What process 0 holds.
  const char* (*broadcast)(void* bytes, std::size_t count);
  /// `count` bytes of each process, by rank. all: [world * count] bytes.
  const char* (*gather)(const void* mine, void* all, std::size_t count);
  /// Waits for all processes; none of these functions may be called afterwards.
  void (*finish)();
};

}  // namespace vitral::train
