#include "tools/load/sdp_text.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "wire/sdp/offer_answer.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::load {
namespace {

constexpr uint8_t kOpus = 111, kVp8 = 96;
constexpr uint8_t kTransportCc = 5;
constexpr std::string_view kTransportCcUri =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

std::string session_lines(Random& random, std::string_view mids) {
  return fmt::format(
      "v=0\r\no=- {} 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE{}\r\na=msid-semantic: WMS *\r\n",
      random.u64() >> 12, mids);
}

std::string transport_lines(const LocalSide& local, std::string_view setup) {
  std::string out =
      fmt::format("a=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=fingerprint:sha-256 {}\r\na=setup:{}\r\na=rtcp-mux\r\n",
                  local.ice.ufrag, local.ice.pwd, local.fingerprint, setup);
  int foundation = 1;
  for (const SocketAddress& host : local.hosts) {
    rtc::Candidate candidate;
    candidate.foundation = std::to_string(foundation++);
    candidate.priority = rtc::candidate_priority(rtc::CandidateType::host, static_cast<uint16_t>(65536 - foundation));
    candidate.address = host;
    out += fmt::format("a=candidate:{}\r\n", rtc::write_candidate(candidate));
  }
  return out + "a=end-of-candidates\r\n";
}

std::string codec_lines(MediaKind kind, bool feedback) {
  if (kind == MediaKind::audio) return "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n";
  std::string out =
      "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 ccm fir\r\n"
      "a=rtcp-fb:96 goog-remb\r\n";
  if (feedback) out += "a=rtcp-fb:96 transport-cc\r\n";
  return out;
}

rtc::MlineConfig offered_mline(MediaKind kind, size_t index, const OfferShape& shape, Random& random) {
  rtc::MlineConfig mline;
  mline.kind = kind;
  mline.mid = std::to_string(index);
  mline.send = shape.send;
  mline.receive = shape.receive;
  mline.local_ssrc = random.u32() | 1;
  if (kind == MediaKind::audio) mline.payloads.push_back({kOpus, Codec::opus, 48000, {}});
  else mline.payloads.push_back({kVp8, Codec::vp8, 90000, {}});
  mline.extensions.set(ExtensionKind::mid, 1);
  return mline;
}

std::string_view attribute(const sdp::SessionDescription& description, const sdp::MediaDescription& media,
                           std::string_view name) {
  if (const sdp::Attribute* found = media.find(name)) return found->value;
  if (const sdp::Attribute* found = description.find(name)) return found->value;
  return {};
}

Result<RemoteSide> read_transport(const sdp::SessionDescription& description, bool is_answer) {
  auto used =
      std::find_if(description.media.begin(), description.media.end(), [](const auto& m) { return !m.rejected(); });
  if (used == description.media.end()) return fail("The server rejected every m-line");
  RemoteSide side;
  side.transport.ice = {std::string(attribute(description, *used, "ice-ufrag")),
                        std::string(attribute(description, *used, "ice-pwd"))};
  side.transport.ice_lite = description.find("ice-lite") != nullptr;
  std::string_view fingerprint = attribute(description, *used, "fingerprint");
  size_t space = fingerprint.find(' ');
  if (side.transport.ice.ufrag.empty() || space == std::string_view::npos) {
    return fail("The server's description has no ICE credentials or no fingerprint");
  }
  side.transport.fingerprint_hash = fingerprint.substr(0, space);
  side.transport.fingerprint = fingerprint.substr(space + 1);
  bool server_active = attribute(description, *used, "setup") == "active";
  side.transport.local_dtls_role = is_answer && server_active ? rtc::DtlsRole::server : rtc::DtlsRole::client;
  for (std::string_view text : used->values("candidate")) {
    auto candidate = rtc::parse_candidate(text);
    if (candidate && candidate->component == 1 && candidate->protocol == rtc::CandidateProtocol::udp) {
      side.candidates.push_back(std::move(*candidate));
    }
  }
  return side;
}

// The m-lines of the description; what follows repeats a mid.
size_t described(const rtc::PeerMediaConfig& media) {
  size_t count = 0;
  auto repeated = [&](const std::string& mid) {
    return std::any_of(media.mlines.begin(), media.mlines.begin() + static_cast<std::ptrdiff_t>(count),
                       [&](const rtc::MlineConfig& m) { return m.mid == mid; });
  };
  while (count < media.mlines.size() && !repeated(media.mlines[count].mid)) ++count;
  return count;
}

std::string ssrc_lines(size_t index, std::span<const rtc::MlineConfig> layers) {
  std::string group, lines;
  for (const rtc::MlineConfig& layer : layers) {
    group += fmt::format(" {}", layer.local_ssrc);
    lines += fmt::format("a=ssrc:{} cname:load\r\n", layer.local_ssrc);
  }
  std::string out = fmt::format("a=msid:load track{}\r\n", index);
  if (layers.size() > 1) out += fmt::format("a=ssrc-group:SIM{}\r\n", group);
  return out + lines;
}

// The server's SSRC if it announced one.
uint32_t announced_ssrc(const sdp::MediaDescription& media) {
  const sdp::Attribute* line = media.find("ssrc");
  return line == nullptr ? 0 : static_cast<uint32_t>(std::strtoul(line->value.c_str(), nullptr, 10));
}

}  // namespace

