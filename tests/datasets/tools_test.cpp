// Checking, converting, dividing and making data sets.
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "common/core/file.h"
#include "common/image/draw.h"
#include "datasets/make/fashion_scenes.h"
#include "datasets/tools/box_format.h"
#include "datasets/tools/inspect.h"
#include "datasets/tools/write.h"
#include "tests/datasets/support.h"

namespace vitral::test {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Tools : public DataFolder {
 protected:
  /// Two splits of a COCO data set; each object is [image, category, x, y, width, height].
  void write_coco(const std::string& split, const std::vector<std::string>& files, const std::string& objects,
                  const std::string& extra = "") {
    std::string images, annotations;
    for (std::size_t i = 0; i < files.size(); ++i) {
      images += std::string(i ? "," : "") + R"({"id":)" + std::to_string(i + 1) + R"(,"file_name":")" + files[i] +
                R"(","width":40,"height":20})";
    }
    write("annotations/instances_" + split + ".json",
          R"({"images":[)" + images +
              R"(],"categories":[{"id":4,"name":"cat"},{"id":9,"name":"a<b & c"}],"annotations":[)" + objects + extra +
              "]}");
  }
  static std::string object(int id, int image, int category, const std::string& box, const std::string& rest = "") {
    return R"({"id":)" + std::to_string(id) + R"(,"image_id":)" + std::to_string(image) + R"(,"category_id":)" +
           std::to_string(category) + R"(,"bbox":)" + box + R"(,"area":12)" + rest + "}";
  }
  std::vector<std::string> kinds(const DataReport& report) {
    std::vector<std::string> kinds;
    for (const auto& problem : report.problems) kinds.push_back(problem.kind + " " + problem.subject);
    return kinds;
  }
  std::vector<NamedSplit> open_all(const fs::path& path) {
    std::vector<NamedSplit> splits;
    const auto format = guess_data_format(path);
    for (const auto& split : data_splits(path, format)) splits.push_back({split, open_dataset(path, format, split)});
    return splits;
  }
};

TEST_F(Tools, CheckFindsNothingWhereNothingIsWrong) {
  write_picture("train/a.png", 40, 20, 1);
  write_picture("val/b.png", 40, 20, 2);
  write_coco("train", {"a.png"}, object(1, 1, 4, "[1,2,30,15]"));
  write_coco("val", {"b.png"}, "");
  const auto report = inspect_data(root, DataFormat::coco);
  EXPECT_THAT(report.problems, IsEmpty());
  ASSERT_EQ(report.splits.size(), 2u);
  EXPECT_EQ(report.splits[0].split, "train");
  EXPECT_THAT(report.splits[0].class_counts, ElementsAre(1, 0));
  EXPECT_THAT(report.splits[0].widths, ElementsAre(40, 40, 40));
  EXPECT_NEAR(report.splits[1].mean[0], 2.0 / 255, 1e-12);
  EXPECT_NEAR(report.splits[1].std[0], 0, 1e-12);
  EXPECT_EQ(report.splits[1].without_objects, 1u);
}

TEST_F(Tools, CheckNamesWhatIsWrong) {
  write_picture("train/a.png", 40, 20, 1);
  write_picture("train/b.png", 40, 20, 1);  // the same bytes
  write_picture("train/small.png", 39, 20, 7);
  write("train/cut.png", "\x89PNG\r\n\x1a\n");
  write_coco("train", {"a.png", "b.png", "small.png", "cut.png", "gone.png", "a.png"},
             object(1, 1, 4, "[1,2,0,15]") + "," + object(2, 1, 4, "[30,2,30,15]") + "," +
                 object(3, 1, 5, "[1,2,3,4]") + "," + object(3, 2, 4, "[1,1,2,2]") + "," +
                 object(3, 2, 4, "[1,1,2,2]") + "," + object(4, 2, 4, "[-1,1,-2,2]"));
  write_picture("val/a.png", 40, 20, 1);
  write_coco("val", {"a.png"}, "");
  const auto report = inspect_data(root, DataFormat::coco);
  const auto all = kinds(report);
  EXPECT_THAT(all, Contains("zero_area train/a.png"));
  EXPECT_THAT(all, Contains("outside train/a.png"));
  EXPECT_THAT(all, Contains("size train/small.png"));
  EXPECT_THAT(all, Contains("unreadable train/cut.png"));
  EXPECT_THAT(all, Contains("missing train/gone.png"));
  EXPECT_THAT(all, Contains("duplicate_file train/a.png"));
  EXPECT_THAT(all, Contains("duplicate_picture train/b.png"));
  EXPECT_THAT(all, Contains("leak val/a.png"));
  std::map<std::string, int> counts;
  for (const auto& problem : report.problems) ++counts[problem.kind];
  EXPECT_EQ(counts["record"], 2);  // a category that is not there, a negative size
  EXPECT_EQ(counts["duplicate_id"], 2);
  EXPECT_EQ(report.splits[0].unreadable, 2u);
}

