/// Which addresses are opened, and what FFmpeg may follow from there.
#pragma once

#include <string>

namespace vitral::video {

/// True for "SCHEME://…".
bool names_url(const std::string& text);

/// FFmpeg's allow-list for an address: what its scheme needs, never local files, so that a playlist leads nowhere else.
/// Throws Error(usage) for a scheme that is not one of rtsp, rtmp, http, https, udp and tcp.
std::string protocols_for(const std::string& url);

/// The address without a password in it: for messages.
std::string without_password(const std::string& url);

}  // namespace vitral::video
