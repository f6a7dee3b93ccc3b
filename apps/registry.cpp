#include "apps/registry.h"

#include "apps/backbones.h"
#include "cnn/register.h"
#include "detr/register.h"
#include "swin/register.h"
#include "vit/register.h"
#include "vit/tnt_register.h"

namespace vitral::apps {

std::shared_ptr<const Registry> make_registry() {
  auto registry = std::make_shared<Registry>();
  vit::register_bundled_vit(*registry);
  vit::register_bundled_tnt(*registry);
  swin::register_bundled_swin(*registry);
  cnn::register_bundled_resnet(*registry);
  detr::register_bundled_rtdetr(*registry, resnet_backbones());
  cnn::register_bundled_detectors(*registry);
  vit::register_vit(*registry);
  vit::register_tnt(*registry);
  swin::register_swin(*registry);
  cnn::register_cnn(*registry);
  cnn::register_cnn_detectors(*registry);
  detr::register_detr(*registry, resnet_backbones());
  detr::register_deformable_detr(*registry, resnet_backbones());
  detr::register_rtdetr(*registry, resnet_backbones());
  return registry;
}

}  // namespace vitral::apps