TEST_F(Tools, CheckKnowsAnnotationsMadeBeforeTurning) {
  // A JPEG of 20x40 pixels that is to be turned by 90 degrees: 40x20 upright.
  const auto jpeg = image::encode_jpeg([] {
    auto picture = image::Image::uninitialized(20, 40);
    std::fill(picture.pixels.begin(), picture.pixels.end(), std::uint8_t{9});
    return picture;
  }());
  const std::string bytes(reinterpret_cast<const char*>(jpeg.data()), jpeg.size());
  const std::string exif(
      "\xff\xe1\x00\x22"
      "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0",
      36);
  write("train/a.jpg", bytes.substr(0, 2) + exif + bytes.substr(2));
  write_coco("train", {"a.jpg"}, "");
  EXPECT_THAT(kinds(inspect_data(root, DataFormat::coco)), IsEmpty());
  write("annotations/instances_train.json",
        R"({"images":[{"id":1,"file_name":"a.jpg","width":20,"height":40}],"categories":[],"annotations":[]})");
  EXPECT_THAT(kinds(inspect_data(root, DataFormat::coco)), ElementsAre("exif_size train/a.jpg"));
}

TEST(BoxFormat, GuessesWhatTheNumbersMean) {
  // Corners of good boxes, handed in as each format would understand them.
  const std::vector<Box> good{
      {300, 200, 400, 280}, {10, 20, 50, 90}, {500, 300, 630, 470}, {250, 250, 390, 460}, {100, 5, 620, 400}};
  std::vector<PlacedBox> right, corners, centres;
  for (const auto& box : good) {
    right.push_back({box, 640, 480});
    corners.push_back({{box.xmin, box.ymin, box.xmin + box.xmax, box.ymin + box.ymax}, 640, 480});
    const double x = (box.xmin + box.xmax) / 2, y = (box.ymin + box.ymax) / 2;
    centres.push_back({{x, y, x + box.width(), y + box.height()}, 640, 480});
  }
  EXPECT_EQ(other_box_format(DataFormat::coco, right), "");
  EXPECT_EQ(other_box_format(DataFormat::voc, right), "");
  EXPECT_EQ(other_box_format(DataFormat::yolo, right), "");
  EXPECT_THAT(other_box_format(DataFormat::coco, corners), HasSubstr("they do as corners"));
  EXPECT_THAT(other_box_format(DataFormat::coco, centres), HasSubstr("they do as centre and size"));
  EXPECT_EQ(other_box_format(DataFormat::coco, {corners[0]}), "");
  std::vector<PlacedBox> shares(6, PlacedBox{{0.1, 0.2, 0.5, 0.9}, 640, 480});
  EXPECT_THAT(other_box_format(DataFormat::coco, shares), HasSubstr("shares of the picture"));
}

