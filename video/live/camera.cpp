#include "video/live/camera.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>

#include "common/core/text.h"
#include "video/live/demuxed_source.h"

namespace vitral::video {
namespace {

constexpr const char* kDevice = "/dev/video";

bool is_number(const std::string& text) {
  return !text.empty() && text.size() <= 3 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// FFmpeg's libraries of one release are numbered alike.
std::string library_number() {
  return std::to_string(LIBAVFORMAT_VERSION_MAJOR);
}

/// Devices count as formats of FFmpeg from here on, for as long as the process lives.
bool register_devices() {
  void* const library = ::dlopen(("libavdevice.so." + library_number()).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return false;
  const auto register_all = reinterpret_cast<void (*)()>(::dlsym(library, "avdevice_register_all"));
  if (register_all != nullptr) register_all();
  return register_all != nullptr;
}

/// The code of a path that no driver need be asked about, or 0.
int fault_of(const std::string& device) {
  struct stat status = {};
  if (::stat(device.c_str(), &status) != 0) return AVERROR(errno);
  return S_ISCHR(status.st_mode) ? 0 : AVERROR(ENOTTY);
}

}  // namespace

bool names_camera(const std::string& text) {
  std::error_code ignored;
  if (is_number(text)) return !std::filesystem::exists(text, ignored);
  const std::string device = kDevice;
  return text.starts_with("/dev/v4l/") || (text.starts_with(device) && is_number(text.substr(device.size())));
}

std::string camera_device(const std::string& camera) {
  return is_number(camera) ? kDevice + std::to_string(std::stoi(camera)) : camera;
}

const AVInputFormat& input_device(const char* name, const std::string& subject) {
  if (!register_devices()) {
    throw Error(ErrorKind::unavailable, subject,
                "cameras are read with FFmpeg's libavdevice, which is not on this machine. On Debian and Ubuntu: "
                "apt-get install libavdevice" +
                    library_number());
  }
  const AVInputFormat* const device = av_find_input_format(name);
  if (device == nullptr)
    throw Error(ErrorKind::unavailable, subject, std::string("the libavdevice of this machine has no ") + name);
  return *device;
}

Error camera_refusal(const std::string& name, int error) {
  switch (AVUNERROR(error)) {
    case ENOENT:
      return {ErrorKind::input, name, "there is no such camera on this machine"};
    case EACCES:
    case EPERM:
      return {ErrorKind::input, name,
              "this user has no access to the camera, which members of the group video have: usermod -aG video NAME, "
              "and a new login"};
    case EBUSY:
      return {ErrorKind::lost, name, "another program uses the camera"};
    case ENOTTY:
    case EINVAL:
    case ENODEV:
    case ENOSYS:
      return {ErrorKind::input, name,
              "is no camera that gives pictures (a camera may have several devices, of which the first gives them)"};
    default:
      return {ErrorKind::lost, name, "the camera can't be opened: " + ffmpeg::text_of(error)};
  }
}

LiveOpener camera_opener(const std::string& camera) {
  const auto device = camera_device(camera);
  const auto name = printable(device, 1'000);
  const Demuxed what{name, device, &input_device("v4l2", name), {}, camera_refusal};
  return [what](const Deadline& deadline) {
    if (const int fault = fault_of(what.url); fault != 0) throw camera_refusal(what.name, fault);
    return open_demuxed(what, deadline);
  };
}

}  // namespace vitral::video
