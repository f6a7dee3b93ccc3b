#include "apps/pull.h"

#include <nlohmann/json.hpp>

#include "apps/flags.h"
#include "apps/interrupt.h"
#include "apps/json_sink.h"
#include "apps/records.h"
#include "apps/registry.h"
#include "apps/user_store.h"
#include "common/core/sha256.h"
#include "common/core/text.h"
#include "common/download/download.h"
#include "common/weights/checkpoint.h"

namespace vitral::apps {
namespace {

struct PullFlags {
  ConsoleFlags console;
  OutputFlags output;
  std::string name, source, folder;
  double timeout = 30;
};

bool names_a_file(const std::string& url) {
  for (const char* end : {".safetensors", ".pth", ".pt", ".bin", ".tar", ".npz"}) {
    if (url.ends_with(end)) return true;
  }
  return false;
}

/// Where a mirror has the file: the hub's mirrors keep its paths, other folders the file names.
std::string at_mirror(std::string mirror, const Pretrained& published) {
  if (names_a_file(mirror)) return mirror;
  while (mirror.ends_with('/')) mirror.pop_back();
  const std::string hub = "https://huggingface.co";
  return mirror + (published.url.starts_with(hub) ? published.url.substr(hub.size()) : "/" + file_name(published));
}

/// A published file and where it is to lie.
class Pull {
 public:
  Pull(const PullFlags& flags, Console& console)
      : flags_(flags), console_(console), registry_(make_registry()), name_(registry_->resolve(flags.name)) {
    published_ = published_file(name_);
    if (name_.entry->bundled) {
      throw Error(ErrorKind::usage, "model " + name_.entry->name,
                  "is published nowhere: its weights travel with the program, or './run train-bundled " + name_.entry->name + "' makes them");
    }
    if (published_ == nullptr) {
      throw Error(ErrorKind::usage, "model " + printable(flags.name, 200), "nothing was published for it");
    }
    request_.url = flags.source.empty() ? published_->url : at_mirror(flags.source, *published_);
    request_.target = target();
    request_.bytes = published_->size.exact();
    request_.sha256 = published_->hash;
    request_.stall_seconds = flags.timeout;
    request_.user_agent = "vitral/" VITRAL_VERSION;
    request_.inspect = [](const std::filesystem::path& part) { weights::open(part); };
  }

  int run() {
    JsonSink json(console_, flags_.output.json, flags_.output.overwrite);
    std::error_code ignored;
    const bool there = !flags_.output.overwrite && std::filesystem::exists(request_.target, ignored);
    if (there) {
      check_what_is_there();
    } else if (!fetch()) {
      return kInterruptedExit;
    }
    if (json) json.write(json_line(record(there)));
    json.finish();
    if (!flags_.output.json_on_stdout()) console_.result(printable(request_.target.string()) + "\n");
    return 0;
  }

 private:
  std::filesystem::path target() const {
    if (!flags_.folder.empty()) return std::filesystem::path(flags_.folder) / file_name(*published_);
    const auto store = user_store();
    if (store.root().empty()) {
      throw Error(ErrorKind::usage, "models pull",
                  "neither VITRAL_HOME nor XDG_DATA_HOME nor HOME is set: name a folder with --dir");
    }
    return store.path_of(*name_.entry, *published_);
  }

  std::string full_name() const { return name_.entry->name + "." + published_->tag; }

  void check_what_is_there() {
    result_.sha256 = sha256_of_file(request_.target);
    result_.bytes = std::filesystem::file_size(request_.target);
    result_.hash_checked = !request_.sha256.empty();
    const bool same_size = request_.bytes == 0 || request_.bytes == result_.bytes;
    if (!same_size || !result_.sha256.starts_with(request_.sha256)) {
      throw Error(
          ErrorKind::weights, printable(request_.target.string()),
          "is there but has the SHA-256 " + result_.sha256 + ", expected " + request_.sha256 + "; -y fetches it again");
    }
    console_.note(full_name() + " is there already");
  }

  /// False where the user broke it off.
  bool fetch() {
    const std::string size = to_string(published_->size);
    console_.note(full_name() + " (" + published_->licence + (size.empty() ? "" : ", " + size) + ") from " +
                  request_.url);
    catch_interrupts();
    DownloadEvents events;
    events.progress = [&](std::uint64_t done, std::uint64_t total, std::uint64_t before) {
      console_.transfer(file_name(*published_), done, total, before);
      return !interrupted();
    };
    events.note = [&](const std::string& line) { console_.note(line); };
    try {
      result_ = download(request_, events);
    } catch (const DownloadStopped& stopped) {
      console_.error(stopped.what());
      return false;
    }
    console_.end_progress();
    if (result_.resumed_from > 0) console_.note("went on from " + human_bytes(result_.resumed_from));
    if (result_.hash_checked) {
      console_.note("verified: SHA-256 " + result_.sha256);
    } else {
      console_.warning("no hash was published for this file; it is a readable checkpoint, SHA-256 " + result_.sha256);
    }
    return true;
  }

  nlohmann::ordered_json record(bool was_there) const {
    return {{"schema", "vitral.pull/1"},
            {"model", name_.entry->name},
            {"tag", published_->tag},
            {"path", request_.target.string()},
            {"url", request_.url},
            {"bytes", result_.bytes},
            {"sha256", result_.sha256},
            {"hash_checked", result_.hash_checked},
            {"resumed_from", result_.resumed_from},
            {"was_there", was_there},
            {"licence", published_->licence}};
  }

  const PullFlags& flags_;
  Console& console_;
  std::shared_ptr<const Registry> registry_;
  ResolvedName name_;
  const Pretrained* published_ = nullptr;
  DownloadRequest request_;
  Downloaded result_;
};

}  // namespace

void add_models_pull(CLI::App& models, Context& context) {
  auto flags = std::make_shared<PullFlags>();
  auto* app = models.add_subcommand("pull", "fetch published weights and verify them; -m NAME finds them afterwards");
  app->add_option("NAME", flags->name, "a name (its first published file), NAME.TAG or an alias")->required();
  app->add_option("--source", flags->source, "a mirror: the file's own address, or a folder that holds it")
      ->type_name("URL");
  app->add_option("--dir", flags->folder, "put the file into DIR instead of $VITRAL_HOME or the user's data folder")
      ->type_name("DIR");
  app->add_option("--timeout", flags->timeout, "seconds without a byte after which a try ends")
      ->check(CLI::Range(1.0, 3'600.0))
      ->capture_default_str();
  flags->output.add_json(*app);
  flags->console.add(*app);
  app->footer("Example:\n  vitral models pull resnet50.tv_in1k\n  vitral classify -m resnet50.tv_in1k photo.jpg");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      return Pull(*flags, context.console).run();
    };
  });
}

}  // namespace vitral::apps
