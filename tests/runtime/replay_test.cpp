// Recordings without a GPU: a recorder that counts, and plays back by calling the work again.
#include "common/runtime/replay.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "common/nn/size_cache.h"
#include "common/runtime/kept_tensors.h"

namespace vitral {
namespace {

/// What a graph does: `replay` repeats the work on the tensors of the recording and writes into its outputs.
class FakeRecorder : public Recorder {
 public:
  struct Played : Recording {
    Played(std::function<void()> work_, int& count_) : work(std::move(work_)), count(count_) {}
    void replay() override {
      ++count;
      work();
    }
    std::function<void()> work;
    int& count;
  };
  std::unique_ptr<Recording> record(const std::function<void()>& work) override {
    ++tried;
    if (fails) throw std::runtime_error(fails);
    work();
    return std::make_unique<Played>(replayed_work, replays);
  }
  const char* fails = nullptr;
  std::function<void()> replayed_work = [] {};
  int tried = 0, replays = 0;
};

struct Replay : testing::Test {
  Outputs twice(const Inputs& inputs) {
    ++calls;
    seen = inputs;
    last = inputs[0] * 2;
    return {{"twice", last}};
  }
  at::Tensor run(const Inputs& inputs) {
    at::Tensor result;
    cache.run(
        "twice", inputs, [this](const Inputs& each) { return twice(each); },
        [&](const Outputs& outputs) {
          EXPECT_EQ(outputs[0].first, "twice");
          memory = outputs[0].second.const_data_ptr();
          result = outputs[0].second.clone();
        });
    return result;
  }
  std::shared_ptr<FakeRecorder> recorder = std::make_shared<FakeRecorder>();
  ReplayCache cache{recorder, {.calls_before = 2, .most_recordings = 2, .patience = 4, .most_keys = 4}};
  Inputs seen;
  at::Tensor last;
  const void* memory = nullptr;
  int calls = 0;
};

TEST_F(Replay, TheThirdCallIsRecordedAndPlayedBack) {
  for (int call = 0; call < 2; ++call) {
    EXPECT_TRUE(at::equal(run({at::full({2}, call)}), at::full({2}, 2 * call)));
    EXPECT_EQ(recorder->tried, 0);
  }
  run({at::full({2}, 7)});
  EXPECT_EQ(recorder->tried, 1);
  EXPECT_EQ(recorder->replays, 1);
  EXPECT_EQ(calls, 3);  // two plain ones, and the one that was recorded
  EXPECT_EQ(cache.recordings(), 1u);
  EXPECT_EQ(cache.problem(), "");
}

TEST_F(Replay, InputsAreCopiedInAndOutputsAreTheRecordings) {
  recorder->replayed_work = [this] { last.copy_(seen[0] * 2); };
  for (int call = 0; call < 3; ++call) run({at::full({2}, 1.0)});
  const void* const recorded = memory;
  const auto input = at::full({2}, 21.0);
  EXPECT_TRUE(at::equal(run({input}), at::full({2}, 42.0)));
  EXPECT_EQ(memory, recorded);
  EXPECT_NE(seen[0].const_data_ptr(), input.const_data_ptr());  // what the caller gives is not what is read
  EXPECT_TRUE(at::equal(seen[0], input));
  EXPECT_EQ(calls, 3);
}

TEST_F(Replay, KeysTellShapesTypesAndWhatIsAbsentApart) {
  const auto x = at::ones({2, 2});
  const std::vector<Inputs> all = {{x}, {x.to(at::kDouble)}, {x.view({4})}, {x, at::Tensor()}, {x, x}};
  for (const auto& inputs : all) {
    run(inputs);
    run(inputs);
  }
  EXPECT_EQ(recorder->tried, 0);
  run({x, x});
  EXPECT_EQ(recorder->tried, 1);
  cache.run(
      "else", {x, x}, [this](const Inputs& each) { return twice(each); }, [](const Outputs&) {});
  EXPECT_EQ(recorder->tried, 1);
}

TEST_F(Replay, TheRecordingThatWasNotUsedForLongestGoes) {
  const auto often = [&](int size) {
    for (int call = 0; call < 3; ++call) run({at::ones({size})});
  };
  often(1);
  often(2);
  run({at::ones({1})});
  often(3);  // 2 goes
  EXPECT_EQ(cache.recordings(), 2u);
  EXPECT_EQ(recorder->tried, 3);
  run({at::ones({1})});
  run({at::ones({3})});
  EXPECT_EQ(recorder->tried, 3);
  for (int call = 0; call < 8; ++call) run({at::ones({2})});  // more shapes come than are kept: patience
  EXPECT_EQ(recorder->tried, 3);
  run({at::ones({2})});
  EXPECT_EQ(recorder->tried, 4);
  EXPECT_EQ(cache.recordings(), 2u);
}

TEST_F(Replay, EndlessShapesAreForgotten) {
  for (int size = 1; size <= 1000; ++size) run({at::ones({size})});
  EXPECT_EQ(cache.recordings(), 0u);
  run({at::ones({1000})});
  run({at::ones({1000})});
  EXPECT_EQ(cache.recordings(), 1u);
  run({at::ones({1})});  // counted anew
  run({at::ones({1})});
  EXPECT_EQ(cache.recordings(), 1u);
}

TEST_F(Replay, WhatCannotBeRecordedRunsPlainlyForGood) {
  recorder->fails = "called a synchronizing CUDA operation\nwith a trace";
  for (int call = 0; call < 6; ++call) EXPECT_TRUE(at::equal(run({at::ones({2})}), at::full({2}, 2.0)));
  EXPECT_EQ(recorder->tried, 1);
  EXPECT_THAT(cache.problem(), testing::HasSubstr("twice;cpu Float 2: called a synchronizing CUDA operation"));
  EXPECT_THAT(cache.problem(), testing::Not(testing::HasSubstr("trace")));
}

TEST_F(Replay, WorkThatGivesNothingIsNotRecorded) {
  for (int call = 0; call < 5; ++call) {
    cache.run(
        "none", {at::ones({1})}, [](const Inputs&) { return Outputs{}; }, [](const Outputs&) {});
  }
  EXPECT_EQ(recorder->tried, 0);
}

TEST_F(Replay, ErrorsOfTheWorkComeThroughAndClearLetsGo) {
  const auto failing = [](const Inputs&) -> Outputs { throw std::runtime_error("no"); };
  EXPECT_THROW(cache.run("bad", {}, failing, [](const Outputs&) {}), std::runtime_error);
  for (int call = 0; call < 3; ++call) run({at::ones({2})});
  EXPECT_EQ(cache.recordings(), 1u);
  cache.clear();
  EXPECT_EQ(cache.recordings(), 0u);
  EXPECT_TRUE(at::equal(run({at::ones({2})}), at::full({2}, 2.0)));
}

TEST_F(Replay, WhatACacheForgetsOutlivesTheRecording) {
  nn::SizeCache<int, at::Tensor> sizes;
  c10::weak_intrusive_ptr<c10::StorageImpl> table{c10::intrusive_ptr<c10::StorageImpl>()};
  const auto add = [&](const Inputs& inputs) {
    const auto kept = sizes.get(1, [] { return at::full({2}, 5.0); });
    table = c10::weak_intrusive_ptr<c10::StorageImpl>(kept->storage().getWeakStorageImpl());
    return Outputs{{"sum", inputs[0] + *kept}};
  };
  for (int call = 0; call < 3; ++call) cache.run("add", {at::ones({2})}, add, [](const Outputs&) {});
  ASSERT_EQ(cache.recordings(), 1u);
  sizes.clear();
  EXPECT_FALSE(table.expired());
  cache.clear();
  EXPECT_TRUE(table.expired());
}

TEST(KeptTensors, KeepsWhatIsReadAndNotWhatIsMade) {
  const auto weight = at::ones({3, 3}), bias = at::ones({3}), other = at::ones({3});
  const auto input = at::ones({2, 3});
  KeptTensors listener;
  const auto hidden = at::addmm(bias, input, weight.t()).relu();
  const auto all = at::cat({hidden, other.view({1, 3})});
  std::vector<const void*> kept;
  for (const auto& each : listener.take()) kept.push_back(each.storage().data());
  EXPECT_THAT(kept, testing::UnorderedElementsAre(weight.storage().data(), bias.storage().data(),
                                                  other.storage().data(), input.storage().data()));
  EXPECT_TRUE(listener.take().empty());
  EXPECT_EQ(all.size(0), 3);
}

}  // namespace
}  // namespace vitral
