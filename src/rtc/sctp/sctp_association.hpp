// SctpAssociation: one SCTP association over DTLS, without socket, thread, clock, lock or global state.
//
// Contract: call one input, then drain poll_transmit() and poll_event(). Whatever the peer sends, the
// worst is the end of this association. A shard's thread only. RFC 9260 with 3758 (partial
// reliability), 6525 (stream reset), 8260 (interleaving), 8261 (over DTLS), 9653 (zero checksum).
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "rtc/sctp/sctp_config.hpp"

namespace limen::rtc {

class SctpAssociation {
 public:
  // `random` must outlive it.
  SctpAssociation(const SctpConfig& config, Random& random);
  ~SctpAssociation();

  // Inputs -------------------------------------------------------------------------------------
  // Begins the handshake. Either side may, or both at once; without it one waits for the peer.
  void connect(Instant now);
  void handle(Bytes packet, Instant now);
  void handle_timeout(Instant now);
  // A whole message; it is sent, or refused and why.
  SctpSendResult send(uint16_t stream, uint32_t ppid, std::vector<uint8_t> bytes, const SctpSendOptions& options,
                      Instant now);
  // Closes our direction of the stream once what waits on it has been sent; then SctpStreamReset.
  void reset_stream(uint16_t stream, Instant now);
  void shut_down(Instant now);  // after everything is acknowledged
  void abort(Instant now);      // at once

  // Outputs ------------------------------------------------------------------------------------
  Instant next_deadline() const;      // kNever if nothing is to be done
  bool poll_transmit(Bytes& packet);  // valid until the next call of any member
  bool poll_event(SctpEvent& event);

  bool established() const;  // messages may be sent
  bool ended() const;
  uint16_t outbound_streams() const;  // as agreed
  size_t buffered() const;            // bytes not yet acknowledged
  SctpStats stats() const;

  struct State;  // association_state.hpp

 private:
  std::unique_ptr<State> state_;
};

}  // namespace limen::rtc
