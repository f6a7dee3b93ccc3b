/// One HTTP transfer into a part file: a thin layer over libcurl.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "common/download/download.h"
#include "common/download/part_file.h"

namespace vitral {

/// What the answer's header says; of a chain of redirects that of the last answer.
struct AnswerHeader {
  Validators validators;
  std::uint64_t range_begin = 0, range_total = 0;  ///< Content-Range; a total of 0: not told
  bool has_range = false;
  bool is_delimited = false;  ///< a length, chunks or frames tell where the body ends
  std::string linked_sha256;  ///< what the Hugging Face hub says of the file behind a redirect; of any answer
};

/// How a try ended.
struct TransferEnd {
  enum class Kind { done, retry, restart, give_up } kind = Kind::done;
  std::string text;  ///< why it did not end well
};

class Transfer {
 public:
  Transfer(const DownloadRequest& request, const DownloadEvents& events, PartFile& part);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// Asks for what the part file lacks and appends it. Rethrows what writing throws; DownloadStopped.
  TransferEnd run();
  const AnswerHeader& header() const { return header_; }
  /// Bytes of the whole file, 0 where the server does not tell.
  std::uint64_t total() const { return total_; }

 private:
  static std::size_t on_header(char* data, std::size_t one, std::size_t size, void* self);
  static std::size_t on_body(char* data, std::size_t one, std::size_t size, void* self);
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  void header_line(std::string_view line);
  void begin_body();
  void body(std::span<const std::byte> bytes);
  TransferEnd judge(CURLcode code, std::string_view detail);
  long status() const;

  struct CurlGlobal {
    CurlGlobal() { curl_global_init(CURL_GLOBAL_DEFAULT); }
    ~CurlGlobal() { curl_global_cleanup(); }
  } curl_;
  const DownloadRequest& request_;
  const DownloadEvents& events_;
  PartFile& part_;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle_{nullptr, curl_easy_cleanup};
  AnswerHeader header_;
  bool body_begun_ = false, stopped_ = false;
  std::uint64_t total_ = 0, before_ = 0;
  std::exception_ptr failure_;
};

}  // namespace vitral
