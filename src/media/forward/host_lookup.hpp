// Where a forwarder sends: a host by address or by name.
#pragma once
#include <optional>
#include <string>

#include "base/net_address.hpp"

namespace limen::media {

// `family`: "ipv4", "ipv6", or empty for either. An address of the other family is none.
std::optional<IpAddress> known_address(const std::string& host, const std::string& family);
// The first address of a name. Blocks: for a background thread.
std::optional<IpAddress> look_up_host(const std::string& host, const std::string& family);

}  // namespace limen::media
