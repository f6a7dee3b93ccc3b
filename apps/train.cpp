// vitral train: networks that learn from a data set.
#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include "apps/command.h"
#include "apps/interrupt.h"
#include "apps/registry.h"
#include "apps/train_flags.h"
#include "apps/train_run.h"
#include "apps/user_store.h"
#include "common/core/sha256.h"
#include "common/core/text.h"
#include "common/nn/onednn.h"
#include "common/runtime/device.h"
#include "common/runtime/provenance.h"
#include "datasets/readers/open.h"
#include "train/trainer.h"

namespace vitral::apps {
namespace {

namespace fs = std::filesystem;

class ConsoleListener final : public train::Listener {
 public:
  /// `speaker`: which process warns, where there are several.
  ConsoleListener(Console& console, std::string speaker) : console_(console), speaker_(std::move(speaker)) {}

  void stepped(const Step& step) override {
    char what[64];
    std::snprintf(what, sizeof what, "epoch %llu  loss %.4f  lr %.2e", static_cast<unsigned long long>(step.epoch + 1),
                  step.loss, step.lr);
    console_.progress(what, static_cast<std::uint64_t>(step.step),
                      static_cast<std::uint64_t>(std::max(step.steps, step.step)));
  }

  void finished_epoch(const std::string& record, bool is_best) override {
    const auto json = nlohmann::ordered_json::parse(record);
    char text[200];
    std::snprintf(text, sizeof text, "epoch %lld  loss %.4f  lr %.2e  %.1f pictures/s",
                  json["epoch"].get<long long>() + 1, json["train"]["loss"].get<double>(), json["lr"].get<double>(),
                  json["images_per_s"].get<double>());
    std::string line = text;
    if (json.contains("val")) {
      for (const auto& [name, value] : json["val"].items()) {
        if (name == "unreadable") continue;
        std::snprintf(text, sizeof text, "  %s %.4f", name.c_str(), value.get<double>());
        line += text;
      }
    }
    console_.end_progress();
    console_.note(line + (is_best ? "  best" : ""));
  }

  void warning(const std::string& line) override { console_.warning(speaker_ + line); }

 private:
  Console& console_;
  std::string speaker_;
};

std::string absolute(const std::string& path) {
  return path.empty() ? path : fs::absolute(path).lexically_normal().string();
}

std::shared_ptr<const Dataset> open(const RunPlan& plan, const fs::path& path, const std::string& split, bool strict,
                                    Console& console) {
  const auto format = plan.format.empty() ? guess_data_format(path) : parse_data_format(plan.format);
  DataProblemHandler handler;
  std::size_t problems = 0;
  if (!strict) {
    handler = [&](const DataProblem& problem) {
      if (++problems <= 5) console.warning("left out: " + problem.text());
    };
  }
  std::shared_ptr<const Dataset> set = open_dataset(path, format, split, handler);
  if (problems > 5) console.warning(std::to_string(problems) + " records left out ('vitral data check' names them)");
  return set;
}

std::string default_split(const RunPlan& plan) {
  const auto format = plan.format.empty() ? guess_data_format(plan.data) : parse_data_format(plan.format);
  return judging_split(plan.data, format, plan.split).value_or("none");
}

train::TrainingData open_data(RunPlan& plan, bool strict, Console& console) {
  train::TrainingData data;
  data.train = open(plan, plan.data, plan.split, strict, console);
  if (plan.val.empty()) plan.val = default_split(plan);
  if (plan.val == "none") {
    console.note("no validation: the last epoch counts as the best");
  } else if (fs::is_directory(plan.val)) {
    data.val =
        open(plan, plan.val, default_split({.data = plan.val, .format = plan.format, .split = ""}), strict, console);
  } else {
    data.val = open(plan, plan.data, plan.val, strict, console);
  }
  if (data.val && data.val->task() != data.train->task()) {
    throw Error(ErrorKind::input, printable(plan.val, 500), "is a data set for another task than the training set");
  }
  return data;
}

/// Gives the record the data set's names and ids; class 0 of a network that has a background stands for nothing.
void name_classes(NativeRecord& record, const Classes& classes, std::int64_t first_class) {
  record.labels = classes.names;
  record.category_ids = classes.ids;
  if (first_class == 0) return;
  record.labels.insert(record.labels.begin(), "");
  std::int64_t unused = 0;
  while (std::find(classes.ids.begin(), classes.ids.end(), unused) != classes.ids.end()) ++unused;
  record.category_ids.insert(record.category_ids.begin(), unused);
}

LoadedModel load_student(const Registry& registry, const RunPlan& plan, const Classes& classes, Task task) {
  LoadRequest request;
  request.model = plan.model;
  if (!plan.weights.empty()) request.weights = plan.weights;
  request.store = user_store();
  request.origin = plan.origin;
  if (!plan.imgsz.empty()) request.image_size = parse_size(plan.imgsz);
  request.seed = plan.options.seed;
  request.allow_random = true;
  request.storage = weights::Storage::copied;
  request.drop_path = plan.options.drop_path;
  request.dropout = plan.options.dropout;
  request.num_classes = static_cast<std::int64_t>(classes.size());
  auto model = load_model(registry, request);
  if (model.entry->task != task) {
    throw Error(
        ErrorKind::usage, "model " + model.entry->name,
        task == Task::detect ? "is a classifier, and the data has boxes" : "is a detector, and the data has no boxes");
  }
  std::int64_t first = 0;
  if (task == Task::detect && (first = model.detector().first_class()) > 0) {
    *request.num_classes += first;
    model = load_model(registry, request);
  }
  name_classes(model.record, classes, first);
  return model;
}

class Training {
 public:
  Training(const TrainFlags& flags, Console& console)
      : flags_(flags),
        launch_(train::launch_of(::getenv)),
        console_(launch_.rank == 0 ? console : silent_),
        loud_(console) {
    silent_.configure({.quiet = true});
  }

