// Data sets of every format, opened as users have them on disk.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "datasets/readers/open.h"
#include "tests/datasets/support.h"

namespace vitral::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class Readers : public DataFolder {
 protected:
  std::unique_ptr<Dataset> open(const std::string& split, bool strict = false) {
    format = guess_data_format(root);
    return open_dataset(root, format, split, strict ? DataProblemHandler() : collect);
  }
  std::vector<std::string> names(const Dataset& dataset) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < dataset.size(); ++i) names.push_back(dataset.describe(i).name);
    return names;
  }
  DataFormat format = DataFormat::folder;
};

TEST_F(Readers, ClassFolders) {
  write_picture("train/dog/b.png", 3, 2, 10);
  write_picture("train/cat/a.png", 3, 2, 20);
  write("train/cat/notes.txt", "x");
  write_picture("val/cat/c.png", 3, 2, 30);
  EXPECT_THAT(data_splits(root, DataFormat::folder), ElementsAre("train", "val"));
  EXPECT_EQ(judging_split(root, DataFormat::folder), "val");
  const auto dataset = open("train");
  EXPECT_EQ(format, DataFormat::folder);
  EXPECT_THAT(dataset->classes().names, ElementsAre("cat", "dog"));
  EXPECT_THAT(names(*dataset), ElementsAre("train/cat/a.png", "train/dog/b.png"));
  EXPECT_THAT(problems, ElementsAre(HasSubstr("stray: ")));
  EXPECT_THAT(refusal([&] { open("train", true); }), HasSubstr("notes.txt: is no picture"));
  const Sample sample = dataset->get(1);
  EXPECT_EQ(sample.classes, (std::vector<ClassShare>{{1, 1.0}}));
  EXPECT_EQ(sample.picture.width, 3);
  EXPECT_EQ(sample.picture.pixels[0], 10);
  EXPECT_THAT(refusal([&] { open("test"); }), HasSubstr("no split 'test'; there are: train, val"));
}

constexpr const char* kCoco = R"({"images":[{"id":5,"file_name":"a.png","width":40,"height":20},
  {"id":3,"file_name":"b.png","width":9,"height":9}],"categories":[{"id":7,"name":"dog"},{"id":2,"name":"cat"}],
  "annotations":[{"id":1,"image_id":5,"category_id":7,"bbox":[30,5,20,10],"area":100,"iscrowd":0},
                 {"id":2,"image_id":5,"category_id":2,"bbox":[1,1,0,4],"area":0,"iscrowd":1},
                 {"id":1,"image_id":5,"category_id":2,"bbox":[1,1,2,4],"area":8}]})";

TEST_F(Readers, Coco) {
  write("annotations/instances_val2017.json", kCoco);
  write_picture("val2017/a.png", 40, 20, 1);
  write_picture("val2017/b.png", 9, 8, 1);
  EXPECT_THAT(data_splits(root, DataFormat::coco), ElementsAre("val2017"));
  const auto dataset = open("val2017");
  EXPECT_EQ(format, DataFormat::coco);
  EXPECT_THAT(dataset->classes().names, ElementsAre("cat", "dog"));
  EXPECT_THAT(dataset->classes().ids, ElementsAre(2, 7));
  EXPECT_THAT(problems, ElementsAre(HasSubstr("duplicate_id: ")));
  const Sample described = dataset->describe(0), sample = dataset->get(0);
  EXPECT_EQ(described.objects.size(), 2u);
  EXPECT_EQ(described.objects[0].box, (Box{30, 5, 50, 15}));
  EXPECT_EQ(described.id, 5);
  // Pixels come with boxes that lie in the picture and have an area.
  ASSERT_EQ(sample.objects.size(), 1u);
  EXPECT_EQ(sample.objects[0].box, (Box{30, 5, 40, 15}));
  EXPECT_EQ(sample.objects[0].area, 50);
  EXPECT_EQ(sample.objects[0].class_index, 1u);
  EXPECT_THAT(refusal([&] { dataset->get(1); }), HasSubstr("is 9x8 when upright, its annotations say 9x9"));
}

