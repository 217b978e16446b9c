// Server-reflexive candidates: asking STUN servers how they see each base (RFC 8445 section 5.1.1.2).
#include "rtc/ice/ice_agent_state.hpp"

namespace limen::rtc {
namespace {

// 0, 250, 750, 1750 ms, given up at 3350 ms: an SDP that waits for all candidates waits no longer.
constexpr uint8_t kGatherSends = 4;
constexpr Duration kGatherInterval = std::chrono::milliseconds(250);
constexpr size_t kMaxServers = 4;

}  // namespace

void IceAgent::State::begin_gathering(Instant now) {
  if (config.lite) return;
  if (config.stun_servers.size() > kMaxServers) config.stun_servers.resize(kMaxServers);
  for (size_t base = 0; base < locals.bases().size(); ++base) {
    const LocalBase& local = locals.bases()[base];
    if (is_tcp(local.protocol)) continue;
    for (const SocketAddress& server : config.stun_servers) {
      if (server.ip.is_v4() != local.address.ip.is_v4()) continue;
      StunTransaction transaction;
      transaction.id = new_transaction_id();
      transaction.purpose = StunTransaction::Purpose::gather;
      transaction.flow = {local.socket, server};
      transaction.base = base;
      transaction.max_sends = kGatherSends;
      transaction.interval = kGatherInterval;
      StunTransactions::sent(transaction, now);
      if (!transactions.add(transaction)) return drop(IceDrop::too_many);
      transmit(transaction);
    }
  }
}

void IceAgent::State::on_gather_response(const stun::Message& message, const StunTransaction& transaction,
                                         const Flow& from, Instant now) {
  // No key protects this answer; the random id and the address are what is known of the server.
  if (from != transaction.flow) return drop(IceDrop::wrong_source);
  StunTransaction answered = transaction;
  transactions.remove(answered.id);
  if (message.message_class() == stun::MessageClass::success && message.unknown_required().empty()) {
    auto mapped = message.mapped_address();
    if (!mapped || mapped->port == 0 || mapped->ip.is_v4() != from.remote.ip.is_v4()) {
      drop(IceDrop::malformed);
    } else if (const Candidate* found = locals.add_server_reflexive(answered.base, *mapped, from.remote)) {
      events.push_back(LocalCandidateFound{*found});
    }
  }
  finish_gathering_if_done(now);
}

void IceAgent::State::finish_gathering_if_done(Instant now) {
  if (gathered_at || relays_awaited || transactions.gathering()) return;
  gathered_at = now;
  events.push_back(GatheringDone{});
}

}  // namespace limen::rtc
