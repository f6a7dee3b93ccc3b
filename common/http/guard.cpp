#include "common/http/guard.h"

#include <nlohmann/json.hpp>

namespace vitral::http {
namespace {

bool same_secret(const std::string& a, const std::string& b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size() && !b.empty(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i % b.size()]);
  }
  return difference == 0;
}

}  // namespace

bool is_allowed(const httplib::Request& request, const std::string& token, bool in_query) {
  if (token.empty() || same_secret(request.get_header_value("Authorization"), "Bearer " + token)) return true;
  return in_query && same_secret(request.get_param_value("token"), token);
}

void refuse(httplib::Response& response, int status, std::string_view what) {
  response.status = status;
  const nlohmann::json body = {{"error", what}};
  response.set_content(body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n", "application/json");
}

void refuse_stranger(httplib::Response& response) {
  response.set_header("WWW-Authenticate", "Bearer");
  refuse(response, 401, "a token is needed");
}

}  // namespace vitral::http
