#include "common/download/transfer.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "common/core/limits.h"
#include "common/core/text.h"

namespace vitral {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return result;
}

/// The number at the front of `text`, which loses it; false where there is none.
bool take_number(std::string_view& text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

void set_protocols(CURL* handle, bool only_https) {
  // A redirect may go from http to https, never back.
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, only_https ? "https" : "http,https");
#else
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS, only_https ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
}

}  // namespace

Transfer::Transfer(const DownloadRequest& request, const DownloadEvents& events, PartFile& part)
    : request_(request), events_(events), part_(part), before_(part.size()) {
  handle_.reset(curl_easy_init());
  if (!handle_) throw Error(ErrorKind::failed, "libcurl", "does not start");
  CURL* handle = handle_.get();
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  set_protocols(handle, request.url.starts_with("https:"));
  curl_easy_setopt(handle, CURLOPT_USERAGENT, request.user_agent.c_str());
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
  const long stall = std::max(1L, static_cast<long>(request.stall_seconds));
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, stall);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, stall);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, this);
}

TransferEnd Transfer::run() {
  // Bytes of which nothing is known are worth going on with only where the hash will tell.
  const auto known = part_.recorded(request_.url).if_range();
  const bool resume = part_.size() > 0 && (!known.empty() || !request_.sha256.empty());
  const std::string range = resume ? std::to_string(part_.size()) + "-" : "";
  curl_easy_setopt(handle_.get(), CURLOPT_RANGE, resume ? range.c_str() : nullptr);
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> extra(nullptr, curl_slist_free_all);
  if (resume && !known.empty()) extra.reset(curl_slist_append(nullptr, ("If-Range: " + known).c_str()));
  curl_easy_setopt(handle_.get(), CURLOPT_HTTPHEADER, extra.get());
  char detail[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(handle_.get(), CURLOPT_ERRORBUFFER, detail);
  header_ = {};
  body_begun_ = false;
  const CURLcode code = curl_easy_perform(handle_.get());
  curl_easy_setopt(handle_.get(), CURLOPT_ERRORBUFFER, nullptr);
  curl_easy_setopt(handle_.get(), CURLOPT_HTTPHEADER, nullptr);
  if (failure_) std::rethrow_exception(failure_);
  if (stopped_) throw DownloadStopped(part_.path());
  return judge(code, detail[0] != '\0' ? detail : curl_easy_strerror(code));
}

TransferEnd Transfer::judge(CURLcode code, std::string_view detail) {
  using enum TransferEnd::Kind;
  const std::string why = printable(detail, 300);
  switch (code) {
    case CURLE_OK:
      if (!body_begun_) begin_body();  // an empty file
      if (failure_) std::rethrow_exception(failure_);
      return {done, ""};
    case CURLE_HTTP_RETURNED_ERROR: {
      const long answer = status();
      const std::string text = "the server answers " + std::to_string(answer);
      if (answer == 416 && part_.size() > 0 && header_.range_total == part_.size()) {
        total_ = part_.size();  // an earlier run had received all of it
        return {done, ""};
      }
      if (answer == 416) return {restart, text + ": it has no more than " + human_bytes(part_.size())};
      const bool passing = answer == 408 || answer == 429 || answer >= 500;
      return {passing ? retry : give_up, text + (answer == 404 ? " (not found)" : "")};
    }
    case CURLE_TOO_MANY_REDIRECTS:
      return {give_up, "more than 10 redirects, one to the next"};
    case CURLE_OPERATION_TIMEDOUT:
      return {retry, "nothing arrived for " + std::to_string(static_cast<int>(request_.stall_seconds)) + " s"};
    case CURLE_PARTIAL_FILE:
      return {retry, "the connection ended early"};
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return {retry, why};
    default:
      return {give_up, why};
  }
}

long Transfer::status() const {
  long code = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &code);
  return code;
}

