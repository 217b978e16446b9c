// ForwardPlan: what an rtp_forward request asks for, read and checked; then, once its hosts have
// addresses, the forwarders to open (contract, 6.1).
//
// Plain values, control thread; resolve() on a background thread.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "plugins/videoroom/errors.hpp"
#include "plugins/videoroom/forward_requests.hpp"
#include "plugins/videoroom/publisher.hpp"

namespace limen::videoroom {

// A host's name and family, and its address once it is known.
struct HostLookup {
  std::string host, family;
  std::optional<IpAddress> address;
  void resolve();
};

struct PlannedForward {
  Forward facts;
  media::ForwardSpec spec;
};

struct ForwardPlan {
  struct Wanted {
    std::string mid;
    size_t host = 0;  // which of `hosts`
    bool simulcast = false;
    ForwardTargets to;
  };
  bool legacy = false;
  std::vector<HostLookup> hosts;
  std::vector<Wanted> wanted;
  std::optional<SrtpMaterial> srtp;
  bool bad_key = false;  // then nothing is opened
};

// `srtp_suite` and `srtp_crypto` of a request.
struct SrtpWish {
  std::optional<SrtpMaterial> material;
  bool bad_key = false;  // wanted, but the key is none
};
RoomResult<SrtpWish> read_srtp(const std::optional<uint32_t>& suite, const std::optional<std::string>& crypto);
RoomResult<> check_family(const std::optional<std::string>& family);

RoomResult<ForwardPlan> read_forward_plan(const JsonObject& body, const ForwardRequest& request);
std::vector<PlannedForward> planned_forwards(const ForwardPlan& plan, Publisher& publisher, Random& random);
// The streams of `publisher` that the other server does not get yet.
std::vector<PlannedForward> planned_remotization(const Remotization& remotization, const Publisher& publisher,
                                                 Random& random);
// The old form's answer.
JsonObject legacy_forwards(const std::vector<Forward>& opened, const std::string& host);

}  // namespace limen::videoroom
