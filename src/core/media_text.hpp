// Words for candidates, pairs and states as handle_info and events use them (spec 5.3 and 8.3).
#pragma once
#include <string>
#include <string_view>

#include "api/json.hpp"
#include "rtc/ice/ice_types.hpp"
#include "rtc/peer/peer_events.hpp"

namespace limen::core {

// "192.0.2.2:18558 [host,udp] <-> 192.0.2.2:42639 [host,udp]"
std::string pair_text(const rtc::SelectedPair& pair);
// {"address","port","type","transport","family"}
JsonObject candidate_facts(const rtc::Candidate& candidate);
std::string_view dtls_state_name(rtc::DtlsState state);

}  // namespace limen::core
