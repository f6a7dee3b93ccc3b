/// Small data sets whose classes are easy to tell, and networks that learn them.
#pragma once

#include "common/image/canvas.h"
#include "common/runtime/loader.h"
#include "datasets/dataset.h"
#include "tests/train/support.h"

namespace vitral::test {

/// Pictures of one colour a class, up to eight of them, with noise: a class can be told from any pixel.
inline std::shared_ptr<const Dataset> colored_pictures(std::size_t count, std::size_t classes, int side) {
  ArrayDataset::Arrays arrays;
  arrays.width = arrays.height = side;
  arrays.planes = 3;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < classes; ++i) names.push_back("class " + std::to_string(i));
  std::uint32_t noise = 1;
  for (std::size_t i = 0; i < count; ++i) {
    arrays.labels.push_back(i % classes);
    for (std::size_t plane = 0; plane < 3; ++plane) {
      for (int pixel = 0; pixel < side * side; ++pixel) {
        noise = noise * 1664525U + 1013904223U;
        const std::size_t base = (i % classes) >> plane & 1 ? 180 : 30;
        const auto level = base + (noise >> 27);
        arrays.pixels += static_cast<char>(static_cast<std::uint8_t>(level));
      }
    }
  }
  arrays.sources = {"pictures"};
  arrays.source_ends = {count};
  return std::make_shared<ArrayDataset>(Classes::numbered(std::move(names)), std::move(arrays));
}

/// One to three bright rectangles on a dark ground, red ones and blue ones.
class Rectangles final : public Dataset {
 public:
  Rectangles(std::size_t count, int side)
      : Dataset(Task::detect, Classes::numbered({"red", "blue"})), count_(count), side_(side) {}
  std::size_t size() const override { return count_; }
  Sample describe(std::size_t index) const override {
    Sample sample;
    sample.id = static_cast<std::int64_t>(index) + 1;
    sample.name = "rectangles " + std::to_string(index);
    sample.width = sample.height = side_;
    const double unit = side_ / 16.0;
    for (std::size_t i = 0; i <= index % 3; ++i) {
      const std::size_t quarter = (index + i) % 4;  // one each: suppression would take overlapping ones for one
      const double x = (static_cast<double>(quarter % 2) * 8 + static_cast<double>(index % 2)) * unit;
      const double y = (static_cast<double>(quarter / 2) * 8 + static_cast<double>(i % 2)) * unit;
      const double w = static_cast<double>(4 + (index + i) % 3) * unit,
                   h = static_cast<double>(4 + (index + 2 * i) % 4) * unit;
      Object object;
      object.box = {x, y, x + w, y + h};
      object.class_index = (index + i) % 2;
      object.area = w * h;
      sample.objects.push_back(object);
    }
    return sample;
  }
  image::Image picture(std::size_t index) const override {
    auto picture = image::Image::uninitialized(side_, side_);
    std::fill(picture.pixels.begin(), picture.pixels.end(), std::uint8_t{30});
    image::Canvas canvas(picture);
    for (const auto& object : describe(index).objects) {
      const auto& box = object.box;
      const image::Color color = object.class_index == 0 ? image::Color{230, 40, 40} : image::Color{40, 60, 230};
      canvas.fill({static_cast<int>(box.xmin), static_cast<int>(box.ymin), static_cast<int>(box.width()),
                   static_cast<int>(box.height())},
                  color);
    }
    return picture;
  }
  StoredPicture stored(std::size_t) const override { return {}; }

 private:
  std::size_t count_;
  int side_;
};

/// A network as the program would load it, with what `vitral train` would write into its record.
inline LoadedModel trainable(std::shared_ptr<Network> net, const ModelEntry& entry, const Preprocess& spec,
                             std::int64_t classes) {
  LoadedModel model;
  model.entry = &entry;
  model.net = std::move(net);
  model.record.architecture = entry.name;
  model.record.num_classes = classes;
  model.record.preprocess = spec;
  model.record.height = spec.height;
  model.record.width = spec.width;
  return model;
}

}  // namespace vitral::test
