// What headers of a request say: pure functions, any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "transports/net/http_message.hpp"

namespace limen::whip {

// Is the body of this media type (parameters apart)?
bool has_type(const net::HttpRequest& request, std::string_view type);
// May the answer be of this media type ("application/sdp")? Without Accept: anything.
bool accepts(const net::HttpRequest& request, std::string_view type);
// The token of `Authorization: Bearer`; "" without the header; nullopt: another scheme, or malformed.
std::optional<std::string> bearer_of(const net::HttpRequest& request);

}  // namespace limen::whip
