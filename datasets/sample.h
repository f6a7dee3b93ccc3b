/// One picture of a data set with what is known about it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/core/box.h"
#include "common/image/image.h"

namespace vitral {

/// A class that a picture shows. Mixed pictures show several; the shares of a picture sum to 1.
struct ClassShare {
  std::size_t class_index = 0;
  double share = 1.0;
  bool operator==(const ClassShare&) const = default;
};

/// An object in a picture.
struct Object {
  Box box;  ///< pixels of the upright picture
  std::size_t class_index = 0;
  bool crowd =
      false;          ///< a region of many objects, or one too difficult to count: not learned, not held against anyone
  double area = 0.0;  ///< of the object's mask where one was drawn, else of the box; square pixels
  bool operator==(const Object&) const = default;
};

struct Sample {
  image::Image picture;             ///< upright RGB; empty where only the description was asked for
  std::vector<ClassShare> classes;  ///< of classification; empty for detection
  std::vector<Object> objects;      ///< of detection; a picture may have none
  std::int64_t id = 0;              ///< COCO's image id, otherwise the index in its data set
  std::string name;                 ///< the file below the data set's root, or "train-images#12"
  int width = 0, height = 0;        ///< of the upright picture as the data set has it; 0 where it does not say
  bool operator==(const Sample&) const = default;
};

}  // namespace vitral