TEST_F(Tools, ConversionsKeepPicturesAndBoxes) {
  const fs::path coco = root / "coco";
  write_picture("coco/train/a.png", 40, 20, 1);
  write_picture("coco/train/b c.png", 40, 20, 2);
  write_picture("coco/val/a.png", 40, 20, 3);
  const fs::path base = root;
  root = coco;
  write_coco("train", {"a.png", "b c.png"}, object(1, 1, 4, "[1,2.5,30,15.25]") + "," + object(2, 1, 9, "[10,2,20,5]"));
  write_coco("val", {"a.png"}, object(1, 1, 9, "[0,0,40,20]"));
  root = base;
  const auto original = open_all(coco);
  for (const DataFormat to : {DataFormat::coco, DataFormat::yolo, DataFormat::voc}) {
    const fs::path out = root / std::string(to_string(to)).append("_out");
    const auto summary = write_dataset(original, out, to);
    EXPECT_EQ(summary.pictures, 3u);
    EXPECT_EQ(summary.objects, 3u);
    EXPECT_THAT(inspect_data(out, guess_data_format(out)).problems, IsEmpty());
    EXPECT_EQ(guess_data_format(out), to);
    const auto copies = open_all(out);
    ASSERT_EQ(copies.size(), original.size());
    for (std::size_t s = 0; s < copies.size(); ++s) {
      ASSERT_EQ(copies[s].dataset->size(), original[s].dataset->size());
      EXPECT_EQ(copies[s].name, original[s].name);
      if (to == DataFormat::coco) {
        EXPECT_EQ(copies[s].dataset->classes(), original[s].dataset->classes());
      }
      for (std::size_t i = 0; i < copies[s].dataset->size(); ++i) {
        const auto& names = original[s].dataset->classes().names;
        const auto& copied_names = copies[s].dataset->classes().names;
        const Sample a = original[s].dataset->get(i), b = copies[s].dataset->get(i);
        EXPECT_EQ(a.picture, b.picture);
        EXPECT_EQ(original[s].dataset->stored(i).bytes, copies[s].dataset->stored(i).bytes);
        ASSERT_EQ(a.objects.size(), b.objects.size());
        for (std::size_t k = 0; k < a.objects.size(); ++k) {
          EXPECT_EQ(names[a.objects[k].class_index], copied_names[b.objects[k].class_index]);
          EXPECT_NEAR(a.objects[k].box.xmin, b.objects[k].box.xmin, 1e-12);
          EXPECT_NEAR(a.objects[k].box.ymax, b.objects[k].box.ymax, 1e-12);
          if (to == DataFormat::coco) {
            EXPECT_EQ(b.objects[k].area, 12);
          }
        }
      }
    }
  }
  EXPECT_THROW(write_dataset(original, root / "folder_out", DataFormat::folder), Error);
  EXPECT_THROW(write_dataset(original, root / "coco_out", DataFormat::coco), Error);  // is not empty
  WriteOptions overwrite;
  overwrite.overwrite = true;
  EXPECT_NO_THROW(write_dataset(original, root / "coco_out", DataFormat::coco, overwrite));
}

TEST_F(Tools, ClassificationBecomesClassFolders) {
  std::string record(3073, '\0');
  for (int i = 0; i < 20; ++i) {
    record[0] = static_cast<char>(i % 2);
    record[1] = static_cast<char>(i);
    write("test_batch.bin", (i ? read_file(root / "test_batch.bin", ErrorKind::input, 1 << 20) : "") + record);
  }
  const auto all = open_all(root);
  write_dataset(all, root / "out", DataFormat::folder);
  const auto copy = open_all(root / "out");
  EXPECT_THAT(copy.at(0).dataset->classes().names, ElementsAre("0", "1"));
  EXPECT_EQ(copy.at(0).dataset->size(), 20u);
  EXPECT_EQ(copy.at(0).dataset->get(3).picture.pixels[0], 6);
}

