// What viewers are offered, and how their own offers are answered (contract, 4.1 and 4.2). Pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/streaming/mountpoint_id.hpp"
#include "plugins/streaming/mountpoint_settings.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::streaming {

// One m-line: which medium of the mountpoint, and how it is called towards this viewer.
struct ViewedMedium {
  size_t medium = 0;
  std::string mid;
  uint8_t payload_type = 0;
};

std::string make_viewer_offer(const MountpointId& id, const MountpointSettings& settings,
                              const std::vector<ViewedMedium>& viewed);

struct ViewerAnswer {
  std::string sdp;
  // By m-line of the offer; nothing: refused.
  std::vector<std::optional<ViewedMedium>> mlines;
};
ViewerAnswer make_viewer_answer(const MountpointId& id, const MountpointSettings& settings,
                                const sdp::SessionDescription& offer);

}  // namespace limen::streaming
