#include "datasets/coco.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/core/error.h"

namespace vitral {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kImages = R"("images":[{"id":7,"file_name":"a.jpg","width":640,"height":480},{"id":9}])";
constexpr const char* kCategories = R"("categories":[{"id":1,"name":"person"},{"id":90}])";

/// Ground truth with one annotation, which is the text between the braces.
std::string with_annotation(const std::string& fields) {
  return std::string("{") + kImages + "," + kCategories + ",\"annotations\":[{" + fields + "}]}";
}

std::string with_results(const std::string& fields) {
  return "[{" + fields + "}]";
}

template <class Parse>
std::string refusal(Parse parse) {
  try {
    parse();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    EXPECT_EQ(error.subject(), "gt.json");
    return error.what();
  }
  return "accepted";
}

std::string annotation_refusal(const std::string& fields) {
  return refusal([&] { parse_coco_instances(with_annotation(fields), "gt.json"); });
}

std::string result_refusal(const std::string& fields) {
  return refusal([&] { parse_coco_results(with_results(fields), "gt.json"); });
}

std::string truth_refusal(const std::string& json) {
  return refusal([&] { parse_coco_instances(json, "gt.json"); });
}

TEST(Coco, ReadsInstances) {
  // The sections come in any order; what is unknown is passed over, however deep.
  const auto truth = parse_coco_instances(
      R"({"annotations":[{"segmentation":[[1,2,3.5,4]],"id":12,"image_id":9,"category_id":90,"bbox":[-1,2.5,3,0],
                          "area":5.25,"iscrowd":1,"attributes":{"bbox":[1,2],"x":[[{"id":1}]]}},
                         {"segmentation":{"counts":"ab","size":[4,5]},"id":3,"image_id":7,"category_id":1,"bbox":[1,2,3,4],
                          "area":12}],
          "info":{"images":[{"id":1}],"year":2017,"categories":null},"licenses":[],)" +
          std::string(kImages) + "," + kCategories + "}",
      "gt.json");
  ASSERT_EQ(truth.images.size(), 2u);
  EXPECT_EQ(truth.images[0].id, 7);
  EXPECT_EQ(truth.images[0].file_name, "a.jpg");
  EXPECT_EQ(truth.images[0].width, 640);
  EXPECT_EQ(truth.images[0].height, 480);
  EXPECT_EQ(truth.images[1].width, 0);
  ASSERT_EQ(truth.categories.size(), 2u);
  EXPECT_EQ(truth.categories[0].name, "person");
  EXPECT_EQ(truth.categories[1].name, "90");
  ASSERT_EQ(truth.annotations.size(), 2u);
  EXPECT_EQ(truth.annotations[0].id, 12);
  EXPECT_EQ(truth.annotations[0].image_id, 9);
  EXPECT_EQ(truth.annotations[0].category_id, 90);
  EXPECT_THAT(truth.annotations[0].box, ElementsAre(-1, 2.5, 3, 0));
  EXPECT_EQ(truth.annotations[0].area, 5.25);
  EXPECT_TRUE(truth.annotations[0].crowd);
  EXPECT_FALSE(truth.annotations[1].crowd);
}

TEST(Coco, ReadsResults) {
  const auto results = parse_coco_results(
      R"([{"image_id":-4,"category_id":2,"bbox":[1e1,2,3.5,4],"score":1,"segmentation":[]},
          {"score":0.25,"bbox":[0,0,0,0],"category_id":3,"image_id":9223372036854775807}])",
      "dt.json");
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].image_id, -4);
  EXPECT_EQ(results[0].category_id, 2);
  EXPECT_THAT(results[0].box, ElementsAre(10, 2, 3.5, 4));
  EXPECT_EQ(results[0].score, 1.0);
  EXPECT_EQ(results[1].image_id, INT64_MAX);
  EXPECT_TRUE(parse_coco_results("[]", "dt.json").empty());
}

