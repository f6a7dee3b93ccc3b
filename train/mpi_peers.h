/// Processes that mpirun started, on CPUs: MPI's own collective operations.
#pragma once

#include "train/peers.h"

namespace vitral::train {

/// Whether this build has the MPI module and this machine the MPI that it was built with.
bool has_mpi();

/// Once a process. Throws Error(failed) where MPI can't begin or counts other processes than `launch` does.
std::unique_ptr<Peers> meet_by_mpi(const Launch& launch);

}  // namespace vitral::train
