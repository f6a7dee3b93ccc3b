// vitral completion: what a shell needs to complete the command line.
#include "apps/command.h"
#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral::apps {
namespace {

struct Words {
  std::string path;                ///< "weights convert", or empty for the root
  std::vector<std::string> words;  ///< subcommands and flags
};

void collect(const CLI::App& app, const std::string& path, std::vector<Words>& all) {
  Words here{path, {}};
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) here.words.push_back("--" + name);
    for (const auto& name : option->get_snames()) here.words.push_back("-" + name);
  }
  for (const auto* sub : app.get_subcommands({})) {
    here.words.push_back(sub->get_name());
    collect(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), all);
  }
  all.push_back(std::move(here));
}

std::string bash(const std::vector<Words>& all) {
  std::string script =
      "_vitral() {\n  local path=\"\" word\n  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$word\" in -*) ;; *) case \" $path $word \" in\n";
  for (const auto& each : all) {
    if (!each.path.empty()) script += "      \"  " + each.path + " \"|\" " + each.path + " \") path=\"" + each.path + "\" ;;\n";
  }
  script += "    esac ;; esac\n  done\n  local words\n  case \"$path\" in\n";
  for (const auto& each : all) script += "    \"" + each.path + "\") words=\"" + join(each.words, " ") + "\" ;;\n";
  return script +
         "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\") $(compgen -f -- "
         "\"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o filenames -F _vitral vitral\n";
}

std::string fish(const std::vector<Words>& all) {
  std::string script = "complete -c vitral -e\n";
  for (const auto& each : all) {
    std::string condition = each.path.empty() ? "__fish_use_subcommand" : "__fish_seen_subcommand_from " + each.path.substr(each.path.rfind(' ') + 1);
    for (const auto& word : each.words) {
      script += "complete -c vitral -n '" + condition + "' ";
      script += word.starts_with("--") ? "-l " + word.substr(2) : word.starts_with("-") ? "-s " + word.substr(1) : "-f -a " + word;
      script += "\n";
    }
  }
  return script;
}

}  // namespace

void add_completion(CLI::App& root, Context& context) {
  auto shell = std::make_shared<std::string>();
  auto* app = root.add_subcommand("completion", "a completion script for a shell");
  app->add_option("SHELL", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  app->footer("Example:\n  source <(vitral completion bash)");
  app->callback([shell, &root, &context] {
    context.run = [shell, &root, &context] {
      std::vector<Words> all;
      collect(root, "", all);
      if (*shell == "fish") {
        context.console.result(fish(all));
      } else {
        context.console.result((*shell == "zsh" ? "autoload -U +X bashcompinit && bashcompinit\n" : "") + bash(all));
      }
      return 0;
    };
  });
}

}  // namespace vitral::apps