TEST(Coco, RefusesAnnotationsThatBreakARule) {
  const std::string ids = R"("id":5,"image_id":7,"category_id":1,)", rest = R"("bbox":[1,2,3,4],"area":3)";
  EXPECT_EQ(annotation_refusal(ids + rest), "accepted");
  EXPECT_EQ(annotation_refusal(ids + R"("area":3)"),
            "gt.json: annotation 0 (id 5): 'bbox' is missing, expected an array of x, y, width and height");
  EXPECT_EQ(annotation_refusal(ids + R"("bbox":[1,2,3],"area":3)"),
            "gt.json: annotation 0 (id 5): 'bbox' has 3 elements, expected x, y, width and height");
  EXPECT_THAT(annotation_refusal(ids + R"("bbox":[1,2,3,4,5],"area":3)"), HasSubstr("'bbox' has 5 elements"));
  EXPECT_THAT(annotation_refusal(ids + R"("bbox":[1,2,3,"4"],"area":3)"),
              HasSubstr("something else than four numbers"));
  EXPECT_THAT(annotation_refusal(ids + R"("bbox":[1,2,3,[4]],"area":3)"),
              HasSubstr("something else than four numbers"));
  EXPECT_THAT(annotation_refusal(ids + R"("bbox":{"x":1},"area":3)"),
              HasSubstr("'bbox' is an object, expected an array"));
  EXPECT_THAT(annotation_refusal(ids + R"("bbox":[1,2,-3,4],"area":3)"), HasSubstr("the width of 'bbox' is -3.0"));
  EXPECT_THAT(annotation_refusal(ids + R"("bbox":[1,2,3,-4],"area":3)"), HasSubstr("the height of 'bbox' is -4.0"));
  EXPECT_THAT(annotation_refusal(ids + R"("bbox":[1e300,2,3,4],"area":3)"), HasSubstr("x of 'bbox' is 1"));
  EXPECT_THAT(annotation_refusal(ids + R"("bbox":[1,2,3,4],"area":-0.5)"), HasSubstr("'area' is -0.5"));
  EXPECT_THAT(annotation_refusal(ids + R"("bbox":[1,2,3,4])"), HasSubstr("'area' is missing, expected a number"));
  EXPECT_THAT(annotation_refusal(ids + R"("bbox":[1,2,3,4],"area":null)"), HasSubstr("'area' is null"));
  EXPECT_EQ(annotation_refusal(ids + rest + R"(,"iscrowd":2)"),
            "gt.json: annotation 0 (id 5): 'iscrowd' is 2, expected 0 or 1");
  EXPECT_THAT(annotation_refusal(ids + rest + R"(,"iscrowd":0.0)"), HasSubstr("'iscrowd' is a number"));
  EXPECT_THAT(annotation_refusal(ids + rest + R"(,"iscrowd":"1")"), HasSubstr("'iscrowd' is a string"));
  EXPECT_EQ(annotation_refusal(R"("id":5,"image_id":8,"category_id":1,)" + rest),
            "gt.json: annotation with id 5: there is no image 8");
  EXPECT_EQ(annotation_refusal(R"("id":5,"image_id":7,"category_id":2,)" + rest),
            "gt.json: annotation with id 5: there is no category 2");
  EXPECT_EQ(annotation_refusal(R"("id":"5","image_id":7,"category_id":1,)" + rest),
            "gt.json: annotation 0: 'id' is a string, expected a whole number of at most 64 bits");
  EXPECT_THAT(annotation_refusal(R"("id":5.0,"image_id":7,"category_id":1,)" + rest), HasSubstr("'id' is a number"));
  EXPECT_THAT(annotation_refusal(R"("id":9223372036854775808,"image_id":7,"category_id":1,)" + rest),
              HasSubstr("at most 64 bits"));
  EXPECT_THAT(annotation_refusal(R"("image_id":7,"category_id":1,)" + rest), HasSubstr("'id' is missing"));
  EXPECT_THAT(annotation_refusal(ids + rest + R"(,"id":5)"),
              HasSubstr("the key 'id' is there twice in element 0 of 'annotations'"));
  EXPECT_THAT(annotation_refusal(ids + rest + R"(,"x":1,"x":2)"), HasSubstr("the key 'x' is there twice"));
  EXPECT_THAT(annotation_refusal(ids + rest + R"(,"x":[{"y":1,"y":2}])"), HasSubstr("the key 'y' is there twice"));
}

TEST(Coco, RefusesResultsThatBreakARule) {
  EXPECT_EQ(result_refusal(R"("image_id":1,"category_id":1,"bbox":[1,2,3,4])"),
            "gt.json: result 0: 'score' is missing, expected a number");
  EXPECT_THAT(result_refusal(R"("image_id":1,"category_id":1,"bbox":[1,2,3,4],"score":"0.5")"),
              HasSubstr("'score' is a string"));
  EXPECT_THAT(result_refusal(R"("image_id":1,"category_id":1,"bbox":[1,2,3,4],"score":NaN)"), HasSubstr("line 1"));
  EXPECT_THAT(result_refusal(R"("image_id":1,"category_id":1,"bbox":[1,2,3,4],"score":1e999)"), HasSubstr("line 1"));
  EXPECT_THAT(result_refusal(R"("image_id":"1","category_id":1,"bbox":[1,2,3,4],"score":1)"),
              HasSubstr("'image_id' is a string"));
  EXPECT_THAT(result_refusal(R"("image_id":1,"category_id":1,"score":1)"), HasSubstr("'bbox' is missing"));
  EXPECT_THAT(result_refusal(R"("image_id":1,"category_id":1,"bbox":[1,2,-3,4],"score":1)"), HasSubstr("width"));
}

