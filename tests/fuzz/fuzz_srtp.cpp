// rooms: rtc
//
// Any bytes into receivers and senders of every profile, on both backends: nothing that was not
// protected with the key may be accepted, and nothing may be read or written out of bounds.
#include <cstring>
#include <vector>

#include "rtc/srtp/srtp_session.hpp"

namespace limen::rtc {
namespace {

using crypto::SrtpBackend;
using crypto::SrtpProfile;

constexpr SrtpProfile kProfiles[] = {SrtpProfile::aes128_cm_sha1_80, SrtpProfile::aes128_cm_sha1_32,
                                     SrtpProfile::aead_aes_128_gcm, SrtpProfile::aead_aes_256_gcm};

void check(bool condition) {
  if (!condition) __builtin_trap();
}

void garbage_is_refused(SrtpProfile profile, SrtpBackend backend, Bytes input) {
  // A 32-bit tag could be guessed in theory, not in the time that a fuzzer has.
  SrtpReceiver receiver(profile, {{1, 2, 3}, {4, 5, 6}}, backend);
  std::vector<uint8_t> bytes(input.begin(), input.end());
  size_t size = 0;
  check(receiver.unprotect_rtp(bytes, size) != SrtpStatus::ok);
  bytes.assign(input.begin(), input.end());
  check(receiver.unprotect_rtcp(bytes, size) != SrtpStatus::ok);
}

void what_is_protected_comes_back(SrtpProfile profile, SrtpBackend backend, Bytes input, bool control) {
  SrtpSender sender(profile, {{7}, {8}}, backend);
  SrtpReceiver receiver(profile, {{7}, {8}}, backend);
  size_t overhead = control ? sender.rtcp_overhead() : sender.rtp_overhead();
  std::vector<uint8_t> bytes(input.begin(), input.end());
  bytes.resize(input.size() + overhead);
  size_t size = input.size();
  SrtpStatus status = control ? sender.protect_rtcp(bytes, size) : sender.protect_rtp(bytes, size);
  if (status != SrtpStatus::ok) return;
  check(size == bytes.size());
  std::vector<uint8_t> again = bytes;
  status = control ? receiver.unprotect_rtcp(bytes, size) : receiver.unprotect_rtp(bytes, size);
  check(status == SrtpStatus::ok && size == input.size() && std::memcmp(bytes.data(), input.data(), size) == 0);
  status = control ? receiver.unprotect_rtcp(again, size) : receiver.unprotect_rtp(again, size);
  check(status == SrtpStatus::replayed);
}

}  // namespace
}  // namespace limen::rtc

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limen::rtc;
  if (size < 1 || size > 2000) return 0;
  SrtpProfile profile = kProfiles[data[0] & 3];
  SrtpBackend backend = (data[0] & 4) != 0 ? SrtpBackend::ipsec_mb : SrtpBackend::openssl;
  limen::Bytes input(data + 1, size - 1);
  garbage_is_refused(profile, backend, input);
  what_is_protected_comes_back(profile, backend, input, (data[0] & 8) != 0);
  return 0;
}
