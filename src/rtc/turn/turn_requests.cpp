// TurnClient: what is sent to the server, and when again.
#include <algorithm>

#include "rtc/turn/turn_client.hpp"
#include "wire/stun/channel_data.hpp"
#include "wire/stun/stun_writer.hpp"

namespace limen::rtc {
namespace {

using stun::AttributeType;
using stun::MessageClass;
using stun::MessageWriter;
using stun::Method;

constexpr size_t kControlRoom = 3072;    // REALM, NONCE and the user name are up to 763 bytes each
constexpr size_t kIndicationRoom = 128;  // beside the payload
constexpr uint8_t kUdp = 17;
// Somebody waits for an allocation (an SDP) and for a permission (a check): 0, 250, 750, 1750, 3350 ms, given up
// at 4950 ms. A refresh has a minute.
constexpr Duration kQuickInterval = std::chrono::milliseconds(250);
constexpr Duration kSlowInterval = std::chrono::milliseconds(500);
constexpr Duration kLongestInterval = std::chrono::milliseconds(1600);
constexpr Duration kStreamPatience = std::chrono::seconds(5);
constexpr size_t kMaxTransactions = 256;

int max_sends(Method method, uint32_t lifetime) {
  if (method != Method::refresh) return 5;
  return lifetime == 0 ? 3 : 12;
}

bool is_media(Bytes payload) {
  return !payload.empty() && payload[0] > 3;
}

}  // namespace

void TurnClient::request(Transaction transaction, Instant now) {
  if (transactions_.size() >= kMaxTransactions) return on_expired(transaction, now);
  random_.fill(transaction.id);
  transaction.sends = 0;
  transaction.max_sends = config_.stream ? 1 : max_sends(transaction.method, transaction.lifetime);
  transaction.interval = transaction.method == Method::refresh ? kSlowInterval : kQuickInterval;
  transaction.authenticated = credentials_.known();
  transmit(transaction, now);
  transactions_.push_back(transaction);
}

void TurnClient::transmit(Transaction& transaction, Instant now) {
  MessageWriter writer(tx_.reserve(kControlRoom), MessageClass::request, transaction.method, transaction.id);
  switch (transaction.method) {
    case Method::allocate:
      writer.add_requested_transport(kUdp);
      if (config_.want_v6) writer.add_address_family(AttributeType::additional_address_family, false);
      break;
    case Method::refresh:
      writer.add_u32(AttributeType::lifetime, transaction.lifetime);
      break;
    case Method::channel_bind:
      writer.add_channel_number(transaction.channel);
      writer.add_address(AttributeType::xor_peer_address, transaction.peer);
      break;
    default:
      writer.add_address(AttributeType::xor_peer_address, transaction.peer);
      break;
  }
  if (transaction.authenticated) credentials_.sign(writer);
  writer.add_fingerprint();
  if (Bytes message = writer.finish(); !message.empty()) {
    tx_.hurry();
    tx_.commit(server_, message.size());
  }
  if (transaction.sends > 0) transaction.interval = std::min(transaction.interval * 2, kLongestInterval);
  ++transaction.sends;
  transaction.next_send = now + (config_.stream ? kStreamPatience : transaction.interval);
}

void TurnClient::ask_permission(const IpAddress& ip, Instant now) {
  Transaction transaction;
  transaction.method = Method::create_permission;
  transaction.peer = {ip, 0};
  request(transaction, now);
}

void TurnClient::ask_channel(const TurnChannel& channel, Instant now) {
  Transaction transaction;
  transaction.method = Method::channel_bind;
  transaction.peer = channel.peer;
  transaction.channel = channel.number;
  request(transaction, now);
}

void TurnClient::send(const SocketAddress& peer, Bytes payload, Instant now) {
  if (state_ != TurnState::ready) return drop(TurnDrop::not_ready);
  TurnPermission* permission = peers_.permission(peer.ip);
  if (permission == nullptr) {
    permission = &peers_.add_permission(peer.ip, now);
    if (!peers_.hold(*permission, peer, payload)) drop(TurnDrop::no_permission);
    return ask_permission(peer.ip, now);
  }
  permission->last_used = now;
  if (permission->grant == TurnGrant::granted) return forward(peer, payload, now);
  if (permission->grant == TurnGrant::refused) {
    if (now < permission->renew_at) return drop(TurnDrop::no_permission);
    permission->grant = TurnGrant::asked;
    permission->renew_at = kNever;
    if (!peers_.hold(*permission, peer, payload)) drop(TurnDrop::no_permission);
    return ask_permission(peer.ip, now);
  }
  if (!peers_.hold(*permission, peer, payload)) drop(TurnDrop::no_permission);
}

void TurnClient::forward(const SocketAddress& peer, Bytes payload, Instant now) {
  TurnChannel* channel = peers_.channel(peer);
  if (channel != nullptr && channel->grant == TurnGrant::granted) return send_channel_data(channel->number, payload);
  send_indication(peer, payload);
  if (channel != nullptr || !is_media(payload)) return;
  channel = peers_.add_channel(peer);
  if (channel != nullptr) ask_channel(*channel, now);
}

void TurnClient::send_indication(const SocketAddress& peer, Bytes payload) {
  stun::TransactionId id;
  random_.fill(id);
  MessageWriter writer(tx_.reserve(payload.size() + kIndicationRoom), MessageClass::indication, Method::send, id);
  writer.add_address(AttributeType::xor_peer_address, peer);
  writer.add(AttributeType::data, payload);
  if (Bytes message = writer.finish(); !message.empty()) tx_.commit(server_, message.size());
}

void TurnClient::send_channel_data(uint16_t number, Bytes payload) {
  size_t room = payload.size() + stun::kChannelHeaderSize + 3;
  size_t size = stun::write_channel_data(number, payload, config_.stream, tx_.reserve(room));
  if (size != 0) tx_.commit(server_, size);
}

}  // namespace limen::rtc
