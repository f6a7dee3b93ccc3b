#include "train/options.h"

#include <nlohmann/json.hpp>

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral::train {
namespace {

/// Names of enumerators as strings in JSON, by the same visitor that handles numbers.
template <class Enum>
struct Named {
  Enum& value;
  Enum (*parse)(const std::string&);
};

/// Calls `field(name, reference)` for every value of the options: the one list of them.
template <class Options, class Field>
void visit(Options& o, Field field) {
  field("recipe", o.recipe);
  field("epochs", o.epochs);
  field("batch", o.batch);
  field("accumulate", o.accumulate);
  field("max_steps", o.max_steps);
  field("seed", o.seed);
  field("optimizer", Named{o.optimizer.kind, parse_optimizer});
  field("beta1", o.optimizer.beta1);
  field("beta2", o.optimizer.beta2);
  field("epsilon", o.optimizer.epsilon);
  field("momentum", o.optimizer.momentum);
  field("nesterov", o.optimizer.nesterov);
  field("schedule", Named{o.schedule.kind, parse_schedule});
  field("lr", o.schedule.lr);
  field("min_lr", o.schedule.min_lr);
  field("warmup_lr", o.schedule.warmup_lr);
  field("warmup_epochs", o.warmup_epochs);
  field("decay_epochs", o.decay_epochs);
  field("decay_rate", o.schedule.decay_rate);
  field("weight_decay", o.groups.weight_decay);
  field("backbone_lr", o.groups.backbone_lr);
  field("layer_decay", o.groups.layer_decay);
  field("freeze", o.groups.freeze);
  field("clip", o.clip);
  field("ema", o.ema);
  field("amp", Named{o.amp, parse_amp});
  field("label_smoothing", o.label_smoothing);
  field("drop_path", o.drop_path);
  field("dropout", o.dropout);
  field("distillation", Named{o.distillation, parse_distillation});
  field("distillation_share", o.distillation_share);
  field("distillation_temperature", o.distillation_temperature);
  field("crop_scale", o.augment.crop_scale);
  field("crop_ratio", o.augment.crop_ratio);
  field("flip", o.augment.flip);
  field("color_jitter", o.augment.color_jitter);
  field("rand_augment", o.augment.rand_augment);
  field("erasing", o.augment.erasing);
  field("mixup", o.augment.mixup);
  field("cutmix", o.augment.cutmix);
  field("scale_jitter", o.augment.scale_jitter);
  field("mosaic", o.augment.mosaic);
  field("patience", o.patience);
  field("evaluate_every", o.evaluate_every);
  field("most_bad_steps", o.most_bad_steps);
}

struct ToJson {
  nlohmann::ordered_json& json;
  template <class Value>
  void operator()(const char* name, const Value& value) const {
    json[name] = value;
  }
  template <class Enum>
  void operator()(const char* name, const Named<Enum>& named) const {
    json[name] = to_string(named.value);
  }
};

struct FromJson {
  const nlohmann::ordered_json& json;
  const std::string& subject;
  template <class Value>
  void operator()(const char* name, Value& value) const {
    try {
      value = json.at(name).get<Value>();
    } catch (const nlohmann::json::exception&) {
      throw Error(ErrorKind::input, subject, std::string("option '") + name + "' is missing or of another type");
    }
  }
  template <class Enum>
  void operator()(const char* name, Named<Enum> named) const {
    std::string text;
    (*this)(name, text);
    named.value = named.parse(text);
  }
};

}  // namespace

std::string_view to_string(Amp amp) {
  return amp == Amp::bf16 ? "bf16" : amp == Amp::fp16 ? "fp16" : "off";
}

std::string_view to_string(Distillation kind) {
  return kind == Distillation::soft ? "soft" : kind == Distillation::hard ? "hard" : "none";
}

Amp parse_amp(const std::string& name) {
  for (const auto amp : {Amp::off, Amp::bf16, Amp::fp16}) {
    if (to_string(amp) == name) return amp;
  }
  throw Error(ErrorKind::usage, "--amp", "'" + printable(name, 50) + "' is none of off, bf16, fp16");
}

Distillation parse_distillation(const std::string& name) {
  for (const auto kind : {Distillation::none, Distillation::soft, Distillation::hard}) {
    if (to_string(kind) == name) return kind;
  }
  throw Error(ErrorKind::usage, "--distill", "'" + printable(name, 50) + "' is none of none, soft, hard");
}

nlohmann::ordered_json to_json(const TrainOptions& options) {
  nlohmann::ordered_json json;
  auto copy = options;
  visit(copy, ToJson{json});
  return json;
}

TrainOptions train_options_from_json(const nlohmann::ordered_json& json, const std::string& subject) {
  TrainOptions options;
  visit(options, FromJson{json, subject});
  return options;
}

}  // namespace vitral::train
