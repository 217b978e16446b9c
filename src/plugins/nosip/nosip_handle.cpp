#include "plugins/nosip/nosip_handle.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.hpp"

namespace limen::nosip {
namespace {

constexpr size_t kMostWaiting = 64;
constexpr std::string_view kMandatory = "sdes_mandatory", kOptional = "sdes_optional";
constexpr std::string_view kDefaultProfile = "AES_CM_128_HMAC_SHA1_80";

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// RFC 9562, version 4.
std::string random_uuid(Random& random) {
  std::array<uint8_t, 16> b{};
  random.fill(b);
  b[6] = static_cast<uint8_t>((b[6] & 0x0f) | 0x40);
  b[8] = static_cast<uint8_t>((b[8] & 0x3f) | 0x80);
  std::string out;
  for (size_t i = 0; i < b.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += fmt::format("{:02x}", b[i]);
  }
  return out;
}

NoSipResult<> check_common(const std::string& sdp, const std::optional<std::string>& srtp, bool e2ee) {
  if (sdp.find("m=application") != std::string::npos) {
    return refuse(ErrorCode::missing_sdp, "The NoSIP plugin does not support DataChannels");
  }
  if (e2ee) return refuse(ErrorCode::invalid_element, "Media encryption unsupported by this plugin");
  if (srtp && lower(*srtp) != kMandatory && lower(*srtp) != kOptional) {
    return refuse(ErrorCode::invalid_element, "Invalid element (srtp can only be sdes_optional or sdes_mandatory)");
  }
  return {};
}

bool is_mandatory(const std::optional<std::string>& srtp) {
  return srtp && lower(*srtp) == kMandatory;
}

}  // namespace

NoSipHandle::NoSipHandle(const NoSipService& service, HandleContext& context)
    : service_(service), context_(context), unique_id_(random_uuid(service.context->random())) {
  context_.install_media([network = service.network](MediaContext& media) -> std::unique_ptr<MediaHandler> {
    return std::make_unique<NoSipMedia>(media, network);
  });
}

// ---- requests, one after the other ---------------------------------------------------------------------

void NoSipHandle::on_message(Message message, Reply reply) {
  reply.ack();
  if (waiting_.size() >= kMostWaiting) {
    return context_.push_event(message.transaction, error_body({ErrorCode::unknown, "Too many requests are waiting"}));
  }
  waiting_.push_back(std::move(message));
  next();
}

void NoSipHandle::next() {
  while (!busy_ && !waiting_.empty()) {
    Message message = std::move(waiting_.front());
    waiting_.pop_front();
    answer(message.transaction, run(message));
  }
}

void NoSipHandle::answer(const std::string& transaction, Step step) {
  if (!step) return context_.push_event(transaction, error_body(step.error()));
  if (!*step) return;
  Outcome& outcome = **step;
  JsonObject body{{"nosip", "event"}};
  body["result"] = std::move(outcome.result);
  context_.push_event(transaction, std::move(body), std::move(outcome.jsep));
}

NoSipHandle::Step NoSipHandle::run(const Message& message) {
  auto any = read<AnyRequest>(message.body);
  if (!any) return std::unexpected(any.error());
  std::string verb = lower(any->request);
  if (verb == "generate") return generate(message);
  if (verb == "process") return process(message);
  if (verb == "recording") return record(message);
  if (verb == "keyframe") return keyframe(message);
  if (verb == "rtp_forward") return forward(message);
  if (verb == "stop_rtp_forward") return stop_forward(message);
  if (verb == "listforwarders") {
    JsonArray list;
    for (const auto& [id, one] : forwards_) list.push_back(describe(id, one));
    return Outcome{JsonObject{{"event", "forwarders"}, {"rtp_forwarders", std::move(list)}}};
  }
  if (verb == "hangup") {
    if (context_.has_peer_connection()) context_.close_peer_connection();
    else end();
    return Outcome{JsonObject{{"event", "hangingup"}}};
  }
  return refuse(ErrorCode::invalid_request, "Unknown request ({})", any->request);
}

// ---- generate: the browser's description becomes a plain one ---------------------------------------------

NoSipResult<> NoSipHandle::check_generate(const Message& message, const GenerateRequest& request) const {
  if (!message.jsep) return refuse(ErrorCode::missing_sdp, "Missing SDP");
  bool answer = message.jsep->type == "answer";
  if (!answer && message.jsep->type != "offer") return refuse(ErrorCode::missing_sdp, "Missing or invalid SDP type");
  if (auto good = check_common(message.jsep->sdp, request.srtp, message.jsep->e2ee); !good) return good;
  if (answer && is_mandatory(request.srtp) && !has_remote_key()) {
    return refuse(ErrorCode::too_strict, "Can't generate answer: SDES-SRTP required, but caller didn't offer it");
  }
  if (request.srtp_profile && !media::is_sdes_profile(*request.srtp_profile)) {
    return refuse(ErrorCode::invalid_element, "Invalid element (unsupported SRTP profile)");
  }
  return {};
}

NoSipHandle::Step NoSipHandle::generate(const Message& message) {
  auto request = read<GenerateRequest>(message.body);
  if (!request) return std::unexpected(request.error());
  if (auto good = check_generate(message, *request); !good) return std::unexpected(good.error());
  auto description = sdp::parse_sdp(message.jsep->sdp);
  if (!description) return refuse(ErrorCode::missing_sdp, "Error parsing SDP: {}", description.error().text);
  bool offer = message.jsep->type == "offer";
  Generating generating{.transaction = message.transaction,
                        .type = message.jsep->type,
                        .description = std::move(*description),
                        .update = message.jsep->update,
                        .savp = false};
  if (offer && !generating.update) forget_keys();
  PlainDescription browser = read_plain(generating.description);
  for (MediaKind kind : {MediaKind::audio, MediaKind::video}) {
    medium(kind).present = browser.medium(kind).has_value();
    if (medium(kind).present) medium(kind).mline = browser.medium(kind)->mline;
  }
  if (request->srtp) srtp_required_ = is_mandatory(request->srtp);
  generating.savp = is_mandatory(request->srtp) || (!offer && remote_savp_);
  choose_local_keys(*request, offer);
  busy_ = true;
  with_media([this, audio = audio_.present, video = video_.present, generating = std::move(generating),
              turn = turn_](NoSipMedia& media) mutable {
    // Runs on the shard; `this` is only used back on the control thread, where closures of a handle that
    // has gone are dropped.
    media.open_ports(audio, video, [this, generating = std::move(generating), turn](auto ports) mutable {
      ports_ready(std::move(generating), std::move(ports), turn);
    });
  });
  return std::nullopt;
}

void NoSipHandle::choose_local_keys(const GenerateRequest& request, bool offer) {
  srtp_local_ = request.srtp.has_value() || (!offer && has_remote_key());
  if (!srtp_local_) return;
  for (Medium* own : {&audio_, &video_}) {
    if (!own->present || own->local_key) continue;
    if (!offer && !own->remote_key) continue;
    uint32_t tag = offer ? 1 : own->remote_key->tag;
    std::string profile =
        offer ? request.srtp_profile.value_or(std::string(kDefaultProfile)) : own->remote_key->profile;
    own->local_key = media::make_sdes_line(tag, profile, service_.context->random());
  }
}

void NoSipHandle::ports_ready(Generating generating, Result<NoSipMedia::Ports> ports, uint64_t turn) {
  busy_ = false;
  Step step = turn == turn_ ? finish_generate(generating, ports)
                            : Step(refuse(ErrorCode::unknown, "The call has ended meanwhile"));
  answer(generating.transaction, std::move(step));
  next();
}

NoSipHandle::Step NoSipHandle::finish_generate(Generating& generating, const Result<NoSipMedia::Ports>& ports) {
  if (!ports) return refuse(ErrorCode::io_error, "Could not allocate RTP/RTCP ports");
  described_ = true;
  if (audio_.present) audio_.port = ports->audio;
  if (video_.present) video_.port = ports->video;
  auto plain = [this](const Medium& own) {
    return PlainOffer{.port = own.port, .crypto = srtp_local_ ? own.local_key : std::nullopt};
  };
  bool is_answer = generating.type == "answer";
  if (is_answer) take_codecs(generating.description);
  std::string text = write_plain(std::move(generating.description), plain(audio_), plain(video_), service_.advertised,
                                 generating.savp);
  if (is_answer) started_ = true;
  apply(MediaKind::audio);
  apply(MediaKind::video);
  JsonObject result{{"event", "generated"}, {"type", generating.type}, {"sdp", text}};
  if (generating.update) result["update"] = true;
  result["unique_id"] = unique_id_;
  if (!generating.update) {
    notify_call({{"event", "generated"}, {"type", generating.type}, {"sdp", std::move(text)}});
  }
  return Outcome{std::move(result)};
}

// ---- process: a plain description becomes the browser's ---------------------------------------------------

NoSipResult<PlainDescription> NoSipHandle::read_remote(const ProcessRequest& request) const {
  std::string type = lower(request.type);
  if (type != "offer" && type != "answer") return refuse(ErrorCode::missing_sdp, "Missing or invalid SDP type");
  if (auto good = check_common(request.sdp, request.srtp, false); !good) return std::unexpected(good.error());
  auto description = sdp::parse_sdp(request.sdp);
  if (!description) return refuse(ErrorCode::missing_sdp, "Error parsing SDP: {}", description.error().text);
  PlainDescription remote = read_plain(*description);
  if (!remote.audio && !remote.video) {
    return refuse(ErrorCode::invalid_sdp, "No audio and no video being negotiated");
  }
  if (!remote.has_address) return refuse(ErrorCode::invalid_sdp, "No remote IP addresses");
  bool crypto = (remote.audio && !remote.audio->crypto.empty()) || (remote.video && !remote.video->crypto.empty());
  bool insists = (remote.audio && remote.audio->savp) || (remote.video && remote.video->savp);
  if ((is_mandatory(request.srtp) || insists) && !crypto && !has_remote_key()) {
    return refuse(ErrorCode::too_strict, "Can't process request: SDES-SRTP required, but caller didn't offer it");
  }
  return remote;
}

NoSipHandle::Step NoSipHandle::process(const Message& message) {
  auto request = read<ProcessRequest>(message.body);
  if (!request) return std::unexpected(request.error());
  auto remote = read_remote(*request);
  if (!remote) return std::unexpected(remote.error());
  std::string type = lower(request->type);
  bool offer = type == "offer";
  bool update = request->update.value_or(false) || started_;
  take_remote(*remote, offer, update);
  if (!offer) {
    started_ = true;
    if (auto description = sdp::parse_sdp(request->sdp)) take_codecs(*description);
  }
  if (is_mandatory(request->srtp) || remote_savp_) srtp_required_ = true;
  described_ = true;
  apply(MediaKind::audio);
  apply(MediaKind::video);
  JsonObject result{{"event", "processed"}};
  if (has_remote_key()) result["srtp"] = srtp_required_ ? kMandatory : kOptional;
  if (update) result["update"] = true;
  result["unique_id"] = unique_id_;
  if (!update) notify_call({{"event", "processed"}, {"type", type}, {"sdp", request->sdp}});
  return Outcome{std::move(result), LocalJsep{.type = type, .sdp = request->sdp}};
}

// Keys once taken stay until the next offer that begins a call.
void NoSipHandle::take_remote(PlainDescription& remote, bool offer, bool update) {
  if (offer && !update) forget_keys();
  for (MediaKind kind : {MediaKind::audio, MediaKind::video}) {
    Medium& own = medium(kind);
    std::optional<PlainMedium>& theirs = remote.medium(kind);
    own.remote = std::move(theirs);
    if (!own.remote) continue;
    remote_savp_ = remote_savp_ || own.remote->savp;
    if (own.remote_key) continue;
    for (const media::SdesLine& line : own.remote->crypto) {
      if (!offer && (!own.local_key || line.tag != own.local_key->tag)) continue;
      own.remote_key = line;
      break;
    }
  }
}

void NoSipHandle::take_codecs(const sdp::SessionDescription& answer) {
  PlainDescription agreed = read_plain(answer);
  for (MediaKind kind : {MediaKind::audio, MediaKind::video}) {
    if (!agreed.medium(kind)) continue;
    for (const auto& [payload_type, codec] : agreed.medium(kind)->codecs) {
      if (codec == Codec::unknown || codec == Codec::telephone_event || codec_kind(codec) != kind) continue;
      medium(kind).codec = codec;
      break;
    }
  }
}

// What both sides have said so far goes to the media half.
void NoSipHandle::apply(MediaKind kind) {
  Medium& own = medium(kind);
  if (!own.present || own.port == 0) return;
  MediumSettings settings;
  settings.mline = own.mline;
  if (own.remote) {
    settings.remote = own.remote->remote;
    settings.extensions = own.remote->extensions;
    settings.codecs = own.remote->codecs;
  } else if (started_) {
    settings.remote.send = false;  // refused
  }
  if (srtp_local_ && own.remote_key && own.local_key) {
    settings.local_key = own.local_key->material;
    settings.remote_key = own.remote_key->material;
  }
  with_media([kind, settings = std::move(settings)](NoSipMedia& media) mutable {
    media.configure(kind, std::move(settings));
  });
}

// ---- the end, and what others see --------------------------------------------------------------------------

void NoSipHandle::forget_keys() {
  srtp_required_ = srtp_local_ = remote_savp_ = false;
  for (Medium* own : {&audio_, &video_}) {
    own->local_key.reset();
    own->remote_key.reset();
  }
}

void NoSipHandle::on_hangup(std::string_view) {
  end();
}

void NoSipHandle::end() {
  ++turn_;
  forget_keys();
  audio_ = {};
  video_ = {};
  started_ = described_ = false;
  forwards_.clear();
  with_media([](NoSipMedia& media) { media.reset(); });
}

void NoSipHandle::notify_call(JsonObject data) {
  if (!service_.events || !service_.context->events_enabled()) return;
  data["unique_id"] = unique_id_;
  context_.notify_event(std::move(data));
}

Json NoSipHandle::query() const {
  JsonObject info{{"unique_id", unique_id_}};
  auto yes = [](bool value) { return value ? "yes" : "no"; };
  if (described_) {
    info["srtp-required"] = yes(srtp_required_);
    info["sdes-local"] = yes(srtp_local_);
    info["sdes-remote"] = yes(has_remote_key());
  }
  if (audio_.recording_user || video_.recording_user || audio_.recording_peer || video_.recording_peer) {
    info["recording"] = JsonObject{{"audio", audio_.recording_user},
                                   {"video", video_.recording_user},
                                   {"audio-peer", audio_.recording_peer},
                                   {"video-peer", video_.recording_peer}};
  }
  info["hangingup"] = 0;
  info["destroyed"] = 0;
  return info;
}

}  // namespace limen::nosip
