// Offers in the shape that real clients write them, for tests of everything that reads SDP.
#pragma once
#include <string>
#include <string_view>

namespace limen::test {

inline constexpr std::string_view kFingerprint =
    "A1:B2:C3:D4:A1:B2:C3:D4:A1:B2:C3:D4:A1:B2:C3:D4:A1:B2:C3:D4:A1:B2:C3:D4:A1:B2:C3:D4:A1:B2:C3:D4";

// Lines as raw strings are written with LF; SDP has CRLF. `$FP` stands for the fingerprint.
inline std::string sdp_text(std::string_view lines) {
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines.substr(i).starts_with("$FP")) {
      out += kFingerprint;
      i += 2;
    } else if (lines[i] == '\n') {
      out += "\r\n";
    } else {
      out.push_back(lines[i]);
    }
  }
  return out;
}

// `text` with the first `from` replaced by `to`.
inline std::string with(std::string text, std::string_view from, std::string_view to) {
  size_t at = text.find(from);
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

inline std::string with_all(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

inline std::string chromium_offer() {
  return sdp_text(R"(v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1 2
a=extmap-allow-mixed
a=msid-semantic: WMS 5b2d
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:7Zd2
a=ice-pwd:9wq3ZmJcPMP6mJ0Dk4Kk1x2c
a=ice-options:trickle
a=fingerprint:sha-256 $FP
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:5b2d 1f30
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:3184534831 cname:kTmY
a=ssrc:3184534831 msid:5b2d 1f30
m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 104 105 98 99 45 46 114 115 116
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:7Zd2
a=ice-pwd:9wq3ZmJcPMP6mJ0Dk4Kk1x2c
a=ice-options:trickle
a=fingerprint:sha-256 $FP
a=setup:actpass
a=mid:1
a=extmap:14 urn:ietf:params:rtp-hdrext:toffset
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:13 urn:3gpp:video-orientation
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/video-content-type
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id
a=sendrecv
a=msid:5b2d 77aa
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:102 H264/90000
a=rtcp-fb:102 nack
a=rtcp-fb:102 nack pli
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f
a=rtpmap:103 rtx/90000
a=fmtp:103 apt=102
a=rtpmap:104 H264/90000
a=rtcp-fb:104 nack
a=rtcp-fb:104 nack pli
a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42E01F
a=rtpmap:105 rtx/90000
a=fmtp:105 apt=104
a=rtpmap:98 VP9/90000
a=rtcp-fb:98 nack
a=fmtp:98 profile-id=0
a=rtpmap:99 rtx/90000
a=fmtp:99 apt=98
a=rtpmap:45 AV1/90000
a=rtcp-fb:45 nack
a=fmtp:45 level-idx=5;profile=0;tier=0
a=rtpmap:46 rtx/90000
a=fmtp:46 apt=45
a=rtpmap:114 red/90000
a=rtpmap:115 rtx/90000
a=fmtp:115 apt=114
a=rtpmap:116 ulpfec/90000
a=ssrc-group:FID 2231627014 632943048
a=ssrc:2231627014 cname:kTmY
a=ssrc:2231627014 msid:5b2d 77aa
a=ssrc:632943048 cname:kTmY
a=ssrc:632943048 msid:5b2d 77aa
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:7Zd2
a=ice-pwd:9wq3ZmJcPMP6mJ0Dk4Kk1x2c
a=ice-options:trickle
a=fingerprint:sha-256 $FP
a=setup:actpass
a=mid:2
a=sctp-port:5000
a=max-message-size:262144
)");
}

// Camera only, three layers by rid.
inline std::string chromium_simulcast_offer() {
  return sdp_text(R"(v=0
o=- 271828 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=msid-semantic: WMS
m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:sim0
a=ice-pwd:9wq3ZmJcPMP6mJ0Dk4Kk1x2c
a=fingerprint:sha-256 $FP
a=setup:actpass
a=mid:0
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id
a=sendrecv
a=msid:5b2d 77aa
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rid:h send
a=rid:m send
a=rid:l send
a=simulcast:send h;m;l
)");
}

// Fingerprint, options and semantics at session level; SSRCs beside rids.
inline std::string firefox_offer() {
  return sdp_text(R"(v=0
o=mozilla...THIS_IS_SDPARTA-99.0 5522334455667788 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
a=fingerprint:sha-256 $FP
a=group:BUNDLE 0 1
a=ice-options:trickle
a=msid-semantic:WMS *
m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101
c=IN IP4 0.0.0.0
a=sendrecv
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
a=fmtp:101 0-15
a=ice-pwd:e3baa26dd2fa5030d881d385f1e36cce
a=ice-ufrag:58b99ead
a=mid:0
a=msid:{a} {b}
a=rtcp-mux
a=rtpmap:109 opus/48000/2
a=rtpmap:9 G722/8000/1
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000/1
a=setup:actpass
a=ssrc:1234567 cname:{c}
m=video 9 UDP/TLS/RTP/SAVPF 120 124 126 127
c=IN IP4 0.0.0.0
a=sendrecv
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:4 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:7 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:8/sendonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=fmtp:126 profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1
a=fmtp:120 max-fs=12288;max-fr=60
a=fmtp:124 apt=120
a=fmtp:127 apt=126
a=ice-pwd:e3baa26dd2fa5030d881d385f1e36cce
a=ice-ufrag:58b99ead
a=mid:1
a=msid:{a} {d}
a=rid:q send
a=rid:f send
a=rtcp-fb:120 nack
a=rtcp-fb:120 nack pli
a=rtcp-fb:126 nack
a=rtcp-mux
a=rtpmap:120 VP8/90000
a=rtpmap:124 rtx/90000
a=rtpmap:126 H264/90000
a=rtpmap:127 rtx/90000
a=setup:actpass
a=simulcast:send q;f
a=ssrc:1001 cname:{c}
a=ssrc:1002 cname:{c}
a=ssrc:1003 cname:{c}
a=ssrc:1004 cname:{c}
a=ssrc-group:FID 1001 1003
a=ssrc-group:FID 1002 1004
)");
}

// Candidates inside, SCTP in the older syntax.
inline std::string aiortc_offer() {
  return sdp_text(R"(v=0
o=- 3989012345 3989012345 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0 1 2
a=msid-semantic:WMS *
m=audio 50000 UDP/TLS/RTP/SAVPF 96 0 8
c=IN IP4 192.0.2.7
a=sendrecv
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=mid:0
a=msid:c0 a0
a=rtcp:9 IN IP4 0.0.0.0
a=rtcp-mux
a=ssrc:77 cname:x
a=rtpmap:96 opus/48000/2
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host
a=candidate:1 2 udp 2130706430 192.0.2.7 50001 typ host
a=end-of-candidates
a=ice-ufrag:Pa3k
a=ice-pwd:UzyJ6AjgmPsFEqaAHqpI2Y
a=fingerprint:sha-256 $FP
a=setup:actpass
m=video 50000 UDP/TLS/RTP/SAVPF 97 98
c=IN IP4 192.0.2.7
a=sendrecv
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=mid:1
a=msid:c0 v0
a=rtcp:9 IN IP4 0.0.0.0
a=rtcp-mux
a=ssrc-group:FID 88 89
a=ssrc:88 cname:x
a=ssrc:89 cname:x
a=rtpmap:97 VP8/90000
a=rtcp-fb:97 nack
a=rtcp-fb:97 nack pli
a=rtcp-fb:97 goog-remb
a=rtpmap:98 rtx/90000
a=fmtp:98 apt=97
a=candidate:1 1 udp 2130706431 192.0.2.7 50000 typ host
a=end-of-candidates
a=ice-ufrag:Pa3k
a=ice-pwd:UzyJ6AjgmPsFEqaAHqpI2Y
a=fingerprint:sha-256 $FP
a=setup:actpass
m=application 50000 DTLS/SCTP 5000
c=IN IP4 192.0.2.7
a=mid:2
a=sctpmap:5000 webrtc-datachannel 65535
a=max-message-size:65536
a=ice-ufrag:Pa3k
a=ice-pwd:UzyJ6AjgmPsFEqaAHqpI2Y
a=fingerprint:sha-256 $FP
a=setup:actpass
)");
}

}  // namespace limen::test
