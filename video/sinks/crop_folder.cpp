#include "video/sinks/crop_folder.h"

#include "common/core/file.h"
#include "common/image/draw.h"

namespace vitral::video {
namespace {

constexpr int kQuality = 92;
constexpr std::size_t kWaiting = 256;

}  // namespace

std::string file_name(const std::string& label) {
  std::string name;
  for (const char c : label) name += c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '_' : c;
  if (name.empty() || name[0] == '.') name = "_" + name;
  if (name.size() > 100) name.resize(100);
  return name;
}

std::unique_ptr<Spool<Crop>> crop_folder(const std::filesystem::path& folder, bool overwrite,
                                         std::chrono::milliseconds patience) {
  const SpoolRules rules{kWaiting, 1, patience};
  return std::make_unique<Spool<Crop>>(rules, [folder, overwrite](std::vector<Crop>& crops, const auto&) {
    for (const auto& crop : crops) {
      const auto place = folder / file_name(crop.label);
      std::filesystem::create_directories(place);
      const auto bytes = image::encode_jpeg(crop.picture, kQuality);
      const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      write_file(place / (crop.stem + ".jpg"), text, overwrite);
    }
    return true;
  });
}

}  // namespace vitral::video
