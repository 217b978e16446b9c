// Which address plain RTP is sent from and announced with. Asks the system; does not block.
#pragma once
#include <optional>
#include <string>

#include "base/net_address.hpp"

namespace limen::nosip {

// An address, or the name of an interface that has one (IPv4 first); nothing if this machine has it not.
std::optional<IpAddress> local_address_of(const std::string& text);
// The address that the rest of the world would be reached from; loopback if there is none.
IpAddress default_local_address();

}  // namespace limen::nosip
