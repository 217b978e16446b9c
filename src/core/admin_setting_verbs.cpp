// Admin API: settings that may change while the server runs (spec section 5.1).
#include "base/log.hpp"
#include "core/gateway_state.hpp"
#include "core/media/media_plane.hpp"
#include "core/tuning.hpp"
#include "core/verbs.hpp"
#include "rtc/peer/peer.hpp"

namespace limen::core {
namespace {

// The one mandatory parameter `key`; nullopt: answered with an error.
template <typename T>
std::optional<T> parameter(ApiCall& call, std::string_view key) {
  RequestReader reader(call.message());
  T value{};
  reader.field(key, value, "");
  if (!reader.error()) return value;
  call.fail({reader.error()->missing ? ApiErrorCode::missing_mandatory_element : ApiErrorCode::invalid_element_type,
             reader.error()->text});
  return std::nullopt;
}

template <typename T>
void answer_with(ApiCall& call, std::string_view key, T value) {
  JsonObject reply = call.envelope("success");
  reply[key] = value;
  call.answer(std::move(reply));
}

void retune_peers(GatewayState& state) {
  state.media.with_all_peers(
      [tuning = peer_tuning(state.settings.media)](rtc::Peer& peer, Instant) { peer.set_tuning(tuning); });
}

void set_session_timeout(GatewayState& state, ApiCall call) {
  auto timeout = parameter<uint32_t>(call, "timeout");
  if (!timeout) return;
  state.settings.general.session_timeout = *timeout;
  answer_with(call, "timeout", *timeout);
}

void set_log_level(GatewayState&, ApiCall call) {
  auto level = parameter<uint64_t>(call, "level");
  if (!level) return;
  if (*level > 7) {
    return call.fail({ApiErrorCode::invalid_element_type, "Invalid element type (level should be between 0 and 7)"});
  }
  log::set_level(static_cast<log::Level>(*level));
  answer_with(call, "level", *level);
}

void set_log_timestamps(GatewayState& state, ApiCall call) {
  auto on = parameter<bool>(call, "timestamps");
  if (!on) return;
  state.settings.general.debug_timestamps = *on;
  if (state.log.set_timestamps) state.log.set_timestamps(*on);
  answer_with(call, "log_timestamps", *on);
}

void set_log_colors(GatewayState& state, ApiCall call) {
  auto on = parameter<bool>(call, "colors");
  if (!on) return;
  state.settings.general.debug_colors = *on;
  if (state.log.set_colors) state.log.set_colors(*on);
  answer_with(call, "log_colors", *on);
}

// Switches kept for compatibility: this server has no locks, reference counts or ICE library to trace.
template <bool DebugSwitches::* kSwitch>
void set_debug(GatewayState& state, ApiCall& call, std::string_view name) {
  auto on = parameter<bool>(call, "debug");
  if (!on) return;
  state.debug.*kSwitch = *on;
  answer_with(call, name, *on);
}
void set_locking_debug(GatewayState& state, ApiCall call) {
  set_debug<&DebugSwitches::locking>(state, call, "locking_debug");
}
void set_refcount_debug(GatewayState& state, ApiCall call) {
  set_debug<&DebugSwitches::refcount>(state, call, "refcount_debug");
}
void set_libnice_debug(GatewayState& state, ApiCall call) {
  set_debug<&DebugSwitches::libnice>(state, call, "libnice_debug");
}

void set_min_nack_queue(GatewayState& state, ApiCall call) {
  auto ms = parameter<uint32_t>(call, "min_nack_queue");
  if (!ms) return;
  state.settings.media.min_nack_queue = std::min<uint32_t>(*ms, 1000);
  retune_peers(state);
  answer_with(call, "min_nack_queue", state.settings.media.min_nack_queue);
}

void set_nack_optimizations(GatewayState& state, ApiCall call) {
  auto on = parameter<bool>(call, "nack_optimizations");
  if (!on) return;
  state.settings.media.nack_optimizations = *on;
  retune_peers(state);
  answer_with(call, "nack-optimizations", *on);
}

void set_no_media_timer(GatewayState& state, ApiCall call) {
  auto seconds = parameter<uint32_t>(call, "no_media_timer");
  if (!seconds) return;
  state.settings.media.no_media_timer = *seconds;
  retune_peers(state);
  answer_with(call, "no_media_timer", *seconds);
}

void set_slowlink_threshold(GatewayState& state, ApiCall call) {
  auto packets = parameter<uint32_t>(call, "slowlink_threshold");
  if (!packets) return;
  state.settings.media.slowlink_threshold = *packets;
  retune_peers(state);
  answer_with(call, "slowlink_threshold", *packets);
}

void accept_new_sessions(GatewayState& state, ApiCall call) {
  auto accept = parameter<bool>(call, "accept");
  if (!accept) return;
  state.accepting_sessions = *accept;
  answer_with(call, "accept", *accept);
}

constexpr std::pair<std::string_view, ServerVerb> kVerbs[] = {
    {"set_session_timeout", set_session_timeout},       {"set_log_level", set_log_level},
    {"set_log_timestamps", set_log_timestamps},         {"set_log_colors", set_log_colors},
    {"set_locking_debug", set_locking_debug},           {"set_refcount_debug", set_refcount_debug},
    {"set_libnice_debug", set_libnice_debug},           {"set_min_nack_queue", set_min_nack_queue},
    {"set_nack_optimizations", set_nack_optimizations}, {"set_no_media_timer", set_no_media_timer},
    {"set_slowlink_threshold", set_slowlink_threshold}, {"accept_new_sessions", accept_new_sessions},
};

}  // namespace

ServerVerb find_setting_verb(std::string_view verb) {
  return find_verb(kVerbs, verb);
}

}  // namespace limen::core