TEST_F(Tools, SplitsKeepClassesInProportionAndTwinsTogether) {
  for (int i = 0; i < 40; ++i) {
    write_picture("cat/" + std::to_string(i) + ".png", 2, 2, static_cast<std::uint8_t>(i / 2));  // each twice
    write_picture("dog/" + std::to_string(i) + ".png", 3, 2, static_cast<std::uint8_t>(i));
  }
  const std::shared_ptr<const Dataset> all = open_dataset(root, DataFormat::folder, "");
  const auto parts = split_dataset(all, {0.5, 0.3, 0.2}, 7), again = split_dataset(all, {0.5, 0.3, 0.2}, 7),
             other = split_dataset(all, {0.5, 0.3, 0.2}, 8);
  std::set<std::string> seen;
  std::set<std::string> bytes_before;
  bool differs = false;
  const std::size_t sizes[] = {20, 12, 8};
  for (std::size_t p = 0; p < 3; ++p) {
    std::size_t cats = 0;
    std::set<std::string> bytes;
    ASSERT_EQ(parts[p]->size(), 2 * sizes[p]);
    for (std::size_t i = 0; i < parts[p]->size(); ++i) {
      const Sample sample = parts[p]->describe(i);
      cats += sample.classes.at(0).class_index == 0;
      EXPECT_TRUE(seen.insert(sample.name).second);
      EXPECT_EQ(sample, again[p]->describe(i));
      differs = differs || !(i < other[p]->size() && sample == other[p]->describe(i));
      bytes.insert(parts[p]->stored(i).bytes);
      EXPECT_FALSE(bytes_before.contains(parts[p]->stored(i).bytes));
    }
    EXPECT_EQ(cats, sizes[p]);
    bytes_before.merge(bytes);
  }
  EXPECT_TRUE(differs);
  EXPECT_THROW(split_dataset(all, {0.5, 0.6}, 1), Error);
}

/// A garment a class: a solid square with a border.
class Garments final : public Dataset {
 public:
  Garments() : Dataset(Task::classify, Classes::numbered({"a", "b", "c"})) {}
  std::size_t size() const override { return 3; }
  Sample describe(std::size_t index) const override {
    Sample sample;
    sample.classes = {{index, 1.0}};
    return sample;
  }
  image::Image picture(std::size_t) const override {
    auto picture = image::Image::uninitialized(28, 28);
    std::fill(picture.pixels.begin(), picture.pixels.end(), std::uint8_t{0});
    for (int y = 4; y < 24; ++y) std::fill_n(picture.row(y) + 3 * 4, 3 * 20, std::uint8_t{255});
    return picture;
  }
  StoredPicture stored(std::size_t) const override { return {}; }
};

TEST(FashionScenes, AreTheSameForTheSameSeedAndHaveGoodBoxes) {
  FashionScenesOptions options;
  options.count = 12;
  options.width = 160, options.height = 128;
  options.side = {20, 70};
  const FashionScenes scenes(std::make_shared<Garments>(), options), again(std::make_shared<Garments>(), options);
  options.stream = 1;
  const FashionScenes other(std::make_shared<Garments>(), options);
  std::size_t objects = 0;
  std::set<std::size_t> classes;
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    const Sample sample = scenes.get(i);
    EXPECT_EQ(sample, again.get(i));
    EXPECT_NE(sample.picture, other.get(i).picture);
    EXPECT_LE(sample.objects.size(), 8u);
    for (const auto& object : sample.objects) {
      EXPECT_TRUE(object.box.xmin >= 0 && object.box.ymin >= 0 && object.box.xmax <= 160 && object.box.ymax <= 128);
      EXPECT_GT(object.area, 0.2 * object.box.area());
      EXPECT_LE(object.area, object.box.area());
      classes.insert(object.class_index);
    }
    objects += sample.objects.size();
  }
  EXPECT_GE(objects, 36u);
  EXPECT_EQ(classes.size(), 3u);
}

TEST(FashionScenes, BoxesSurroundTheGarment) {
  FashionScenesOptions options;
  options.count = 20;
  options.most_objects = 1;
  options.rotation = 0;
  options.side = {56, 56};  // twice the size: the square of 20 pixels becomes 40
  const FashionScenes scenes(std::make_shared<Garments>(), options);
  int whole = 0;
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    const Sample sample = scenes.describe(i);
    ASSERT_EQ(sample.objects.size(), 1u);
    const Box& box = sample.objects[0].box;
    const bool cut = box.xmin == 0 || box.ymin == 0 || box.xmax == 320 || box.ymax == 320;
    if (cut) continue;
    EXPECT_NEAR(box.width(), 40, 4);
    EXPECT_NEAR(box.height(), 40, 4);
    ++whole;
  }
  EXPECT_GE(whole, 10);
}

}  // namespace
}  // namespace vitral::test
