#include "train/group_peers.h"

#include <exception>

#include "common/core/error.h"
#include "common/core/module.h"
#include "common/core/text.h"

#ifdef VITRAL_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "train/nccl_module.h"
#endif

namespace vitral::train {

#ifdef VITRAL_GLOO

namespace {

constexpr std::chrono::minutes kMeeting{2};
// A process that has ended is noticed at once, by its connection; this is how long one may be busy, e.g. evaluating.
constexpr std::chrono::hours kPatience{6};

using Gloo = c10d::ProcessGroupGloo;
using Backend = c10::intrusive_ptr<c10d::Backend>;

std::string first_line(const std::string& text) {
  return printable(text.substr(0, text.find('\n')), 200);
}

c10::intrusive_ptr<Gloo::Options> options_for(const Launch& launch) {
  // On one machine its name need not mean anything.
  const bool alone = launch.address == "localhost" || launch.address.starts_with("127.");
  if (!alone) return Gloo::Options::create_default(kPatience);
  auto options = Gloo::Options::create(kPatience);
  options->devices.push_back(Gloo::createDeviceForHostname("127.0.0.1"));
  return options;
}

c10::intrusive_ptr<c10d::Store> store_of(const Launch& launch) {
  c10d::TCPStoreOptions meeting;
  meeting.port = launch.port;
  meeting.isServer = launch.rank == 0 && !launch.meets_at_agent;
  meeting.numWorkers = launch.meets_at_agent ? std::nullopt : std::optional(launch.world);
  meeting.timeout = kMeeting;
  auto store = c10::make_intrusive<c10d::TCPStore>(launch.address, meeting);
  return c10::make_intrusive<c10d::PrefixStore>(launch.meeting, std::move(store));
}

/// For tensors on a GPU; null where this build has no NCCL.
Backend nccl_of(const c10::intrusive_ptr<c10d::Store>& store, int rank, int world) {
  const auto module = module_path(kNcclModule);
  if (module.empty()) return nullptr;
  std::string why;
  const auto* make = static_cast<NcclBackend* const*>(module_symbol(module, kNcclBackend, why));
  if (make == nullptr) throw std::runtime_error(why);
  return (*make)(c10::make_intrusive<c10d::PrefixStore>("nccl/", store), rank, world);
}

class GroupPeers final : public Peers {
 public:
  GroupPeers(const Launch& launch, const at::Device& device) : name_(name_of(launch)) {
    const int rank = static_cast<int>(launch.rank), world = static_cast<int>(launch.world);
    try {
      store_ = store_of(launch);
      gloo_ = c10::make_intrusive<Gloo>(store_, rank, world, options_for(launch));
      if (device.is_cuda()) nccl_ = nccl_of(store_, rank, world);
    } catch (const std::exception& error) {
      throw Error(ErrorKind::failed, name_,
                  "can't meet the other processes at " + printable(launch.address, 200) + ":" +
                      std::to_string(launch.port) + ": " + first_line(error.what()));
    }
  }
  /// A process that fails does not wait for what others may never send.
  ~GroupPeers() override {
    if (!nccl_) return;
    if (std::uncaught_exceptions() == 0) {
      nccl_->shutdown();
    } else {
      nccl_->abort();
    }
  }

  std::size_t rank() const override { return static_cast<std::size_t>(gloo_->getRank()); }
  std::size_t world() const override { return static_cast<std::size_t>(gloo_->getSize()); }
  std::string transport() const override { return nccl_ ? "NCCL" : "Gloo"; }

  void sum(const at::Tensor& values) override {
    in_place(values, [](c10d::Backend& group, std::vector<at::Tensor>& all) { return group.allreduce(all); });
  }
  void take_from_first(const at::Tensor& values) override {
    in_place(values, [](c10d::Backend& group, std::vector<at::Tensor>& all) { return group.broadcast(all); });
  }
  std::vector<at::Tensor> gather(const at::Tensor& values) override {
    std::vector<at::Tensor> mine{values.cpu()};
    std::vector<std::vector<at::Tensor>> all(1);
    for (std::size_t i = 0; i < world(); ++i) all[0].push_back(at::empty_like(mine[0]));
    wait([&] { return gloo_->allgather(all, mine); });
    return all[0];
  }

 private:
  /// Begins what changes `values` by the group that carries them, and waits for it.
  template <class Begin>
  void in_place(const at::Tensor& values, Begin begin) {
    const bool stays = values.is_cuda() && nccl_;
    std::vector<at::Tensor> all{stays ? values.detach() : values.detach().cpu()};
    wait([&] { return begin(stays ? *nccl_ : *gloo_, all); });
    if (!stays && !values.is_cpu()) values.detach().copy_(all[0]);
  }

  template <class Begin>
  void wait(Begin begin) {
    try {
      begin()->wait();
    } catch (const std::exception& error) {
      throw Error(ErrorKind::failed, name_, "another process of this run has ended: " + first_line(error.what()));
    }
  }

  std::string name_;
  c10::intrusive_ptr<c10d::Store> store_;
  Backend gloo_, nccl_;
};

}  // namespace

bool has_gloo() {
  return true;
}

std::unique_ptr<Peers> meet_by_tcp(const Launch& launch, const at::Device& device) {
  if (launch.address.empty())
    throw Error(ErrorKind::usage, "MASTER_ADDR", "is not set: processes on several machines need that of rank 0");
  return std::make_unique<GroupPeers>(launch, device);
}

#else

bool has_gloo() {
  return false;
}

std::unique_ptr<Peers> meet_by_tcp(const Launch& launch, const at::Device&) {
  throw Error(ErrorKind::unavailable, "training as " + std::to_string(launch.world) + " processes",
              "needs a LibTorch with c10d and Gloo, as the torch wheel has it; this one was built without");
}

#endif

}  // namespace vitral::train