TEST_F(Readers, CocoPathsStayBeneathTheRoot) {
  const auto with_name = [&](const std::string& name) {
    write("annotations/instances_val.json",
          R"({"images":[{"id":1,"file_name":")" + name + R"("}],"categories":[],"annotations":[]})");
    fs::create_directories(root / "val");
    return open_dataset(root, DataFormat::coco, "val");
  };
  write_picture("outside.png", 2, 2, 1);
  EXPECT_THAT(refusal([&] { with_name("../outside.png"); }), HasSubstr("leads outside"));
  EXPECT_THAT(refusal([&] { with_name("/etc/passwd"); }), HasSubstr("leads outside"));
  EXPECT_THAT(refusal([&] { with_name(R"(a\u0000b.png)"); }), HasSubstr("leads outside"));
  EXPECT_THAT(refusal([&] { with_name(""); }), HasSubstr("'file_name' is missing"));
  fs::create_directories(root / "val");
  fs::create_symlink("/etc", root / "val/link");
  EXPECT_THAT(refusal([&] { with_name("link/passwd"); }), HasSubstr("symbolic link"));
}

TEST_F(Readers, LinksThatAppearLaterAreRefusedWhenPicturesAreRead) {
  write_picture("train/cat/a.png", 2, 2, 1);
  const auto dataset = open("train");
  fs::remove(root / "train/cat/a.png");
  fs::create_symlink("/etc/passwd", root / "train/cat/a.png");
  EXPECT_THAT(refusal([&] { dataset->get(0); }), HasSubstr("leads outside of the data set by a symbolic link"));
  fs::remove(root / "train/cat/a.png");
  EXPECT_THAT(refusal([&] { dataset->get(0); }), HasSubstr("can't be opened"));
  fs::create_directory(root / "train/cat/a.png");
  EXPECT_THAT(refusal([&] { dataset->get(0); }), HasSubstr("is a folder"));
  fs::remove(root / "train/cat/a.png");
  ASSERT_EQ(::mkfifo((root / "train/cat/a.png").c_str(), 0600), 0);
  EXPECT_THAT(refusal([&] { dataset->get(0); }), HasSubstr("no regular file"));
}

TEST_F(Readers, Yolo) {
  write("data.yaml", "path: /somebody/else\ntrain: ../train/images\nval: val.txt\nnc: 2\nnames: ['cat', 'dog']\n");
  write_picture("train/images/a.png", 40, 20, 1);
  write("train/labels/a.txt", "1 0.5 0.5 0.5 0.5\n0 0.9 0.5 0.4 0.2\n9 0.5 0.5 0.5 0.5\n");
  write_picture("train/images/b.png", 40, 20, 1);  // nothing in it, and no label file
  write("val.txt", "./train/images/b.png\n../x.png\n");
  EXPECT_THAT(data_splits(root, DataFormat::yolo), ElementsAre("train", "val"));
  const auto dataset = open("train");
  EXPECT_EQ(format, DataFormat::yolo);
  EXPECT_THAT(names(*dataset), ElementsAre("train/images/a.png", "train/images/b.png"));
  EXPECT_THAT(problems, ElementsAre(HasSubstr("a.txt: line 3: the class is 9")));
  const Sample sample = dataset->get(0);
  ASSERT_EQ(sample.objects.size(), 2u);
  EXPECT_EQ(sample.objects[0].box, (Box{10, 5, 30, 15}));
  EXPECT_EQ(sample.objects[0].area, 200);
  EXPECT_EQ(sample.objects[1].box.xmax, 40);
  EXPECT_TRUE(dataset->get(1).objects.empty());
  problems.clear();
  EXPECT_THAT(names(*open("val")), ElementsAre("train/images/b.png"));
  EXPECT_THAT(problems, ElementsAre(HasSubstr("'../x.png': leads outside")));
  write("data.yaml", "train: /etc\nnames: [a]\n");
  EXPECT_THAT(refusal([&] { open("train"); }), HasSubstr("leads outside"));
}

