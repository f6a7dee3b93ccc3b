#include "datasets/make/dates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <regex>
#include <set>

namespace vitral {
namespace {

TEST(Dates, AreDaysWrittenInManyWays) {
  const auto pairs = make_dates(2000, false, 0);
  ASSERT_EQ(pairs.size(), 2000u);
  const std::regex iso(R"((19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))");
  std::set<std::string> shapes;
  for (const auto& [source, target] : pairs) {
    EXPECT_TRUE(std::regex_match(target, iso)) << target;
    // The year's last two digits and the day stand in every form.
    EXPECT_NE(source.find(target.substr(2, 2)), std::string::npos) << source;
    EXPECT_NE(source.find(std::to_string(std::stoi(target.substr(8)))), std::string::npos) << source;
    EXPECT_EQ(source.find('\t'), std::string::npos);
    shapes.insert(
        std::regex_replace(std::regex_replace(source, std::regex("[A-Za-z]+"), "w"), std::regex("[0-9]"), "0"));
  }
  EXPECT_GT(shapes.size(), 40u);
}

TEST(Dates, HeldOutDaysNeverTrain) {
  std::set<std::string> train, val;
  for (const auto& pair : make_dates(20'000, false, 1)) train.insert(pair.target);
  for (const auto& pair : make_dates(3'000, true, 1)) val.insert(pair.target);
  for (const auto& day : val) EXPECT_FALSE(train.contains(day)) << day;
}

TEST(Dates, DependOnSeedAndIndexAlone) {
  const auto few = make_dates(10, false, 5), many = make_dates(50, false, 5), other = make_dates(10, false, 6);
  int same = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(few[i].source, many[i].source);
    EXPECT_EQ(few[i].target, many[i].target);
    same += few[i].source == other[i].source ? 1 : 0;
  }
  EXPECT_LT(same, 3);
}

/// 0 for Sunday (Sakamoto 1993).
int weekday_of(int year, int month, int day) {
  constexpr int kShift[] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
  year -= month < 3 ? 1 : 0;
  return (year + year / 4 - year / 100 + year / 400 + kShift[month - 1] + day) % 7;
}

TEST(Dates, WeekdaysAreTheCalendars) {
  const std::vector<std::string> names{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
  int checked = 0;
  for (const auto& [source, target] : make_dates(2'000, true, 2)) {
    std::string word = source.substr(0, 3);
    for (auto& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const auto name = std::find(names.begin(), names.end(), word);
    if (name == names.end()) continue;
    ++checked;
    EXPECT_EQ(name - names.begin(),
              weekday_of(std::stoi(target), std::stoi(target.substr(5, 2)), std::stoi(target.substr(8))))
        << source;
  }
  EXPECT_GT(checked, 300);
}

}  // namespace
}  // namespace vitral
