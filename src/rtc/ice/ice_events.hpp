// What an IceAgent tells its owner; plain structs, passed on by Peer.
#pragma once
#include "rtc/ice/ice_types.hpp"

namespace limen::rtc {

struct IceStateChanged {
  IceState state;
};
struct LocalCandidateFound {
  Candidate candidate;
};  // srflx/relay, as they are found
struct GatheringDone {};
struct PairSelected {
  SelectedPair pair;
};  // datagrams go there from now on

}  // namespace limen::rtc
