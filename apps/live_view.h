/// --http: a run to look at while it goes on.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "apps/console.h"
#include "apps/page_stats.h"
#include "video/page/live_page.h"

namespace vitral::apps {

/// --http, --http-token-file.
struct LiveViewFlags {
  std::string address, token_file;
  void add(CLI::App& app);
  explicit operator bool() const { return !address.empty(); }
  /// Throws Error(usage). An address that others reach gets a token of its own where none is given.
  video::LivePageOptions options() const;
};

class LiveView {
 public:
  /// Says where the page is.
  LiveView(const LiveViewFlags& flags, const std::vector<PictureSource>& sources, Console& console);
  /// Takes the drawn picture out of `picture`.
  void show(PreparedPicture& picture, const Findings& found, double latency_ms);
  void failed(const PreparedPicture& picture);
  void note(const std::string& text) { stats_.event(text); }
  /// True where counts are older than the page should show.
  bool wants_counts();
  void set(const std::vector<std::pair<PictureSource, FeederCounts>>& counts) { stats_.set(counts); }

 private:
  PageStats stats_;
  video::FrameBoard board_;
  PageStats::Clock::time_point counted_{};
  video::LivePage page_;  // last: it asks the others
};

}  // namespace vitral::apps
