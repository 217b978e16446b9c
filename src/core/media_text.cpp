#include "core/media_text.hpp"

#include <fmt/format.h>

namespace limen::core {
namespace {

std::string_view transport_name(const rtc::Candidate& candidate) {
  return candidate.protocol == rtc::CandidateProtocol::udp ? "udp" : "tcp";
}

std::string side(const rtc::Candidate& candidate) {
  return fmt::format("{}:{} [{},{}]", candidate.address.ip.to_string(), candidate.address.port,
                     rtc::candidate_type_name(candidate.type), transport_name(candidate));
}

}  // namespace

std::string pair_text(const rtc::SelectedPair& pair) {
  return side(pair.local) + " <-> " + side(pair.remote);
}

JsonObject candidate_facts(const rtc::Candidate& candidate) {
  return JsonObject{{"address", candidate.address.ip.to_string()},
                    {"port", candidate.address.port},
                    {"type", rtc::candidate_type_name(candidate.type)},
                    {"transport", transport_name(candidate)},
                    {"family", candidate.address.ip.is_v4() ? 4 : 6}};
}

std::string_view dtls_state_name(rtc::DtlsState state) {
  switch (state) {
    case rtc::DtlsState::created:
      return "created";
    case rtc::DtlsState::trying:
      return "trying";
    case rtc::DtlsState::connected:
      return "connected";
    case rtc::DtlsState::failed:
      return "failed";
  }
  return "failed";
}

}  // namespace limen::core
