#include "common/core/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <vector>

namespace vitral {
namespace {

using ::testing::HasSubstr;

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }
  std::string text(const std::string& name) const { return read_file(folder_ / name, ErrorKind::input, 1 << 20); }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("vitral_file_" + std::to_string(::getpid()));
};

using MappedFileTest = FileTest;
using AtomicFileTest = FileTest;

/// The error of mapping `path`, or "opened".
std::string mapping_error(const std::filesystem::path& path, std::uint64_t limit = 1 << 20) {
  try {
    MappedFile::open(path, ErrorKind::weights, limit);
    return "opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::weights);
    return error.what();
  }
}

TEST_F(MappedFileTest, ShowsTheBytes) {
  const auto file = MappedFile::open(write("a", "hello"), ErrorKind::input, 100);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()), "hello");
  EXPECT_NO_THROW(file->check());
}

TEST_F(MappedFileTest, EmptyFilesAreEmpty) {
  const auto file = MappedFile::open(write("a", ""), ErrorKind::input, 100);
  EXPECT_TRUE(file->bytes().empty());
  EXPECT_NO_THROW(file->check());
}

TEST_F(MappedFileTest, RefusesWhatIsNoFile) {
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  EXPECT_THAT(mapping_error(folder_ / "missing"), HasSubstr("can't be opened"));
  EXPECT_THAT(mapping_error(folder_), HasSubstr("is a folder"));
  EXPECT_THAT(mapping_error(folder_ / "fifo"), HasSubstr("no regular file"));
  EXPECT_THAT(mapping_error("/dev/null"), HasSubstr("no regular file"));
  EXPECT_THAT(mapping_error(write("large", std::string(11, 'x')), 10), HasSubstr("the limit is 10 B"));
  std::filesystem::create_symlink("loop", folder_ / "loop");
  EXPECT_THAT(mapping_error(folder_ / "loop"), HasSubstr("can't be opened"));
}

TEST_F(MappedFileTest, SurvivesATruncation) {
  const auto path = write("a", std::string(1 << 20, 'x'));
  const auto file = MappedFile::open(path, ErrorKind::weights, 1 << 30);
  std::filesystem::resize_file(path, 5'000);
  std::size_t present = 0;
  for (const std::byte byte : file->bytes()) present += byte == std::byte{'x'};
  EXPECT_EQ(present, 5'000u) << "what is missing reads as zeros";
  EXPECT_THROW(file->check(), Error);
}

TEST_F(MappedFileTest, ATruncationThatWasNeverReadIsNoticedToo) {
  const auto path = write("a", std::string(1 << 20, 'x'));
  const auto file = MappedFile::open(path, ErrorKind::weights, 1 << 30);
  std::filesystem::resize_file(path, 5'000);
  EXPECT_THROW(file->check(), Error);
}

TEST_F(MappedFileTest, ForeignBusErrorsStillEndTheProcess) {
  write("warm", "x");
  MappedFile::open(folder_ / "warm", ErrorKind::input, 100);  // installs the handler
  // A sanitizer takes such signals itself and ends the process with a report.
  const auto ends = [](int status) {
    return ::testing::KilledBySignal(SIGBUS)(status) || (WIFEXITED(status) && WEXITSTATUS(status) != 0);
  };
  EXPECT_EXIT(::raise(SIGBUS), ends, "");
}

TEST_F(MappedFileTest, ReleasedPagesReadTheSameAgain) {
  const auto file = MappedFile::open(write("a", std::string(1 << 20, 'x')), ErrorKind::input, 1 << 30);
  file->release(file->bytes());
  file->release(file->bytes().subspan(100, 50));
  for (const std::byte byte : file->bytes()) ASSERT_EQ(byte, std::byte{'x'});
}

TEST_F(MappedFileTest, ManyMapsOneAfterAnother) {
  const auto path = write("a", "x");
  for (int i = 0; i < 5'000; ++i) MappedFile::open(path, ErrorKind::input, 100);
}

TEST_F(FileTest, ReadFile) {
  write("a", std::string("a\0b", 3));
  EXPECT_EQ(text("a"), std::string("a\0b", 3));
  EXPECT_THROW(read_file(folder_ / "a", ErrorKind::input, 2), Error);
  EXPECT_THROW(read_file(folder_, ErrorKind::input, 2), Error);
}

TEST_F(FileTest, SameFile) {
  const auto a = write("a", "");
  std::filesystem::create_symlink("a", folder_ / "link");
  EXPECT_TRUE(same_file(a, folder_ / "link"));
  EXPECT_FALSE(same_file(a, write("b", "")));
  EXPECT_FALSE(same_file(a, folder_ / "missing"));
}

TEST_F(AtomicFileTest, AppearsWholeOrNotAtAll) {
  {
    AtomicFile file(folder_ / "out", false);
    file.write(std::string_view("half"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
  }
  EXPECT_EQ(entries(), 0u) << "nothing is left behind";
  AtomicFile file(folder_ / "out", false);
  file.write(std::string_view("whole "));
  file.write(std::string_view("file"));
  file.commit();
  EXPECT_EQ(text("out"), "whole file");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(AtomicFileTest, KeepsWhatExists) {
  write("out", "old");
  EXPECT_THROW(AtomicFile(folder_ / "out", false), Error);
  AtomicFile late(folder_ / "new", false);
  late.write(std::string_view("mine"));
  write("new", "theirs");
  EXPECT_THROW(late.commit(), Error) << "appeared meanwhile";
  EXPECT_EQ(text("new"), "theirs");
  write_file(folder_ / "out", "new", true);
  EXPECT_EQ(text("out"), "new");
}

TEST_F(AtomicFileTest, WritesThroughALink) {
  write("real", "old");
  std::filesystem::create_symlink("real", folder_ / "link");
  write_file(folder_ / "link", "new", true);
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "link"));
  EXPECT_EQ(text("real"), "new");
}

TEST_F(AtomicFileTest, RefusesFoldersAndMissingFolders) {
  for (const auto& path : {folder_, folder_ / "missing" / "out"}) {
    try {
      AtomicFile file(path, true);
      ADD_FAILURE() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
    }
  }
}

TEST_F(AtomicFileTest, AFullDiskIsAnErrorAndLeavesTheOldFile) {
  write("out", "old");
  const pid_t child = ::fork();
  if (child == 0) {
    // A limit on the size of files stands for the full disk: write() fails in the middle.
    const rlimit limit{4'096, 4'096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::signal(SIGXFSZ, SIG_IGN);
    try {
      write_file(folder_ / "out", std::string(100'000, 'x'), true);
    } catch (const Error& error) {
      ::_exit(error.kind() == ErrorKind::failed ? 42 : 1);
    }
    ::_exit(2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 42);
  EXPECT_EQ(text("out"), "old");
  EXPECT_EQ(entries(), 1u) << "no temporary file is left";
}

TEST_F(AtomicFileTest, NeverTakesTheStandardDescriptors) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int fd : {0, 1, 2}) ::close(fd);
    AtomicFile file(folder_ / "out", false);
    const bool all_free = ::fcntl(0, F_GETFD) < 0 && ::fcntl(1, F_GETFD) < 0 && ::fcntl(2, F_GETFD) < 0;
    ::_exit(all_free ? 42 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

}  // namespace
}  // namespace vitral
