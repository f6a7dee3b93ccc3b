#include "apps/one_input.h"

#include "apps/collate.h"
#include "apps/image_tensors.h"
#include "common/core/error.h"

namespace vitral::apps {

OneInput read_one(const std::string& input, const LoadedModel& model) {
  if (input.ends_with(".safetensors")) return {InputFile(input).batch(model), std::nullopt};
  const auto sources = expand_inputs({input});
  if (sources.size() != 1) {
    throw Error(ErrorKind::usage, input, "stands for " + std::to_string(sources.size()) + " pictures, expected one");
  }
  PictureStream stream(sources, model.record.preprocess);
  auto picture = stream.next();
  if (!picture->error.empty()) throw Error(ErrorKind::input, "", picture->error);
  const PreparedInput* one = &picture->inputs.front();
  auto batch = collate({&one, 1});
  return {std::move(batch), std::move(*picture)};
}

}  // namespace vitral::apps
