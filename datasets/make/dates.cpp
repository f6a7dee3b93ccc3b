#include "datasets/make/dates.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <string_view>

#include "datasets/rng.h"

namespace vitral {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 12> kMonths{"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kDays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                "Thursday", "Friday", "Saturday"};

struct Date {
  int year;
  unsigned month, day, weekday;
};

/// One day in eight is held out.
bool is_held_out(int serial) {
  return static_cast<std::uint32_t>(serial) * 2654435761U >> 29 == 0;
}

Date draw(Rng& random, bool held_out, bool short_year) {
  const auto first = sys_days(year(short_year ? 1950 : 1900) / 1 / 1),
             end = sys_days(year(short_year ? 2050 : 2100) / 1 / 1);
  const auto days_between = static_cast<std::uint64_t>((end - first).count());
  while (true) {
    const auto day = first + days(static_cast<int>(random.below(days_between)));
    if (is_held_out(static_cast<int>(day.time_since_epoch().count())) != held_out) continue;
    const year_month_day date(day);
    return {static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
            weekday(day).c_encoding()};
  }
}

std::string number(unsigned value, bool two_digits) {
  char text[16];
  std::snprintf(text, sizeof text, two_digits ? "%02u" : "%u", value);
  return text;
}

std::string ordinal(unsigned day) {
  const auto last = day % 10;
  const bool teen = day / 10 == 1;
  const char* end = teen ? "th" : last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th";
  return std::to_string(day) + end;
}

std::string with_case(std::string_view word, std::uint64_t how) {
  std::string text(word);
  if (how > 1) return text;
  for (auto& c : text) {
    if (how == 0 && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (how == 1 && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

std::string written(const Date& date, bool short_year, Rng& random) {
  const bool padded = random.chance(0.5), brief = random.chance(0.5);
  const auto how = random.below(6);  // small letters, capitals, or as usual
  const auto word = [&](std::string_view name) { return with_case(brief ? name.substr(0, 3) : name, how); };
  const auto month = word(kMonths[date.month - 1]), day = number(date.day, padded);
  const auto year = short_year ? number(static_cast<unsigned>(date.year % 100), true) : std::to_string(date.year);
  std::string text;
  switch (random.below(8)) {
    case 0:
      text = day + " " + month + " " + year;
      break;
    case 1:
      text = month + " " + ordinal(date.day) + ", " + year;
      break;
    case 2:
      text = month + " " + day + (random.chance(0.5) ? ", " : " ") + year;
      break;
    case 3:
      text = ordinal(date.day) + (random.chance(0.5) ? " of " : " ") + month + " " + year;
      break;
    case 4:
      text = day + "." + number(date.month, padded) + "." + year;
      break;
    case 5:
      text = number(date.month, padded) + "/" + day + "/" + year;
      break;
    case 6:
      text = std::to_string(date.year) + "-" + number(date.month, padded) + "-" + day;
      break;
    default:
      text = day + "-" + month + "-" + year;
  }
  if (random.chance(0.25)) text = word(kDays[date.weekday]) + (random.chance(0.5) ? ", " : " ") + text;
  return text;
}

}  // namespace

std::vector<SentencePair> make_dates(std::size_t count, bool held_out, std::uint64_t seed) {
  std::vector<SentencePair> pairs;
  for (std::size_t i = 0; i < count; ++i) {
    Rng random(seed, RandomPurpose::generation, held_out ? 1 : 0, i);
    const bool short_year = random.chance(0.15);
    const auto date = draw(random, held_out, short_year);
    char iso[32];
    std::snprintf(iso, sizeof iso, "%04d-%02u-%02u", date.year, date.month, date.day);
    pairs.push_back({written(date, short_year, random), iso});
  }
  return pairs;
}

}  // namespace vitral
