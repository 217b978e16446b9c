// One HTTP POST of a JSON text; blocks, for at most ten seconds. Any thread.
#pragma once
#include <string>

#include "base/result.hpp"

namespace limen::textroom {

// Once, before other threads use it.
Result<> start_http_client();
// Redirects are not followed, and nothing but http: and https: is spoken. The response is ignored.
Result<> post_json(const std::string& url, const std::string& body);

}  // namespace limen::textroom
