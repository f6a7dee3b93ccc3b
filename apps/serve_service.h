/// The routes of `vitral serve`.
#pragma once

#include <atomic>
#include <semaphore>

#include "apps/serve_batches.h"
#include "apps/serve_body.h"
#include "common/http/metrics.h"
#include "common/http/server.h"

namespace vitral::apps {

struct ServiceOptions {
  http::ServerOptions server;
  std::string token;  ///< empty: everybody may ask
  std::size_t body_bytes = 32u << 20;
  std::uint64_t pixels = 50'000'000;         ///< of one picture
  std::chrono::milliseconds answer{30'000};  ///< a request that takes longer is ended
  BatchRules batches;
  Wanted defaults;
};

class ServeService {
 public:
  /// Listens at once and says that it is not ready. Throws Error(usage) where the address can't be listened on.
  explicit ServeService(const ServiceOptions& options);
  ~ServeService();
  std::string url() const { return server_.url(); }
  int port() const { return server_.port(); }

  /// Answers requests with `engine` until `stop` is true, then those that had begun. The caller's thread computes.
  void run(const ServeEngine& engine, const std::function<bool()>& stop);

 private:
  using Request = httplib::Request;
  using Response = httplib::Response;
  void route();
  /// Refuses what can be refused before the body is read.
  bool refuse_early(const Request& request, Response& response) const;
  void answer(Task task, const Request& request, Response& response, const httplib::ContentReader& reader);
  nlohmann::ordered_json records_of(const Request& request, const httplib::ContentReader& reader);
  image::Image decode(const SentPicture& picture) const;
  Wanted wanted_by(const Request& request) const;
  void refuse_busy(Response& response, std::string_view why) const;

  ServiceOptions options_;
  http::Metrics metrics_;
  ServeBatches batches_;
  std::counting_semaphore<> decoders_;
  std::atomic<const ServeEngine*> engine_ = nullptr;
  std::atomic<bool> draining_ = false;
  http::Server server_;  // last: it uses the others
};

/// The description of the routes at /openapi.json.
const std::string& openapi_json();

}  // namespace vitral::apps
