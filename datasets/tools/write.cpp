#include "datasets/tools/write.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "common/core/error.h"
#include "common/core/ordered_prefetch.h"
#include "common/core/text.h"
#include "common/image/draw.h"
#include "datasets/tools/output_folder.h"

namespace vitral {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kAhead = 16;  // pictures in memory

std::string json_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// The shortest text that reads back as the same number; whole ones have no point, which some readers of VOC expect.
std::string number_text(double number) {
  const bool is_whole = std::abs(number) < 1e15 && number == std::floor(number);
  return is_whole ? std::to_string(static_cast<std::int64_t>(number)) : Json(number).dump();
}

/// One picture on its way out: its file's name, its extension and the clean description.
struct Outgoing {
  Sample sample;     ///< without pixels, with its true size
  std::string stem;  ///< of its file, unlike all others of the data set
  std::string extension;
};

/// How a format lays its files out. Each gets every picture once, split by split.
class Layout {
 public:
  virtual ~Layout() = default;
  /// Where the picture's file goes, below the folder.
  virtual std::string picture_file(const std::string& split, const Outgoing& outgoing) = 0;
  virtual void add(const std::string& split, const Outgoing& outgoing, const DataFolderWriter& folder) = 0;
  virtual void finish_split(const std::string& split, const DataFolderWriter& folder) = 0;
  virtual void finish(const DataFolderWriter&) {}
};

class FolderLayout final : public Layout {
 public:
  explicit FolderLayout(const Classes& classes) : classes_(classes) {
    for (const auto& name : classes.names) {
      const bool is_name = !name.empty() && name != "." && name != ".." && name.find('\0') == std::string::npos;
      if (!is_name) throw Error(ErrorKind::usage, "'" + printable(name, 100) + "'", "is no name for a folder");
    }
  }
  std::string picture_file(const std::string& split, const Outgoing& outgoing) override {
    std::string name = classes_.names.at(outgoing.sample.classes.at(0).class_index);
    std::replace(name.begin(), name.end(), '/', '_');
    return split + "/" + name + "/" + outgoing.stem + outgoing.extension;
  }
  void add(const std::string&, const Outgoing&, const DataFolderWriter&) override {}
  void finish_split(const std::string&, const DataFolderWriter&) override {}

 private:
  const Classes& classes_;
};

class CocoLayout final : public Layout {
 public:
  explicit CocoLayout(const Classes& classes) {
    for (std::size_t i = 0; i < classes.size(); ++i) {
      categories_.push_back({{"id", classes.ids[i]}, {"name", classes.names[i]}});
    }
    ids_ = classes.ids;
  }
  std::string picture_file(const std::string& split, const Outgoing& outgoing) override {
    return split + "/" + outgoing.stem + outgoing.extension;
  }
  void add(const std::string&, const Outgoing& outgoing, const DataFolderWriter&) override {
    const Sample& sample = outgoing.sample;
    const auto id = used_.insert(sample.id).second ? sample.id : free_id();
    images_.push_back({{"id", id},
                       {"file_name", outgoing.stem + outgoing.extension},
                       {"width", sample.width},
                       {"height", sample.height}});
    for (const auto& object : sample.objects) {
      const Box& box = object.box;
      annotations_.push_back({{"id", annotations_.size() + 1},
                              {"image_id", id},
                              {"category_id", ids_.at(object.class_index)},
                              {"bbox", {box.xmin, box.ymin, box.width(), box.height()}},
                              {"area", object.area},
                              {"iscrowd", object.crowd ? 1 : 0}});
    }
  }
  void finish_split(const std::string& split, const DataFolderWriter& folder) override {
    const Json all{
        {"images", std::move(images_)}, {"categories", categories_}, {"annotations", std::move(annotations_)}};
    folder.finish("annotations/instances_" + split + ".json", json_text(all));
    images_ = annotations_ = Json::array();
    used_.clear();
  }

 private:
  std::int64_t free_id() {
    while (!used_.insert(next_).second) ++next_;
    return next_;
  }