  int run() {
    const auto device = device_of_this_process();
    const auto peers = launch_.world > 1 ? train::meet(launch_, device) : nullptr;
    const bool resumed = flags_.is_resumed;
    const fs::path folder = !flags_.resume.empty() ? flags_.resume : flags_.output.output;
    if (folder.empty()) throw Error(ErrorKind::usage, "-o", "names the folder of the run");
    auto plan = resumed ? read_plan(folder) : new_plan();
    if (resumed) flags_.extend(plan.options);
    if (!resumed && launch_.rank == 0 && fs::exists(folder / "run.json") && !flags_.output.overwrite) {
      throw Error(ErrorKind::usage, printable(folder.string()),
                  "holds a run already: --resume goes on with it, -y begins anew");
    }
    if (flags_.threads > 0) at::set_num_threads(flags_.threads);
    at::globalContext().setFlushDenormal(true);
    if (device.is_cpu() && nn::onednn::prefer_for_products()) console_.detail("fp32 products by oneDNN");
    const auto registry = make_registry();
    const auto data = open_data(plan, flags_.output.strict, console_);
    const auto task = data.train->task();
    if (!flags_.task.empty() && (flags_.task == "detect") != (task == Task::detect)) {
      throw Error(ErrorKind::usage, "--task " + flags_.task,
                  "does not fit the data, which is for " + std::string(to_string(task)));
    }
    if (!resumed) plan.options = flags_.options(task, has_weights(*registry, plan), amp_of(device));
    auto model = load_student(*registry, plan, data.train->classes(), task);
    auto teacher = load_teacher(*registry, plan);
    return train(plan, data, model, teacher ? &*teacher : nullptr, folder, device, resumed, peers.get());
  }

 private:
  at::Device device_of_this_process() const {
    const auto device = resolve_device(flags_.device);
    const bool chosen = flags_.device.find(':') != std::string::npos;
    if (!device.is_cuda() || chosen || launch_.world == 1) return device;
    return resolve_device("cuda:" + std::to_string(launch_.local_rank));
  }

  /// What layers compute in where nobody says: on a GPU bf16 costs nothing but last digits; on a CPU it is a choice.
  static train::Amp amp_of(const at::Device& device) {
    const bool has_bf16 = !device.is_cpu() && resolve_precision("auto", device) == nn::Precision::bf16;
    return has_bf16 ? train::Amp::bf16 : train::Amp::off;
  }

  RunPlan new_plan() const {
    if (flags_.model.model.empty()) throw Error(ErrorKind::usage, "-m", "names the model to train");
    if (flags_.data.empty()) throw Error(ErrorKind::usage, "--data", "names the data set");
    RunPlan plan;
    plan.model = fs::is_regular_file(flags_.model.model) ? absolute(flags_.model.model) : flags_.model.model;
    plan.weights = absolute(flags_.model.weights);
    plan.origin = flags_.model.origin;
    plan.imgsz = flags_.model.imgsz;
    plan.data = absolute(flags_.data);
    plan.format = flags_.format;
    plan.split = flags_.split;
    plan.val = fs::is_directory(flags_.val) ? absolute(flags_.val) : flags_.val;
    plan.teacher = fs::is_regular_file(flags_.teacher) ? absolute(flags_.teacher) : flags_.teacher;
    return plan;
  }

  /// Whether the model comes with trained weights.
  static bool has_weights(const Registry& registry, const RunPlan& plan) {
    if (!plan.weights.empty() || fs::is_regular_file(plan.model)) return true;
    const auto name = registry.resolve(plan.model);
    const auto* file = published_file(name);
    return file != nullptr && user_store().find(*name.entry, *file).has_value();
  }

