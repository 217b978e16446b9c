// The offer of a subscription (contract, 9.3). Pure function.
#pragma once
#include <string>

#include "plugins/videoroom/subscriber.hpp"

namespace limen::videoroom {

struct OfferFacts {
  std::string session_name;
  bool transport_cc = true;
  bool use_msid = false;
};

std::string make_subscriber_offer(const std::vector<std::unique_ptr<SubscriberStream>>& streams,
                                  const OfferFacts& facts);

}  // namespace limen::videoroom
