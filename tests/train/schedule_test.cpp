#include "train/schedule.h"

#include "common/core/error.h"
#include "tests/train/support.h"

namespace vitral::train {
namespace {

void expect_golden(const std::string& name, const ScheduleOptions& options) {
  const auto& wanted = test::train_golden().at("schedules").at(name);
  for (std::size_t step = 0; step < wanted.size(); ++step) {
    const double rate = wanted[step].get<double>();
    EXPECT_NEAR(learning_rate(options, static_cast<std::int64_t>(step)), rate, 1e-12 + 1e-9 * rate)
        << name << " " << step;
  }
}

ScheduleOptions warm(ScheduleKind kind) {
  ScheduleOptions options;
  options.kind = kind;
  options.lr = 0.5;
  options.min_lr = 0.02;
  options.warmup_lr = 0.01;
  options.warmup_steps = 10;
  options.total_steps = 100;
  options.decay_steps = 30;
  options.decay_rate = 0.3;
  return options;
}

TEST(Schedule, CosineIsThatOfTimm) {
  expect_golden("cosine", warm(ScheduleKind::cosine));
}

TEST(Schedule, StepIsThatOfTimm) {
  expect_golden("step", warm(ScheduleKind::step));
}

TEST(Schedule, OneCycleIsThatOfTorch) {
  expect_golden("onecycle", warm(ScheduleKind::onecycle));
}

TEST(Schedule, ConstantRisesAndStays) {
  const auto options = warm(ScheduleKind::constant);
  EXPECT_DOUBLE_EQ(learning_rate(options, 0), 0.01);
  EXPECT_DOUBLE_EQ(learning_rate(options, 10), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate(options, 1000), 0.5);
}

TEST(Schedule, NamesGoBothWays) {
  for (const auto kind : {ScheduleKind::constant, ScheduleKind::cosine, ScheduleKind::step, ScheduleKind::onecycle}) {
    EXPECT_EQ(parse_schedule(std::string(to_string(kind))), kind);
  }
  EXPECT_THROW(parse_schedule("linear"), Error);
}

}  // namespace
}  // namespace vitral::train
