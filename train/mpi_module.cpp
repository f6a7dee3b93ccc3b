// The module behind training under mpirun: MPI's own collective operations.
#include "train/mpi_module.h"

#include <mpi.h>

#include <algorithm>

namespace vitral::train {
namespace {

constexpr std::size_t kMost = std::size_t{1} << 28;  // elements at once: MPI counts in int

const char* text_of(int code) {
  static char text[MPI_MAX_ERROR_STRING + 1];
  int length = 0;
  if (code == MPI_SUCCESS) return nullptr;
  if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) return "MPI has failed";
  text[length] = '\0';
  return text;
}

const char* start(int* rank, int* world) {
  int given = 0;
  // Only the thread that trains calls MPI. Errors are returned: without this MPI would end the process.
  int code = MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &given);
  if (code == MPI_SUCCESS) code = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  if (code == MPI_SUCCESS) code = MPI_Comm_rank(MPI_COMM_WORLD, rank);
  if (code == MPI_SUCCESS) code = MPI_Comm_size(MPI_COMM_WORLD, world);
  return text_of(code);
}

/// `use` of at most kMost elements at a time.
template <class T, class Use>
const char* in_parts(T* values, std::size_t count, Use use) {
  for (std::size_t at = 0; at < count; at += kMost) {
    const int code = use(values + at, static_cast<int>(std::min(kMost, count - at)));
    if (code != MPI_SUCCESS) return text_of(code);
  }
  return nullptr;
}

template <class T>
const char* sum(T* values, std::size_t count, MPI_Datatype type) {
  return in_parts(values, count, [&](T* part, int size) {
    return MPI_Allreduce(MPI_IN_PLACE, part, size, type, MPI_SUM, MPI_COMM_WORLD);
  });
}

const char* sum_floats(float* values, std::size_t count) {
  return sum(values, count, MPI_FLOAT);
}

const char* sum_doubles(double* values, std::size_t count) {
  return sum(values, count, MPI_DOUBLE);
}

const char* broadcast(void* bytes, std::size_t count) {
  return in_parts(static_cast<char*>(bytes), count,
                  [](char* part, int size) { return MPI_Bcast(part, size, MPI_BYTE, 0, MPI_COMM_WORLD); });
}

const char* gather(const void* mine, void* all, std::size_t count) {
  if (count > kMost) return "too much to be gathered at once";
  const int size = static_cast<int>(count);
  return text_of(MPI_Allgather(mine, size, MPI_BYTE, all, size, MPI_BYTE, MPI_COMM_WORLD));
}

void finish() {
  MPI_Finalize();
}

}  // namespace
}  // namespace vitral::train

extern "C" const vitral::train::MpiFunctions vitral_mpi_functions;
const vitral::train::MpiFunctions vitral_mpi_functions{vitral::train::start,       vitral::train::sum_floats,
                                                       vitral::train::sum_doubles, vitral::train::broadcast,
                                                       vitral::train::gather,      vitral::train::finish};
