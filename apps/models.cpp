// vitral models: what can be built, and where weights for it were published.
#include <nlohmann/json.hpp>

#include "apps/command.h"
#include "apps/flags.h"
#include "apps/json_sink.h"
#include "apps/pull.h"
#include "apps/records.h"
#include "apps/registry.h"
#include "apps/user_store.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

struct ModelsFlags {
  ConsoleFlags console;
  OutputFlags output;
  std::string name, task;
};

/// "bytes" is what a download must have; anything less certain goes by another name.
void add_size(nlohmann::ordered_json& json, const FileSize& size) {
  if (size.bytes == 0) return;
  json[size.exact() > 0 ? "bytes" : "about_bytes"] = size.bytes;
  if (size.exact() == 0) json["about_from"] = size.known == SizeKnown::stated ? "publisher" : "parameters";
}

/// Of the first file that lies anywhere, which a plain name stands for.
FileSize size_of(const ModelEntry& entry) {
  const auto* file = published_file({&entry, nullptr});
  return file != nullptr ? file->size : entry.pretrained.front().size;
}

nlohmann::ordered_json describe(const ModelEntry& entry, const Pretrained& published, const ModelStore& store) {
  nlohmann::ordered_json json = {{"tag", published.tag},
                                 {"origin", published.origin},
                                 {"file", published.file},
                                 {"url", published.url},
                                 {"hash", published.hash},
                                 {"licence", published.licence},
                                 {"num_classes", published.num_classes},
                                 {"preprocess", to_json(published.preprocess)}};
  add_size(json, published.size);
  if (const auto path = store.find(entry, published)) json["path"] = path->string();
  if (published.top1 > 0) json["top1"] = published.top1;
  if (published.top5 > 0) json["top5"] = published.top5;
  if (published.ap > 0) json["AP"] = published.ap;
  if (published.ap50 > 0) json["AP50"] = published.ap50;
  return json;
}

/// {height, width}; where the input follows the picture's shape, its short side and the longest that the other may be.
std::array<int, 2> input_size(const Preprocess& preprocess) {
  if (preprocess.height > 0) return {preprocess.height, preprocess.width};
  return {preprocess.resize, preprocess.longest};
}

/// Whether the weights of `entry` travel with this program.
bool is_bundled(const ModelEntry& entry, const ModelStore& store) {
  return entry.bundled && store.find(entry, entry.pretrained.front()).has_value();
}

nlohmann::ordered_json describe(const ModelEntry& entry, const ModelStore& store, bool whole) {
  const auto& first = entry.pretrained.front();
  nlohmann::ordered_json json = {{"name", entry.name},
                                 {"task", to_string(entry.task)},
                                 {"bundled", is_bundled(entry, store)},
                                 {"family", entry.family},
                                 {"aliases", entry.aliases},
                                 {"params", entry.params},
                                 {"gmacs", entry.gmacs},
                                 {"input", input_size(first.preprocess)},
                                 {"licence", first.licence},
                                 {"pulled", store.tags(entry)},
                                 {"paper", entry.paper}};
  add_size(json, size_of(entry));
  if (first.top1 > 0) json["top1"] = first.top1;
  if (first.ap > 0) json["AP"] = first.ap;
  if (!whole) return json;
  json["preprocess"] = explain(first.preprocess);
  auto files = nlohmann::ordered_json::array();
  for (const auto& published : entry.pretrained) files.push_back(describe(entry, published, store));
  json["pretrained"] = files;
  return json;
}

/// Bundled ones first, then as registered.
std::vector<const ModelEntry*> listed(const Registry& registry, const ModelStore& store, const std::string& task) {
  std::vector<const ModelEntry*> entries;
  for (const bool bundled : {true, false}) {
    for (const auto& entry : registry.entries()) {
      if (is_bundled(*entry, store) == bundled && (task.empty() || to_string(entry->task) == task))
        entries.push_back(entry.get());
    }
  }
  return entries;
}

