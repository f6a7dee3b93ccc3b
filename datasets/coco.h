/// COCO's instance annotations and detection results (cocodataset.org, "data format" and "results format").
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace vitral {

struct CocoImage {
  std::int64_t id = 0;
  std::string file_name;      ///< empty where the file has none
  int width = 0, height = 0;  ///< pixels; 0 where the file has none
};

struct CocoCategory {
  std::int64_t id = 0;
  std::string name;  ///< the id as text where the file has none
};

/// Corners are never computed here: COCO's own form is what the evaluation is defined on.
using CocoBox = std::array<double, 4>;  ///< x, y, width, height in pixels; width and height >= 0

struct CocoAnnotation {
  std::int64_t id = 0, image_id = 0, category_id = 0;
  CocoBox box{};
  double area = 0.0;   ///< of the object's mask, square pixels
  bool crowd = false;  ///< a region of many objects: detections inside are neither right nor wrong
};

struct CocoInstances {
  std::vector<CocoImage> images;  ///< in the order of the file, as the others
  std::vector<CocoCategory> categories;
  std::vector<CocoAnnotation> annotations;
};

struct CocoResult {
  std::int64_t image_id = 0, category_id = 0;
  CocoBox box{};
  double score = 0.0;
};

/// Hears of every record that breaks a rule ("annotation 3 (id 12): 'bbox' has 3 elements, …"); that record is left
/// out.
using CocoProblemHandler = std::function<void(const std::string& problem)>;

/// How the problem of an id that an earlier record has too ends.
inline constexpr std::string_view kCocoIdTwice = "the id is there twice";

/// The largest number that a box or an area may hold, so that no product or sum of them leaves the exact range of
/// sizes.
inline constexpr double kLargestCocoNumber = 1e9;

/// Parses {"images":[…],"categories":[…],"annotations":[…]}; everything else in it is passed over. Rules: ids are whole
/// numbers that occur once; image_id and category_id name an image and a category; bbox is four numbers with width and
/// height >= 0; area >= 0 is present; iscrowd is 0 (also when absent) or 1; no object has a key twice.
/// Throws JsonError for bad JSON, Error(input, subject) for a missing or malformed section and, without `on_problem`,
/// for the first record that breaks a rule.
CocoInstances parse_coco_instances(std::string_view json, std::string_view subject,
                                   const CocoProblemHandler& on_problem = {});

/// Parses [{"image_id":…,"category_id":…,"bbox":[x,y,width,height],"score":…},…]; `[]` is no detections. Whether the
/// ids are known is for the evaluation to say. Errors as above.
std::vector<CocoResult> parse_coco_results(std::string_view json, std::string_view subject,
                                           const CocoProblemHandler& on_problem = {});

/// The same from files of at most 4 GiB.
CocoInstances read_coco_instances(const std::filesystem::path& path, const CocoProblemHandler& on_problem = {});
std::vector<CocoResult> read_coco_results(const std::filesystem::path& path, const CocoProblemHandler& on_problem = {});

}  // namespace vitral
