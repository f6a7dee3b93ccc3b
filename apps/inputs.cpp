#include "apps/inputs.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>

#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/text.h"
#include "common/image/decode.h"
#include "common/image/sniff.h"
#include "video/live/camera.h"
#include "video/live/live_opener.h"
#include "video/live/protocols.h"
#include "video/media/source.h"

namespace vitral::apps {
namespace {

namespace fs = std::filesystem;

bool is_picture(const fs::path& path) { return image::has_picture_extension(path.native()); }
bool is_video(const fs::path& path) { return video::names_video(path); }
bool is_either(const fs::path& path) { return is_picture(path) || is_video(path); }

/// How a folder's files are chosen, and what one without any lacks.
struct FolderRule {
  bool (*wanted)(const fs::path&);
  const char* lacks;
};

FolderRule rule_of(FolderHolds holds) {
  switch (holds) {
    case FolderHolds::videos:
      return {is_video, "holds no videos (.mp4 .mkv .avi .mov …)"};
    case FolderHolds::pictures_and_videos:
      return {is_either, "holds no pictures and no videos (.jpg .png .bmp .webp .pnm .mp4 .mkv .avi …)"};
    default:
      return {is_picture, "holds no pictures (.jpg .png .bmp .webp .pnm)"};
  }
}

void sort_by_bytes(std::vector<fs::path>& paths) {
  std::sort(paths.begin(), paths.end(), [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
}

/// Regular files of a folder, without those in folders below it.
std::vector<fs::path> files_of(const fs::path& folder, bool (*wanted)(const fs::path&)) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (wanted(it->path()) && !it->is_directory(error)) paths.push_back(it->path());
  }
  if (error) throw Error(ErrorKind::input, printable(folder.string()), "can't be listed: " + error.message());
  sort_by_bytes(paths);
  return paths;
}

bool is_pattern(const std::string& text) { return text.find_first_of("*?") != std::string::npos; }

/// Folders by folder, so that a pattern may also stand in the middle of a path.
std::vector<fs::path> expand_glob(const fs::path& pattern) {
  std::vector<fs::path> found{pattern.is_absolute() ? pattern.root_path() : fs::path()};
  for (const auto& part : pattern.relative_path()) {
    std::vector<fs::path> next;
    for (const auto& base : found) {
      if (!is_pattern(part.string())) {
        if (fs::exists(base / part)) next.push_back(base / part);
        continue;
      }
      std::error_code error;
      for (fs::directory_iterator it(base.empty() ? fs::path(".") : base, error), end; !error && it != end; it.increment(error)) {
        const auto name = it->path().filename();
        if (name.native().front() != '.' && glob_match(part.string(), name.string())) next.push_back(base / name);
      }
    }
    found = std::move(next);
  }
  sort_by_bytes(found);
  return found;
}

/// What the outputs of an address are named after: "rtsp://me:secret@cam:554/1?x" -> "cam:554/1?x".
std::string without_user(const std::string& url) {
  std::string rest = url.substr(url.find("://") + 3);
  const auto host_end = rest.find_first_of("/?#");
  if (const auto at = rest.rfind('@', host_end); at != std::string::npos) rest = rest.substr(at + 1);
  return rest;
}

/// "rtsp://me:secret@cam:554/1?x" -> the outputs' name "cam_554_1_x"; "0", which is /dev/video0 -> "video0";
/// "videotestsrc ! jpegenc ! jpegdec" -> "videotestsrc___jpegenc___jpegdec".
PictureSource live_source(const std::string& argument) {
  video::live_opener(argument);  // refuses here what can't be opened at all
  std::string name = argument;
  if (video::names_camera(argument)) name = video::camera_device(argument).substr(std::string_view("/dev/").size());
  if (video::names_url(argument)) name = without_user(argument);
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-') c = '_';
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  PictureSource source{argument, name.substr(0, 100)};
  source.live = true;
  return source;
}

/// One line of a list. Addresses and cameras stand there as they do among arguments, where they are inputs at all.
PictureSource listed_source(const std::string& line, const fs::path& folder, FolderHolds holds) {
  const fs::path path = folder / line;  // the line itself, where that is absolute
  std::error_code error;
  if (holds != FolderHolds::pictures && video::names_live(line) && !fs::exists(path, error)) return live_source(line);
  return {line, path};
}

std::vector<PictureSource> expand_list(const std::string& argument, FolderHolds holds) {
  const fs::path list = argument.substr(1);
  const std::string text = read_file(list, ErrorKind::input, 256u << 20);
  std::vector<PictureSource> sources;
  std::size_t begin = 0;
  while (begin < text.size()) {
    auto end = text.find('\n', begin);
    if (end == std::string::npos) end = text.size();
    std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line.front() == '#') continue;
    if (line.find('\0') != std::string::npos) throw Error(ErrorKind::input, printable(list.string()), "holds a NUL byte, expected one path a line");
    sources.push_back(listed_source(line, list.parent_path(), holds));
  }
  if (sources.empty()) throw Error(ErrorKind::input, printable(list.string()), "names no files");
  return sources;
}

std::string read_standard_input(std::uint64_t most) {
  std::string bytes;
  std::array<char, 1 << 16> buffer;
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return bytes;
    if (bytes.size() + static_cast<std::size_t>(got) > most) {
      throw Error(ErrorKind::input, "standard input", "has more than " + human_bytes(most));
    }
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

std::vector<PictureSource> expand_inputs(const std::vector<std::string>& arguments, FolderHolds holds) {
  if (std::count(arguments.begin(), arguments.end(), "-") > 1) throw Error(ErrorKind::usage, "INPUT", "standard input (-) can be read once only");
  std::vector<PictureSource> sources;
  for (const auto& argument : arguments) {
    std::error_code error;
    if (holds != FolderHolds::pictures && video::names_live(argument)) {
      sources.push_back(live_source(argument));
    } else if (argument == "-") {
      sources.push_back({"-", {}});
    } else if (argument.size() > 1 && argument.front() == '@' && !fs::exists(argument, error)) {
      const auto listed = expand_list(argument, holds);
      sources.insert(sources.end(), listed.begin(), listed.end());
    } else if (fs::is_directory(argument, error)) {
      const auto [wanted, lacks] = rule_of(holds);
      const auto files = files_of(argument, wanted);
      if (files.empty()) throw Error(ErrorKind::input, printable(argument), lacks);
      for (const auto& file : files) sources.push_back({file.string(), file});
    } else if (is_pattern(argument) && !fs::exists(argument, error)) {
      const auto files = expand_glob(argument);
      if (files.empty()) throw Error(ErrorKind::input, printable(argument), "matches no file");
      for (const auto& file : files) sources.push_back({file.string(), file});
    } else {
      sources.push_back({argument, argument});
    }
  }
  for (std::size_t i = 0; i < sources.size(); ++i) sources[i].index = i;
  return sources;
}

std::vector<PictureSource> take_shard(std::vector<PictureSource> sources, const std::string& shard) {
  if (shard.empty()) return sources;
  std::size_t which = 0, of = 0;
  const char *const begin = shard.data(), *const end = begin + shard.size();
  const auto first = std::from_chars(begin, end, which);
  const bool split = first.ec == std::errc() && first.ptr != end && *first.ptr == '/';
  const auto second = split ? std::from_chars(first.ptr + 1, end, of) : first;
  if (!split || second.ec != std::errc() || second.ptr != end || which < 1 || which > of || of > 1'000'000) {
    throw Error(ErrorKind::usage, "--shard",
                "is '" + printable(shard, 100) + "', expected i/n such as 1/4, i from 1 to n");
  }
  std::vector<PictureSource> own;
  for (std::size_t i = which - 1; i < sources.size(); i += of) {
    own.push_back(std::move(sources[i]));
    own.back().index = own.size() - 1;
  }
  return own;
}

image::Image read_picture(const PictureSource& source, const Limits& limits) {
  if (!source.path.empty()) return image::read_image(source.path, limits);
  const std::string bytes = read_standard_input(limits.image_bytes);
  return image::decode(std::as_bytes(std::span(bytes)), "standard input", limits);
}

}  // namespace vitral::apps