TEST(Coco, RefusesAnotherStructure) {
  const auto results_refusal = [](const char* json) { return refusal([&] { parse_coco_results(json, "gt.json"); }); };
  EXPECT_EQ(results_refusal("{}"), "gt.json: is an object, expected an array");
  EXPECT_EQ(results_refusal("3"), "gt.json: is a single value, expected an array");
  EXPECT_EQ(results_refusal("[3]"), "gt.json: element 0 is a single value, expected an object");
  EXPECT_EQ(results_refusal("[[]]"), "gt.json: element 0 is an array, expected an object");
  EXPECT_THAT(results_refusal(""), HasSubstr("gt.json"));
  EXPECT_THAT(results_refusal("[{]"), HasSubstr("line 1, column 3"));
  EXPECT_EQ(truth_refusal("[]"), "gt.json: is an array, expected an object");
  EXPECT_EQ(truth_refusal("null"), "gt.json: is a single value, expected an object");
  EXPECT_EQ(truth_refusal(R"({"images":{}})"), "gt.json: 'images' is an object, expected an array");
  EXPECT_EQ(truth_refusal(R"({"images":5})"), "gt.json: 'images' is a single value, expected an array");
  EXPECT_EQ(truth_refusal(R"({"images":[5]})"), "gt.json: element 0 of 'images' is a single value, expected an object");
  EXPECT_EQ(truth_refusal(R"({"images":[],"categories":[]})"), "gt.json: has no 'annotations' array");
  EXPECT_THAT(truth_refusal(R"({"images":[],"images":[]})"),
              HasSubstr("the key 'images' is there twice in the outermost"));
  EXPECT_THAT(truth_refusal(R"({"images":[{"id":1,"width":0}]})"), HasSubstr("image 0 (id 1): 'width' is 0"));
  EXPECT_THAT(truth_refusal(R"({"images":[{"id":1,"file_name":5}]})"), HasSubstr("'file_name' is an integer"));
  EXPECT_THAT(truth_refusal(R"({"images":[{"id":1},{"id":1}],"categories":[],"annotations":[]})"),
              HasSubstr("image with id 1: the id is there twice"));
  EXPECT_THAT(truth_refusal(R"({"images":[],"categories":[{"id":1},{"id":1}],"annotations":[]})"),
              HasSubstr("category with id 1: the id is there twice"));
  std::string many_keys = "{";
  for (int i = 0; i < 40; ++i) many_keys += "\"k" + std::to_string(i) + "\":0,";
  EXPECT_THAT(truth_refusal(many_keys + "\"k35\":1}"), HasSubstr("'k35' is there twice"));
  const std::string deep = "{\"x\":" + std::string(100'000, '[');
  EXPECT_THAT(truth_refusal(deep), HasSubstr("nested deeper than 64"));
}

TEST(Coco, TellsAllProblemsAndKeepsTheRest) {
  std::vector<std::string> problems;
  const auto truth = parse_coco_instances(
      R"({"images":[{"id":1},{"id":2,"height":-3},{"id":1}],"categories":[{"id":1}],"annotations":[
          {"id":1,"image_id":1,"category_id":1,"bbox":[0,0,1,1],"area":1},
          {"id":2,"image_id":2,"category_id":1,"bbox":[0,0,1,1],"area":1},
          {"id":1,"image_id":1,"category_id":1,"bbox":[0,0,2,2],"area":1},
          {"id":4,"image_id":1,"category_id":1,"bbox":[0,0],"area":1}]})",
      "gt.json", [&](const std::string& problem) { problems.push_back(problem); });
  EXPECT_THAT(problems,
              ElementsAre("image 1 (id 2): 'height' is -3, expected at least 1 pixel",
                          "annotation 3 (id 4): 'bbox' has 2 elements, expected x, y, width and height",
                          "image with id 1: the id is there twice", "annotation with id 1: the id is there twice",
                          "annotation with id 2: there is no image 2"));
  EXPECT_EQ(truth.images.size(), 1u);
  ASSERT_EQ(truth.annotations.size(), 1u);
  EXPECT_EQ(truth.annotations[0].box[2], 1.0);
}

TEST(Coco, ReadsFilesAndNamesThem) {
  const auto path = std::filesystem::path(testing::TempDir()) / "vitral_coco_test.json";
  std::ofstream(path) << R"([{"image_id":1,"category_id":1,"bbox":[1,2,3,4],"score":0.5}])";
  EXPECT_EQ(read_coco_results(path).size(), 1u);
  try {
    read_coco_instances(path);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), path.string() + ": is an array, expected an object");
  }
  std::filesystem::remove(path);
  EXPECT_THROW(read_coco_results(path), Error);
}

}  // namespace
}  // namespace vitral
