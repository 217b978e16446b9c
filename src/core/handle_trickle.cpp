// Handle: the client's candidates (spec section 3.4, `trickle`).
#include "base/log.hpp"
#include "core/gateway_state.hpp"
#include "core/handle.hpp"
#include "core/media/media_plane.hpp"
#include "rtc/peer/peer.hpp"

namespace limen::core {
namespace {

constexpr size_t kMaxEarlyCandidates = 128;

ApiError wrong_type(std::string_view what) {
  return {ApiErrorCode::invalid_element_type, fmt::format("Trickle error: invalid element type ({})", what)};
}
ApiError missing(std::string_view what) {
  return {ApiErrorCode::missing_mandatory_element, fmt::format("Trickle error: missing mandatory element ({})", what)};
}

bool is_index(const Json& value) {
  return value.is_uint64() || (value.is_int64() && value.get_int64() >= 0);
}

// What a candidate object says: which m-line, and the text; nullopt text: completed.
struct Trickled {
  std::string_view mid;
  std::optional<uint64_t> index;
  std::optional<std::string_view> text;
};

// Before the exchange of descriptions `null` counts as absent, after it as a wrong type.
enum class Null { absent, wrong };

ApiResult<Trickled> read_trickled(const Json& json, Null null) {
  Trickled trickled;
  if (!json.is_object() || json.get_object().contains("completed")) return trickled;
  const JsonObject& object = json.get_object();
  const Json* mid = object.if_contains("sdpMid");
  if (mid != nullptr && (null == Null::wrong || !mid->is_null())) {
    if (!mid->is_string()) return std::unexpected(wrong_type("sdpMid should be a string"));
    trickled.mid = mid->get_string();
  }
  const Json* index = object.if_contains("sdpMLineIndex");
  if (index != nullptr && (null == Null::wrong || !index->is_null())) {
    if (!is_index(*index)) return std::unexpected(wrong_type("sdpMLineIndex should be a positive integer"));
    trickled.index = index->to_number<uint64_t>();
  }
  if (trickled.mid.empty() && !trickled.index) return std::unexpected(missing("sdpMid or sdpMLineIndex"));
  const Json* text = object.if_contains("candidate");
  if (text == nullptr) return std::unexpected(missing("candidate"));
  if (!text->is_string()) return std::unexpected(wrong_type("candidate should be a string"));
  trickled.text = text->get_string();
  return trickled;
}

}  // namespace

void Handle::trickle(ApiCall call) {
  const Json* one = call.message().if_contains("candidate");
  const Json* many = call.message().if_contains("candidates");
  if (one == nullptr && many == nullptr) {
    return call.fail({ApiErrorCode::missing_mandatory_element, "Missing mandatory element (candidate|candidates)"});
  }
  if (one != nullptr && many != nullptr) {
    return call.fail({ApiErrorCode::invalid_json, "Can't have both candidate and candidates"});
  }
  if (closing_) return call.fail({ApiErrorCode::webrtc_state, "Still cleaning a previous session"});

  // Before the exchange of descriptions is complete nothing can be checked: kept for later.
  if (!peer_ || !peer_->remote_applied) {
    if (one != nullptr) take_early(*one);
    else if (many->is_array()) {
      for (const Json& candidate : many->get_array()) take_early(candidate);
    }
    return call.answer(call.envelope("ack"));
  }
  peer_->negotiator.set_peer_trickles();
  if (one != nullptr) {
    auto taken = take_candidate(*one);
    if (!taken) return call.fail(taken.error());
  } else {
    if (!many->is_array()) return call.fail({ApiErrorCode::invalid_element_type, "candidates is not an array"});
    for (const Json& candidate : many->get_array()) {
      auto taken = take_candidate(candidate);
      if (!taken) log::warning("", "[{}/{}] {}", session_id().value(), id_.value(), taken.error().reason);
    }
  }
  call.answer(call.envelope("ack"));
}

ApiResult<> Handle::take_candidate(const Json& json) {
  auto trickled = read_trickled(json, Null::wrong);
  if (!trickled) return std::unexpected(trickled.error());
  if (!trickled->text) {
    add_remote({std::nullopt});
    return {};
  }
  // Everything is bundled: only the first m-line's candidates count.
  if (trickled->index.value_or(0) > 0) return {};
  if (!trickled->mid.empty() && trickled->mid != peer_->negotiator.first_mid()) return {};
  if (trickled->text->empty() || trickled->text->find("end-of-candidates") != std::string_view::npos) return {};
  auto candidate = rtc::parse_candidate(*trickled->text);
  if (candidate && wanted(*candidate)) add_remote({std::move(candidate)});
  return {};
}

void Handle::take_early(const Json& json) {
  auto trickled = read_trickled(json, Null::absent);
  if (!trickled) return;
  EarlyCandidate early{.received = state_.executor.now(), .mid = std::string(trickled->mid), .candidate = std::nullopt};
  if (trickled->text) {
    if (trickled->index.value_or(0) > 0) return;
    early.candidate = rtc::parse_candidate(*trickled->text);
    if (!early.candidate || !wanted(*early.candidate)) return;
  }
  if (early_.size() >= kMaxEarlyCandidates) {
    log::warning("", "[{}/{}] Too many early candidates, ignoring one", session_id().value(), id_.value());
    return;
  }
  early_.push_back(std::move(early));
}

std::vector<std::optional<rtc::Candidate>> Handle::fresh_early_candidates() {
  Instant oldest = state_.executor.now() - std::chrono::seconds(state_.settings.general.candidates_timeout);
  std::vector<std::optional<rtc::Candidate>> fresh;
  for (EarlyCandidate& early : early_) {
    bool other_mline = early.candidate && !early.mid.empty() && early.mid != peer_->negotiator.first_mid();
    if (early.received >= oldest && !other_mline) fresh.push_back(std::move(early.candidate));
  }
  early_.clear();
  return fresh;
}

bool Handle::wanted(const rtc::Candidate& candidate) {
  if (!candidate.host_name.empty() && state_.settings.nat.ignore_mdns) {
    if (peer_) not_resolved(candidate.host_name, "ignore_mdns is set");
    return false;
  }
  return candidate.protocol == rtc::CandidateProtocol::udp || state_.settings.nat.ice_tcp;
}

// nullopt stands for `completed`.
void Handle::add_remote(std::vector<std::optional<rtc::Candidate>> candidates) {
  if (candidates.empty()) return;
  for (const auto& candidate : candidates) {
    if (!candidate) {
      peer_->trickles_done = true;
      continue;
    }
    if (!peer_->checks_started) peer_->checks_started = state_.executor.now();
    if (state_.events.wanted(EventType::webrtc)) {
      notify_webrtc(subtype::kRemoteCandidate, JsonObject{{"remote-candidate", rtc::write_candidate(*candidate)}});
    }
    if (!candidate->host_name.empty()) resolve_remote(*candidate);
  }
  state_.media.with_peer(media_id_, [candidates = std::move(candidates)](rtc::Peer& peer, Instant now) {
    for (const auto& candidate : candidates) {
      if (!candidate) peer.remote_candidates_done(now);
      else if (candidate->host_name.empty()) peer.add_remote_candidate(*candidate, now);
      else peer.start_checks(now);  // the other side's checks may be here before its name is resolved
    }
  });
}

// A ".local" name: multicast DNS knows, or nobody.
void Handle::resolve_remote(const rtc::Candidate& candidate) {
  if (++peer_->local_names > PeerConnection::kMaxLocalNames) {
    return not_resolved(candidate.host_name, "too many names of one peer");
  }
  auto done = [&state = state_, session = session_id(), id = id_, created = peer_->created,
               resolved = rtc::Candidate(candidate)](MdnsResolver::Answer answer) mutable {
    Handle* handle = state.sessions.find(session, id);
    if (handle == nullptr || !handle->peer_ || handle->closing_ || handle->peer_->created != created) return;
    if (!answer.address) return handle->not_resolved(resolved.host_name, answer.reason);
    resolved.address.ip = *answer.address;
    resolved.host_name.clear();
    state.media.with_peer(handle->media_id_, [resolved = std::move(resolved)](rtc::Peer& peer, Instant now) {
      peer.add_remote_candidate(resolved, now);
    });
  };
  state_.mdns.resolve(candidate.host_name, std::move(done));
}

void Handle::not_resolved(const std::string& name, const std::string& reason) {
  if (peer_->unresolved.size() >= PeerConnection::kMaxLocalNames) return;
  log::info("", "[{}/{}] The candidate {} is not used: {}", session_id().value(), id_.value(), name, reason);
  peer_->unresolved.emplace_back(name, reason);
}

}  // namespace limen::core
