#include "video/tracking/mot_metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/core/error.h"
#include "tests/support/source_dir.h"

namespace vitral {
namespace {

constexpr double kTolerance = 1e-9;

MotRow row(std::int64_t frame, std::int64_t id, double left) {
  return {frame, id, {left, 0, left + 10, 10}, 1, 1};
}

MotSequence sequence(const std::vector<MotRow>& truth, const std::vector<MotRow>& results, std::int64_t frames = 0) {
  return pair_up(truth, results, frames, MotRules::all, "results");
}

void expect_curve(const nlohmann::json& expected, const HotaMetrics::Curve& curve) {
  ASSERT_EQ(expected.size(), curve.size());
  for (std::size_t i = 0; i < curve.size(); ++i) EXPECT_NEAR(curve[i], expected[i].get<double>(), kTolerance);
}

TEST(MotMetrics, EqualTrackEval) {
  std::ifstream file(test::source_dir() + "/tests/golden/mot_metrics.json");
  const auto cases = nlohmann::json::parse(file);
  ASSERT_EQ(cases.size(), 4u);
  for (const auto& one : cases) {
    const std::string name = one["rules"];
    SCOPED_TRACE(name);
    const MotRules rules = name == "all" ? MotRules::all : name == "mot17" ? MotRules::mot17 : MotRules::mot20;
    ClearMetrics clear;
    IdentityMetrics identity;
    HotaMetrics hota;
    for (const auto& texts : one["sequences"]) {
      const auto truth = parse_mot(texts[0].get<std::string>(), "truth", MotContent::tracks);
      const auto results = parse_mot(texts[1].get<std::string>(), "results", MotContent::tracks);
      const MotSequence paired = pair_up(truth, results, texts[2], rules, "results");
      clear += ClearMetrics(paired);
      identity += IdentityMetrics(paired);
      hota += HotaMetrics(paired);
    }
    const auto& scores = one["scores"];
    for (const auto& [score, value] :
         {std::pair("CLR_TP", clear.true_positives), std::pair("CLR_FN", clear.false_negatives),
          std::pair("CLR_FP", clear.false_positives), std::pair("IDSW", clear.id_switches),
          std::pair("Frag", clear.fragmentations), std::pair("MT", clear.mostly_tracked),
          std::pair("PT", clear.partly_tracked), std::pair("ML", clear.mostly_lost),
          std::pair("IDTP", identity.true_positives), std::pair("IDFN", identity.false_negatives),
          std::pair("IDFP", identity.false_positives)}) {
      EXPECT_EQ(static_cast<double>(value), scores[score].get<double>()) << score;
    }
    for (const auto& [score, value] :
         {std::pair("MOTA", clear.mota()), std::pair("MOTP", clear.motp()), std::pair("CLR_Re", clear.recall()),
          std::pair("CLR_Pr", clear.precision()), std::pair("IDF1", identity.idf1()),
          std::pair("IDR", identity.recall()), std::pair("IDP", identity.precision())}) {
      EXPECT_NEAR(value, scores[score].get<double>(), kTolerance) << score;
    }
    expect_curve(scores["HOTA"], hota.hota());
    expect_curve(scores["DetA"], hota.detection());
    expect_curve(scores["DetRe"], hota.detection_recall());
    expect_curve(scores["DetPr"], hota.detection_precision());
    expect_curve(scores["AssA"], hota.association());
    expect_curve(scores["AssRe"], hota.association_recall());
    expect_curve(scores["AssPr"], hota.association_precision());
    expect_curve(scores["LocA"], hota.localisation());
  }
}

TEST(MotMetrics, APerfectTrack) {
  const std::vector<MotRow> rows{row(1, 5, 0), row(2, 5, 10), row(4, 5, 30)};
  const auto paired = sequence(rows, rows);
  EXPECT_EQ(paired.frames.size(), 3u) << "an empty frame says nothing";
  EXPECT_EQ(ClearMetrics(paired).mota(), 1.0);
  EXPECT_EQ(ClearMetrics(paired).mostly_tracked, 1u);
  EXPECT_EQ(IdentityMetrics(paired).idf1(), 1.0);
  EXPECT_DOUBLE_EQ(mean(HotaMetrics(paired).hota()), 1.0);
}

TEST(MotMetrics, ASwitchCostsIdentityButFewPointsOfMota) {
  const auto paired = sequence({row(1, 1, 0), row(2, 1, 0), row(3, 1, 0), row(4, 1, 0)},
                               {row(1, 8, 0), row(2, 8, 0), row(3, 9, 0), row(4, 9, 0)});
  EXPECT_EQ(ClearMetrics(paired).id_switches, 1u);
  EXPECT_EQ(ClearMetrics(paired).mota(), 0.75);
  EXPECT_EQ(IdentityMetrics(paired).idf1(), 0.5);
  EXPECT_DOUBLE_EQ(mean(HotaMetrics(paired).hota()), std::sqrt(0.5));
}

TEST(MotMetrics, NothingFoundAndNothingThere) {
  const auto missed = sequence({row(1, 1, 0)}, {});
  EXPECT_EQ(ClearMetrics(missed).mota(), 0.0);
  EXPECT_EQ(ClearMetrics(missed).mostly_lost, 1u);
  EXPECT_EQ(IdentityMetrics(missed).false_negatives, 1u);
  EXPECT_EQ(mean(HotaMetrics(missed).hota()), 0.0);
  EXPECT_EQ(mean(HotaMetrics(missed).localisation()), 1.0);
  const auto invented = sequence({}, {row(1, 1, 0)});
  EXPECT_EQ(ClearMetrics(invented).mota(), -1.0);
  EXPECT_EQ(IdentityMetrics(invented).false_positives, 1u);
  EXPECT_EQ(ClearMetrics(sequence({}, {})).mota(), 0.0);
}

TEST(MotMetrics, RefusesFramesBeyondTheSequence) {
  EXPECT_EQ(sequence({row(3, 1, 0)}, {}, 3).frames.size(), 1u);
  EXPECT_THROW(sequence({row(1, 1, 0)}, {row(4, 1, 0)}, 3), Error);
}

}  // namespace
}  // namespace vitral
