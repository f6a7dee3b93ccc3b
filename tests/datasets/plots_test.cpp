#include "datasets/metrics/plots.h"

#include <gmock/gmock.h>

#include "datasets/metrics/coco_confusion.h"

namespace vitral {
namespace {

using testing::HasSubstr;

CocoInstances truth() {
  CocoInstances instances;
  instances.images = {{1}, {2}};
  instances.categories = {{9, "dog"}, {3, "cat"}};
  instances.annotations = {
      {1, 1, 3, {0, 0, 10, 10}, 100}, {2, 1, 9, {50, 50, 10, 10}, 100}, {3, 2, 9, {0, 0, 100, 100}, 10000, true}};
  return instances;
}

TEST(Confusion, PairsBestOverlapsWhateverTheirCategory) {
  const std::vector<CocoResult> results{{1, 9, {0, 0, 10, 9}, 0.9},     // a cat taken for a dog
                                        {1, 3, {0, 0, 10, 10}, 0.3},    // the cat, with more overlap
                                        {1, 9, {200, 200, 5, 5}, 0.5},  // nothing
                                        {2, 3, {10, 10, 5, 5}, 0.9},    // inside a crowd: counts nowhere
                                        {1, 9, {50, 50, 10, 10}, 0.1},  // too weak
                                        {7, 3, {0, 0, 1, 1}, 0.9}};     // no such image
  const auto confusion = coco_confusion(truth(), results);
  ASSERT_EQ(confusion.categories.size(), 2u);
  EXPECT_EQ(confusion.categories[0].name, "cat");
  EXPECT_THAT(confusion.counts, testing::ElementsAre(1, 0, 0,  //
                                                     0, 0, 1,  //
                                                     0, 2, 0));
}

TEST(Plots, NamesAreEscaped) {
  MatrixFigure figure{"t", "r", "c", {"<a>", "b,\"x\""}, {"p", "q"}, {1, 2, 0, 4}};
  EXPECT_THAT(to_svg(figure), HasSubstr("&lt;a&gt;"));
  EXPECT_EQ(to_csv(figure), "r \\ c,p,q\n<a>,1,2\n\"b,\"\"x\"\"\",0,4\n");
}

TEST(Plots, CurvesStayInsideTheirFrame) {
  const CurveFigure figure{"t", "x", "y", {{"line", {0, 2}, {-1, 1}}, {"", {0, 1}, {0, 1}, true}}};
  const auto svg = to_svg(figure);
  EXPECT_THAT(svg, HasSubstr("points=\"64.0,584.0 584.0,64.0 \""));
  EXPECT_THAT(svg, HasSubstr("#cbd5e0"));
}

TEST(Plots, AnAxisHasNumbersHoweverShortItIs) {
  const auto labels = [](Axis axis) { return to_svg(CurveFigure{"t", "x", "y", {}, axis, {}}); };
  for (const char* number : {">1.5<", ">2<", ">2.5<", ">3<", ">3.5<"})
    EXPECT_THAT(labels({1.24, 3.7, true}), HasSubstr(number));
  for (const char* number : {">1<", ">5<", ">20<"}) EXPECT_THAT(labels({0.9, 30, true}), HasSubstr(number));
  EXPECT_THAT(labels({0.9, 30, true}), testing::Not(HasSubstr(">15<")));
}

TEST(Plots, EmptyFiguresAreFigures) {
  EXPECT_THAT(to_svg(CurveFigure{}), HasSubstr("</svg>"));
  EXPECT_THAT(to_svg(MatrixFigure{}), HasSubstr("</svg>"));
}

}  // namespace
}  // namespace vitral
