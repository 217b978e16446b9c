// SrtpSender and SrtpReceiver: the two directions of one peer's SRTP/SRTCP (RFC 3711, RFC 7714).
//
// Both work in place and allocate only when a new SSRC appears. Input never throws; the status says
// why a packet is to be dropped. The thread of their peer only.
#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/packet.hpp"
#include "crypto/srtp_cipher.hpp"
#include "crypto/srtp_profile.hpp"
#include "rtc/srtp/replay_window.hpp"
#include "rtc/srtp/ssrc_table.hpp"

namespace limen::rtc {

enum class SrtpStatus : uint8_t {
  ok,
  too_short,  // cannot hold a header and a tag
  malformed,  // not version 2, header longer than the packet, SRTCP not encrypted
  replayed,   // seen before (receiver), index used before (sender)
  too_old,    // behind the replay window
  authentication_failed,
  too_many_ssrcs,
  no_room,        // the buffer cannot take the tag
  key_exhausted,  // 2^31 SRTCP or 2^48 SRTP packets
  cipher_failed,  // the crypto library refused to work
};
inline constexpr size_t kSrtpStatusCount = 10;
std::string_view srtp_status_name(SrtpStatus status);  // "authentication failed"

class SrtpBatch;

class SrtpSender {
 public:
  SrtpSender(crypto::SrtpProfile profile, const crypto::SrtpMasterKey& master,
             crypto::SrtpBackend backend = crypto::SrtpBackend::automatic);

  // The packet is the first `size` bytes of `buffer`; the rest is room for the tag (at least
  // rtp_overhead() resp. rtcp_overhead()). If ok, `size` grows to the protected size.
  // One index is never encrypted twice: a repeated sequence number of an SSRC is refused.
  SrtpStatus protect_rtp(MutableBytes buffer, size_t& size);
  // The very bytes that were protected before, for a plain retransmission: only a sequence number that was
  // used lately is taken. Other bytes than the first time would betray both.
  SrtpStatus protect_rtp_again(MutableBytes buffer, size_t& size);
  SrtpStatus protect_rtcp(MutableBytes buffer, size_t& size);

  size_t rtp_overhead() const { return crypto::srtp_tag_size(profile_); }
  size_t rtcp_overhead() const { return crypto::srtcp_tag_size(profile_) + 4; }
  crypto::SrtpProfile profile() const { return profile_; }
  // Tells add(address, size) what protecting an RTP packet touches.
  template <typename Add>
  void find_hot_lines(Add&& add) const {
    add(this, sizeof *this);
    streams_.find_hot_lines(add);
    constexpr size_t kKeys = 384;  // round keys, salt and digests; of GCM the beginning
    add(rtp_.get(), kKeys);
  }

 private:
  friend class SrtpBatch;
  struct Stream {
    uint32_t ssrc = 0;
    ReplayWindow window;
  };
  // Everything but the encryption itself. `again`: the index must have been used, else it must not.
  SrtpStatus admit_rtp(Bytes packet, size_t room, bool again, crypto::SrtpJob& job);
  SrtpStatus protect_now(MutableBytes buffer, size_t& size, bool again);

  crypto::SrtpProfile profile_;
  std::unique_ptr<crypto::SrtpCipher> rtp_;
  std::unique_ptr<crypto::SrtpCipher> rtcp_;
  SsrcTable<Stream> streams_;
  uint32_t next_rtcp_index_ = 1;
};

class SrtpReceiver {
 public:
  SrtpReceiver(crypto::SrtpProfile profile, const crypto::SrtpMasterKey& master,
               crypto::SrtpBackend backend = crypto::SrtpBackend::automatic);

  // Decrypts in place; if ok, `size` shrinks to the plain packet. Otherwise the bytes are undefined.
  SrtpStatus unprotect_rtp(MutableBytes packet, size_t& size);
  SrtpStatus unprotect_rtcp(MutableBytes packet, size_t& size);
  // The same for a uniquely owned Packet, whose size is adapted.
  SrtpStatus unprotect_rtp(Packet& packet);
  SrtpStatus unprotect_rtcp(Packet& packet);

  crypto::SrtpProfile profile() const { return profile_; }

 private:
  struct Stream {
    uint32_t ssrc = 0;
    ReplayWindow window;
  };

  crypto::SrtpProfile profile_;
  std::unique_ptr<crypto::SrtpCipher> rtp_;
  std::unique_ptr<crypto::SrtpCipher> rtcp_;
  SsrcTable<Stream> rtp_streams_;
  SsrcTable<Stream> rtcp_streams_;
};

}  // namespace limen::rtc
