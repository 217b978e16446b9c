// Admin API: drain, an addition to the reference's requests (docs/operations.md).
#include <algorithm>
#include <chrono>

#include "base/log.hpp"
#include "core/gateway_state.hpp"
#include "core/verbs.hpp"

namespace limen::core {
namespace {

struct DrainMessage {
  std::optional<bool> drain;
  std::optional<uint32_t> timeout;
};
template <typename V>
void describe(V& v, DrainMessage& m) {
  v.field("drain", m.drain, "Whether to drain; absent: yes");
  v.field("timeout", m.timeout, "Seconds after which what is left is cut off; 0: never; absent: drain_timeout");
}

void answer_status(const GatewayState& state, ApiCall& call) {
  JsonObject reply = call.envelope("success");
  reply["draining"] = state.drain.active();
  reply["sessions"] = state.sessions.all().size();
  Instant end = state.drain.ends_at();
  if (end != kNever) {
    auto left = std::chrono::ceil<std::chrono::seconds>(end - state.executor.now()).count();
    reply["ends_in"] = std::max<int64_t>(left, 0);
  }
  call.answer(std::move(reply));
}

void drain(GatewayState& state, ApiCall call) {
  auto message = call.read<DrainMessage>();
  if (!message) return;
  if (message->drain.value_or(true)) {
    state.begin_drain(message->timeout ? std::optional<int64_t>(*message->timeout) : std::nullopt);
  } else {
    state.undo_drain();
  }
  answer_status(state, call);
}

void drain_status(GatewayState& state, ApiCall call) {
  answer_status(state, call);
}

constexpr std::pair<std::string_view, ServerVerb> kVerbs[] = {{"drain", drain}, {"drain_status", drain_status}};

}  // namespace

ServerVerb find_drain_verb(std::string_view verb) {
  return find_verb(kVerbs, verb);
}

// `seconds` absent: as configured.
void GatewayState::begin_drain(std::optional<int64_t> seconds) {
  int64_t limit = seconds.value_or(settings.general.drain_timeout);
  drain.begin(std::chrono::seconds(limit), executor.now());
  log::info("", "Draining: no new sessions; {} to go{}", sessions.all().size(),
            limit > 0 ? fmt::format(", at most {} s", limit) : "");
  events.notify(EventType::core, {}, JsonObject{{"status", "draining"}, {"sessions", sessions.all().size()}},
                subtype::kShutdown);
}

void GatewayState::undo_drain() {
  if (!drain.active()) return;
  drain.undo();
  log::info("", "Draining ends: new sessions are accepted again");
  events.notify(EventType::core, {}, JsonObject{{"status", "started"}}, subtype::kStartup);
}

}  // namespace limen::core