int list(const ModelsFlags& flags, Console& console) {
  const auto registry = make_registry();
  const auto store = user_store();
  const auto entries = listed(*registry, store, flags.task);
  JsonSink json(console, flags.output.json, flags.output.overwrite);
  if (json) {
    auto models = nlohmann::ordered_json::array();
    for (const auto* entry : entries) models.push_back(describe(*entry, store, false));
    json.write(json_line({{"models", models}}));
    json.finish();
  }
  if (flags.output.json_on_stdout()) return 0;
  std::string text =
      "name                                      task      params M   GMACs   size  top-1/AP licence       file MiB  "
      "here\n";
  for (const auto* entry : entries) {
    const auto& first = entry->pretrained.front();
    const double published = first.top1 > 0 ? first.top1 : first.ap;
    const auto size = size_of(*entry);
    const double mebibytes = static_cast<double>(size.bytes) / (1024 * 1024);
    char accuracy[16] = "-", file[16] = "-", line[256];
    if (published > 0) std::snprintf(accuracy, sizeof accuracy, "%.2f", published);
    const char* sign = size.known == SizeKnown::estimated ? "~" : "";
    if (mebibytes > 0) std::snprintf(file, sizeof file, "%s%.1f", sign, mebibytes);
    std::snprintf(line, sizeof line, "%-41s %-9s %8.2f %7.2f %6d  %-8s %-13s %8s  %s", entry->name.c_str(),
                  std::string(to_string(entry->task)).c_str(), static_cast<double>(entry->params) / 1e6, entry->gmacs,
                  input_size(first.preprocess)[0], accuracy, first.licence.c_str(), file,
                  is_bundled(*entry, store) ? "bundled" : "");
    text += line + (entry->bundled ? std::string() : join(store.tags(*entry))) + "\n";
  }
  console.result(text);
  return 0;
}

int show(const ModelsFlags& flags, Console& console) {
  const auto registry = make_registry();
  const auto resolved = registry->resolve(flags.name);
  const auto& entry = *resolved.entry;
  JsonSink json(console, flags.output.json, flags.output.overwrite);
  if (json) json.write(json_line(describe(entry, user_store(), true)));
  json.finish();
  if (flags.output.json_on_stdout()) return 0;
  const auto store = user_store();
  std::string text = entry.name + "\n  family      " + entry.family + "\n  paper       " + entry.paper +
                     "\n  parameters  " + std::to_string(entry.params) + "\n  GMACs       " +
                     std::to_string(entry.gmacs).substr(0, std::to_string(entry.gmacs).find('.') + 3) + "\n";
  if (!entry.aliases.empty()) text += "  aliases     " + join(entry.aliases) + "\n";
  text += "  published checkpoints\n";
  for (const auto& published : entry.pretrained) {
    char accuracy[48] = "";
    if (published.top1 > 0)
      std::snprintf(accuracy, sizeof accuracy, "  top-1 %.2f  top-5 %.2f", published.top1, published.top5);
    if (published.ap > 0) std::snprintf(accuracy, sizeof accuracy, "  box AP %.1f", published.ap);
    const std::string size = to_string(published.size);
    text += "    " + entry.name + "." + published.tag + "  (" + published.origin + ", " + published.licence +
            (size.empty() ? "" : ", " + size) + ")" + accuracy + "\n      " + explain(published.preprocess) + "\n";
    if (!published.url.empty()) text += "      " + published.url + "\n";
    if (const auto path = store.find(entry, published)) text += "      here: " + printable(path->string()) + "\n";
  }
  console.result(text);
  return 0;
}

void finish(CLI::App& app, Context& context, const std::shared_ptr<ModelsFlags>& flags,
            int (*action)(const ModelsFlags&, Console&)) {
  flags->output.add_json(app);
  flags->console.add(app);
  app.callback([flags, action, &context] {
    context.run = [flags, action, &context] {
      flags->console.apply(context.console);
      return action(*flags, context.console);
    };
  });
}

}  // namespace

void add_models(CLI::App& root, Context& context) {
  auto* app = root.add_subcommand("models", "what can be built, where weights were published, and fetching them");
  app->require_subcommand(1);
  app->footer("Example:\n  vitral models list --task classify\n  vitral models pull resnet50.tv_in1k");

  auto of_list = std::make_shared<ModelsFlags>();
  auto* on_list = app->add_subcommand("list", "every registered network");
  on_list->add_option("--task", of_list->task, "only networks for this")->check(CLI::IsMember({"classify", "detect"}));
  on_list->footer("Example:\n  vitral models list --json -");
  finish(*on_list, context, of_list, list);

  auto of_show = std::make_shared<ModelsFlags>();
  auto* on_show = app->add_subcommand("show", "one network with its published checkpoints");
  on_show->add_option("NAME", of_show->name, "a name or alias")->required();
  on_show->footer("Example:\n  vitral models show vit_base_patch16_224");
  finish(*on_show, context, of_show, show);

  add_models_pull(*app, context);
}

}  // namespace vitral::apps
