#include "rtc/turn/turn_client.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "wire/stun/channel_data.hpp"

namespace limen::rtc {
namespace {

using stun::AttributeType;
using stun::MessageClass;
using stun::Method;

constexpr int kMaxChallenges = 3;  // per request: a nonce may be stale again at once, but not for ever
constexpr uint32_t kDefaultLifetime = 600;
constexpr uint32_t kLongestLifetime = 3600;  // more is taken as this much
constexpr Duration kAnswerBy = std::chrono::seconds(30);

// The server's words, as far as a log can bear them.
std::string printable(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, 80)) out += c >= ' ' && c < 0x7f ? c : '?';
  return out;
}

std::string describe(uint16_t code, std::string_view reason) {
  std::string said = fmt::format("{} {}", code, printable(reason));
  switch (code) {
    case 401:
      return "it refuses the user name or password (" + said + ")";
    case 403:
      return "it forbids that (" + said + ")";
    case 437:
      return "it still has an allocation of this address and port (" + said + ")";
    case 440:
      return "it has no address of that family (" + said + ")";
    case 441:
      return "it knows the allocation under another user name (" + said + ")";
    case 486:
      return "this user has as many allocations as it may have (" + said + ")";
    case 508:
      return "it has no more addresses to give (" + said + ")";
    default:
      return "it answers " + said;
  }
}

bool usable_server(const SocketAddress& server) {
  auto bytes = server.ip.bytes();
  bool multicast = server.ip.is_v4() ? bytes[0] >= 224 : bytes[0] == 0xff;
  return server.port != 0 && !server.ip.is_unspecified() && !multicast;
}

}  // namespace

TurnClient::TurnClient(TurnConfig config, TxQueue& tx, Random& random)
    : config_(std::move(config)), tx_(tx), random_(random), credentials_(config_.user, config_.password) {}

void TurnClient::start(const Flow& server, Instant now) {
  if (state_ != TurnState::idle) return;
  server_ = server;
  state_ = TurnState::allocating;
  request(Transaction{}, now);
}

std::optional<TurnClient::PeerData> TurnClient::handle(Bytes frame, Instant now) {
  if (state_ == TurnState::idle || state_ == TurnState::ended) return std::nullopt;
  if (!frame.empty() && frame[0] >> 6 == 1) return on_channel_data(frame, now);
  auto message = stun::Message::parse(frame);
  if (!message || !message->fingerprint_ok()) {
    drop(TurnDrop::malformed);
    return std::nullopt;
  }
  if (message->is(Method::data, MessageClass::indication)) return on_data_indication(*message, now);
  bool answer = message->message_class() == MessageClass::success || message->message_class() == MessageClass::error;
  if (answer) on_answer(*message, now);
  else drop(TurnDrop::malformed);
  return std::nullopt;
}

std::optional<TurnClient::PeerData> TurnClient::on_channel_data(Bytes frame, Instant now) {
  auto data = stun::parse_channel_data(frame);
  TurnChannel* channel = data ? peers_.channel(data->channel) : nullptr;
  TurnPermission* permission = channel != nullptr ? peers_.permission(channel->peer.ip) : nullptr;
  if (permission == nullptr) {
    drop(data ? TurnDrop::unknown_peer : TurnDrop::malformed);
    return std::nullopt;
  }
  permission->last_used = now;
  return PeerData{channel->peer, data->payload};
}

std::optional<TurnClient::PeerData> TurnClient::on_data_indication(const stun::Message& message, Instant now) {
  auto peer = message.address(AttributeType::xor_peer_address);
  auto data = message.find(AttributeType::data);
  if (!peer || !data) {
    // An ICMP error of the relay's comes as a Data indication without DATA (RFC 8656 section 11.6): ICE will see.
    if (!message.has(AttributeType::icmp)) drop(TurnDrop::malformed);
    return std::nullopt;
  }
  TurnPermission* permission = peers_.permission(peer->ip);
  if (permission == nullptr || !message.unknown_required().empty()) {
    drop(TurnDrop::unknown_peer);
    return std::nullopt;
  }
  permission->last_used = now;
  return PeerData{*peer, *data};
}

