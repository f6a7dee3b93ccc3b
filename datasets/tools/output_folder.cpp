#include "datasets/tools/output_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/text.h"

namespace vitral {
namespace {

namespace fs = std::filesystem;

std::string reason(int error) {
  return std::generic_category().message(error);
}

}  // namespace

DataFolderWriter::DataFolderWriter(fs::path path, bool overwrite) : path_(std::move(path)), overwrite_(overwrite) {
  const std::string name = printable(path_.string(), 1'000);
  std::error_code error;
  fs::create_directories(path_, error);
  if (!fs::is_directory(path_)) {
    throw Error(ErrorKind::usage, name, "can't be made a folder" + (error ? ": " + error.message() : std::string()));
  }
  if (!overwrite && !fs::is_empty(path_, error)) throw Error(ErrorKind::usage, name, "is not empty; -y writes into it");
}

fs::path DataFolderWriter::place(const std::string& name) const {
  const fs::path file = path_ / name;
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error)
    throw Error(ErrorKind::failed, printable(file.parent_path().string(), 1'000), "can't be made: " + error.message());
  return file;
}

void DataFolderWriter::write(const std::string& name, std::string_view bytes) const {
  const fs::path file = place(name);
  const int fd =
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (overwrite_ ? O_TRUNC : O_EXCL), 0666);
  int error = fd < 0 ? errno : 0;
  while (error == 0 && !bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno != EINTR) error = errno;
    if (put > 0) bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  if (fd >= 0 && ::close(fd) != 0 && error == 0) error = errno;
  if (error != 0) throw Error(ErrorKind::failed, printable(file.string(), 1'000), "can't be written: " + reason(error));
}

void DataFolderWriter::finish(const std::string& name, std::string_view text) const {
  write_file(place(name), text, overwrite_);
}

}  // namespace vitral
