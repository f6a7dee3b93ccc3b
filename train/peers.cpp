#include "train/peers.h"

#include "common/core/error.h"
#include "common/core/text.h"

#ifdef VITRAL_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#endif

namespace vitral::train {

#ifdef VITRAL_GLOO

namespace {

constexpr std::chrono::minutes kMeeting{2};
// A process that has ended is noticed at once, by its connection; this is how long one may be busy, e.g. evaluating.
constexpr std::chrono::hours kPatience{6};

using Group = c10d::ProcessGroupGloo;

std::string first_line(const std::string& text) {
  return printable(text.substr(0, text.find('\n')), 200);
}

c10::intrusive_ptr<Group::Options> options_for(const Launch& launch) {
  // On one machine its name need not mean anything.
  const bool alone = launch.address == "localhost" || launch.address.starts_with("127.");
  if (!alone) return Group::Options::create_default(kPatience);
  auto options = Group::Options::create(kPatience);
  options->devices.push_back(Group::createDeviceForHostname("127.0.0.1"));
  return options;
}

class GlooPeers final : public Peers {
 public:
  explicit GlooPeers(const Launch& launch) : name_(name_of(launch)) {
    c10d::TCPStoreOptions meeting;
    meeting.port = launch.port;
    meeting.isServer = launch.rank == 0 && !launch.meets_at_agent;
    meeting.numWorkers = launch.meets_at_agent ? std::nullopt : std::optional(launch.world);
    meeting.timeout = kMeeting;
    try {
      auto store = c10::make_intrusive<c10d::TCPStore>(launch.address, meeting);
      store_ = c10::make_intrusive<c10d::PrefixStore>(launch.meeting, std::move(store));
      group_ = c10::make_intrusive<Group>(store_, static_cast<int>(launch.rank), static_cast<int>(launch.world),
                                          options_for(launch));
    } catch (const std::exception& error) {
      throw Error(ErrorKind::failed, name_,
                  "can't meet the other processes at " + printable(launch.address, 200) + ":" +
                      std::to_string(launch.port) + ": " + first_line(error.what()));
    }
  }

  std::size_t rank() const override { return static_cast<std::size_t>(group_->getRank()); }
  std::size_t world() const override { return static_cast<std::size_t>(group_->getSize()); }

  void sum(const at::Tensor& values) override {
    on_host(values, [this](at::Tensor& here) {
      std::vector<at::Tensor> all{here};
      wait([&] { return group_->allreduce(all); });
    });
  }
  void take_from_first(const at::Tensor& values) override {
    on_host(values, [this](at::Tensor& here) {
      std::vector<at::Tensor> all{here};
      wait([&] { return group_->broadcast(all); });
    });
  }
  std::vector<at::Tensor> gather(const at::Tensor& values) override {
    std::vector<at::Tensor> mine{values.cpu()};
    std::vector<std::vector<at::Tensor>> all(1);
    for (std::size_t i = 0; i < world(); ++i) all[0].push_back(at::empty_like(mine[0]));
    wait([&] { return group_->allgather(all, mine); });
    return all[0];
  }

 private:
  static std::string name_of(const Launch& launch) {
    return "process " + std::to_string(launch.rank) + " of " + std::to_string(launch.world);
  }

  template <class Use>
  static void on_host(const at::Tensor& values, Use use) {
    auto here = values.detach().cpu();
    use(here);
    if (!values.is_cpu()) values.detach().copy_(here);
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
  c10::intrusive_ptr<Group> group_;
};

}  // namespace

bool can_meet() {
  return true;
}

std::unique_ptr<Peers> meet(const Launch& launch) {
  return std::make_unique<GlooPeers>(launch);
}

#else

bool can_meet() {
  return false;
}

std::unique_ptr<Peers> meet(const Launch& launch) {
  throw Error(ErrorKind::unavailable, "training as " + std::to_string(launch.world) + " processes",
              "needs a LibTorch with c10d and Gloo, as the torch wheel has it; this one was built without");
}

#endif

}  // namespace vitral::train
