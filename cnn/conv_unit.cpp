#include "cnn/conv_unit.h"

namespace vitral::cnn {

void ConvUnitImpl::reset() {
  if (options.norm()) {
    conv = nn::register_conv_norm(*this, options.conv_name(), options.norm_name(), options.conv, *options.norm());
  } else {
    conv = register_module(options.conv_name(), nn::Conv2d(options.conv));
  }
}

}  // namespace vitral::cnn
