// vitral serve: the network over HTTP.
#include "apps/access.h"
#include "apps/command.h"
#include "apps/interrupt.h"
#include "apps/serve_service.h"

namespace vitral::apps {
namespace {

struct ServeFlags {
  ConsoleFlags console;
  ModelFlags model;
  ComputeFlags compute;
  std::string host = "127.0.0.1", token_file;
  int port = 8080;
  std::size_t queue = 64, body_mb = 32;
  double batch_wait_ms = 2, megapixels = 50, timeout_s = 30;

  ServiceOptions options() const {
    ServiceOptions options;
    options.token = access_token(token_file, host);
    options.body_bytes = body_mb << 20;
    options.pixels = static_cast<std::uint64_t>(megapixels * 1e6);
    options.answer = std::chrono::milliseconds(static_cast<std::int64_t>(timeout_s * 1e3));
    options.batches = {queue, static_cast<std::size_t>(compute.batch),
                       std::chrono::microseconds(static_cast<std::int64_t>(batch_wait_ms * 1e3))};
    // Enough threads for all that may wait, and for those that are refused or ask how it goes.
    options.server = {host, port, "--port", std::min<std::size_t>(queue, 256) + 32, {}};
    options.server.times.request = options.answer;
    return options;
  }
};

int serve(const ServeFlags& flags, Console& console) {
  const auto options = flags.options();
  ServeService service(options);
  if (!options.token.empty() && flags.token_file.empty())
    console.note("others reach " + flags.host + ", so a token is asked for: " + options.token);
  const ServeEngine engine(load(flags.model, flags.compute, console), flags.compute);
  engine.warm_up();
  console.note("ready: " + service.url() + " (Ctrl-C or SIGTERM ends it after the requests that have begun)");
  service.run(engine, interrupted);
  console.note("stopped");
  return 0;
}

}  // namespace

void add_serve(CLI::App& root, Context& context) {
  auto flags = std::make_shared<ServeFlags>();
  flags->compute.batch = 8;
  auto* app = root.add_subcommand("serve", "answer over HTTP what is in pictures");
  flags->model.add(*app);
  app->add_option("--host", flags->host, "address to listen on")->capture_default_str();
  app->add_option("--port", flags->port, "port to listen on; 0: any that is free")
      ->check(CLI::Range(0, 65'535))
      ->capture_default_str();
  app->add_option("--queue", flags->queue, "pictures at a time; requests beyond get 503")
      ->check(CLI::Range(1, 10'000))
      ->type_name("N")
      ->capture_default_str();
  app->add_option("--batch-wait", flags->batch_wait_ms, "how long a picture waits for others to be computed with")
      ->check(CLI::Range(0.0, 10'000.0))
      ->type_name("MS")
      ->capture_default_str();
  app->add_option("--token-file", flags->token_file, "what clients have to bring (Authorization: Bearer …)")
      ->type_name("FILE");
  app->add_option("--max-body", flags->body_mb, "largest body, in MiB")
      ->check(CLI::Range(1, 1'024))
      ->type_name("MIB")
      ->capture_default_str();
  app->add_option("--max-pixels", flags->megapixels, "largest picture, in megapixels")
      ->check(CLI::Range(0.000001, 100.0))
      ->type_name("MP")
      ->capture_default_str();
  app->add_option("--timeout", flags->timeout_s, "seconds after which a request that is not finished is ended")
      ->check(CLI::Range(0.1, 3'600.0))
      ->type_name("S")
      ->capture_default_str();
  flags->compute.add(*app);
  flags->console.add(*app);
  app->footer(
      "Example:\n  vitral serve -m rtdetr_r18vd -w rtdetr.pth --port 8080\n"
      "  curl --data-binary @street.jpg 'http://127.0.0.1:8080/v1/detect?conf=0.4'\n"
      "  curl -F image=@a.jpg -F image=@b.jpg http://127.0.0.1:8080/v1/detect");
  app->callback([flags, &context] {
    context.run = [flags, &context] {
      flags->console.apply(context.console);
      flags->model.image_size();  // the command line is checked before any file is opened
      catch_interrupts();
      return serve(*flags, context.console);
    };
  });
}

}  // namespace vitral::apps
