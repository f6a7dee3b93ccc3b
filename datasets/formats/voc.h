/// Pascal VOC's annotations: one XML file a picture (Everingham et al. 2010, development kit).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/core/box.h"

namespace vitral {

struct VocObject {
  std::string name;
  Box box;                 ///< pixels; the file counts them from 1 and includes the last, here the corners lie between
  bool difficult = false;  ///< left out of VOC's evaluation
};

struct VocAnnotation {
  std::string file_name;      ///< empty where the file has none
  int width = 0, height = 0;  ///< pixels; 0 where the file has none
  std::vector<VocObject> objects;
  std::vector<std::string> problems;  ///< objects that were left out: "object 3: …"
};

/// Entities and document types are not followed. Throws Error(input, subject) where it is no XML with the root
/// <annotation>, or its size is no number; objects without a name or with a box that is no box become problems.
VocAnnotation parse_voc(std::string_view xml, const std::string& subject);

}  // namespace vitral
