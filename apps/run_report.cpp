#include "apps/run_report.h"

#include "common/core/error.h"

namespace vitral::apps {

void RunReport::skip(const PreparedPicture& picture) {
  if (strict_) throw Error(ErrorKind::input, "", picture.error);
  last_error_ = picture.error;
  summary_.failed(picture.source.name, picture.frame ? "damaged" : "unreadable", picture.error);
  // The only input that fails is the run's one error line, not a warning before it.
  if (sources_ > 1 || summary_.outputs() > 0) console_.warning("skipped: " + picture.error);
}

void RunReport::finish(bool interrupted) {
  const auto failures = summary_.failures();
  if (summary_.outputs() == 0 && failures > 0 && !interrupted) {
    throw Error(ErrorKind::input, "",
                failures == 1
                    ? last_error_
                    : "none of " + std::to_string(failures) + " inputs is readable; the last: " + last_error_);
  }
  if (json_) json_.write(json_line(summary_.json(sources_)));
  json_.finish();
  if (failures > 0)
    console_.warning(std::to_string(failures) + " of " + std::to_string(summary_.outputs() + failures) +
                     " inputs skipped");
}

}  // namespace vitral::apps
