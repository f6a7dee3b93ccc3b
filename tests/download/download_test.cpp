// Downloads from a server that behaves badly. What every case ends with: a wrong or broken file never has the final
// name.
#include "common/download/download.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>

#include "common/core/sha256.h"
#include "common/download/part_file.h"
#include "tests/apps/program.h"
#include "tests/support/http_server.h"

namespace vitral {
namespace {

using test::slurp;
using test::spit;

std::string content(std::size_t size, unsigned seed) {
  std::string bytes(size, '\0');
  for (auto& byte : bytes) byte = static_cast<char>((seed = seed * 1664525u + 1013904223u) >> 24);
  return bytes;
}

class Downloading : public testing::Test {
 protected:
  Downloading() {
    spit(served / "model.pth", bytes);
    spit(served / "model.pth.new", other);
    request.target = folder.path() / "deep" / "model.pth";
    request.pause_seconds = 0.01;
    request.stall_seconds = 1;
    request.tries = 3;
  }

  Downloaded get(const std::string& path) {
    request.url = server.url(path);
    DownloadEvents events;
    events.note = [this](const std::string& line) { notes += line + "\n"; };
    events.progress = [this](std::uint64_t done, std::uint64_t, std::uint64_t) { return done < stop_at; };
    return download(request, events);
  }

  /// The error's text; the target must not exist (or be as it was).
  std::string failure(const std::string& path, ErrorKind kind) {
    try {
      get(path);
    } catch (const Error& error) {
      EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(kind)) << error.what();
      EXPECT_FALSE(std::filesystem::exists(request.target));
      return error.what();
    }
    ADD_FAILURE() << path << " was taken";
    return "";
  }

  std::string part() const { return slurp(request.target.string() + ".part"); }
  bool has_part() const { return std::filesystem::exists(request.target.string() + ".part"); }
  void expect_whole() {
    EXPECT_EQ(slurp(request.target), bytes);
    EXPECT_FALSE(has_part());
    EXPECT_FALSE(std::filesystem::exists(request.target.string() + ".part.json"));
  }

