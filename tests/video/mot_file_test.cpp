#include "video/tracking/mot_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/core/error.h"

namespace vitral {
namespace {

std::string refusal(std::string_view text, MotContent content = MotContent::tracks) {
  try {
    parse_mot(text, "t.txt", content);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    return error.what();
  }
  return "accepted";
}

TEST(MotFile, ReadsLinesInAnyOrder) {
  const auto rows = parse_mot(
      "3,7,10,20,30,40,1,1,0.5\r\n"
      "\n"
      "  1 , 7, 1.5,-2.5,3e1,4,0 , 12 , 1 \n"
      "3,2,0,0,0,0,0.25,-1,-1,-1",
      "t.txt", MotContent::tracks);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].frame, 1);
  EXPECT_EQ(rows[0].id, 7);
  EXPECT_EQ(rows[0].box, (Box{1.5, -2.5, 31.5, 1.5}));
  EXPECT_EQ(rows[0].confidence, 0.0);
  EXPECT_EQ(rows[0].class_id, 12);
  EXPECT_EQ(rows[1].id, 7);
  EXPECT_EQ(rows[1].class_id, 1);
  EXPECT_EQ(rows[2].id, 2);
  EXPECT_EQ(rows[2].confidence, 0.25);
  EXPECT_EQ(rows[2].class_id, -1);
  EXPECT_TRUE(parse_mot("", "t.txt", MotContent::tracks).empty());
  EXPECT_TRUE(parse_mot("\n \r\n", "t.txt", MotContent::tracks).empty());
}

TEST(MotFile, OfDetectionsTheIdsAreNotRead) {
  const auto rows = parse_mot("1,-1,0,0,5,5,0.5\n1,-1,0,0,5,5,2.5,-9.7,3.1,0\n", "t.txt", MotContent::detections);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].id, -1);
  EXPECT_EQ(rows[1].confidence, 2.5);
  EXPECT_EQ(rows[1].class_id, -1) << "a place on the ground is no class";
}

TEST(MotFile, RefusesBadLinesByNumber) {
  const std::string good = "1,1,0,0,5,5,1\n";
  EXPECT_EQ(refusal(good), "accepted");
  EXPECT_EQ(refusal(good + "1,2,0,0,5,5"),
            "t.txt: line 2: 6 values, expected frame, id, left, top, width, height and confidence");
  EXPECT_EQ(refusal(good + "\n1,2,0,0,x,5,1\n"), "t.txt: line 3: value 5 is 'x', expected a number");
  EXPECT_EQ(refusal(good + "1,2,0,0,5,5,\n"), "t.txt: line 2: value 7 is '', expected a number");
  EXPECT_EQ(refusal(good + "1,2,0,0,5,5,0x1\n"), "t.txt: line 2: value 7 is '0x1', expected a number");
  EXPECT_EQ(refusal(good + "1 2 0 0 5 5 1\n"), "t.txt: line 2: value 1 is '1 2 0 0 5 5 1', expected a number");
  for (const char* value : {"nan", "inf", "-inf", "1e999"}) {
    EXPECT_EQ(refusal(good + "1,2,0,0,5,5," + value),
              "t.txt: line 2: value 7 is '" + std::string(value) + "', expected a number");
  }
  EXPECT_EQ(refusal("1,2,0,0,5,5,1,1,1,1,1"), "t.txt: line 1: more than 10 values");
  EXPECT_EQ(refusal("0,2,0,0,5,5,1"), "t.txt: line 1: the frame is 0, expected a whole number from 1 to 10000000");
  EXPECT_EQ(refusal("1.5,2,0,0,5,5,1"), "t.txt: line 1: the frame is 1.5, expected a whole number from 1 to 10000000");
  EXPECT_EQ(refusal("1e9,2,0,0,5,5,1"),
            "t.txt: line 1: the frame is 1000000000, expected a whole number from 1 to 10000000");
  EXPECT_EQ(refusal("1,-1,0,0,5,5,1"),
            "t.txt: line 1: the id is -1, expected a whole number from 0 to 9007199254740992");
  EXPECT_EQ(refusal("1,2,0,0,-5,5,1"), "t.txt: line 1: the box has a negative width or height");
  EXPECT_EQ(refusal("2,7,0,0,5,5,1\n" + good + "2,7,9,9,5,5,1"),
            "t.txt: line 3: id 7 is in frame 2 already, in line 1");
  EXPECT_EQ(refusal(std::string("1,2,0\0,0,5,5,1", 14)), "t.txt: line 1: value 3 is '0\\x00', expected a number");
}

TEST(MotFile, ReadsWhatItWrites) {
  const MotRow row{12, 34, {1.25, -3.5, 101.2500004, 96.5}, 0.987654321, -1};
  EXPECT_EQ(mot_line(row), "12,34,1.250000,-3.500000,100.000000,100.000000,0.987654,-1,-1,-1\n");
  const auto back = parse_mot(mot_line(row), "t.txt", MotContent::tracks);
  EXPECT_NEAR(back[0].box.xmax, row.box.xmax, 1e-6);
}

TEST(MotFile, ReadsFilesAndNamesThem) {
  const auto path = std::filesystem::path(testing::TempDir()) / "vitral_mot_test.txt";
  std::ofstream(path) << "1,1,0,0,5,5,1\nx\n";
  try {
    read_mot(path, MotContent::tracks);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::StartsWith(path.string() + ": line 2: "));
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace vitral