TEST_F(Readers, Voc) {
  const auto object = [](const std::string& name) {
    return "<object><name>" + name +
           "</name><bndbox><xmin>11</xmin><ymin>6</ymin><xmax>30</xmax><ymax>15</ymax></bndbox></object>";
  };
  write("Annotations/a.xml", "<annotation><filename>a.png</filename><size><width>40</width><height>20</height></size>" +
                                 object("dog") + "</annotation>");
  write("Annotations/b.xml", "<annotation><filename>../../x.png</filename>" + object("ant") + "</annotation>");
  write("Annotations/c.xml", "<annotation");
  write_picture("JPEGImages/a.png", 40, 20, 1);
  write("ImageSets/Main/train.txt", "a  1\nmissing\n");
  EXPECT_THAT(data_splits(root, DataFormat::voc), ElementsAre("train"));
  const auto dataset = open("train");
  EXPECT_EQ(format, DataFormat::voc);
  EXPECT_THAT(dataset->classes().names, ElementsAre("ant", "dog"));  // of all splits
  EXPECT_THAT(problems, ElementsAre(HasSubstr("c.xml: is no XML"), HasSubstr("missing.xml: is not there")));
  EXPECT_EQ(dataset->get(0).objects.at(0).box, (Box{10, 5, 30, 15}));
  problems.clear();
  open_dataset(root, DataFormat::voc, "", collect);
  EXPECT_THAT(problems, testing::Contains(HasSubstr("leads outside")));
}

TEST_F(Readers, Cifar) {
  std::string record(3073, '\0');
  record[0] = 3;
  record[1] = 9, record[1 + 1024] = 8, record[1 + 2048] = 7;  // red, green, blue of the first pixel
  write("data_batch_1.bin", record + record);
  write("data_batch_2.bin", record);
  write("data_batch_3.bin", "short");
  write("test_batch.bin", record);
  EXPECT_THAT(data_splits(root, DataFormat::cifar), ElementsAre("train", "test"));
  EXPECT_EQ(judging_split(root, DataFormat::cifar), "test");
  EXPECT_EQ(judging_split(root, DataFormat::cifar, "test"), std::nullopt);
  const auto dataset = open("train");
  EXPECT_EQ(format, DataFormat::cifar);
  EXPECT_THAT(names(*dataset), ElementsAre("data_batch_1.bin#0", "data_batch_1.bin#1", "data_batch_2.bin#0"));
  EXPECT_THAT(problems, ElementsAre(HasSubstr("data_batch_3.bin: has 5 bytes")));
  const Sample sample = dataset->get(2);
  EXPECT_EQ(sample.classes.at(0).class_index, 3u);
  EXPECT_EQ(sample.picture.pixels[0], 9);
  EXPECT_EQ(sample.picture.pixels[1], 8);
  EXPECT_EQ(sample.picture.pixels[2], 7);
}

TEST_F(Readers, Idx) {
  const auto header = [](std::vector<int> shape) {
    std::string text{'\0', '\0', '\x8', static_cast<char>(shape.size())};
    for (const int size : shape) text += std::string{'\0', '\0', '\0', static_cast<char>(size)};
    return text;
  };
  write("train-images-idx3-ubyte", header({2, 1, 3}) + "abcdef");
  write("train-labels-idx1-ubyte", header({2}) + "\4\1");
  const auto dataset = open("train");
  EXPECT_EQ(format, DataFormat::idx);
  EXPECT_EQ(dataset->size(), 2u);
  const Sample sample = dataset->get(1);
  EXPECT_EQ(sample.width, 3);
  EXPECT_EQ(sample.picture.pixels[3], 'e');
  EXPECT_EQ(sample.classes.at(0).class_index, 1u);
  write("train-labels-idx1-ubyte", header({3}) + "\4\1\1");
  EXPECT_THAT(refusal([&] { open("train"); }), HasSubstr("one label for each of the 2 pictures"));
  write("train-images-idx3-ubyte", header({2, 0, 3}));
  EXPECT_THAT(refusal([&] { open("train"); }), HasSubstr("expected pictures, rows and columns"));
}

TEST(ReadersOnDisk, FashionMnistOfDebian) {
  const fs::path root = "/usr/share/datasets/fashion-mnist";
  if (!fs::exists(root)) GTEST_SKIP() << "the package dataset-fashion-mnist is not installed";
  const auto dataset = open_dataset(root, guess_data_format(root), "test");
  ASSERT_EQ(dataset->size(), 10'000u);
  EXPECT_EQ(dataset->classes().names[9], "Ankle boot");
  std::vector<int> counts(10);
  for (std::size_t i = 0; i < dataset->size(); ++i) ++counts[dataset->describe(i).classes[0].class_index];
  EXPECT_EQ(counts, std::vector<int>(10, 1'000));  // as its authors state
  EXPECT_EQ(dataset->get(0).picture.width, 28);
}

}  // namespace
}  // namespace vitral::test
