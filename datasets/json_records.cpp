#include "datasets/json_records.h"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include "common/core/json.h"
#include "common/core/text.h"

namespace vitral {
namespace {

/// The keys of one open object. Records have a handful, which a look at each finds fastest.
class KeySet {
 public:
  void clear() {
    few_.clear();
    many_.clear();
  }
  /// Takes the name and returns true, or leaves it and returns false where it is there already.
  bool insert(std::string& name) {
    if (many_.empty()) {
      if (std::find(few_.begin(), few_.end(), name) != few_.end()) return false;
      few_.push_back(std::move(name));
      if (few_.size() >= 16) many_.insert(few_.begin(), few_.end());
      return true;
    }
    if (many_.contains(name)) return false;
    many_.insert(std::move(name));
    return true;
  }

 private:
  std::vector<std::string> few_;
  std::unordered_set<std::string> many_;
};

class RecordVisitor final : public JsonVisitor {
 public:
  RecordVisitor(std::string_view subject, std::vector<JsonRecords>& records) : subject_(subject), records_(records) {
    root_is_array_ = records.size() == 1 && records[0].array.empty();
    record_depth_ = root_is_array_ ? 2 : 3;
  }

  void null() override { scalar(JsonField::Type::null, 0, 0.0); }
  void boolean(bool value) override { scalar(JsonField::Type::boolean, value, value); }
  void integer(std::int64_t value) override { scalar(JsonField::Type::integer, value, static_cast<double>(value)); }
  void unsigned_integer(std::uint64_t value) override {
    const bool fits = value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    scalar(fits ? JsonField::Type::integer : JsonField::Type::number, fits ? static_cast<std::int64_t>(value) : 0,
           static_cast<double>(value));
  }
  void real(double value) override { scalar(JsonField::Type::number, 0, value); }
  void string(std::string& value) override {
    if (JsonField* const field = scalar(JsonField::Type::string, 0, 0.0)) field->text = std::move(value);
  }

  void key(std::string& name) override {
    if (depth_ == 1) {
      const auto wanted = [&](const JsonRecords& records) { return records.array == name; };
      const auto at = std::find_if(records_.begin(), records_.end(), wanted);
      section_ = at == records_.end() ? nullptr : &*at;
    } else if (section_ != nullptr && depth_ == record_depth_) {
      const auto at = std::find(section_->fields.begin(), section_->fields.end(), name);
      field_ =
          at == section_->fields.end() ? nullptr : &values_[static_cast<std::size_t>(at - section_->fields.begin())];
    }
    if (!keys_[depth_].insert(name)) fail("the key '" + printable(name, 200) + "' is there twice in " + where());
  }

  void begin_object() override {
    if (depth_ == 0 && root_is_array_) fail("is an object, expected an array");
    if (depth_ == 1 && section_ != nullptr && !root_is_array_) not_an_array("an object");
    if (section_ != nullptr && depth_ == record_depth_ - 1) {
      values_.assign(section_->fields.size(), {});
    } else {
      open(JsonField::Type::object);
    }
    enter();
    keys_[depth_].clear();
  }
  void begin_array() override {
    if (depth_ == 0 && !root_is_array_) fail("is an array, expected an object");
    if (depth_ == 0) section_ = records_.data();
    if (section_ != nullptr && depth_ == record_depth_ - 2) {
      section_->found = true;
      index_ = 0;
    } else if (section_ != nullptr && depth_ == record_depth_ - 1) {
      fail(where() + " is an array, expected an object");
    } else {
      open(JsonField::Type::array);
    }
    enter();
  }
  void end_object() override {
    --depth_;
    if (section_ == nullptr || depth_ != record_depth_ - 1) return;
    field_ = nullptr;
    section_->on_record(index_++, values_);
  }
  void end_array() override { --depth_; }

 private:
  [[noreturn]] void fail(const std::string& message) const { throw Error(ErrorKind::input, subject_, message); }
  [[noreturn]] void not_an_array(const std::string& what) const {
    fail("'" + std::string(section_->array) + "' is " + what + ", expected an array");
  }

  std::string where() const {
    if (section_ == nullptr || depth_ < record_depth_ - 1) return "the outermost object";
    std::string element = "element " + std::to_string(index_);
    if (!root_is_array_) element.append(" of '").append(section_->array).append("'");
    return element;
  }

  void enter() {
    if (++depth_ >= keys_.size()) keys_.resize(depth_ + 1);
  }

  /// The field that a value at this place belongs to: directly or, for the numbers of an array, one level down.
  JsonField* field_at(std::size_t depth) { return section_ != nullptr && depth_ == depth ? field_ : nullptr; }

  void open(JsonField::Type type) {
    if (JsonField* const field = field_at(record_depth_)) {
      field->type = type;
    } else if (JsonField* const outer = field_at(record_depth_ + 1)) {
      ++outer->length;
    }
  }

  JsonField* scalar(JsonField::Type type, std::int64_t integer, double number) {
    if (depth_ == 0) fail(std::string("is a single value, expected an ") + (root_is_array_ ? "array" : "object"));
    if (section_ != nullptr && depth_ == record_depth_ - 2) not_an_array("a single value");
    if (section_ != nullptr && depth_ == record_depth_ - 1) fail(where() + " is a single value, expected an object");
    if (JsonField* const field = field_at(record_depth_)) {
      field->type = type;
      field->integer = integer;
      field->number = number;
      return field;
    }
    if (JsonField* const field = field_at(record_depth_ + 1);
        field != nullptr && field->type == JsonField::Type::array) {
      ++field->length;
      const bool is_number = type == JsonField::Type::integer || type == JsonField::Type::number;
      if (is_number && field->numbers.size() < JsonField::kMaxNumbers) field->numbers.push_back(number);
    }
    return nullptr;
  }

  std::string subject_;
  std::vector<JsonRecords>& records_;
  bool root_is_array_ = false;
  std::size_t record_depth_ = 0;  // open containers inside a record
  std::size_t depth_ = 0;         // open containers here
  std::vector<KeySet> keys_{1};   // by depth
  JsonRecords* section_ = nullptr;
  JsonField* field_ = nullptr;
  std::size_t index_ = 0;
  std::vector<JsonField> values_;
};

}  // namespace

void read_json_records(std::string_view text, std::string_view subject, std::vector<JsonRecords>& records) {
  Limits limits;
  limits.objects = std::numeric_limits<std::uint64_t>::max();  // no value is kept longer than its record
  RecordVisitor visitor(subject, records);
  visit_json(text, visitor, ErrorKind::input, subject, limits);
}

}  // namespace vitral
