// rooms: core
// Descriptions through everything that reads them: parser, strip, answer, merge, and a renegotiation.
//
// Input: one byte of options, then one or two descriptions separated by a line "---".
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/jsep/jsep_negotiator.hpp"
#include "tests/support/seeded_random.hpp"
#include "wire/sdp/offer_answer.hpp"

namespace {

using namespace limen;

void require(bool condition) {
  if (!condition) std::abort();
}

// What was written must be readable again, unless the m-line outgrew the limit of the parser.
void require_readable(const std::string& text) {
  auto parsed = sdp::parse_sdp(text);
  require(parsed || parsed.error().text.find("too long") != std::string::npos);
}

void round_trip(std::string_view text) {
  auto once = sdp::parse_sdp(text);
  if (!once) return;
  std::string written = sdp::write_sdp(*once);
  auto twice = sdp::parse_sdp(written);
  if (twice) require(sdp::write_sdp(*twice) == written);
  for (const sdp::MediaDescription& media : once->media) {
    for (uint8_t payload_type : media.payload_types) (void)sdp::profile_of(media, payload_type);
    (void)sdp::extension_map(media);
  }
}

sdp::AnswerOptions answer_options(uint8_t flags, const sdp::SessionDescription& offer) {
  sdp::AnswerOptions out;
  out.audio.fmtp = sdp::opus_fmtp(offer);
  out.audio.opus_red = (flags & 1) != 0;
  for (size_t i = 0; i < kExtensionKinds; ++i) out.video.extensions.push_back(static_cast<ExtensionKind>(i));
  out.audio.extensions = out.video.extensions;
  if ((flags & 2) != 0) out.video.codec = Codec::h264;
  if ((flags & 4) != 0) out.video.h264_profile = out.video.vp9_profile = "42e01f";
  if ((flags & 8) != 0) out.video.profile_mandatory = true;
  if ((flags & 16) != 0) out.audio.send = out.video.send = false;
  return out;
}

core::ClientJsep client(core::JsepType type, std::string_view text, uint8_t flags) {
  core::ClientJsep out;
  out.type = type;
  out.sdp = text;
  out.trickle = (flags & 32) != 0;
  if ((flags & 64) != 0) out.rid_order = core::RidOrder::low_first;
  return out;
}

void look(const core::JsepNegotiator& negotiator) {
  core::LocalTransport transport;
  transport.fingerprint = "AB:CD";
  require_readable(negotiator.write_local(transport));
  require(negotiator.media().mlines.size() == negotiator.mline_count());
  (void)negotiator.first_mid();
}

void client_offers(core::JsepNegotiator& negotiator, std::string_view text, uint8_t flags) {
  auto step = negotiator.handle_client(client(core::JsepType::offer, text, flags));
  if (!step) return;
  auto seen = sdp::parse_sdp(step->plugin.sdp);
  if (!seen) return;
  auto answer = sdp::make_answer(*seen, answer_options(flags, *seen));
  if (negotiator.handle_plugin({.type = "answer", .sdp = sdp::write_sdp(answer)})) look(negotiator);
}

// A plugin that passes one client's description to another.
void plugin_offers(core::JsepNegotiator& negotiator, std::string_view offer, std::string_view answer, uint8_t flags) {
  if (!negotiator.handle_plugin({.type = "offer", .sdp = std::string(offer), .restart = (flags & 16) != 0})) return;
  look(negotiator);
  if (negotiator.handle_client(client(core::JsepType::answer, answer, flags))) look(negotiator);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  uint8_t flags = data[0];
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  size_t cut = text.find("---\n");
  std::string_view first = text.substr(0, cut);
  std::string_view second = cut == std::string_view::npos ? first : text.substr(cut + 4);
  round_trip(first);
  test::SeededRandom random(flags);
  core::JsepNegotiator offered(random);
  client_offers(offered, first, flags);
  client_offers(offered, second, flags);
  plugin_offers(offered, second, first, flags);
  core::JsepNegotiator offering(random);
  plugin_offers(offering, first, second, flags);
  client_offers(offering, second, flags);
  return 0;
}
