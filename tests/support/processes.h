/// Which processes there are, as /proc has them.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace vitral::test {

/// Of a process: its state ('R', 'S', 'T', 'Z' …; 0 where there is none) and its parent.
struct ProcessState {
  char state = 0;
  pid_t parent = 0;
  bool runs() const { return state != 0 && state != 'Z' && state != 'X'; }
};

inline ProcessState process_state(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto name_end = text.rfind(')');  // the name may hold anything
  if (name_end == std::string::npos) return {};
  return {text[name_end + 2], static_cast<pid_t>(std::stoi(text.substr(name_end + 4)))};
}

/// The children of a process, zombies among them.
inline std::vector<pid_t> children_of(pid_t process) {
  std::vector<pid_t> children;
  std::error_code gone;
  for (std::filesystem::directory_iterator it("/proc", gone), end; !gone && it != end; it.increment(gone)) {
    const std::string name = it->path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto child = static_cast<pid_t>(std::stoi(name));
    if (const auto state = process_state(child); state.state != 0 && state.parent == process) children.push_back(child);
  }
  return children;
}

}  // namespace vitral::test
