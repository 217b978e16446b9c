// Multicast DNS messages as far as one question needs them: the addresses of a name (RFC 1035, RFC 6762).
//
// Stateless. What comes in is hostile: compression pointers only lead back, names and counts are bounded.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/net_address.hpp"

namespace limen::wire {

// "host.local": labels of 1 to 63 bytes, 253 together. Case does not matter.
bool is_mdns_name(std::string_view name);

enum class MdnsType : uint16_t { a = 1, aaaa = 28 };

// A query for one type of address of a name; empty if it is none. Browsers' responders overlook messages with
// several questions.
std::vector<uint8_t> write_mdns_query(std::string_view name, MdnsType type);

struct MdnsAnswer {
  std::string name;  // lower case, without a final dot
  IpAddress address;
};
// The address records of a response; nothing of what is malformed, or no response.
std::vector<MdnsAnswer> parse_mdns_response(Bytes message);

}  // namespace limen::wire
