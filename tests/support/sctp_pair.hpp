// SctpPair: two SctpAssociations on hosts of a SimNetwork, driven on virtual time.
//
// Nothing waits: run_until() moves the clock from event to event. One thread.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "rtc/sctp/sctp_association.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/sim_network.hpp"
#include "tests/support/virtual_clock.hpp"

namespace limen::test {

class SctpSide {
 public:
  SctpSide(SimNetwork& network, VirtualClock& clock, const char* address, const rtc::SctpConfig& config, uint64_t seed);

  rtc::SctpAssociation& association() { return *association_; }
  void connect();
  rtc::SctpSendResult send(uint16_t stream, std::vector<uint8_t> bytes, const rtc::SctpSendOptions& options = {},
                           uint32_t ppid = 53);
  void reset_stream(uint16_t stream);
  void shut_down();
  void abort();
  void handle(Bytes packet);
  void handle_timeout();
  void settle();  // packets to the network, events taken

  HostId host;
  SocketAddress remote;
  std::function<void(const rtc::SctpMessage&)> on_message;  // null: kept in `messages`
  std::function<bool(Bytes)> outgoing;                      // false: the packet is lost
  std::vector<rtc::SctpMessage> messages;
  std::vector<uint16_t> reset_by_peer, reset_done;
  std::optional<rtc::SctpCloseReason> closed;
  size_t ups = 0, writables = 0, restarts = 0;
  size_t packets = 0;

 private:
  void take(rtc::SctpEvent& event);

  SimNetwork& network_;
  VirtualClock& clock_;
  SimSocketId socket_;
  SeededRandom random_;
  std::unique_ptr<rtc::SctpAssociation> association_;
};

class SctpPair {
 public:
  explicit SctpPair(uint64_t seed = 1, const rtc::SctpConfig& a_config = {}, const rtc::SctpConfig& b_config = {});

  // Both begin at once, as in WebRTC.
  [[nodiscard]] bool connect();
  bool run_until(const std::function<bool()>& done, Duration bound);
  void run_for(Duration duration);
  void set_link(const LinkProfile& link) { network.set_link(a.host, link); }
  void cut(bool on) { network.set_cut(a.host, b.host, on); }

  VirtualClock clock;
  SimNetwork network;
  SctpSide a;
  SctpSide b;
};

// Bytes that say which message they are of.
std::vector<uint8_t> numbered_message(uint32_t number, size_t size);
uint32_t number_of(const std::vector<uint8_t>& bytes);

}  // namespace limen::test