void TurnClient::on_answer(const stun::Message& message, Instant now) {
  auto id = message.transaction_id();
  auto found = std::ranges::find_if(transactions_, [&](const Transaction& t) { return t.id == id; });
  if (found == transactions_.end() || found->method != message.method()) return drop(TurnDrop::unknown_transaction);
  if (message.message_class() == MessageClass::success && !credentials_.verify(message) &&
      (found->authenticated || message.integrity())) {
    return drop(TurnDrop::bad_integrity);
  }
  Transaction asked = *found;
  transactions_.erase(found);
  if (message.message_class() == MessageClass::error) return on_error(message, asked, now);
  if (!message.unknown_required().empty()) {
    return on_refused(asked, 0, "its answer has attributes that are not known here", now);
  }
  on_success(message, asked, now);
}

void TurnClient::on_success(const stun::Message& message, const Transaction& asked, Instant now) {
  switch (asked.method) {
    case Method::allocate:
      return on_allocated(message, now);
    case Method::refresh:
      return on_refreshed(message, asked, now);
    default:
      return on_granted(asked, now);
  }
}

void TurnClient::on_allocated(const stun::Message& message, Instant now) {
  if (state_ != TurnState::allocating) return;
  TurnAllocated allocated;
  for (bool v4 : {true, false}) {
    auto relayed = message.address(AttributeType::xor_relayed_address, v4);
    if (relayed && usable_server(*relayed)) allocated.relayed.push_back(*relayed);
  }
  if (allocated.relayed.empty()) return end(0, "its answer has no relay address");
  allocated.mapped = message.mapped_address().value_or(SocketAddress{});
  state_ = TurnState::ready;
  plan_refresh(message.u32(AttributeType::lifetime).value_or(kDefaultLifetime), now);
  events_.emplace_back(std::move(allocated));
}

// A minute before it ends; of a short life half.
void TurnClient::plan_refresh(uint32_t lifetime, Instant now) {
  Duration life = std::chrono::seconds(std::clamp<uint32_t>(lifetime, 2, kLongestLifetime));
  refresh_at_ = now + (life >= std::chrono::seconds(120) ? life - std::chrono::seconds(60) : life / 2);
}

void TurnClient::on_refreshed(const stun::Message& message, const Transaction& asked, Instant now) {
  if (asked.lifetime == 0) {
    state_ = TurnState::ended;
    return transactions_.clear();
  }
  plan_refresh(message.u32(AttributeType::lifetime).value_or(kDefaultLifetime), now);
}

void TurnClient::on_granted(const Transaction& asked, Instant now) {
  TurnPermission* permission = peers_.permission(asked.peer.ip);
  if (permission == nullptr || state_ != TurnState::ready) return;
  permission->grant = TurnGrant::granted;
  permission->renew_at = now + TurnPeers::kRenewal;
  if (asked.method == Method::channel_bind) {
    if (TurnChannel* channel = peers_.channel(asked.channel)) {
      channel->grant = TurnGrant::granted;
      channel->renew_at = permission->renew_at;
    }
  }
  for (TurnPermission::Waiting& one : std::exchange(permission->waiting, {})) forward(one.peer, one.payload, now);
}

void TurnClient::on_error(const stun::Message& message, Transaction asked, Instant now) {
  auto error = message.error();
  if (!error) return on_refused(asked, 0, "its answer cannot be understood", now);
  if (error->code == 300 && follow_redirect(message, asked)) return;
  if ((error->code == 401 || error->code == 438) && take_challenge(message, error->code, asked, now)) return;
  on_refused(asked, error->code, describe(error->code, error->reason), now);
}

// True: the request goes out again, signed with what the challenge says.
bool TurnClient::take_challenge(const stun::Message& message, uint16_t code, Transaction& asked, Instant now) {
  // 401 to a signed request: the credentials are wrong, and would be again.
  if (code == 401 && asked.authenticated) return false;
  if (!credentials_.usable() || ++asked.challenges > kMaxChallenges) return false;
  if (!credentials_.learn(message)) return false;
  request(asked, now);
  return true;
}

