#include "apps/serve_service.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <thread>

#include "common/core/error.h"
#include "common/core/stop_watch.h"
#include "common/core/text.h"
#include "common/http/guard.h"
#include "common/image/decode.h"
#include "common/image/sniff.h"

namespace vitral::apps {
namespace {

using HandlerResponse = httplib::Server::HandlerResponse;

struct Route {
  const char *path, *method;
  bool open;  ///< without a token: who balances loads has none
};
constexpr Route kRoutes[] = {{"/v1/classify", "POST", false}, {"/v1/detect", "POST", false},
                             {"/v1/models", "GET", false},    {"/metrics", "GET", false},
                             {"/openapi.json", "GET", false}, {"/healthz", "GET", true},
                             {"/readyz", "GET", true}};

const Route* route_of(const std::string& path) {
  for (const auto& route : kRoutes) {
    if (path == route.path) return &route;
  }
  return nullptr;
}

/// A number of the query within its bounds, or `otherwise` where it is not given. Throws Refusal.
template <class Number>
Number query_number(const httplib::Request& request, const char* name, Number otherwise, Number least, Number most) {
  if (!request.has_param(name)) return otherwise;
  const auto text = request.get_param_value(name);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= least && value <= most) return value;
  const auto written = [](Number number) { return nlohmann::json(number).dump(); };
  throw Refusal{400, std::string(name) + " is '" + printable(text, 100) + "', expected a number from " +
                         written(least) + " to " + written(most)};
}

std::string body_of(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

ServeService::ServeService(const ServiceOptions& options)
    : options_(options),
      batches_(options.batches, metrics_),
      decoders_(std::max(1u, std::thread::hardware_concurrency())),
      server_(options.server) {
  metrics_.declare_counter("vitral_requests_total", "Requests that were answered.");
  metrics_.declare_histogram("vitral_request_seconds", "Time of a request for pictures, from its head to its answer.",
                             {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30});
  route();
  server_.start();
}

ServeService::~ServeService() {
  server_.drain();
}

void ServeService::run(const ServeEngine& engine, const std::function<bool()>& stop) {
  constexpr std::chrono::milliseconds kLook{50};
  engine_ = &engine;
  while (!stop()) batches_.compute_some(engine, kLook);
  draining_ = true;
  std::atomic<bool> drained = false;
  std::thread closer([&] {
    server_.drain();
    drained = true;
  });
  while (!drained) batches_.compute_some(engine, kLook);
  closer.join();
}

void ServeService::route() {
  server_.set_default_headers({{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}});
  server_.on_answer = [this](const Request& request, const Response& response) {
    const Route* const known = route_of(request.path);
    metrics_.add("vitral_requests_total",
                 {{"path", known ? known->path : "other"}, {"code", std::to_string(response.status)}});
  };
  server_.set_pre_routing_handler([this](const Request& request, Response& response) {
    return refuse_early(request, response) ? HandlerResponse::Handled : HandlerResponse::Unhandled;
  });
  server_.set_expect_100_continue_handler([this](const Request& request, Response& response) {
    return refuse_early(request, response) ? response.status : 100;
  });
  for (const auto& [path, task] : {std::pair("/v1/classify", Task::classify), std::pair("/v1/detect", Task::detect)}) {
    server_.Post(path,
                 [this, task = task](const Request& request, Response& response, const httplib::ContentReader& reader) {
                   answer(task, request, response, reader);
                 });
  }
  server_.Get("/healthz", [](const Request&, Response& response) {
    response.set_content("{\"status\":\"alive\"}\n", "application/json");
  });
  server_.Get("/readyz", [this](const Request&, Response& response) {
    if (draining_) return refuse_busy(response, "the server is shutting down");
    if (engine_ == nullptr) return refuse_busy(response, "the network is being loaded");
    response.set_content("{\"status\":\"ready\"}\n", "application/json");
  });
  server_.Get("/v1/models", [this](const Request&, Response& response) {
    const ServeEngine* const engine = engine_;
    if (engine == nullptr) return refuse_busy(response, "the network is being loaded");
    response.set_content(body_of({{"models", {engine->description()}}}), "application/json");
  });
  server_.Get("/metrics", [this](const Request&, Response& response) {
    response.set_content(metrics_.text(), "text/plain; version=0.0.4; charset=utf-8");
  });
  server_.Get("/openapi.json",
              [](const Request&, Response& response) { response.set_content(openapi_json(), "application/json"); });
}

bool ServeService::refuse_early(const Request& request, Response& response) const {
  const Route* const route = route_of(request.path);
  if (route == nullptr) {
    http::refuse(response, 404, "there is nothing at this path; /openapi.json says what there is");
  } else if (request.method != route->method && !(request.method == "HEAD" && route->method == std::string("GET"))) {
    response.set_header("Allow", route->method);
    http::refuse(response, 405, std::string(route->path) + " is asked with " + route->method);
  } else if (!route->open && !http::is_allowed(request, options_.token, false)) {
    http::refuse_stranger(response);
  } else if (route->method == std::string("GET")) {
    return false;
  } else if (!request.has_header("Content-Length") && !request.has_header("Transfer-Encoding")) {
    http::refuse(response, 411, "the body needs a Content-Length, or to be chunked");
  } else if (request.get_header_value<std::uint64_t>("Content-Length") > options_.body_bytes) {
    http::refuse(response, 413, "the body is larger than " + std::to_string(options_.body_bytes) + " bytes");
  } else if (draining_ || engine_ == nullptr) {
    refuse_busy(response, draining_ ? "the server is shutting down" : "the network is being loaded");
  } else {
    return false;
  }
  return true;
}

void ServeService::refuse_busy(Response& response, std::string_view why) const {
  response.set_header("Retry-After", std::to_string(batches_.retry_after_s()));
  http::refuse(response, 503, why);
}

Wanted ServeService::wanted_by(const Request& request) const {
  Wanted wanted = options_.defaults;
  wanted.confidence = query_number(request, "conf", wanted.confidence, 0.0, 1.0);
  wanted.max_detections = query_number<std::int64_t>(request, "max_det", wanted.max_detections, 1, 1'000'000);
  wanted.topk = query_number<std::int64_t>(request, "topk", wanted.topk, 1, 1'000'000);
  return wanted;
}

void ServeService::answer(Task task, const Request& request, Response& response, const httplib::ContentReader& reader) {
  StopWatch watch;
  try {
    if (task != engine_.load()->task())
      throw Refusal{404, task == Task::detect ? "the network here classifies: POST /v1/classify"
                                              : "the network here finds objects: POST /v1/detect"};
    response.set_content(body_of(records_of(request, reader)), "application/json");
  } catch (const Refusal& refusal) {
    if (refusal.status == 503) {
      refuse_busy(response, refusal.text);
    } else {
      http::refuse(response, refusal.status, refusal.text);
    }
  } catch (const std::exception& error) {
    http::refuse(response, 500, printable(error.what(), 500));
  }
  metrics_.observe("vitral_request_seconds", watch.lap() / 1e3);
}

nlohmann::ordered_json ServeService::records_of(const Request& request, const httplib::ContentReader& reader) {
  const auto until = std::chrono::steady_clock::now() + options_.answer;
  const Wanted wanted = wanted_by(request);
  const auto sent = read_body(request, reader, options_.body_bytes);
  if (sent.size() > batches_.places())
    throw Refusal{413,
                  std::to_string(sent.size()) + " pictures; there is room for " + std::to_string(batches_.places())};
  const auto places = batches_.take_places(sent.size());
  if (!places) throw Refusal{503, "the queue is full"};
  std::vector<std::shared_ptr<ServeJob>> jobs;
  for (const auto& picture : sent) {
    auto job = std::make_shared<ServeJob>();
    job->wanted = wanted;
    job->places = places;
    job->picture.source.name = picture.name;
    decoders_.acquire();
    try {
      StopWatch watch;
      auto pixels = decode(picture);
      job->picture.times.decode = watch.lap();
      engine_.load()->prepare(std::move(pixels), job->picture);
    } catch (...) {
      decoders_.release();
      throw;
    }
    decoders_.release();
    jobs.push_back(std::move(job));
  }
  for (const auto& job : jobs) batches_.push(job);
  auto records = nlohmann::ordered_json::array();
  bool late = false;
  for (const auto& job : jobs) {
    auto record = job->record.get_future();
    late = late || record.wait_until(until) != std::future_status::ready;
    job->abandoned = late;
    if (!late) records.push_back(record.get());
  }
  if (late) throw Refusal{503, "the answer took too long"};
  return sent.size() == 1 ? records.front() : records;
}

image::Image ServeService::decode(const SentPicture& picture) const {
  const auto bytes = std::as_bytes(std::span(picture.bytes));
  Limits limits;
  try {
    // A picture's size is judged apart from its soundness: the one is 413, the other 400.
    limits.pixels = std::numeric_limits<std::uint64_t>::max();
    limits.side = std::numeric_limits<std::int32_t>::max();
    const auto header = image::sniff(bytes, picture.name, limits);
    const auto pixels = static_cast<std::uint64_t>(header.width) * static_cast<std::uint64_t>(header.height);
    if (pixels > options_.pixels || std::max(header.width, header.height) > static_cast<int>(Limits().side))
      throw Refusal{413, printable(picture.name, 200) + " is " + std::to_string(header.width) + "x" +
                             std::to_string(header.height) + " pixels, the limit is " +
                             std::to_string(options_.pixels)};
    return image::decode(bytes, picture.name);
  } catch (const Error& error) {
    throw Refusal{400, error.what()};
  }
}

}  // namespace vitral::apps
