#include "common/core/file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "common/core/text.h"

namespace vitral {
namespace {

// The handler may only touch lock-free state: a fixed table of the mapped ranges.
struct MappedRange {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uintptr_t> end{0};
  std::atomic<bool> torn{false};
};
std::array<MappedRange, 1024> mapped_ranges;
struct sigaction previous_sigbus;

void on_sigbus(int signal, siginfo_t* info, void* context) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  const auto page_size = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (auto& range : mapped_ranges) {
    if (address < range.begin.load() || address >= range.end.load()) continue;
    // Put a page of zeros where the file ended: the reader goes on, and check() reports it.
    void* page = reinterpret_cast<void*>(address & ~(page_size - 1));
    if (::mmap(page, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
      range.torn.store(true);
      return;
    }
  }
  ::sigaction(SIGBUS, &previous_sigbus, nullptr);  // not ours: let it take its usual course
  if (previous_sigbus.sa_flags & SA_SIGINFO) return previous_sigbus.sa_sigaction(signal, info, context);
  ::raise(signal);  // one that was sent, not caused, would not come again
}

int claim_range(const std::byte* data, std::size_t size) {
  static std::once_flag installed;
  std::call_once(installed, [] {
    struct sigaction action = {};
    action.sa_sigaction = on_sigbus;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(SIGBUS, &action, &previous_sigbus);
  });
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  for (std::size_t i = 0; i < mapped_ranges.size(); ++i) {
    if (mapped_ranges[i].end.load() != 0) continue;
    mapped_ranges[i].torn.store(false);
    mapped_ranges[i].begin.store(reinterpret_cast<std::uintptr_t>(data));
    mapped_ranges[i].end.store(reinterpret_cast<std::uintptr_t>(data) + size);
    return static_cast<int>(i);
  }
  return -1;
}

std::string reason(int error) {
  return std::generic_category().message(error);
}

/// `fd`, moved away from 0 to 2, which are for the standard streams; -1 stays -1, with errno.
int above_standard_streams(int fd) {
  if (fd < 0 || fd > 2) return fd;
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  ::close(fd);
  return moved;
}

/// Closes `fd` and throws unless it is a regular file of at most `max_bytes`; gives its size.
std::uint64_t checked_size(int fd, const std::string& name, ErrorKind kind, std::uint64_t max_bytes) {
  if (fd < 0) throw Error(kind, printable(name), "can't be opened: " + reason(errno));
  struct stat status = {};
  std::string problem;
  if (::fstat(fd, &status) != 0) {
    problem = "can't be read: " + reason(errno);
  } else if (S_ISDIR(status.st_mode)) {
    problem = "is a folder, expected a file";
  } else if (!S_ISREG(status.st_mode)) {
    problem = "is no regular file (a pipe, device or socket)";
  } else if (static_cast<std::uint64_t>(status.st_size) > max_bytes) {
    problem =
        "has " + human_bytes(static_cast<std::uint64_t>(status.st_size)) + ", the limit is " + human_bytes(max_bytes);
  }
  if (!problem.empty()) {
    ::close(fd);
    throw Error(kind, printable(name), problem);
  }
  return static_cast<std::uint64_t>(status.st_size);
}

/// Opens without blocking on a FIFO.
int open_to_read(const std::filesystem::path& path) {
  return above_standard_streams(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path, ErrorKind kind,
                                                   std::uint64_t max_bytes) {
  std::shared_ptr<MappedFile> file(new MappedFile);
  file->path_ = path.string();
  file->kind_ = kind;
  const int fd = open_to_read(path);
  const std::uint64_t size = checked_size(fd, file->path_, kind, max_bytes);
  file->fd_ = fd;
  file->size_ = size;
  if (size == 0) return file;
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file->fd_, 0);
  if (data == MAP_FAILED) throw Error(kind, printable(file->path_), "can't be mapped: " + reason(errno));
  file->data_ = static_cast<const std::byte*>(data);
  file->slot_ = claim_range(file->data_, size);
  if (file->slot_ < 0) throw Error(ErrorKind::failed, printable(file->path_), "too many files are mapped at once");
  return file;
}

MappedFile::~MappedFile() {
  if (slot_ >= 0) {
    mapped_ranges[static_cast<std::size_t>(slot_)].begin.store(0);
    mapped_ranges[static_cast<std::size_t>(slot_)].end.store(0);
  }
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
  if (fd_ >= 0) ::close(fd_);
}

void MappedFile::check() const {
  struct stat status = {};
  const bool torn = slot_ >= 0 && mapped_ranges[static_cast<std::size_t>(slot_)].torn.load();
  if (torn || (::fstat(fd_, &status) == 0 && static_cast<std::uint64_t>(status.st_size) < size_)) {
    throw Error(kind_, printable(path_), "became shorter while it was read (it had " + human_bytes(size_) + ")");
  }
}

void MappedFile::release(std::span<const std::byte> range) const {
  const auto page_size = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(range.data()) + page_size - 1) & ~(page_size - 1);
  const auto end = (reinterpret_cast<std::uintptr_t>(range.data()) + range.size()) & ~(page_size - 1);
  const auto own = reinterpret_cast<std::uintptr_t>(data_);
  if (begin < own || end > own + size_ || begin >= end) return;
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

std::string read_file(const std::filesystem::path& path, ErrorKind kind, std::uint64_t max_bytes) {
  return read_descriptor(open_to_read(path), path.string(), kind, max_bytes);
}

std::string read_descriptor(int fd, const std::string& name, ErrorKind kind, std::uint64_t max_bytes) {
  fd = above_standard_streams(fd);
  std::string bytes(checked_size(fd, name, kind, max_bytes), '\0');
  std::size_t have = 0;
  ssize_t got = 0;
  while (have < bytes.size() && (got = ::read(fd, bytes.data() + have, bytes.size() - have)) != 0) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    have += static_cast<std::size_t>(got);
  }
  const int error = got < 0 ? errno : 0;
  ::close(fd);
  if (error != 0) throw Error(kind, printable(name), "can't be read: " + reason(error));
  bytes.resize(have);
  return bytes;
}

AtomicFile::AtomicFile(std::filesystem::path path, bool overwrite) : path_(std::move(path)), overwrite_(overwrite) {
  std::error_code ignored;
  const auto status = std::filesystem::symlink_status(path_, ignored);
  const std::string name = printable(path_.string());
  if (std::filesystem::is_directory(std::filesystem::status(path_, ignored))) {
    throw Error(ErrorKind::usage, name, "is a folder, expected a file to write");
  }
  if (std::filesystem::exists(status) && !overwrite_) throw Error(ErrorKind::usage, name, "exists; -y overwrites it");
  // Through a symbolic link the file it names is replaced, not the link.
  if (std::filesystem::is_symlink(status)) {
    const auto target = std::filesystem::weakly_canonical(path_, ignored);
    if (!ignored) path_ = target;
  }
  static std::atomic<unsigned> counter{0};
  temporary_ = path_;
  temporary_ += ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter.fetch_add(1));
  const int fd = above_standard_streams(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (fd < 0) throw Error(ErrorKind::usage, name, "can't be written: " + reason(errno));
  fd_ = fd;
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw Error(ErrorKind::failed, printable(path_.string()), "can't be written: " + reason(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
}

void AtomicFile::commit() {
  const std::string name = printable(path_.string());
  if (::fsync(fd_) != 0 && errno != EINVAL && errno != EROFS) {
    throw Error(ErrorKind::failed, name, "can't be made durable: " + reason(errno));
  }
  // link() refuses to replace, rename() replaces: so a file that appeared meanwhile is not lost without -y.
  if (!overwrite_) {
    if (::link(temporary_.c_str(), path_.c_str()) != 0 && errno == EEXIST) {
      throw Error(ErrorKind::usage, name, "exists; -y overwrites it");
    } else if (::access(path_.c_str(), F_OK) == 0) {
      ::unlink(temporary_.c_str());
    } else if (::rename(temporary_.c_str(), path_.c_str()) != 0) {  // a file system without hard links
      throw Error(ErrorKind::failed, name, "can't be renamed into place: " + reason(errno));
    }
  } else if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    throw Error(ErrorKind::failed, name, "can't be renamed into place: " + reason(errno));
  }
  ::close(fd_);
  fd_ = -1;
  const auto folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
  const int folder_fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd >= 0) {
    ::fsync(folder_fd);
    ::close(folder_fd);
  }
}

void write_file(const std::filesystem::path& path, std::string_view text, bool overwrite) {
  AtomicFile file(path, overwrite);
  file.write(text);
  file.commit();
}

bool same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code error;
  return std::filesystem::equivalent(a, b, error) && !error;
}

}  // namespace vitral
