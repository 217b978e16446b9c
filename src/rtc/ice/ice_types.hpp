// Values shared by the ICE agent and those who talk about it (RFC 8445, RFC 8839).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/net_address.hpp"
#include "base/time.hpp"
#include "base/tx_queue.hpp"

namespace limen::rtc {

struct IceCredentials {
  std::string ufrag;
  std::string pwd;
  friend bool operator==(const IceCredentials&, const IceCredentials&) = default;
};

enum class CandidateType : uint8_t { host, srflx, prflx, relay };
enum class CandidateProtocol : uint8_t { udp, tcp_active, tcp_passive, tcp_so };
std::string_view candidate_type_name(CandidateType type);
inline bool is_tcp(CandidateProtocol protocol) {
  return protocol != CandidateProtocol::udp;
}

struct Candidate {
  std::string foundation;
  uint8_t component = 1;
  CandidateProtocol protocol = CandidateProtocol::udp;
  uint32_t priority = 0;
  SocketAddress address;
  CandidateType type = CandidateType::host;
  std::optional<SocketAddress> related;  // raddr/rport
  std::string host_name;                 // a ".local" name not yet resolved; address unset
  friend bool operator==(const Candidate&, const Candidate&) = default;
};

// RFC 8839 section 5.1 text, without "candidate:" on writing; optional on parsing.
std::string write_candidate(const Candidate& candidate);
std::optional<Candidate> parse_candidate(std::string_view text);
uint32_t candidate_priority(CandidateType type, uint16_t local_preference, uint8_t component = 1);
// With TCP the types are worth less than any of UDP but relayed ones (RFC 6544 section 4.2).
uint32_t candidate_priority(CandidateType type, CandidateProtocol protocol, uint16_t local_preference);

// A local socket that can be used: the base of a host candidate. TCP: tcp_passive takes connections at
// `address`; tcp_active opens them from there, and its port is 0.
struct LocalBase {
  SocketId socket = 0;
  SocketAddress address;                  // what the socket is bound to
  std::vector<SocketAddress> advertised;  // what peers are told (1:1 NAT); empty = `address`
  // The base of a relayed candidate: a TURN server's address, as `address` is. Who it is, and as whom it sees us.
  struct Relay {
    SocketAddress server;
    SocketAddress mapped;
  };
  std::optional<Relay> relay = {};
  CandidateProtocol protocol = CandidateProtocol::udp;
};

struct IceConfig {
  bool controlling = false;
  bool lite = false;
  bool aggressive_nomination = false;  // every check nominates (RFC 5245 section 8.1.1.2)
  IceCredentials local;
  uint64_t tie_breaker = 0;
  std::vector<LocalBase> bases;
  std::vector<SocketAddress> stun_servers;  // for server-reflexive candidates
  bool relays_coming = false;               // add_relay() and relays_done() follow
  bool relay_only = false;                  // none but relayed candidates, whatever `bases` says
  bool consent_freshness = true;            // RFC 7675
  bool keepalive_by_request = false;        // without consent: binding requests, not indications
  bool ipv6 = false;
};

enum class IceState : uint8_t { gathering, connecting, connected, ready, failed, disconnected };
std::string_view ice_state_name(IceState state);  // spec 8.3: "gathering", ...

struct SelectedPair {
  Flow flow;  // where datagrams go now
  Candidate local;
  Candidate remote;
};

}  // namespace limen::rtc
