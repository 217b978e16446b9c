// The `jsep` member of a client's `message`, validated (spec 3.5).
//
// Plain values, any thread.
#pragma once
#include <optional>
#include <string>

#include "api/api_error.hpp"
#include "api/json.hpp"

namespace limen::core {

enum class JsepType : uint8_t { offer, answer };
enum class RidOrder : uint8_t { high_first, low_first };  // "hml", "lmh": the first rid in the SDP

struct ClientJsep {
  JsepType type = JsepType::offer;
  std::string sdp;
  bool trickle = true;  // false: all candidates are in the SDP
  RidOrder rid_order = RidOrder::high_first;
  bool force_relay = false;  // whether it is honoured is the caller's configuration
  bool e2ee = false;
  std::optional<Json> svc;  // well-formed or absent
};

// 455 not an object, 456 / 467 members, 464 type.
ApiResult<ClientJsep> parse_client_jsep(const Json& jsep);

}  // namespace limen::core