std::string make_offer(const LocalSide& local, const OfferShape& shape, Random& random, rtc::PeerMediaConfig& media) {
  std::vector<MediaKind> kinds;
  if (shape.audio) kinds.push_back(MediaKind::audio);
  if (shape.video) kinds.push_back(MediaKind::video);
  std::string mids;
  for (size_t i = 0; i < kinds.size(); ++i) mids += fmt::format(" {}", i);
  std::string out = session_lines(random, mids);
  media = {};
  media.transport_cc = local.feedback;
  std::vector<rtc::MlineConfig> further;
  for (size_t i = 0; i < kinds.size(); ++i) {
    rtc::MlineConfig mline = offered_mline(kinds[i], i, shape, random);
    if (local.feedback) mline.extensions.set(ExtensionKind::transport_cc, kTransportCc);
    out += fmt::format("m={} 9 UDP/TLS/RTP/SAVPF {}\r\nc=IN IP4 0.0.0.0\r\na=mid:{}\r\na={}\r\n",
                       media_kind_name(kinds[i]), mline.payloads[0].payload_type, i,
                       sdp::direction_name(sdp::combined(shape.send, shape.receive)));
    out += transport_lines(local, "actpass") + codec_lines(kinds[i], local.feedback);
    out += "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n";
    if (local.feedback) out += fmt::format("a=extmap:{} {}\r\n", kTransportCc, kTransportCcUri);
    std::vector<rtc::MlineConfig> layers{mline};
    while (shape.simulcast && kinds[i] == MediaKind::video && layers.size() < kSimulcastLayers) {
      layers.push_back(mline);
      layers.back().local_ssrc = random.u32() | 1;
    }
    if (shape.send) out += ssrc_lines(i, layers);
    media.mlines.push_back(std::move(mline));
    further.insert(further.end(), layers.begin() + 1, layers.end());
  }
  media.mlines.insert(media.mlines.end(), further.begin(), further.end());
  return out;
}

Result<RemoteSide> read_answer(std::string_view text, const rtc::PeerMediaConfig& offered) {
  auto description = sdp::parse_sdp(text);
  if (!description) return std::unexpected(description.error());
  size_t count = described(offered);
  if (description->media.size() != count) {
    return fail("The answer has {} m-lines, the offer {}", description->media.size(), count);
  }
  auto side = read_transport(*description, true);
  if (!side) return side;
  side->media = offered;
  for (size_t i = 0; i < offered.mlines.size(); ++i) {
    rtc::MlineConfig& mline = side->media.mlines[i];
    auto same_mid = [&mline](const sdp::MediaDescription& m) { return m.mid() == mline.mid; };
    auto described_by = std::find_if(description->media.begin(), description->media.end(), same_mid);
    if (described_by == description->media.end()) return fail("The answer has no m-line '{}'", mline.mid);
    const sdp::MediaDescription& media = *described_by;
    mline.send = mline.send && !media.rejected() && sdp::receives(media.direction);
    mline.receive = mline.receive && !media.rejected() && sdp::sends(media.direction);
    mline.remote_ssrc[0] = announced_ssrc(media);
    ExtensionMap agreed = sdp::extension_map(media);
    for (ExtensionKind kind : {ExtensionKind::mid, ExtensionKind::transport_cc}) {
      if (!agreed.has(kind)) mline.extensions.set(kind, 0);
    }
  }
  return side;
}