void Transfer::header_line(std::string_view line) {
  if (line.starts_with("HTTP/")) {
    header_ = {.is_delimited = !line.starts_with("HTTP/1"), .linked_sha256 = header_.linked_sha256};
    return;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const auto name = lower(line.substr(0, colon));
  auto value = trimmed(line.substr(colon + 1));
  if (name == "etag") {
    header_.validators.etag = value.substr(0, 1'000);
  } else if (name == "last-modified") {
    header_.validators.last_modified = value.substr(0, 100);
  } else if (name == "content-length") {
    header_.is_delimited = true;
  } else if (name == "transfer-encoding") {
    header_.is_delimited |= lower(value).ends_with("chunked");
  } else if (name == "x-linked-etag") {
    while (value.size() > 1 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (is_sha256(value)) header_.linked_sha256 = value;
  } else if (name == "content-range" && lower(value).starts_with("bytes ")) {
    value = trimmed(value.substr(6));
    header_.has_range = take_number(value, header_.range_begin);
    const auto slash = value.find('/');
    if (slash == std::string_view::npos) return;
    value.remove_prefix(slash + 1);
    if (!take_number(value, header_.range_total)) header_.range_total = 0;
  }
}

void Transfer::begin_body() {
  body_begun_ = true;
  const bool goes_on = status() == 206;
  if (goes_on && !(header_.has_range && header_.range_begin == part_.size())) {
    throw Error(ErrorKind::failed, printable(request_.url, 500),
                "the server sends another part than the one asked for");
  }
  if (!goes_on) {
    if (part_.size() > 0 && events_.note) {
      events_.note("the server begins anew (the file changed, or parts of files can't be had): " +
                   human_bytes(part_.size()) + " are fetched again");
    }
    before_ = 0;
    part_.begin(request_.url, header_.validators);
  }
  curl_off_t length = -1;
  curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  total_ = goes_on ? header_.range_total : length > 0 ? static_cast<std::uint64_t>(length) : 0;
  if (total_ > Limits{}.file_bytes) {
    throw Error(ErrorKind::failed, printable(request_.url, 500), "is said to have " + human_bytes(total_));
  }
  if (request_.bytes > 0 && total_ > 0 && total_ != request_.bytes) {
    throw Error(ErrorKind::weights, printable(request_.url, 500),
                "has " + std::to_string(total_) + " bytes, expected " + std::to_string(request_.bytes));
  }
  std::error_code unknown;
  const auto room = std::filesystem::space(part_.path(), unknown).available;
  if (!unknown && total_ > part_.size() && total_ - part_.size() > room) {
    throw Error(ErrorKind::failed, printable(part_.path().string()),
                "needs " + human_bytes(total_ - part_.size()) + " more, the disk has " + human_bytes(room));
  }
}

void Transfer::body(std::span<const std::byte> bytes) {
  if (!body_begun_) begin_body();
  const auto most = request_.bytes > 0 ? request_.bytes : Limits{}.file_bytes;
  if (bytes.size() > most - std::min(most, part_.size())) {
    throw Error(ErrorKind::weights, printable(request_.url, 500),
                "is longer than the expected " + std::to_string(most) + " bytes");
  }
  part_.append(bytes);
}

std::size_t Transfer::on_header(char* data, std::size_t one, std::size_t size, void* self) {
  static_cast<Transfer*>(self)->header_line({data, one * size});
  return one * size;
}

// Exceptions may not cross C frames: they are kept, and thrown again when libcurl has returned.
std::size_t Transfer::on_body(char* data, std::size_t one, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    transfer.body(std::as_bytes(std::span(data, one * size)));
    return one * size;
  } catch (...) {
    transfer.failure_ = std::current_exception();
    return 0;
  }
}

int Transfer::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (!transfer.events_.progress) return 0;
  try {
    transfer.stopped_ = !transfer.events_.progress(transfer.part_.size(), transfer.total_, transfer.before_);
  } catch (...) {
    transfer.failure_ = std::current_exception();
  }
  return transfer.stopped_ || transfer.failure_ ? 1 : 0;
}

}  // namespace vitral
