// TurnClient: one allocation on one TURN server, sans-IO (RFC 8656; credentials RFC 8489 section 9.2).
//
// Contract: start(), then one input at a time, then drain poll_event(); what is to go to the server is written to
// the TxQueue as whole messages, for the flow given to start(). Over a stream the caller splits what arrives with
// next_turn_frame(). No socket, thread or clock of its own; one thread.
//
// A permission is asked for when something is first sent to an address; the first datagrams wait for it. A channel
// is bound when the first datagram that is not STUN goes to a peer: checks of many pairs need none, media saves
// 32 bytes a packet. Allocation, permissions and channels are kept alive until close().
//
// Everything from the network is hostile: answers count only with a transaction id of ours, successes only if they
// prove to know the password; data only from addresses that were given permission.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "base/tx_queue.hpp"
#include "rtc/turn/turn_credentials.hpp"
#include "rtc/turn/turn_peers.hpp"
#include "wire/stun/stun_message.hpp"

namespace limen::rtc {

struct TurnConfig {
  std::string user, password;
  bool stream = false;   // TCP or TLS: nothing is repeated, ChannelData is padded
  bool want_v6 = false;  // an IPv6 relay address beside the IPv4 one
};

// There is a relay: peers reach us at `relayed`; the server sees us as `mapped`.
struct TurnAllocated {
  std::vector<SocketAddress> relayed;
  SocketAddress mapped;
};
// There is none, or none any more. `text` is for people and names no secret.
struct TurnFailed {
  uint16_t code = 0;  // the server's; 0: none
  std::string text;
};
// Go to this server instead (ALTERNATE-SERVER): call start() with a flow there.
struct TurnRedirected {
  SocketAddress server;
};
// The server does not relay to that address.
struct TurnPeerRefused {
  IpAddress peer;
  uint16_t code = 0;
  std::string text;
};
using TurnEvent = std::variant<TurnAllocated, TurnFailed, TurnRedirected, TurnPeerRefused>;

enum class TurnState : uint8_t { idle, allocating, ready, closing, ended };

enum class TurnDrop : uint8_t {
  malformed,            // neither STUN nor ChannelData
  unknown_transaction,  // an answer to nothing we asked
  bad_integrity,        // a success that does not prove the password
  unknown_peer,         // data from whom nothing was expected
  not_ready,            // sent without an allocation
  no_permission,        // sent while, or after, permission was asked in vain
  count
};

class TurnClient {
 public:
  static constexpr int kMaxRedirects = 4;

  // What a peer sent; `payload` lies within the message that was handled.
  struct PeerData {
    SocketAddress peer;
    Bytes payload;
  };

  // `tx` and `random` outlive the client.
  TurnClient(TurnConfig config, TxQueue& tx, Random& random);

  // Inputs. `server`: where messages go from now on; for a stream, when it is connected.
  void start(const Flow& server, Instant now);
  std::optional<PeerData> handle(Bytes message, Instant now);
  void handle_timeout(Instant now);
  void send(const SocketAddress& peer, Bytes payload, Instant now);
  // The way to the server is broken: nothing more is sent.
  void fail(std::string text);
  // Gives the allocation back; ended() when that is done, in vain or not.
  void close(Instant now);

  Instant next_deadline() const;
  bool poll_event(TurnEvent& event);
  TurnState state() const { return state_; }
  bool ended() const { return state_ == TurnState::ended; }
  const std::array<uint64_t, static_cast<size_t>(TurnDrop::count)>& drops() const { return drops_; }
  stun::PasswordAlgorithm password_algorithm() const { return credentials_.algorithm(); }

 private:
  struct Transaction {
    stun::TransactionId id{};
    stun::Method method = stun::Method::allocate;
    SocketAddress peer{};   // create_permission (its address), channel_bind
    uint16_t channel = 0;   // channel_bind
    uint32_t lifetime = 0;  // refresh; 0 gives the allocation back
    bool authenticated = false;
    int challenges = 0;
    int sends = 0;
    int max_sends = 7;
    Duration interval{};
    Instant next_send{};  // after the last send: when to give up
  };

  // turn_client.cpp
  void drop(TurnDrop reason) { ++drops_[static_cast<size_t>(reason)]; }
  std::optional<PeerData> on_data_indication(const stun::Message& message, Instant now);
  std::optional<PeerData> on_channel_data(Bytes frame, Instant now);
  void on_answer(const stun::Message& message, Instant now);
  void on_success(const stun::Message& message, const Transaction& asked, Instant now);
  void on_allocated(const stun::Message& message, Instant now);
  void on_refreshed(const stun::Message& message, const Transaction& asked, Instant now);
  void on_granted(const Transaction& asked, Instant now);
  void on_error(const stun::Message& message, Transaction asked, Instant now);
  bool take_challenge(const stun::Message& message, uint16_t code, Transaction& asked, Instant now);
  bool follow_redirect(const stun::Message& message, const Transaction& asked);
  void on_refused(const Transaction& asked, uint16_t code, std::string text, Instant now);
  void on_expired(const Transaction& asked, Instant now);
  void end(uint16_t code, std::string text);
  void plan_refresh(uint32_t lifetime, Instant now);

  // turn_requests.cpp
  void request(Transaction transaction, Instant now);
  void transmit(Transaction& transaction, Instant now);
  void ask_permission(const IpAddress& ip, Instant now);
  void ask_channel(const TurnChannel& channel, Instant now);
  void send_indication(const SocketAddress& peer, Bytes payload);
  void send_channel_data(uint16_t number, Bytes payload);
  void forward(const SocketAddress& peer, Bytes payload, Instant now);

  TurnConfig config_;
  TxQueue& tx_;
  Random& random_;
  TurnCredentials credentials_;
  Flow server_;
  TurnState state_ = TurnState::idle;
  int redirects_ = 0;
  std::vector<Transaction> transactions_;
  TurnPeers peers_;
  Instant refresh_at_ = kNever;
  std::deque<TurnEvent> events_;
  std::array<uint64_t, static_cast<size_t>(TurnDrop::count)> drops_{};
};

}  // namespace limen::rtc
