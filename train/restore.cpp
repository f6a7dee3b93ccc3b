#include "train/restore.h"

#include <ATen/core/grad_mode.h>

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral::train {

void restore(const weights::StateDict& own, const weights::StateDict& stored, const std::string& what,
             const std::string& subject) {
  const at::NoGradGuard no_grad;
  for (const auto& item : own) {
    const auto* value = stored.find(item.key());
    if (value == nullptr || value->sizes() != item.value().sizes()) {
      throw Error(ErrorKind::weights, subject,
                  what + " of '" + printable(item.key(), 200) + "' is missing or of another shape");
    }
  }
  if (stored.size() != own.size()) {
    throw Error(ErrorKind::weights, subject,
                "holds " + std::to_string(stored.size()) + " tensors of the " + what + ", expected " +
                    std::to_string(own.size()));
  }
  for (const auto& item : own) item.value().copy_(stored[item.key()]);
}

}  // namespace vitral::train
