#include "datasets/coco.h"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/text.h"
#include "datasets/json_records.h"

namespace vitral {
namespace {

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{4} << 30;
using Type = JsonField::Type;
using Ids = std::unordered_set<std::int64_t>;

/// A rule that a record breaks; caught where the record's name is known.
struct Broken {
  std::string message;
};

const char* type_name(Type type) {
  static constexpr const char* kNames[] = {"missing",  "null",     "a boolean", "an integer",
                                           "a number", "a string", "an array",  "an object"};
  return kNames[static_cast<int>(type)];
}

[[noreturn]] void wrong_type(std::string_view name, const JsonField& field, std::string_view expected) {
  throw Broken{"'" + std::string(name) + "' is " + type_name(field.type) + ", expected " + std::string(expected)};
}

std::int64_t id_of(std::string_view name, const JsonField& field) {
  if (field.type != Type::integer) wrong_type(name, field, "a whole number of at most 64 bits");
  return field.integer;
}

double number_of(std::string_view name, const JsonField& field) {
  if (field.type != Type::integer && field.type != Type::number) wrong_type(name, field, "a number");
  return field.number;
}

/// A number whose products stay exact enough: see kLargestCocoNumber.
double size_of(std::string_view name, double value, double least) {
  if (value >= least && value <= kLargestCocoNumber) return value;
  throw Broken{std::string(name) + " is " + std::to_string(value) + ", expected " +
               (least < 0 ? "a number between -1e9 and 1e9" : "a number from 0 to 1e9")};
}

CocoBox box_of(const JsonField& field) {
  if (field.type != Type::array) wrong_type("bbox", field, "an array of x, y, width and height");
  if (field.length != 4) {
    throw Broken{"'bbox' has " + std::to_string(field.length) + " elements, expected x, y, width and height"};
  }
  if (field.numbers.size() != 4) throw Broken{"'bbox' holds something else than four numbers"};
  CocoBox box;
  for (std::size_t i = 0; i < 4; ++i) {
    static constexpr const char* kNames[] = {"x of 'bbox'", "y of 'bbox'", "the width of 'bbox'",
                                             "the height of 'bbox'"};
    box[i] = size_of(kNames[i], field.numbers[i], i < 2 ? -kLargestCocoNumber : 0.0);
  }
  return box;
}

bool crowd_of(const JsonField& field) {
  if (field.type == Type::absent) return false;
  if (field.type == Type::boolean || (field.type == Type::integer && (field.integer == 0 || field.integer == 1))) {
    return field.integer != 0;
  }
  const std::string found = field.type == Type::integer ? std::to_string(field.integer) : type_name(field.type);
  throw Broken{"'iscrowd' is " + found + ", expected 0 or 1"};
}

std::string text_of(std::string_view name, JsonField& field) {
  if (field.type == Type::absent) return {};
  if (field.type != Type::string) wrong_type(name, field, "a string");
  return std::move(field.text);
}

int side_of(std::string_view name, const JsonField& field) {
  if (field.type == Type::absent) return 0;
  if (field.type != Type::integer) wrong_type(name, field, "a whole number");
  if (field.integer < 1 || field.integer > std::numeric_limits<int>::max()) {
    throw Broken{"'" + std::string(name) + "' is " + std::to_string(field.integer) + ", expected at least 1 pixel"};
  }
  return static_cast<int>(field.integer);
}

/// Collects the records of one text and turns broken rules into problems that name the record.
class Reader {
 public:
  Reader(std::string_view subject, const CocoProblemHandler& on_problem) : subject_(subject), on_problem_(on_problem) {}

  void report(const std::string& problem) const {
    if (!on_problem_) throw Error(ErrorKind::input, subject_, problem);
    on_problem_(problem);
  }

  /// Reads `fields` of each record of `array`, makes a value of them with `make` and appends it to `to`. A record with
  /// an id is named by it too: fields[0] is "id" then.
  template <class Value, class Make>
  void section(std::string_view array, std::string_view noun, std::vector<std::string_view> fields,
               std::vector<Value>& to, Make make) {
    const bool has_id = fields[0] == "id";
    const auto on_record = [this, noun, has_id, &to, make](std::size_t index, std::vector<JsonField>& record) {
      try {
        to.push_back(make(record));
      } catch (const Broken& broken) {
        const bool known = has_id && record[0].type == Type::integer;
        const std::string id = known ? " (id " + std::to_string(record[0].integer) + ")" : "";
        report(std::string(noun) + " " + std::to_string(index) + id + ": " + broken.message);
      }
    };
    sections_.push_back({array, std::move(fields), on_record});
  }

