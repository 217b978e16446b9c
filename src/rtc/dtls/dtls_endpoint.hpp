// DtlsEndpoint: one peer's DTLS-SRTP association as the Peer sees it: early packets kept, the
// handshake bounded in time, keys and application data handed out as events.
//
// Sans-IO: call one input, then drain poll_transmit() and poll_event(). A shard's thread only.
// RFC 5763, RFC 5764, RFC 8842.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "crypto/certificate.hpp"
#include "crypto/dtls_engine.hpp"
#include "crypto/fingerprint.hpp"
#include "crypto/srtp_profile.hpp"
#include "rtc/peer/peer_config.hpp"
#include "rtc/peer/peer_events.hpp"

namespace limen::rtc {

struct DtlsConfig {
  std::shared_ptr<const crypto::Certificate> certificate;
  crypto::DtlsOptions options;
  Duration connect_timeout = std::chrono::seconds(20);
};

struct DtlsProgress {
  DtlsState state;
};  // trying, connected, failed
struct DtlsKeys {
  crypto::SrtpKeyingMaterial material;
};  // right before `connected`
struct DtlsData {
  std::vector<uint8_t> bytes;
};  // one record: an SCTP packet
struct DtlsClosed {
  CloseReason reason;
  std::string detail;
};  // last event

using DtlsEvent = std::variant<DtlsProgress, DtlsKeys, DtlsData, DtlsClosed>;

class DtlsEndpoint {
 public:
  explicit DtlsEndpoint(DtlsConfig config);
  ~DtlsEndpoint();

  // Inputs -------------------------------------------------------------------------------------
  // May come before or after start(); the handshake begins when both are there. A later change is
  // ignored: the association is kept for all renegotiations.
  void set_remote_fingerprint(crypto::Fingerprint fingerprint, Instant now);
  // When the first candidate pair is selected. Again: no effect.
  void start(DtlsRole role, Instant now);
  // Before the handshake has begun the first few datagrams are kept for it.
  void handle(Bytes datagram, Instant now);
  void handle_timeout(Instant now);
  // Application data (SCTP); false before `connected`, after close, or if too large for a record.
  bool send(Bytes data, Instant now);
  // Sends close_notify if connected. No event follows.
  void close(Instant now);

  // Outputs ------------------------------------------------------------------------------------
  Instant next_deadline() const;        // kNever if nothing is to be done
  bool poll_transmit(Bytes& datagram);  // valid until the next call of any member
  bool poll_event(DtlsEvent& event);

  DtlsState state() const { return state_; }
  DtlsRole role() const { return role_; }
  uint32_t retransmissions() const;
  uint64_t dropped_early() const { return dropped_early_; }  // did not fit into the few that are kept
  crypto::SrtpProfile srtp_profile() const { return profile_; }

 private:
  void begin(Instant now);
  void collect();  // engine's outputs -> events
  void fail(CloseReason reason, std::string detail);

  DtlsConfig config_;
  crypto::Fingerprint fingerprint_;
  std::unique_ptr<crypto::DtlsEngine> engine_;
  DtlsState state_ = DtlsState::created;
  DtlsRole role_ = DtlsRole::client;
  bool start_wanted_ = false;
  bool closed_ = false;
  Instant give_up_at_ = kNever;
  crypto::SrtpProfile profile_ = crypto::SrtpProfile::none;
  std::vector<std::vector<uint8_t>> early_;
  uint64_t dropped_early_ = 0;
  std::deque<DtlsEvent> events_;
};

}  // namespace limen::rtc