bool TurnClient::follow_redirect(const stun::Message& message, const Transaction& asked) {
  if (asked.method != Method::allocate) return false;
  if (asked.authenticated && !credentials_.verify(message)) return false;
  auto server = message.address(AttributeType::alternate_server);
  if (!server || !usable_server(*server) || server->ip.is_v4() != server_.remote.ip.is_v4()) return false;
  if (*server == server_.remote || ++redirects_ > kMaxRedirects) return false;
  state_ = TurnState::idle;
  transactions_.clear();
  // Another server, another realm and nonce.
  credentials_ = TurnCredentials(config_.user, config_.password);
  events_.emplace_back(TurnRedirected{*server});
  return true;
}

void TurnClient::on_refused(const Transaction& asked, uint16_t code, std::string text, Instant now) {
  if (asked.method == Method::refresh && asked.lifetime == 0) {
    state_ = TurnState::ended;  // gone already, or soon by itself
    return transactions_.clear();
  }
  if (asked.method == Method::allocate || asked.method == Method::refresh) return end(code, std::move(text));
  if (state_ != TurnState::ready) return;
  if (asked.method == Method::channel_bind) {
    // Without the channel the same goes in Send indications.
    if (TurnChannel* channel = peers_.channel(asked.channel)) {
      channel->grant = TurnGrant::refused;
      channel->renew_at = kNever;
    }
    return;
  }
  TurnPermission* permission = peers_.permission(asked.peer.ip);
  if (permission == nullptr) return;
  permission->grant = TurnGrant::refused;
  permission->renew_at = now + TurnPeers::kRefusalLasts;
  drops_[static_cast<size_t>(TurnDrop::no_permission)] += std::exchange(permission->waiting, {}).size();
  events_.emplace_back(TurnPeerRefused{asked.peer.ip, code, std::move(text)});
}

void TurnClient::on_expired(const Transaction& asked, Instant now) {
  on_refused(asked, 0, "it does not answer", now);
}

void TurnClient::end(uint16_t code, std::string text) {
  if (state_ == TurnState::ended) return;
  state_ = TurnState::ended;
  transactions_.clear();
  refresh_at_ = kNever;
  events_.emplace_back(TurnFailed{code, std::move(text)});
}

void TurnClient::fail(std::string text) {
  if (state_ == TurnState::closing) state_ = TurnState::ended;
  end(0, std::move(text));
}

void TurnClient::close(Instant now) {
  if (state_ == TurnState::closing || state_ == TurnState::ended) return;
  bool allocated = state_ == TurnState::ready;
  // An answer to Allocate may still be under way: the server's copy ends by itself.
  transactions_.clear();
  refresh_at_ = kNever;
  state_ = allocated ? TurnState::closing : TurnState::ended;
  if (!allocated) return;
  Transaction transaction;
  transaction.method = Method::refresh;
  request(transaction, now);
}

void TurnClient::handle_timeout(Instant now) {
  for (size_t i = 0; i < transactions_.size();) {
    Transaction& transaction = transactions_[i];
    if (transaction.next_send > now) {
      ++i;
    } else if (transaction.sends < transaction.max_sends) {
      transmit(transaction, now);
      ++i;
    } else {
      Transaction expired = transaction;
      transactions_.erase(transactions_.begin() + static_cast<ptrdiff_t>(i));
      on_expired(expired, now);
    }
  }
  if (state_ != TurnState::ready) return;
  if (refresh_at_ <= now) {
    refresh_at_ = kNever;
    Transaction transaction;
    transaction.method = Method::refresh;
    transaction.lifetime = kDefaultLifetime;
    request(transaction, now);
  }
  TurnPeers::Due due = peers_.take_due(now, now + kAnswerBy);
  for (const SocketAddress& peer : due.channels) {
    if (const TurnChannel* channel = peers_.channel(peer)) ask_channel(*channel, now);
  }
  for (const IpAddress& ip : due.permissions) ask_permission(ip, now);
}

Instant TurnClient::next_deadline() const {
  if (state_ == TurnState::ended) return kNever;
  Instant next = kNever;
  for (const Transaction& transaction : transactions_) next = std::min(next, transaction.next_send);
  if (state_ != TurnState::ready) return next;
  return std::min({next, refresh_at_, peers_.next_renewal()});
}

bool TurnClient::poll_event(TurnEvent& event) {
  if (events_.empty()) return false;
  event = std::move(events_.front());
  events_.pop_front();
  return true;
}

}  // namespace limen::rtc
