/// What a launcher told this process of the others that it started.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace vitral::train {

struct Launch {
  std::size_t rank = 0, world = 1;    ///< of `world` processes this one is number `rank`
  std::size_t local_rank = 0;         ///< number on its machine: which of its GPUs it takes
  bool by_mpirun = false;             ///< which can carry the tensors too
  std::string address = "127.0.0.1";  ///< of rank 0; empty: on another machine that nobody named
  std::uint16_t port = 29500;         ///< where rank 0 is met
  bool meets_at_agent = false;        ///< torchrun itself listens there
  std::string meeting = "run/";       ///< tells a restarted run from the one before
};

/// The value of a variable of the environment, or null.
using Environment = std::function<const char*(const char*)>;

/// Reads torchrun's variables (RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT), or else those of Open MPI's
/// mpirun (OMPI_COMM_WORLD_RANK and so on); one process where there are none. Throws Error(usage) naming the variable
/// that is missing or makes no sense.
Launch launch_of(const Environment& environment);

/// "process 1 of 4", for messages.
std::string name_of(const Launch& launch);

}  // namespace vitral::train