Result<RemoteSide> read_offer(std::string_view text) {
  auto description = sdp::parse_sdp(text);
  if (!description) return std::unexpected(description.error());
  auto side = read_transport(*description, false);
  if (!side) return side;
  for (const sdp::MediaDescription& media : description->media) {
    rtc::MlineConfig mline;
    mline.kind = media.kind;
    mline.mid = media.mid();
    mline.receive = media.kind != MediaKind::data && !media.rejected() && sdp::sends(media.direction);
    if (!media.payload_types.empty()) {
      Codec codec = media.codec(media.payload_types[0]);
      mline.payloads.push_back({media.payload_types[0], codec, codec_clock_rate(codec), {}});
    }
    ExtensionMap offered = sdp::extension_map(media);
    mline.extensions.set(ExtensionKind::mid, offered.id(ExtensionKind::mid));
    mline.extensions.set(ExtensionKind::transport_cc, offered.id(ExtensionKind::transport_cc));
    mline.remote_ssrc[0] = announced_ssrc(media);
    side->media.mlines.push_back(std::move(mline));
  }
  return side;
}

std::string make_answer(std::string_view offer, const LocalSide& local, const RemoteSide& remote) {
  auto description = sdp::parse_sdp(offer);
  if (!description) return {};  // read_offer() has already said so
  std::string mids, lines;
  for (size_t i = 0; i < description->media.size(); ++i) {
    const sdp::MediaDescription& media = description->media[i];
    const rtc::MlineConfig& mline = remote.media.mlines[i];
    if (!mline.receive || mline.payloads.empty()) {
      lines += fmt::format("m={} 0 {} 0\r\nc=IN IP4 0.0.0.0\r\na=mid:{}\r\na=inactive\r\n", media_kind_name(media.kind),
                           media.protocol, mline.mid);
      continue;
    }
    mids += " " + mline.mid;
    uint8_t payload = mline.payloads[0].payload_type;
    auto rtpmap = media.rtpmap(payload);
    lines += fmt::format("m={} 9 {} {}\r\nc=IN IP4 0.0.0.0\r\na=mid:{}\r\na=recvonly\r\n", media_kind_name(media.kind),
                         media.protocol, payload, mline.mid);
    lines += transport_lines(local, "active");
    if (rtpmap) {
      lines += fmt::format("a=rtpmap:{} {}/{}{}\r\n", payload, rtpmap->encoding, rtpmap->clock_rate,
                           rtpmap->parameters.empty() ? "" : "/" + rtpmap->parameters);
    }
    if (media.kind == MediaKind::video) {
      lines += fmt::format("a=rtcp-fb:{0} nack\r\na=rtcp-fb:{0} nack pli\r\n", payload);
    }
    if (local.feedback && mline.extensions.has(ExtensionKind::transport_cc)) {
      lines += fmt::format("a=rtcp-fb:{} transport-cc\r\n", payload);
      lines += fmt::format("a=extmap:{} {}\r\n", mline.extensions.id(ExtensionKind::transport_cc), kTransportCcUri);
    }
    if (mline.extensions.has(ExtensionKind::mid)) {
      lines +=
          fmt::format("a=extmap:{} urn:ietf:params:rtp-hdrext:sdes:mid\r\n", mline.extensions.id(ExtensionKind::mid));
    }
  }
  return fmt::format("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE{}\r\n{}", mids, lines);
}

}  // namespace limen::load
