// What a handle's peer tells the control thread: rtc::PeerEvent without packets and data.
//
// Values; made on the shard, read on the control thread, in order.
#pragma once
#include <string>
#include <variant>

#include "rtc/peer/peer_events.hpp"

namespace limen::core {

// A TURN server gives no relay, or (`lost`) no more.
struct RelayFailed {
  std::string server;
  std::string why;
  bool lost = false;
};

using MediaEvent =
    std::variant<rtc::IceStateChanged, rtc::LocalCandidateFound, rtc::GatheringDone, rtc::PairSelected,
                 rtc::DtlsStateChanged, rtc::Connected, rtc::Closed, rtc::MediaStateChanged, rtc::SlowLinkDetected,
                 rtc::IceFailedAfterConnect, rtc::DataChannelOpened, rtc::DataChannelClosed, RelayFailed>;

}  // namespace limen::core