  std::vector<std::int64_t> ids_;
  Json categories_ = Json::array(), images_ = Json::array(), annotations_ = Json::array();
  std::set<std::int64_t> used_;
  std::int64_t next_ = 1;
};

class YoloLayout final : public Layout {
 public:
  YoloLayout(const Classes& classes, const DataProblemHandler& on_problem)
      : classes_(classes), on_problem_(on_problem) {}
  std::string picture_file(const std::string& split, const Outgoing& outgoing) override {
    return "images/" + split + "/" + outgoing.stem + outgoing.extension;
  }
  void add(const std::string& split, const Outgoing& outgoing, const DataFolderWriter& folder) override {
    const Sample& sample = outgoing.sample;
    std::string text;
    for (const auto& object : sample.objects) {
      if (object.crowd) {
        report(on_problem_,
               {"crowd", printable(sample.name, 500), "has a crowd, which YOLO's format can't say; left out"});
        continue;
      }
      const Box& box = object.box;
      text += std::to_string(object.class_index);
      const double numbers[] = {(box.xmin + box.xmax) / 2 / sample.width, (box.ymin + box.ymax) / 2 / sample.height,
                                box.width() / sample.width, box.height() / sample.height};
      for (const double number : numbers) text += " " + number_text(number);
      text += "\n";
    }
    folder.write("labels/" + split + "/" + outgoing.stem + ".txt", text);
  }
  void finish_split(const std::string& split, const DataFolderWriter&) override { splits_.push_back(split); }
  void finish(const DataFolderWriter& folder) override {
    std::string text;
    for (const auto& split : splits_) text += split + ": images/" + split + "\n";
    text += "nc: " + std::to_string(classes_.size()) + "\nnames:\n";
    for (std::size_t i = 0; i < classes_.size(); ++i) {
      text += "  " + std::to_string(i) + ": " +
              Json(classes_.names[i]).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    }
    folder.finish("data.yaml", text);
  }

 private:
  const Classes& classes_;
  const DataProblemHandler& on_problem_;
  std::vector<std::string> splits_;
};

class VocLayout final : public Layout {
 public:
  explicit VocLayout(const Classes& classes) : classes_(classes) {}
  std::string picture_file(const std::string&, const Outgoing& outgoing) override {
    return "JPEGImages/" + outgoing.stem + outgoing.extension;
  }
  void add(const std::string&, const Outgoing& outgoing, const DataFolderWriter& folder) override {
    const Sample& sample = outgoing.sample;
    std::ostringstream xml;
    xml << "<annotation>\n  <folder>JPEGImages</folder>\n  <filename>" << escaped(outgoing.stem + outgoing.extension)
        << "</filename>\n  <size><width>" << sample.width << "</width><height>" << sample.height
        << "</height><depth>3</depth></size>\n";
    for (const auto& object : sample.objects) {
      const Box& box = object.box;
      xml << "  <object>\n    <name>" << escaped(classes_.names.at(object.class_index)) << "</name>\n    <difficult>"
          << object.crowd << "</difficult>\n    <bndbox><xmin>" << number_text(box.xmin + 1) << "</xmin><ymin>"
          << number_text(box.ymin + 1) << "</ymin><xmax>" << number_text(box.xmax) << "</xmax><ymax>"
          << number_text(box.ymax) << "</ymax></bndbox>\n  </object>\n";
    }
    xml << "</annotation>\n";
    folder.write("Annotations/" + outgoing.stem + ".xml", xml.str());
    stems_ += outgoing.stem + "\n";
  }
  void finish_split(const std::string& split, const DataFolderWriter& folder) override {
    folder.finish("ImageSets/Main/" + split + ".txt", stems_);
    stems_.clear();
  }

 private:
  static std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
      out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
    }
    return out;
  }

  const Classes& classes_;
  std::string stems_;
};

