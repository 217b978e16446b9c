// StateCookie: what the association will be, carried by the peer, so that an INIT costs no memory.
//
// RFC 9260 sections 5.1.3 and 5.2.4: signed with a secret of this association, with a time. Values.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "wire/sctp/chunks.hpp"

namespace limen::rtc {

using CookieSecret = std::array<uint8_t, 32>;

struct StateCookie {
  Instant made_at;
  uint32_t local_tag = 0, peer_tag = 0;
  uint32_t local_tsn = 0, peer_tsn = 0;
  uint32_t peer_window = 0;
  uint16_t peer_outbound = 0, peer_inbound = 0;
  bool forward_tsn = false, re_config = false, i_data = false, zero_checksum = false;
  uint32_t local_tie = 0, peer_tie = 0;  // tags of the association that exists already

  std::vector<uint8_t> seal(const CookieSecret& secret) const;
  // Nothing if it is not one of ours.
  static std::optional<StateCookie> open(Bytes sealed, const CookieSecret& secret);
};

}  // namespace limen::rtc
