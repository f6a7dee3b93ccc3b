#include "tests/apps/program.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace vitral::test {
namespace {

std::string quote(const std::string& word) {
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

std::string beside_me(const std::string& name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

Outcome run_shell(const std::string& command, const std::filesystem::path& folder, const std::string& program) {
  TemporaryFolder scratch;
  // Weights that the user of this machine has are none of the tests' business: the store is in their own folder.
  const std::string line = "cd " + quote(folder.string()) + " && export VITRAL=" + quote(beside_me(program)) +
                           " VITRAL_HOME=" + quote((folder / "home").string()) + " && { " + command + "; } >" +
                           quote((scratch / "out").string()) + " 2>" + quote((scratch / "err").string());
  const int status = std::system(("bash -c " + quote(line)).c_str());
  Outcome outcome;
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.out = slurp(scratch / "out");
  outcome.err = slurp(scratch / "err");
  return outcome;
}

Outcome run_vitral(const std::vector<std::string>& arguments, const std::filesystem::path& folder, const std::string& input,
                   const std::string& program) {
  TemporaryFolder scratch;
  spit(scratch / "in", input);
  std::string command = "\"$VITRAL\"";
  for (const auto& argument : arguments) command += " " + quote(argument);
  return run_shell(command + " < " + quote((scratch / "in").string()), folder, program);
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "vitral-test-XXXXXX").string();
  path_ = ::mkdtemp(pattern.data());
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void spit(const std::filesystem::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) result.push_back(line);
  return result;
}

}  // namespace vitral::test
