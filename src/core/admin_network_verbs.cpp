// Admin API: names, STUN and media threads (spec section 5.1).
#include "core/gateway_state.hpp"
#include "core/media/media_plane.hpp"
#include "core/name_lookup.hpp"
#include "core/verbs.hpp"

namespace limen::core {
namespace {

struct ResolveMessage {
  std::string address;
};
template <typename V>
void describe(V& v, ResolveMessage& m) {
  v.field("address", m.address, "Host name");
}

void resolve_address(GatewayState& state, ApiCall call) {
  auto message = call.read<ResolveMessage>();
  if (!message) return;
  auto lookup = std::make_shared<NameLookup>();
  lookup->name = message->address;
  lookup->ipv6 = state.settings.media.ipv6;
  auto done = [lookup, call = std::move(call)]() mutable {
    if (!lookup->address) return call.fail({ApiErrorCode::unknown, "Could not resolve address"});
    JsonObject reply = call.envelope("success");
    reply["ip"] = lookup->address->to_string();
    reply["elapsed"] = lookup->elapsed_us;
    call.answer(std::move(reply));
  };
  state.background.run([lookup] { lookup->run(); }, state.executor, std::move(done));
}

struct StunMessage {
  std::string address;
  uint16_t port = 0;
  std::optional<uint16_t> localport;
};
template <typename V>
void describe(V& v, StunMessage& m) {
  v.field("address", m.address, "STUN server");
  v.field("port", m.port, "Its port");
  v.field("localport", m.localport, "Local port to ask from");
}

ApiError stun_error(StunFailure failure) {
  switch (failure) {
    case StunFailure::unresolved:
      return {ApiErrorCode::unknown, "Could not resolve address"};
    case StunFailure::request:
      return {ApiErrorCode::unknown, "STUN request failed"};
    default:
      return {ApiErrorCode::unknown, "Could not resolve public address"};
  }
}

void test_stun(GatewayState& state, ApiCall call) {
  auto message = call.read<StunMessage>();
  if (!message) return;
  auto test = std::make_shared<StunTest>();
  test->server = message->address;
  test->port = message->port;
  test->local_port = message->localport.value_or(0);
  test->ipv6 = state.settings.media.ipv6;
  auto done = [test, call = std::move(call)]() mutable {
    if (!test->mapped) return call.fail(stun_error(test->failure));
    JsonObject reply = call.envelope("success");
    reply["public_ip"] = test->mapped->ip.to_string();
    reply["public_port"] = test->mapped->port;
    reply["elapsed"] = test->elapsed_us;
    call.answer(std::move(reply));
  };
  state.background.run([test] { test->run(); }, state.executor, std::move(done));
}

void loops_info(GatewayState& state, ApiCall call) {
  JsonArray loops;
  // Only a configured number of threads counts as static ones.
  if (state.settings.general.event_loops > 0) {
    for (const LoopInfo& loop : state.media.loops_info()) {
      loops.emplace_back(JsonObject{{"id", loop.id}, {"handles", loop.handles}});
    }
  }
  JsonObject reply = call.envelope("success");
  reply["loops"] = std::move(loops);
  call.answer(std::move(reply));
}

constexpr std::pair<std::string_view, ServerVerb> kVerbs[] = {
    {"resolve_address", resolve_address}, {"test_stun", test_stun}, {"loops_info", loops_info}};

}  // namespace

ServerVerb find_network_verb(std::string_view verb) {
  return find_verb(kVerbs, verb);
}

}  // namespace limen::core
