// For tests: a negotiator with a plugin that answers or offers, and the client's text at both ends.
#pragma once
#include <gtest/gtest.h>

#include <string>

#include "core/jsep/jsep_negotiator.hpp"
#include "tests/support/sdp_fixtures.hpp"
#include "tests/support/seeded_random.hpp"
#include "wire/sdp/offer_answer.hpp"

namespace limen::core {

struct NegotiatorRig {
  test::SeededRandom random{7};
  JsepNegotiator negotiator;
  LocalTransport transport;
  sdp::AnswerOptions options;

  explicit NegotiatorRig(NegotiatorPolicy policy = {}) : negotiator(random, policy) {
    transport.address = IpAddress::v4(0xC0000202);
    transport.fingerprint = test::kFingerprint;
    transport.now_us = 1234567;
    rtc::Candidate candidate;
    candidate.foundation = "1";
    candidate.priority = 2015363327;
    candidate.address = {transport.address, 18558};
    transport.candidates.push_back(candidate);
    using enum ExtensionKind;
    options.audio.extensions = options.video.extensions = {mid, audio_level, transport_cc, rid, repaired_rid};
  }

  static ClientJsep jsep(JsepType type, std::string sdp) {
    ClientJsep out;
    out.type = type;
    out.sdp = std::move(sdp);
    return out;
  }

  ClientStep offer(std::string sdp) {
    auto step = negotiator.handle_client(jsep(JsepType::offer, std::move(sdp)));
    EXPECT_TRUE(step) << step.error().reason;
    return step ? *step : ClientStep{};
  }
  ClientStep answer(std::string sdp) {
    auto step = negotiator.handle_client(jsep(JsepType::answer, std::move(sdp)));
    EXPECT_TRUE(step) << step.error().reason;
    return step ? *step : ClientStep{};
  }
  NegotiationStep plugin(std::string type, const sdp::SessionDescription& description, bool restart = false) {
    auto step =
        negotiator.handle_plugin({.type = std::move(type), .sdp = sdp::write_sdp(description), .restart = restart});
    EXPECT_TRUE(step) << step.error().text;
    return step ? *step : NegotiationStep{};
  }
  // The client offers, the plugin answers by `options`; what the client gets.
  std::string exchange(std::string sdp, NegotiationStep* last = nullptr) {
    ClientStep step = offer(std::move(sdp));
    auto seen = sdp::parse_sdp(step.plugin.sdp);
    EXPECT_TRUE(seen) << step.plugin.sdp;
    if (!seen) return {};
    NegotiationStep done = plugin("answer", sdp::make_answer(*seen, options));
    if (last != nullptr) *last = done;
    return negotiator.write_local(transport);
  }
};

// A client that takes everything it is offered: the offer with directions turned round.
inline std::string accepting_answer(const std::string& offer, std::string_view ufrag = "clnt",
                                    std::string_view setup = "active") {
  auto parsed = sdp::parse_sdp(offer);
  EXPECT_TRUE(parsed) << offer;
  if (!parsed) return {};
  for (sdp::MediaDescription& media : parsed->media) {
    for (std::string_view name :
         {"ssrc", "ssrc-group", "candidate", "end-of-candidates", "setup", "ice-ufrag", "ice-pwd"}) {
      media.remove(name);
    }
    media.direction = sdp::mirrored(media.direction);
    media.add("ice-ufrag", std::string(ufrag));
    media.add("ice-pwd", "clientclientclientclie");
    media.add("setup", std::string(setup));
  }
  return sdp::write_sdp(*parsed);
}

}  // namespace limen::core
