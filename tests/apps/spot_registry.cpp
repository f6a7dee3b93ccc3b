// The catalogue of the test program: one classifier's family, and a detector whose answers are known.
#include "apps/registry.h"
#include "tests/apps/spot_detector.h"
#include "vit/register.h"

namespace vitral::apps {

std::shared_ptr<const Registry> make_registry() {
  auto registry = std::make_shared<Registry>();
  vit::register_vit(*registry);
  test::register_spot_detector(*registry);
  return registry;
}

}  // namespace vitral::apps
