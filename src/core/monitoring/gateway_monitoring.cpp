#include "core/monitoring/gateway_monitoring.hpp"

#include "base/constant_time.hpp"
#include "core/gateway_state.hpp"

namespace limen::core {
namespace {

// A transport without a connection of its own (HTTP) is reachable while it listens; one that talks over a broker
// only while it has that.
bool reachable(const GatewayState& state) {
  for (const auto& [package, transport] : state.modules.transports.all()) {
    if (transport->serves_janus_api() && transport->figures().connected.value_or(true)) return true;
  }
  return false;
}

}  // namespace

void GatewayMonitoring::collect_metrics(std::move_only_function<void(std::string)> done) {
  state_.metrics.collect(std::move(done));
}

Health GatewayMonitoring::health() const {
  std::vector<uint32_t> lost = state_.loops.lost();
  if (lost.empty()) return {true, "ok"};
  return {false, fmt::format("{} of {} media loops do not answer (the first: {})", lost.size(),
                             state_.media.shard_count(), lost.front())};
}

Health GatewayMonitoring::readiness() const {
  Health health = this->health();
  if (!health.good) return health;
  if (!state_.started) return {false, "starting or stopping"};
  if (state_.drain.active()) return {false, "draining"};
  if (!state_.accepting_sessions) return {false, "not accepting new sessions"};
  if (!reachable(state_)) return {false, "no transport of the Janus API is connected"};
  return {true, "ok"};
}

bool GatewayMonitoring::has_admin_secret() const {
  return !state_.settings.general.admin_secret.empty();
}

bool GatewayMonitoring::is_admin_secret(std::string_view text) const {
  return has_admin_secret() && constant_time_equal(text, state_.settings.general.admin_secret);
}

}  // namespace limen::core
