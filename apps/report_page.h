/// Classified pictures for a browser: a contact sheet and one self-contained HTML page.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "common/image/draw.h"

namespace vitral::apps {

class ReportPage {
 public:
  /// Throws Error(usage) where `folder` can't be made or already holds a page and `overwrite` is off.
  ReportPage(std::filesystem::path folder, bool overwrite, std::string model);
  void add(const std::string& name, image::Image thumbnail, std::vector<std::pair<std::string, float>> classes);
  /// Writes contact_sheet.jpg and index.html; their paths.
  std::vector<std::string> write() const;

 private:
  std::string html() const;
  std::filesystem::path folder_;
  bool overwrite_;
  std::string model_;
  std::vector<image::Card> cards_;
};

/// The bytes in base64 (RFC 4648).
std::string base64(std::span<const std::byte> bytes);

}  // namespace vitral::apps
