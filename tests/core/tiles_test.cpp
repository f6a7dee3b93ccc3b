#include "common/core/tiles.h"

#include <gmock/gmock.h>

namespace vitral {
namespace {

TEST(Tiles, CoverThePictureWithAtLeastTheOverlap) {
  for (const int width : {1, 199, 200, 201, 640, 1999}) {
    for (const double overlap : {0.0, 0.2, 0.9}) {
      const auto tiles = tiles_of(width, 50, {200, 100, overlap});
      int covered = 0;
      for (std::size_t i = 0; i < tiles.size(); ++i) {
        EXPECT_EQ(tiles[i].top, 0);
        EXPECT_EQ(tiles[i].height, 50);
        EXPECT_EQ(tiles[i].width, std::min(width, 200));
        if (i > 0) {
          EXPECT_GE(tiles[i - 1].left + 200 - tiles[i].left, static_cast<int>(200 * overlap)) << width;
        }
        EXPECT_LE(tiles[i].left, covered);
        covered = tiles[i].left + tiles[i].width;
      }
      EXPECT_EQ(covered, width);
    }
  }
}

TEST(Tiles, AreOneWhereThePictureFits) {
  EXPECT_THAT(tiles_of(640, 480, {640, 640, 0.2}), testing::ElementsAre(Tile{0, 0, 640, 480}));
  EXPECT_EQ(tiles_of(641, 641, {640, 640, 0.2}).size(), 4u);
}

std::vector<double> scores(const std::vector<ScoredBox>& boxes) {
  std::vector<double> result;
  for (const auto& box : boxes) result.push_back(box.score);
  return result;
}

TEST(Tiles, MergingKeepsClassesApart) {
  const Box box{0, 0, 10, 10};
  const auto kept = merged({{box, 0.5, 1}, {box, 0.9, 1}, {box, 0.7, 2}, {{20, 20, 30, 30}, 0.1, 1}}, {}, 0.5, 0.7);
  EXPECT_THAT(scores(kept), testing::ElementsAre(0.9, 0.7, 0.1));
}

TEST(Tiles, WhatATilesEdgeCutOffGoesWhateverItsScore) {
  const Box whole{0, 0, 100, 100}, part{80, 0, 100, 100}, neighbour{90, 0, 190, 100};
  EXPECT_THAT(scores(merged({{whole, 0.8, 0}}, {{part, 0.9, 0}, {neighbour, 0.7, 0}}, 0.5, 0.7)),
              testing::ElementsAre(0.8, 0.7));
  // A small object in front of a large one of its class is no piece of it.
  EXPECT_THAT(scores(merged({{whole, 0.8, 0}, {part, 0.9, 0}}, {}, 0.5, 0.7)), testing::ElementsAre(0.9, 0.8));
  // Nobody saw it whole: the largest piece stays.
  EXPECT_THAT(scores(merged({}, {{part, 0.9, 0}, {whole, 0.4, 0}}, 0.5, 0.7)), testing::ElementsAre(0.4));
}

TEST(Tiles, EdgesInsideThePictureCut) {
  const Tile tile{100, 0, 200, 100};
  EXPECT_TRUE(is_cut({100.5, 20, 150, 50}, tile, 500, 100));
  EXPECT_TRUE(is_cut({250, 20, 299, 50}, tile, 500, 100));
  EXPECT_FALSE(is_cut({250, 0, 280, 100}, tile, 500, 100));
  EXPECT_FALSE(is_cut({250, 0, 300, 100}, tile, 300, 100));
  EXPECT_TRUE(is_cut({250, 0, 280, 100}, tile, 500, 101));
}

TEST(Tiles, BoxesWithoutAreaAreNoReasonToFail) {
  EXPECT_EQ(merged({{{5, 5, 5, 5}, 0.9, 0}, {{5, 5, 5, 5}, 0.8, 0}}, {{{5, 5, 5, 5}, 0.9, 0}}, 0.5, 0.7).size(), 3u);
  EXPECT_TRUE(merged({}, {}, 0.5, 0.7).empty());
}

}  // namespace
}  // namespace vitral
