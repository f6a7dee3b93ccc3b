/// Pictures that exist as encoded bytes in memory.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/image/decode.h"
#include "datasets/dataset.h"

namespace vitral {

class EncodedDataset final : public Dataset {
 public:
  struct Entry {
    Sample sample;      ///< without pixels
    std::string bytes;  ///< a JPEG or PNG file
  };
  /// `extension` is that of all entries (".jpg").
  EncodedDataset(Task task, Classes classes, std::vector<Entry> entries, std::string extension)
      : Dataset(task, std::move(classes)), entries_(std::move(entries)), extension_(std::move(extension)) {}

  std::size_t size() const override { return entries_.size(); }
  Sample describe(std::size_t index) const override { return entries_.at(index).sample; }
  image::Image picture(std::size_t index) const override {
    return image::decode(std::as_bytes(std::span(entries_.at(index).bytes)),
                         entries_.at(index).sample.name + extension_);
  }
  StoredPicture stored(std::size_t index) const override { return {entries_.at(index).bytes, extension_}; }

 private:
  std::vector<Entry> entries_;
  std::string extension_;
};

}  // namespace vitral
