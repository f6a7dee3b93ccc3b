#include "common/core/folder.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/core/file.h"
#include "common/core/text.h"

namespace vitral {
namespace {

constexpr int kToRead = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

/// Lets the kernel hold the path beneath the folder; errno is ENOSYS or EPERM where it can't.
int open_beneath(int folder, const std::string& name) {
  struct open_how how = {};
  how.flags = kToRead;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how));
}

/// The same folder by folder, following no symbolic link.
int walk_beneath(int folder, const std::string& name) {
  const std::filesystem::path relative(name);
  int at = ::dup(folder);
  for (auto part = relative.begin(); at >= 0 && part != relative.end(); ++part) {
    const bool is_last = std::next(part) == relative.end();
    const int next = ::openat(at, part->c_str(), kToRead | O_NOFOLLOW | (is_last ? 0 : O_DIRECTORY));
    const int error = errno;
    ::close(at);
    errno = error;
    at = next;
  }
  return at;
}

}  // namespace

void check_beneath(const std::string& name) {
  const std::filesystem::path path(name);
  const bool climbs = std::any_of(path.begin(), path.end(), [](const auto& part) { return part == ".."; });
  if (name.empty() || path.is_absolute() || climbs || name.find('\0') != std::string::npos) {
    throw Error(ErrorKind::input, "'" + printable(name, 300) + "'", "leads outside of the data set");
  }
}

Folder::Folder(std::filesystem::path path) : path_(std::move(path)) {
  fd_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd_ < 0) {
    const auto reason = std::generic_category().message(errno);
    throw Error(ErrorKind::input, printable(path_.string(), 1'000), "can't be opened as a folder: " + reason);
  }
}

Folder::~Folder() {
  ::close(fd_);
}

std::string Folder::read(const std::string& name, std::uint64_t max_bytes) const {
  check_beneath(name);
  int fd = open_beneath(fd_, name);
  if (fd < 0 && (errno == ENOSYS || errno == EPERM)) fd = walk_beneath(fd_, name);
  const std::string full = (path_ / name).string();
  if (fd < 0 && (errno == EXDEV || errno == ELOOP)) {
    throw Error(ErrorKind::input, printable(full, 1'000), "leads outside of the data set by a symbolic link");
  }
  return read_descriptor(fd, full, ErrorKind::input, max_bytes);
}

}  // namespace vitral
