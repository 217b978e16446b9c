// rooms: crypto
//
// Datagrams to an association whose handshake is over. The keys are known here, so that the second half of
// the inputs (first byte odd) is sealed rightly and reaches what lies behind the authentication.
#include <array>
#include <vector>

#include "base/packet.hpp"
#include "crypto/dtls_records.hpp"

using namespace limen;

namespace {

crypto::DtlsRecordKeys keys(bool swapped) {
  crypto::DtlsRecordKeys keys;
  keys.local.key.fill(swapped ? 2 : 1);
  keys.remote.key.fill(swapped ? 1 : 2);
  return keys;
}

size_t open_all(crypto::DtlsRecords& records, Bytes datagram, Bytes expected, bool sealed) {
  std::array<uint8_t, kMaxDatagram> room;
  crypto::DtlsContent content{};
  Bytes plain;
  size_t count = 0, before = datagram.size() + 1;
  while (!datagram.empty()) {
    if (datagram.size() >= before) __builtin_trap();  // goes on for ever
    before = datagram.size();
    if (!records.open(datagram, room, content, plain)) continue;
    ++count;
    // Nobody without the key gets this far.
    if (!sealed || as_text(plain) != as_text(expected)) __builtin_trap();
  }
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  Bytes input(data + 1, size - 1);
  crypto::DtlsRecords near(keys(false), {}), far(keys(true), {});
  if (data[0] % 2 == 0) {
    open_all(near, input, {}, false);
    return 0;
  }
  crypto::RecordQueue out;
  if (input.size() > 1400 || !far.seal(crypto::DtlsContent::application_data, input, out)) return 0;
  Bytes record;
  if (!out.pop(record)) __builtin_trap();
  std::vector<uint8_t> twice(record.begin(), record.end());
  twice.insert(twice.end(), record.begin(), record.end());
  if (open_all(near, twice, input, true) != 1) __builtin_trap();
  return 0;
}
