// rooms: core
// What a TURN REST service answers, and the addresses in it.
#include <cstdlib>

#include "core/turn_rest.hpp"

using namespace limen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto uri = core::parse_turn_uri(text)) {
    if (uri->host.empty() || uri->port == 0) std::abort();
  }
  auto reply = core::parse_turn_rest_reply(text);
  if (!reply) {
    if (reply.error().text.empty()) std::abort();
    return 0;
  }
  if (reply->uris.empty() || reply->uris.size() > core::kMaxTurnRestUris) std::abort();
  if (reply->username.empty() || reply->password.empty()) std::abort();
  return 0;
}
