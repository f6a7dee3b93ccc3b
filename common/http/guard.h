/// Who may ask, and how an answer says no.
#pragma once

#include <httplib.h>

#include <string>
#include <string_view>

namespace vitral::http {

/// True where no token is needed, or the request brings it: "Authorization: Bearer …", or ?token=… where `in_query`.
/// Takes a time that does not depend on where two texts differ.
bool is_allowed(const httplib::Request& request, const std::string& token, bool in_query);

/// {"error":"…"} with a status.
void refuse(httplib::Response& response, int status, std::string_view what);

/// 401 with the header that says what is asked for.
void refuse_stranger(httplib::Response& response);

}  // namespace vitral::http
