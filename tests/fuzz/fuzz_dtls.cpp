// rooms: rtc
//
// Datagrams, times and inputs in any order into a server and a client endpoint. Each chunk begins
// with a byte that says what happens first and two bytes of length.
#include <algorithm>

#include "base/bytes.hpp"
#include "base/packet.hpp"
#include "rtc/dtls/dtls_endpoint.hpp"

namespace limen::rtc {
namespace {

const std::shared_ptr<const crypto::Certificate>& certificate() {
  static const auto made = crypto::Certificate::generate().value();
  return made;
}

void drain(DtlsEndpoint& endpoint) {
  Bytes datagram;
  while (endpoint.poll_transmit(datagram)) {
    if (datagram.size() > kMaxDatagram) __builtin_trap();
  }
  DtlsEvent event;
  while (endpoint.poll_event(event)) {
    // Nobody who does not hold the announced key can get this far.
    if (std::holds_alternative<DtlsKeys>(event)) __builtin_trap();
  }
}

void run(DtlsRole role, Bytes input) {
  DtlsConfig config;
  config.certificate = certificate();
  DtlsEndpoint endpoint(config);
  Instant now{std::chrono::hours(1)};
  endpoint.set_remote_fingerprint({"sha-256", certificate()->fingerprint()}, now);
  ByteReader reader(input);
  bool started = false;
  while (reader.remaining() > 3) {
    uint8_t action = reader.u8();
    size_t wanted = reader.u16() % kMaxDatagram;
    size_t size = std::min(wanted, reader.remaining());
    if (!started && action >= 8) {
      endpoint.start(role, now);
      started = true;
    }
    if (action % 16 == 1) now += std::chrono::milliseconds(700);
    if (action % 16 == 2) endpoint.close(now);
    endpoint.handle(reader.bytes(size), now);
    if (endpoint.next_deadline() <= now) endpoint.handle_timeout(now);
    drain(endpoint);
  }
}

}  // namespace
}  // namespace limen::rtc

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4) return 0;
  limen::Bytes input(data + 1, size - 1);
  limen::rtc::run((data[0] & 1) != 0 ? limen::rtc::DtlsRole::client : limen::rtc::DtlsRole::server, input);
  return 0;
}