std::unique_ptr<Layout> layout_of(DataFormat to, const Dataset& first, const WriteOptions& options) {
  const bool has_boxes = first.task() == Task::detect;
  if (has_boxes != (to != DataFormat::folder) || to == DataFormat::cifar || to == DataFormat::idx) {
    throw Error(ErrorKind::usage, "--to " + std::string(to_string(to)),
                has_boxes ? "can't hold boxes; coco, yolo and voc can"
                          : "needs boxes, and the data has classes only: folder holds them");
  }
  if (to == DataFormat::coco) return std::make_unique<CocoLayout>(first.classes());
  if (to == DataFormat::yolo) return std::make_unique<YoloLayout>(first.classes(), options.on_problem);
  if (to == DataFormat::voc) return std::make_unique<VocLayout>(first.classes());
  return std::make_unique<FolderLayout>(first.classes());
}

/// Names of files that no other picture has: the old one, with a number behind it where it is taken. Split lists and
/// label files hold a name a line, so spaces and line ends do not stay.
class Stems {
 public:
  std::string make(const std::string& name) {
    const auto mark = name.rfind('#');  // "test_batch.bin#12" becomes test_batch-000012
    std::string stem = std::filesystem::path(name.substr(0, mark)).stem().string();
    if (mark != std::string::npos) {
      const std::string number = name.substr(mark + 1);
      stem += "-" + std::string(number.size() < 6 ? 6 - number.size() : 0, '0') + number;
    }
    for (char& c : stem) {
      if (static_cast<unsigned char>(c) <= ' ' || c == '#') c = '_';
    }
    if (stem.empty()) stem = "picture";
    std::string unique = stem;
    while (!used_.insert(unique).second) unique = stem + "-x" + std::to_string(++last_);
    return unique;
  }

 private:
  std::set<std::string> used_;
  std::size_t last_ = 0;
};

std::string encoded(const image::Image& picture, const WriteOptions& options) {
  const auto bytes =
      options.jpeg_quality > 0 ? image::encode_jpeg(picture, options.jpeg_quality) : image::encode_png(picture);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A picture ready to be written, or why there is none.
struct Prepared {
  Outgoing outgoing;
  std::string bytes, error;
};

Prepared prepare(const Dataset& dataset, std::size_t index, const WriteOptions& options) {
  Prepared prepared;
  try {
    // Decoded whole, even where the bytes are only copied: what is written can be read.
    Sample& sample = prepared.outgoing.sample = dataset.get(index);
    auto stored = dataset.stored(index);
    const bool has_file = !stored.extension.empty();
    prepared.outgoing.extension = has_file ? stored.extension : options.jpeg_quality > 0 ? ".jpg" : ".png";
    prepared.bytes = has_file ? std::move(stored.bytes) : encoded(sample.picture, options);
    sample.picture = {};
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::input) throw;
    prepared.error = error.what();
  }
  return prepared;
}

}  // namespace

WriteSummary write_dataset(const std::vector<NamedSplit>& splits, const std::filesystem::path& out, DataFormat to,
                           const WriteOptions& options) {
  if (splits.empty()) throw Error(ErrorKind::usage, "data set", "has no splits to write");
  const auto layout = layout_of(to, *splits.front().dataset, options);
  const DataFolderWriter folder(out, options.overwrite);
  WriteSummary summary;
  std::size_t done = 0, total = 0;
  for (const auto& split : splits) total += split.dataset->size();
  Stems stems;
  for (const auto& named : splits) {
    const std::string split = named.name.empty() ? "train" : named.name;
    const auto make = [&](std::size_t index) { return prepare(*named.dataset, index, options); };
    OrderedPrefetch<Prepared> prefetch(named.dataset->size(), std::thread::hardware_concurrency(), kAhead, make);
    for (std::size_t index = 0; auto prepared = prefetch.next(); ++index) {
      if (options.on_progress) options.on_progress(++done, total);
      Outgoing& outgoing = prepared->outgoing;
      if (!prepared->error.empty()) {
        ++summary.skipped;
        report(options.on_problem, {"unreadable", "picture " + std::to_string(index), prepared->error});
        continue;
      }
      outgoing.stem = stems.make(outgoing.sample.name);
      folder.write(layout->picture_file(split, outgoing), prepared->bytes);
      layout->add(split, outgoing, folder);
      ++summary.pictures;
      summary.objects += outgoing.sample.objects.size();
    }
    layout->finish_split(split, folder);
  }
  layout->finish(folder);
  return summary;
}

}  // namespace vitral
