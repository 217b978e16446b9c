// rooms: wire
// Multicast DNS responses: what comes out are addresses of bounded names; what we ask is no response.
#include "wire/mdns/mdns_message.hpp"

using namespace limen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (const wire::MdnsAnswer& answer : wire::parse_mdns_response({data, size})) {
    if (answer.name.size() > 253) __builtin_trap();
  }
  std::string_view name(reinterpret_cast<const char*>(data), size);
  auto query = wire::write_mdns_query(name, wire::MdnsType::a);
  if (query.empty() == wire::is_mdns_name(name) || !wire::parse_mdns_response(query).empty()) __builtin_trap();
  return 0;
}