  static std::optional<LoadedModel> load_teacher(const Registry& registry, const RunPlan& plan) {
    if (plan.teacher.empty()) return std::nullopt;
    LoadRequest request;
    request.model = plan.teacher;
    request.store = user_store();
    auto teacher = load_model(registry, request);
    teacher.classifier();
    return teacher;
  }

  void make_folder(const fs::path& folder) const {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) throw Error(ErrorKind::usage, printable(folder.string()), "can't be made: " + error.message());
  }

  nlohmann::ordered_json facts(const RunPlan& plan, const train::TrainingData& data, const LoadedModel& model,
                               const at::Device& device) const {
    nlohmann::ordered_json facts = {{"architecture", model.entry->name},
                                    {"device", device.str()},
                                    {"classes", data.train->classes().names},
                                    {"train_pictures", data.train->size()},
                                    {"train_sha256", hash_of(*data.train)}};
    if (data.val) {
      facts["val_pictures"] = data.val->size();
      facts["val_sha256"] = hash_of(*data.val);
    }
    if (model.checkpoint) {
      facts["weights_sha256"] = sha256_of_file(model.checkpoint->path);
      if (const auto earlier = training_record(*model.checkpoint)) facts["earlier"] = to_json(*earlier);
    }
    if (!plan.teacher.empty() && fs::is_regular_file(plan.teacher))
      facts["teacher_sha256"] = sha256_of_file(plan.teacher);
    facts["adapted"] = model.notes;
    return facts;
  }

  int train(const RunPlan& plan, const train::TrainingData& data, LoadedModel& model, LoadedModel* teacher,
            const fs::path& folder, const at::Device& device, bool resumed, train::Peers* peers) {
    for (const auto& note : model.notes) console_.note(note);
    if (!model.checkpoint)
      console_.note(model.entry->name + " starts from random weights (seed " + std::to_string(plan.options.seed) + ")");
    ConsoleListener listener(loud_, peers == nullptr ? "" : "process " + std::to_string(launch_.rank) + ": ");
    train::Trainer trainer(model, data, plan.options,
                           {device, flags_.workers, teacher, flags_.output.strict, {folder}, peers}, listener);
    if (resumed) {
      trainer.resume();
    } else if (launch_.rank == 0) {
      make_folder(folder);  // not before everything that was asked for makes sense
      write_plan(folder, plan, facts(plan, data, model, device));
    }
    console_.note(std::to_string(data.train->size()) + " pictures, " + std::to_string(data.train->classes().size()) +
                  " classes, " + std::to_string(trainer.steps_per_epoch()) + " steps an epoch, recipe " +
                  plan.options.recipe + (device.is_cpu() ? "" : ", " + device.str()) +
                  (plan.options.amp == train::Amp::off ? "" : ", " + std::string(to_string(plan.options.amp))) +
                  (peers ? ", " + std::to_string(launch_.world) + " processes by " + peers->transport() : ""));
    trainer.try_largest_batch();
    catch_interrupts();
    const auto outcome = trainer.run(interrupted);
    console_.end_progress();
    if (outcome == train::Outcome::interrupted) {
      console_.note("interrupted; 'vitral train --resume " + printable(folder.string(), 500) + "' goes on");
      return kInterruptedExit;
    }
    if (outcome == train::Outcome::out_of_patience)
      console_.note("no better result for " + std::to_string(plan.options.patience) + " epochs");
    console_.note("written: " + printable((folder / "best.safetensors").string(), 500));
    return 0;
  }

  const TrainFlags& flags_;
  train::Launch launch_;
  Console silent_;
  Console& console_;  // of the first process; the others tell what is the same for all to nobody
  Console& loud_;
};

}  // namespace

void add_train(CLI::App& root, Context& context) {
  auto flags = std::make_shared<TrainFlags>();
  auto* app = root.add_subcommand("train", "let a network learn from a data set");
  flags->add(*app);
  app->footer(
      "Examples:\n  vitral train -m vit_tiny_patch16_224 --data flowers/ -o runs/flowers\n"
      "  vitral train -m rtdetr_r18vd -w rtdetr_r18vd.pth --data my_coco/ --epochs 30 -o runs/mine\n"
      "  vitral train --resume runs/mine");
  app->callback([flags, app, &context] {
    flags->is_resumed = app->count("--resume") > 0;
    if (app->count("--ema") > 0 && flags->ema.empty()) flags->ema = "0.9998";
    if (app->count("--amp") > 0 && flags->amp.empty()) flags->amp = "bf16";
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      flags->model.image_size();
      return Training(*flags, context.console).run();
    };
  });
}

}  // namespace vitral::apps
