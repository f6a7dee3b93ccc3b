// Loaded into the program, fails one call that makes files durable: the N-th of $VITRAL_FAULT's kind ("write:3",
// "fsync:1", "rename:2"), counted over files below $VITRAL_FAULT_FOLDER.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

bool is_below(const char* path) {
  const char* folder = std::getenv("VITRAL_FAULT_FOLDER");
  return folder != nullptr && path != nullptr && std::strncmp(path, folder, std::strlen(folder)) == 0;
}

bool is_below(int fd) {
  char link[64], path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const auto size = readlink(link, path, sizeof path - 1);
  if (size < 0) return false;
  path[size] = 0;
  return is_below(path);
}

/// True where this call of `kind` is the one that fails.
bool fails(const char* kind) {
  static std::atomic<int> counts[3];
  const char* wish = std::getenv("VITRAL_FAULT");
  if (wish == nullptr || std::strncmp(wish, kind, std::strlen(kind)) != 0 || wish[std::strlen(kind)] != ':')
    return false;
  auto& count = counts[*kind == 'w' ? 0 : *kind == 'f' ? 1 : 2];
  return ++count == std::atoi(wish + std::strlen(kind) + 1);
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* bytes, size_t count) {
  if (is_below(fd) && fails("write")) {
    errno = ENOSPC;
    return -1;
  }
  return next<ssize_t (*)(int, const void*, size_t)>("write")(fd, bytes, count);
}

int fsync(int fd) {
  if (is_below(fd) && fails("fsync")) {
    errno = EIO;
    return -1;
  }
  return next<int (*)(int)>("fsync")(fd);
}

int rename(const char* from, const char* to) {
  if (is_below(to) && fails("rename")) {
    errno = EIO;
    return -1;
  }
  return next<int (*)(const char*, const char*)>("rename")(from, to);
}

}  // extern "C"
