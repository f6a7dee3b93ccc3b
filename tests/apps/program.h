/// Runs the program as a user would.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vitral::test {

struct Outcome {
  int code = -1;
  std::string out, err;
};

/// A file that lies in the folder of this test's own program; a path stays as it is. So no test is compiled with the
/// place of its clone.
std::string beside_me(const std::string& name);

/// Runs `vitral arguments…` in `folder`; `input` goes to its standard input.
Outcome run_vitral(const std::vector<std::string>& arguments, const std::filesystem::path& folder, const std::string& input = "",
                   const std::string& program = VITRAL_PROGRAM);

/// Runs a shell command line with $VITRAL set to the program.
Outcome run_shell(const std::string& command, const std::filesystem::path& folder, const std::string& program = VITRAL_PROGRAM);

/// A folder that disappears with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

std::string slurp(const std::filesystem::path& path);
void spit(const std::filesystem::path& path, const std::string& bytes);
std::vector<std::string> lines(const std::string& text);

}  // namespace vitral::test