  const std::string bytes = content(20'000, 1), other = content(21'000, 2);
  test::TemporaryFolder served, folder;
  test::HttpServer server{served.path()};
  DownloadRequest request;
  std::string notes;
  std::uint64_t stop_at = ~std::uint64_t{0};
};

TEST_F(Downloading, TheWholeFile) {
  const auto result = get("/whole/model.pth");
  expect_whole();
  EXPECT_EQ(result.bytes, bytes.size());
  EXPECT_EQ(result.sha256, sha256_of_file(served / "model.pth"));
  EXPECT_FALSE(result.hash_checked);
}

TEST_F(Downloading, GoesOnWhereTheConnectionEnded) {
  get("/cut/model.pth");
  expect_whole();
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_NE(requests[1].find("bytes=4000- \""), std::string::npos) << requests[1];
  EXPECT_NE(notes.find("ended early"), std::string::npos) << notes;
}

TEST_F(Downloading, GoesOnInALaterRun) {
  request.tries = 1;
  EXPECT_NE(failure("/cut/model.pth", ErrorKind::failed).find("are kept"), std::string::npos);
  EXPECT_EQ(part(), bytes.substr(0, 4000));
  EXPECT_EQ(get("/cut/model.pth").resumed_from, 4000u);
  expect_whole();
}

TEST_F(Downloading, BytesOfAnotherAddressAreNotTrusted) {
  request.tries = 1;
  failure("/cut/model.pth", ErrorKind::failed);
  EXPECT_EQ(get("/whole/model.pth").resumed_from, 0u);
  expect_whole();
  EXPECT_EQ(server.requests()[1], "/whole/model.pth - -");
}

TEST_F(Downloading, BeginsAnewWithoutRanges) {
  get("/cut_without_ranges/model.pth");
  expect_whole();
  EXPECT_NE(notes.find("begins anew"), std::string::npos) << notes;
}

TEST_F(Downloading, BeginsAnewWhereTheFileChanged) {
  get("/changing/model.pth");
  EXPECT_EQ(slurp(request.target), other);
}

TEST_F(Downloading, OldBytesThatDoNotFitAreFetchedAgainOnce) {
  request.tries = 1;
  failure("/cut/model.pth", ErrorKind::failed);
  const std::string stale = content(4000, 9);
  spit(request.target.string() + ".part", stale);
  request.sha256 = sha256_of_file(served / "model.pth");
  EXPECT_EQ(get("/forgetful/model.pth").resumed_from, 0u);
  expect_whole();
  EXPECT_NE(notes.find("does not fit"), std::string::npos) << notes;
}

TEST_F(Downloading, APartThatIsWholeNeedsNoMoreBytes) {
  request.tries = 1;
  failure("/cut/model.pth", ErrorKind::failed);
  spit(request.target.string() + ".part", bytes);
  EXPECT_EQ(get("/cut/model.pth").resumed_from, bytes.size());
  expect_whole();
}

TEST_F(Downloading, AnotherPartThanTheOneAskedForIsRefused) {
  EXPECT_NE(failure("/wrong_part/model.pth", ErrorKind::failed).find("another part"), std::string::npos);
}

TEST_F(Downloading, TriesAgainOnlyWhatMayPass) {
  get("/flaky/model.pth");
  expect_whole();
  std::filesystem::remove(request.target);
  EXPECT_NE(failure("/broken/model.pth", ErrorKind::failed).find("503, 3 times"), std::string::npos);
  const auto before = server.requests().size();
  EXPECT_NE(failure("/whole/nothing.pth", ErrorKind::failed).find("404 (not found)"), std::string::npos);
  EXPECT_EQ(server.requests().size(), before + 1);
  EXPECT_FALSE(has_part());
  EXPECT_NE(failure("/always_cut/model.pth", ErrorKind::failed).find("times in a row"), std::string::npos);
}

TEST_F(Downloading, FollowsRedirectsButNotInCirclesAndNotToFiles) {
  get("/redirect/model.pth");
  expect_whole();
  std::filesystem::remove(request.target);
  EXPECT_NE(failure("/loop/model.pth", ErrorKind::failed).find("10 redirects"), std::string::npos);
  failure("/local/model.pth", ErrorKind::failed);
  request.url = "file://" + (served / "model.pth").string();
  EXPECT_THROW(download(request, {}), Error);
  EXPECT_FALSE(std::filesystem::exists(request.target));
}

TEST_F(Downloading, HashesAreChecked) {
  const auto right = sha256_of_file(served / "model.pth");
  request.sha256 = right.substr(0, 8);
  EXPECT_TRUE(get("/whole/model.pth").hash_checked);
  std::filesystem::remove(request.target);
  request.sha256 = "deadbeef";
  const auto text = failure("/whole/model.pth", ErrorKind::weights);
  EXPECT_NE(text.find(right), std::string::npos) << text;
  EXPECT_NE(text.find("expected deadbeef"), std::string::npos) << text;
  EXPECT_FALSE(has_part());
}

TEST_F(Downloading, TheHubsOwnHashIsChecked) {
  EXPECT_TRUE(get("/hub/model.pth").hash_checked);
  std::filesystem::remove(request.target);
  EXPECT_NE(failure("/lying_hub/model.pth", ErrorKind::weights).find("expected 00000"), std::string::npos);
}

TEST_F(Downloading, SizesAreChecked) {
  request.bytes = bytes.size() + 1;
  EXPECT_NE(failure("/whole/model.pth", ErrorKind::weights).find("20000 bytes, expected 20001"), std::string::npos);
  EXPECT_NE(failure("/chunked/model.pth", ErrorKind::weights).find("20000 bytes, expected 20001"), std::string::npos);
  request.bytes = bytes.size() - 1;
  EXPECT_NE(failure("/endless/model.pth", ErrorKind::weights).find("longer than"), std::string::npos);
  request.bytes = bytes.size();
  get("/chunked/model.pth");
  expect_whole();
}

TEST_F(Downloading, WhatMayBeCutIsRefused) {
  EXPECT_NE(failure("/no_length/model.pth", ErrorKind::weights).find("without a length"), std::string::npos);
  EXPECT_NE(failure("/empty/model.pth", ErrorKind::weights).find("is empty"), std::string::npos);
  get("/chunked/model.pth");  // chunks have an end
  expect_whole();
}

TEST_F(Downloading, WhatNoHashVouchesForIsLookedInto) {
  request.inspect = [](const std::filesystem::path& path) {
    if (slurp(path).starts_with("<!doctype")) throw Error(ErrorKind::weights, path.string(), "is a page");
  };
  failure("/page/model.pth", ErrorKind::weights);
  EXPECT_FALSE(has_part());
  get("/whole/model.pth");
  expect_whole();
}

TEST_F(Downloading, SilenceEndsATryAndSlownessDoesNot) {
  request.tries = 2;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_NE(failure("/silent/model.pth", ErrorKind::failed).find("nothing arrived"), std::string::npos);
  EXPECT_NE(failure("/stall/model.pth", ErrorKind::failed).find("nothing arrived"), std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
  request.target = folder / "slow.pth";
  get("/slow/model.pth");  // 2.5 s, longer than a stall
  expect_whole();
}

TEST_F(Downloading, AServerThatIsNotThere) {
  const auto gone = [] {
    const test::TemporaryFolder empty;
    return test::HttpServer(empty.path()).url("/whole/model.pth");
  }();
  request.url = gone;
  EXPECT_THROW(download(request, {}), Error);
  EXPECT_FALSE(std::filesystem::exists(request.target));
}

TEST_F(Downloading, StopsWhenToldAndGoesOn) {
  stop_at = 1'000;
  EXPECT_THROW(get("/slow/model.pth"), DownloadStopped);
  EXPECT_GE(part().size(), 1'000u);
  EXPECT_FALSE(std::filesystem::exists(request.target));
}

TEST_F(Downloading, AnExistingFileIsReplacedOnlyByAWholeOne) {
  std::filesystem::create_directories(request.target.parent_path());
  spit(request.target, "old");
  request.sha256 = "deadbeef";
  EXPECT_THROW(get("/whole/model.pth"), Error);
  EXPECT_EQ(slurp(request.target), "old");
  request.sha256.clear();
  get("/whole/model.pth");
  expect_whole();
}

TEST_F(Downloading, OneProcessAtATime) {
  std::filesystem::create_directories(request.target.parent_path());
  const PartFile first(request.target);
  EXPECT_NE(failure("/whole/model.pth", ErrorKind::failed).find("another process"), std::string::npos);
}

TEST_F(Downloading, FoldersThatCannotBeWritten) {
  spit(folder / "file", "");
  request.target = folder.path() / "file" / "model.pth";
  failure("/whole/model.pth", ErrorKind::usage);
  std::filesystem::create_directory(folder / "sub");
  std::filesystem::create_symlink(folder / "elsewhere", folder.path() / "sub" / "model.pth.part");
  request.target = folder.path() / "sub" / "model.pth";
  failure("/whole/model.pth", ErrorKind::usage);
  EXPECT_FALSE(std::filesystem::exists(folder / "elsewhere"));
}

}  // namespace
}  // namespace vitral
