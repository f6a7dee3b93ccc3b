#include "train/peers.h"

#include "train/group_peers.h"
#include "train/mpi_peers.h"

namespace vitral::train {

std::unique_ptr<Peers> meet(const Launch& launch, const at::Device& device) {
  if (launch.by_mpirun && device.is_cpu() && has_mpi()) return meet_by_mpi(launch);
  return meet_by_tcp(launch, device);
}

}  // namespace vitral::train
