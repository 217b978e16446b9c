#include "rtc/ice/stun_probe.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "rtc/ice/ice_messages.hpp"
#include "wire/stun/stun_message.hpp"

namespace limen::rtc {
namespace {

constexpr Duration kFirstInterval = std::chrono::milliseconds(250);
constexpr Duration kMaxInterval = std::chrono::seconds(1);

}  // namespace

StunProbe::StunProbe(SocketId socket, const SocketAddress& server, TxQueue& tx, Random& random, Instant now,
                     Duration timeout, uint32_t change)
    : tx_(tx),
      flow_{socket, server},
      change_(change),
      started_at_(now),
      expires_at_(now + timeout),
      interval_(kFirstInterval) {
  random.fill(transaction_);
  send(now);
}

void StunProbe::send(Instant now) {
  if (change_ == 0) send_plain_request(tx_, flow_, transaction_);
  else send_change_request(tx_, flow_, transaction_, change_);
  next_send_ = now + interval_;
  interval_ = std::min(interval_ * 2, kMaxInterval);
}

void StunProbe::handle(Bytes datagram, const Flow& from, Instant now) {
  bool from_server = from == flow_ || (change_ != 0 && from.remote != flow_.remote);
  if (finished() || !from_server) return;
  auto message = stun::Message::parse(datagram);
  if (!message || message->method() != stun::Method::binding || !message->fingerprint_ok()) return;
  if (message->transaction_id() != transaction_) return;
  if (message->message_class() == stun::MessageClass::error) {
    auto error = message->error();
    return finish(now,
                  error ? fmt::format("error {} from the STUN server", error->code) : "error from the STUN server");
  }
  if (message->message_class() != stun::MessageClass::success) return;
  auto mapped = message->mapped_address();
  if (!mapped || mapped->port == 0 || mapped->ip.is_unspecified()) {
    return finish(now, "the STUN server's answer has no address");
  }
  mapped_ = mapped;
  other_ = message->address(stun::AttributeType::other_address);
  finish(now, {});
}

void StunProbe::handle_timeout(Instant now) {
  if (finished()) return;
  if (now >= expires_at_) return finish(now, "no answer from the STUN server");
  if (now >= next_send_) send(now);
}

Instant StunProbe::next_deadline() const {
  return finished() ? kNever : std::min(next_send_, expires_at_);
}

void StunProbe::finish(Instant now, std::string failure) {
  finished_at_ = now;
  failure_ = std::move(failure);
}

}  // namespace limen::rtc
