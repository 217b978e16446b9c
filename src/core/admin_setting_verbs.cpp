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

// Takes the one parameter, a `Value`, over into `target` and answers with it; false: answered with an error.
template <typename Value, typename Target>
bool change(ApiCall& call, std::string_view key, Target& target, std::string_view answered) {
  auto value = parameter<Value>(call, key);
  if (!value) return false;
  target = *value;
  answer_with(call, answered, *value);
  return true;
}
template <typename Value, typename Target>
bool change(ApiCall& call, std::string_view key, Target& target) {
  return change<Value>(call, key, target, key);
}

void retune_peers(GatewayState& state) {
  state.media.with_all_peers(
      [tuning = peer_tuning(state.settings.media)](rtc::Peer& peer, Instant) { peer.set_tuning(tuning); });
}

void set_session_timeout(GatewayState& state, ApiCall call) {
  change<uint32_t>(call, "timeout", state.settings.general.session_timeout);
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
  bool& on = state.settings.general.debug_timestamps;
  if (change<bool>(call, "timestamps", on, "log_timestamps") && state.log.set_timestamps) state.log.set_timestamps(on);
}

void set_log_colors(GatewayState& state, ApiCall call) {
  bool& on = state.settings.general.debug_colors;
  if (change<bool>(call, "colors", on, "log_colors") && state.log.set_colors) state.log.set_colors(on);
}

// Switches kept for compatibility: this server has no locks, reference counts or ICE library to trace.
void set_locking_debug(GatewayState& state, ApiCall call) {
  change<bool>(call, "debug", state.debug.locking, "locking_debug");
}
void set_refcount_debug(GatewayState& state, ApiCall call) {
  change<bool>(call, "debug", state.debug.refcount, "refcount_debug");
}
void set_libnice_debug(GatewayState& state, ApiCall call) {
  change<bool>(call, "debug", state.debug.libnice, "libnice_debug");
}

void set_min_nack_queue(GatewayState& state, ApiCall call) {
  auto ms = parameter<uint32_t>(call, "min_nack_queue");
  if (!ms) return;
  state.settings.media.min_nack_queue = std::min<uint32_t>(*ms, 1000);
  retune_peers(state);
  answer_with(call, "min_nack_queue", state.settings.media.min_nack_queue);
}

void set_nack_optimizations(GatewayState& state, ApiCall call) {
  if (change<bool>(call, "nack_optimizations", state.settings.media.nack_optimizations, "nack-optimizations"))
    retune_peers(state);
}

void set_no_media_timer(GatewayState& state, ApiCall call) {
  if (change<uint32_t>(call, "no_media_timer", state.settings.media.no_media_timer)) retune_peers(state);
}

void set_slowlink_threshold(GatewayState& state, ApiCall call) {
  if (change<uint32_t>(call, "slowlink_threshold", state.settings.media.slowlink_threshold)) retune_peers(state);
}

void accept_new_sessions(GatewayState& state, ApiCall call) {
  change<bool>(call, "accept", state.accepting_sessions);
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