  void read(std::string_view json) {
    read_json_records(json, subject_, sections_);
    for (const auto& section : sections_) {
      if (!section.found) throw Error(ErrorKind::input, subject_, "has no '" + std::string(section.array) + "' array");
    }
  }

  /// Removes what `broken` finds fault with; it returns the fault, or an empty text.
  template <class Value, class Check>
  void remove_broken(std::vector<Value>& values, std::string_view noun, Check broken) const {
    const auto is_broken = [&](const Value& value) {
      const std::string fault = broken(value);
      if (!fault.empty()) report(std::string(noun) + " with id " + std::to_string(value.id) + ": " + fault);
      return !fault.empty();
    };
    std::erase_if(values, is_broken);
  }

 private:
  std::string subject_;
  const CocoProblemHandler& on_problem_;
  std::vector<JsonRecords> sections_;
};

/// Leaves the first record of each id and returns the ids.
template <class Value>
Ids unique_ids(const Reader& reader, std::vector<Value>& values, std::string_view noun) {
  Ids ids;
  ids.reserve(values.size());
  reader.remove_broken(values, noun, [&](const Value& value) -> std::string {
    return ids.insert(value.id).second ? "" : std::string(kCocoIdTwice);
  });
  return ids;
}

template <class Parse>
auto parse_file(const std::filesystem::path& path, Parse parse) {
  const auto file = MappedFile::open(path, ErrorKind::input, kMaxFileBytes);
  const auto bytes = file->bytes();
  const std::string_view json(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  try {
    auto result = parse(json, printable(file->path()));
    file->check();
    return result;
  } catch (const Error&) {
    file->check();  // a file that was cut short meanwhile is the better explanation
    throw;
  }
}

}  // namespace

CocoInstances parse_coco_instances(std::string_view json, std::string_view subject,
                                   const CocoProblemHandler& on_problem) {
  CocoInstances instances;
  Reader reader(subject, on_problem);
  reader.section("images", "image", {"id", "file_name", "width", "height"}, instances.images,
                 [](std::vector<JsonField>& field) {
                   return CocoImage{id_of("id", field[0]), text_of("file_name", field[1]), side_of("width", field[2]),
                                    side_of("height", field[3])};
                 });
  reader.section("categories", "category", {"id", "name"}, instances.categories, [](std::vector<JsonField>& field) {
    CocoCategory category{id_of("id", field[0]), text_of("name", field[1])};
    if (field[1].type == Type::absent) category.name = std::to_string(category.id);
    return category;
  });
  reader.section("annotations", "annotation", {"id", "image_id", "category_id", "bbox", "area", "iscrowd"},
                 instances.annotations, [](std::vector<JsonField>& field) {
                   return CocoAnnotation{id_of("id", field[0]),
                                         id_of("image_id", field[1]),
                                         id_of("category_id", field[2]),
                                         box_of(field[3]),
                                         size_of("'area'", number_of("area", field[4]), 0.0),
                                         crowd_of(field[5])};
                 });
  reader.read(json);

  const Ids images = unique_ids(reader, instances.images, "image");
  const Ids categories = unique_ids(reader, instances.categories, "category");
  unique_ids(reader, instances.annotations, "annotation");
  reader.remove_broken(instances.annotations, "annotation", [&](const CocoAnnotation& annotation) -> std::string {
    if (!images.contains(annotation.image_id)) return "there is no image " + std::to_string(annotation.image_id);
    if (!categories.contains(annotation.category_id)) {
      return "there is no category " + std::to_string(annotation.category_id);
    }
    return {};
  });
  return instances;
}

std::vector<CocoResult> parse_coco_results(std::string_view json, std::string_view subject,
                                           const CocoProblemHandler& on_problem) {
  std::vector<CocoResult> results;
  Reader reader(subject, on_problem);
  reader.section("", "result", {"image_id", "category_id", "bbox", "score"}, results,
                 [](std::vector<JsonField>& field) {
                   return CocoResult{id_of("image_id", field[0]), id_of("category_id", field[1]), box_of(field[2]),
                                     number_of("score", field[3])};
                 });
  reader.read(json);
  return results;
}

CocoInstances read_coco_instances(const std::filesystem::path& path, const CocoProblemHandler& on_problem) {
  return parse_file(path, [&](auto json, const auto& name) { return parse_coco_instances(json, name, on_problem); });
}

std::vector<CocoResult> read_coco_results(const std::filesystem::path& path, const CocoProblemHandler& on_problem) {
  return parse_file(path, [&](auto json, const auto& name) { return parse_coco_results(json, name, on_problem); });
}

}  // namespace vitral
