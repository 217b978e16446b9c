#include "rtc/sctp/state_cookie.hpp"

#include "base/constant_time.hpp"
#include "crypto/hmac.hpp"

namespace limen::rtc {

namespace {
constexpr size_t kBody = 8 + 4 * 5 + 2 * 2 + 4 + 4 * 2;
constexpr size_t kSealed = kBody + 32;
}  // namespace

std::vector<uint8_t> StateCookie::seal(const CookieSecret& secret) const {
  std::vector<uint8_t> bytes(kSealed);
  ByteWriter out(bytes);
  out.u64(static_cast<uint64_t>(made_at.time_since_epoch().count()));
  out.u32(local_tag);
  out.u32(peer_tag);
  out.u32(local_tsn);
  out.u32(peer_tsn);
  out.u32(peer_window);
  out.u16(peer_outbound);
  out.u16(peer_inbound);
  out.u32(static_cast<uint32_t>(forward_tsn | re_config << 1 | i_data << 2 | zero_checksum << 3));
  out.u32(local_tie);
  out.u32(peer_tie);
  out.bytes(crypto::hmac_sha256(secret, out.written()));
  return bytes;
}

std::optional<StateCookie> StateCookie::open(Bytes sealed, const CookieSecret& secret) {
  if (sealed.size() != kSealed) return std::nullopt;
  crypto::Sha256Digest expected = crypto::hmac_sha256(secret, sealed.first(kBody));
  if (!constant_time_equal(as_text(expected), as_text(sealed.subspan(kBody)))) return std::nullopt;
  ByteReader in(sealed);
  StateCookie out;
  out.made_at = Instant(Duration(static_cast<int64_t>(in.u64())));
  out.local_tag = in.u32();
  out.peer_tag = in.u32();
  out.local_tsn = in.u32();
  out.peer_tsn = in.u32();
  out.peer_window = in.u32();
  out.peer_outbound = in.u16();
  out.peer_inbound = in.u16();
  uint32_t flags = in.u32();
  out.forward_tsn = (flags & 1) != 0;
  out.re_config = (flags & 2) != 0;
  out.i_data = (flags & 4) != 0;
  out.zero_checksum = (flags & 8) != 0;
  out.local_tie = in.u32();
  out.peer_tie = in.u32();
  return out;
}

}  // namespace limen::rtc
