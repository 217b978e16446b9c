// BridgeHandle: descriptions to and from the client, and the ports of plain RTP participants (contract, 5.1, 5.5).
#include "base/log.hpp"
#include "plugins/audiobridge/answer.hpp"
#include "plugins/audiobridge/bridge_handle.hpp"
#include "plugins/audiobridge/room.hpp"
#include "plugins/audiobridge/rooms.hpp"

namespace limen::audiobridge {
namespace {

// The values are taken if they are what they should be; nobody is refused for the others.
std::optional<uint64_t> number_in(const JsonObject& object, std::string_view key) {
  const Json* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  boost::json::error_code failure;
  auto number = value->to_number<uint64_t>(failure);
  if (failure) return std::nullopt;
  return number;
}

void take_facts(const JsonObject& rtp, PlainFacts& facts) {
  const Json* ip = rtp.if_contains("ip");
  auto port = number_in(rtp, "port");
  if (ip != nullptr && ip->is_string() && port && *port > 0 && *port <= 65535) {
    auto address = IpAddress::parse(std::string_view(ip->get_string()));
    if (address) facts.remote = SocketAddress{*address, static_cast<uint16_t>(*port)};
  }
  if (auto payload_type = number_in(rtp, "payload_type"); payload_type && *payload_type < 128) {
    facts.payload_type = static_cast<uint8_t>(*payload_type);
  }
  if (auto level = number_in(rtp, "audiolevel_ext"); level && *level < 15) {
    facts.level_id = static_cast<uint8_t>(*level);
  }
}

}  // namespace

BridgeResult<> BridgeHandle::take_jsep(const RemoteJsep& jsep, Outcome& outcome) {
  if (!participant_) return refuse(ErrorCode::not_joined, "Can't handle SDP (not in a room)");
  if (jsep.e2ee) return refuse(ErrorCode::invalid_element, "Media encryption unsupported by this plugin");
  if (jsep.type == "answer") return take_answer(jsep);
  if (jsep.type != "offer") return refuse(ErrorCode::invalid_sdp, "Unsupported SDP type '{}'", jsep.type);
  auto answer = take_offer(jsep);
  if (!answer) return passed_on(answer);
  outcome.jsep = std::move(*answer);
  return {};
}

BridgeResult<LocalJsep> BridgeHandle::take_offer(const RemoteJsep& jsep) {
  if (line_.plugin_offer) {
    return refuse(ErrorCode::invalid_sdp, "Received an offer on a plugin-offered session");
  }
  auto offer = sdp::parse_sdp(jsep.sdp);
  if (!offer) return refuse(ErrorCode::invalid_sdp, "Error parsing offer: {}", offer.error().text);
  const Room& room = participant_->room();
  Codec codec = line_.codec.value_or(Codec::opus);
  BridgeAnswer answer = answer_client(*offer, room.settings(), room.session_name(), codec, line_.fec);
  line_.negotiated = true;
  line_.level_id = answer.line ? answer.line->level_id : 0;
  line_.levels = line_.level_id != 0;
  if (answer.line) {
    line_.fec = answer.line->fec;
    tell_media(&ParticipantMedia::set_line,
               LineFormat{.mline = answer.line->mline, .payload_type = answer.line->payload_type, .codec = codec});
  }
  participant_->apply();
  return LocalJsep{.type = "answer", .sdp = sdp::write_sdp(answer.description)};
}

LocalJsep BridgeHandle::make_offer() {
  const Room& room = participant_->room();
  auto offer = offer_client(room.settings(), room.session_name(), line_.codec.value_or(Codec::opus), line_.fec);
  line_.plugin_offer = true;
  // Its levels are known to be wanted before the client has answered.
  line_.levels = room.settings().audiolevel_ext;
  return LocalJsep{.type = "offer", .sdp = sdp::write_sdp(offer)};
}

BridgeResult<> BridgeHandle::take_answer(const RemoteJsep& jsep) {
  if (!line_.plugin_offer) {
    return refuse(ErrorCode::invalid_sdp, "Received an answer when we didn't send an offer");
  }
  auto answer = sdp::parse_sdp(jsep.sdp);
  if (!answer) return refuse(ErrorCode::invalid_sdp, "Error parsing answer: {}", answer.error().text);
  Codec codec = line_.codec.value_or(Codec::opus);
  auto agreed = read_answer(*answer, codec);
  line_.negotiated = true;
  line_.level_id = agreed ? agreed->level_id : 0;
  line_.levels = line_.level_id != 0;
  if (agreed) {
    line_.fec = line_.fec || agreed->fec;
    tell_media(&ParticipantMedia::set_line,
               LineFormat{.mline = agreed->mline, .payload_type = agreed->payload_type, .codec = codec});
  }
  participant_->apply();
  return {};
}

bool BridgeHandle::wants_plain_port(const std::string& name, const Message& message) const {
  const Json* rtp = message.body.if_contains("rtp");
  return name == "join" && !participant_ && !message.jsep && !line_.plain && rtp != nullptr && rtp->is_object();
}

void BridgeHandle::open_plain_port(Message message) {
  auto admission = admit(message.body, false);
  if (!admission) return answer(message, passed_on(admission));
  opening_ = true;
  const PlainRtpSettings& settings = rooms_.plain_rtp();
  PlainRange range{.low = settings.min_port, .high = settings.max_port, .start = rooms_.context().random().u32()};
  auto waiting = std::make_shared<Message>(std::move(message));
  tell_media(&ParticipantMedia::open_plain, range,
             [this, waiting](Result<uint16_t> port) { on_plain_port(std::move(*waiting), std::move(port)); });
}

void BridgeHandle::on_plain_port(Message message, Result<uint16_t> port) {
  opening_ = false;
  if (!port) {
    log::warning("", "AudioBridge: no port for a plain RTP participant: {}", port.error().text);
    answer(message, refuse(ErrorCode::unknown, "No port for RTP: {}", port.error().text));
  } else {
    PlainFacts facts;
    facts.local_ip = rooms_.plain_rtp().local_ip;
    facts.local_port = *port;
    facts.ssrc = rooms_.context().random().u32();
    line_.plain = facts;
    line_.up = true;
    const JsonObject& rtp = message.body.at("rtp").get_object();
    const Json* fec = rtp.if_contains("fec");
    line_.fec = fec != nullptr && fec->is_bool() && fec->get_bool();
    // The codec is known once the join has been let in; until then nothing can flow.
    auto outcome = join(message.body);
    if (outcome) {
      set_plain_remote(rtp);
      outcome->data["rtp"].get_object()["payload_type"] = line_.plain->payload_type;
    } else {
      close_plain_port();
    }
    answer(message, std::move(outcome));
  }
  while (!opening_ && !waiting_.empty()) {
    Message next = std::move(waiting_.front());
    waiting_.pop_front();
    handle(std::move(next));
  }
}

void BridgeHandle::set_plain_remote(const JsonObject& rtp) {
  PlainFacts& facts = *line_.plain;
  take_facts(rtp, facts);
  facts.codec = line_.codec.value_or(Codec::opus);
  line_.level_id = facts.level_id;
  line_.levels = facts.level_id != 0 && participant_->room().settings().audiolevel_ext;
  tell_media(&ParticipantMedia::set_plain, facts);
  participant_->apply();
}

void BridgeHandle::close_plain_port() {
  if (!line_.plain) return;
  std::optional<Codec> codec = line_.codec;
  line_ = {};
  line_.codec = codec;
  tell_media(&ParticipantMedia::close_plain);
}

}  // namespace limen::audiobridge
