/// Automatic mixed precision for a scope (Micikevicius et al. 2018): LibTorch picks the operations. Amp::off: none in
/// this scope, whatever is around it.
#pragma once

#include <ATen/autocast_mode.h>

#include "train/options.h"

namespace vitral::train {

class Autocast {
 public:
  Autocast(const at::Device& device, Amp amp)
      : type_(device.type()),
        was_enabled_(at::autocast::is_autocast_enabled(type_)),
        before_(at::autocast::get_autocast_dtype(type_)) {
    at::autocast::set_autocast_enabled(type_, amp != Amp::off);
    if (amp != Amp::off) at::autocast::set_autocast_dtype(type_, amp == Amp::bf16 ? at::kBFloat16 : at::kHalf);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_dtype(type_, before_);
    at::autocast::set_autocast_enabled(type_, was_enabled_);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::DeviceType type_;
  bool was_enabled_;
  at::ScalarType before_;
};

}  // namespace vitral::train
