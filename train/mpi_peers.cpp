#include "train/mpi_peers.h"

#include <ATen/ops/empty.h>

#include <exception>

#include "common/core/error.h"
#include "common/core/module.h"
#include "common/core/text.h"
#include "train/mpi_module.h"

namespace vitral::train {
namespace {

const MpiFunctions* functions() {
  static const auto* loaded = [] {
    std::string why;  // without MPI there is another way
    return static_cast<const MpiFunctions*>(module_symbol(module_path(kMpiModule), kMpiFunctions, why));
  }();
  return loaded;
}

class MpiPeers final : public Peers {
 public:
  explicit MpiPeers(const Launch& launch) : mpi_(*functions()), name_(name_of(launch)) {
    int rank = 0, world = 0;
    check(mpi_.start(&rank, &world));
    rank_ = static_cast<std::size_t>(rank);
    world_ = static_cast<std::size_t>(world);
    if (rank_ != launch.rank || world_ != launch.world) {
      throw Error(ErrorKind::failed, name_,
                  "MPI calls it process " + std::to_string(rank) + " of " + std::to_string(world) +
                      ": this mpirun is not of the MPI that the program was built with");
    }
  }
  /// A process that fails ends without waiting for the others: mpirun sees it and ends them.
  ~MpiPeers() override {
    if (std::uncaught_exceptions() == 0) mpi_.finish();
  }

  std::size_t rank() const override { return rank_; }
  std::size_t world() const override { return world_; }
  std::string transport() const override { return "MPI"; }

  void sum(const at::Tensor& values) override {
    const auto count = static_cast<std::size_t>(values.numel());
    check(values.scalar_type() == at::kDouble ? mpi_.sum_doubles(values.data_ptr<double>(), count)
                                              : mpi_.sum_floats(values.data_ptr<float>(), count));
  }
  void take_from_first(const at::Tensor& values) override { check(mpi_.broadcast(values.data_ptr(), values.nbytes())); }
  std::vector<at::Tensor> gather(const at::Tensor& values) override {
    auto sizes = values.sizes().vec();
    sizes.insert(sizes.begin(), static_cast<std::int64_t>(world_));
    const auto all = at::empty(sizes, values.options());
    check(mpi_.gather(values.const_data_ptr(), all.mutable_data_ptr(), values.nbytes()));
    // Tensors of their own: LibTorch's generators read a state from where its memory begins.
    std::vector<at::Tensor> parts;
    for (const auto& part : all.unbind()) parts.push_back(part.clone());
    return parts;
  }

 private:
  void check(const char* problem) const {
    if (problem != nullptr) throw Error(ErrorKind::failed, name_, "MPI: " + printable(problem, 200));
  }

  const MpiFunctions& mpi_;
  std::string name_;
  std::size_t rank_ = 0, world_ = 1;
};

}  // namespace

bool has_mpi() {
  return functions() != nullptr;
}

std::unique_ptr<Peers> meet_by_mpi(const Launch& launch) {
  return std::make_unique<MpiPeers>(launch);
}

}  // namespace vitral::train
