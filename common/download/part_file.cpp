#include "common/download/part_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/json.h"
#include "common/core/text.h"

namespace vitral {
namespace {

constexpr std::uint64_t kRecordBytes = 1u << 16;

std::filesystem::path with_suffix(std::filesystem::path path, const char* suffix) {
  return path += suffix;
}

[[noreturn]] void fail(ErrorKind kind, const std::filesystem::path& path, const char* what, int error) {
  throw Error(kind, printable(path.string()), what + (": " + std::generic_category().message(error)));
}

/// True where `path` still names the open file: another process may have renamed it before the lock was ours.
bool names(const std::filesystem::path& path, int fd) {
  struct stat by_path = {}, by_fd = {};
  return ::lstat(path.c_str(), &by_path) == 0 && ::fstat(fd, &by_fd) == 0 && by_path.st_ino == by_fd.st_ino &&
         by_path.st_dev == by_fd.st_dev;
}

}  // namespace

std::string Validators::if_range() const {
  const bool strong = !etag.empty() && !etag.starts_with("W/");
  return strong ? etag : last_modified;
}

PartFile::PartFile(std::filesystem::path target)
    : target_(std::move(target)), path_(with_suffix(target_, ".part")), record_(with_suffix(target_, ".part.json")) {
  std::error_code error;
  if (target_.has_parent_path()) std::filesystem::create_directories(target_.parent_path(), error);
  if (error) fail(ErrorKind::usage, target_.parent_path(), "can't be made a folder", error.value());
  do {
    if (fd_ >= 0) ::close(fd_);
    open();
  } while (!names(path_, fd_));
  struct stat status = {};
  if (::fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode)) fail(ErrorKind::usage, path_, "is no file", errno);
  size_ = static_cast<std::uint64_t>(status.st_size);
}

void PartFile::open() {
  fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
  if (fd_ < 0) fail(ErrorKind::usage, path_, "can't be written", errno);
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
  const int error = errno;
  ::close(fd_);
  fd_ = -1;
  if (error == EWOULDBLOCK) {
    throw Error(ErrorKind::failed, printable(target_.string()), "is being downloaded by another process");
  }
  fail(ErrorKind::failed, path_, "can't be locked", error);
}

PartFile::~PartFile() {
  if (fd_ < 0) return;
  if (size_ == 0) discard();  // nothing to go on with
  if (fd_ >= 0) ::close(fd_);
}

Validators PartFile::recorded(const std::string& url) const {
  try {
    const auto text = read_file(record_, ErrorKind::failed, kRecordBytes);
    const auto json = parse_json(text, ErrorKind::failed, record_.string());
    if (json.at("url").get<std::string>() != url) return {};
    return {json.at("etag").get<std::string>(), json.at("last_modified").get<std::string>()};
  } catch (const std::exception&) {
    return {};  // no record, or a damaged one: nothing is known of these bytes
  }
}

void PartFile::begin(const std::string& url, const Validators& validators) {
  if (::ftruncate(fd_, 0) != 0) fail(ErrorKind::failed, path_, "can't be emptied", errno);
  size_ = 0;
  begun_anew_ = true;
  const nlohmann::json record = {{"url", url}, {"etag", validators.etag}, {"last_modified", validators.last_modified}};
  write_file(record_, record.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n", true);
}

void PartFile::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail(ErrorKind::failed, path_, "can't be written", errno);
    size_ += static_cast<std::uint64_t>(put);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
}

void PartFile::publish() {
  if (::fsync(fd_) != 0 && errno != EINVAL && errno != EROFS) {
    fail(ErrorKind::failed, path_, "can't be made durable", errno);
  }
  if (::rename(path_.c_str(), target_.c_str()) != 0) {
    fail(ErrorKind::failed, target_, "can't be renamed into place", errno);
  }
  ::unlink(record_.c_str());
  ::close(fd_);
  fd_ = -1;
  const auto folder = target_.has_parent_path() ? target_.parent_path() : std::filesystem::path(".");
  const int folder_fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd < 0) return;
  ::fsync(folder_fd);
  ::close(folder_fd);
}

void PartFile::discard() {
  ::unlink(path_.c_str());
  ::unlink(record_.c_str());
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  size_ = 0;
}

}  // namespace vitral
