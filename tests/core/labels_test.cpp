#include "common/core/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace vitral {
namespace {

TEST(Labels, ImagenetIsInSynsetOrder) {
  const auto* names = labels("imagenet1k");
  ASSERT_NE(names, nullptr);
  ASSERT_EQ(names->size(), 1000U);
  EXPECT_EQ(names->at(0), "tench, Tinca tinca");
  EXPECT_EQ(names->at(281), "tabby, tabby cat");
  EXPECT_EQ(names->at(999), "toilet tissue, toilet paper, bathroom tissue");
  EXPECT_THAT(*names, testing::Each(testing::Not(testing::IsEmpty())));
  // The bird and the machine are both a crane; no other name occurs twice.
  EXPECT_EQ(std::set<std::string>(names->begin(), names->end()).size(), 999U);
  EXPECT_EQ(names->at(134), "crane");
  EXPECT_EQ(names->at(517), "crane");
}

TEST(Labels, CocoNamesStandAtTheirCategoryIds) {
  const auto* at_id = labels("coco91");
  const auto* dense = labels("coco80");
  ASSERT_NE(at_id, nullptr);
  ASSERT_NE(dense, nullptr);
  ASSERT_EQ(at_id->size(), 91U);
  ASSERT_EQ(dense->size(), 80U);
  ASSERT_EQ(coco80_category_ids().size(), 80U);
  for (std::size_t i = 0; i < 80; ++i) EXPECT_EQ(at_id->at(coco80_category_ids()[i]), dense->at(i));
  EXPECT_EQ(at_id->at(1), "person");
  EXPECT_EQ(at_id->at(90), "toothbrush");
  EXPECT_EQ(dense->at(15), "cat");
  EXPECT_EQ(coco80_category_ids()[15], 17);
  for (const int unused : {0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83}) EXPECT_EQ(at_id->at(unused), "") << unused;
}

TEST(Labels, AnUnknownListIsNull) {
  EXPECT_EQ(labels("imagenet"), nullptr);
}

}  // namespace
}  // namespace vitral
