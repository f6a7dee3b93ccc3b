/// Names of classes, built into the program. Sources and licences: NOTICE.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vitral {

/// The list called `name`, index = class of the network; null for any other name.
///   imagenet1k  1000 classes in the order of their WordNet synsets, the words of a synset separated by ", "
///   coco80      the 80 classes of COCO that occur, in the order of their category ids
///   coco91      the same at their category ids 1 to 90; an empty name where an id is not used (0 is the background)
const std::vector<std::string>* labels(std::string_view name);

/// The COCO category id of each class of coco80: 1 (person) to 90 (toothbrush).
const std::vector<int>& coco80_category_ids();

/// The data set's own ids of the classes of a list, where they are not the class numbers themselves; empty for every other
/// list.
std::vector<std::int64_t> category_ids(std::string_view list);

}  // namespace vitral
