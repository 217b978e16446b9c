#include "plugins/videoroom/forward_plan.hpp"

#include <algorithm>

#include "media/forward/host_lookup.hpp"
#include "media/forward/sdes.hpp"
#include "plugins/videoroom/cascade_ssrc.hpp"

namespace limen::videoroom {
namespace {

// The old form names kinds instead of mids.
constexpr std::string_view kFirstAudio =
                               "\x01"
                               "audio",
                           kFirstVideo =
                               "\x01"
                               "video",
                           kFirstData =
                               "\x01"
                               "data";

size_t host_index(ForwardPlan& plan, const std::string& host, const std::string& family) {
  for (size_t i = 0; i < plan.hosts.size(); ++i) {
    if (plan.hosts[i].host == host && plan.hosts[i].family == family) return i;
  }
  plan.hosts.push_back({host, family, std::nullopt});
  return plan.hosts.size() - 1;
}

RoomResult<> read_entries(const ForwardRequest& request, ForwardPlan& plan) {
  for (const Json& json : *request.streams) {
    auto entry = read<ForwardEntry>(entry_object(json));
    if (!entry) return passed_on(entry);
    if (auto good = check_family(entry->host_family); !good) return good;
    std::string family = entry->host_family.value_or(request.host_family.value_or(""));
    size_t host = host_index(plan, entry->host.value_or(request.host), family);
    plan.wanted.push_back({entry->mid, host, entry->simulcast.value_or(false), entry->to});
  }
  return {};
}

PlannedForward plan_for(const PublishedStream& stream, Random& random) {
  PlannedForward planned;
  do planned.facts.stream_id = random.u32();
  while (planned.facts.stream_id == 0);
  planned.facts.mindex = stream.mindex;
  planned.facts.kind = planned.spec.kind = stream.kind;
  return planned;
}

void add(const ForwardPlan& plan, const ForwardPlan::Wanted& wanted, const PublishedStream& stream, int substream,
         Random& random, std::vector<PlannedForward>& out) {
  const ForwardTargets& to = wanted.to;
  auto port = substream == 2 ? to.port_3 : substream == 1 ? to.port_2 : to.port;
  if (!port || *port == 0) return;
  bool video = stream.kind == MediaKind::video;
  PlannedForward planned = plan_for(stream, random);
  Forward& facts = planned.facts;
  facts.host = plan.hosts[wanted.host].address->to_string();
  facts.port = *port;
  facts.srtp = plan.srtp.has_value() && stream.kind != MediaKind::data;
  if (video) facts.substream = substream;
  if (stream.kind != MediaKind::data) {
    facts.payload_type = (substream == 2 ? to.pt_3 : substream == 1 ? to.pt_2 : to.pt).value_or(0) & 0x7f;
    facts.ssrc = (substream == 2 ? to.ssrc_3 : substream == 1 ? to.ssrc_2 : to.ssrc).value_or(0);
    if (substream == 0) facts.remote_rtcp_port = to.rtcp_port.value_or(0);
  }
  media::ForwardSpec& spec = planned.spec;
  spec.to = {.ip = *plan.hosts[wanted.host].address, .port = *port};
  spec.payload_type = facts.payload_type;
  spec.simulcast = video && wanted.simulcast && stream.simulcast;
  spec.ssrc = spec.simulcast && facts.ssrc == 0 ? facts.stream_id : facts.ssrc;
  if (video && stream.simulcast && !spec.simulcast) spec.substream = static_cast<uint8_t>(substream);
  spec.rtcp_port = facts.remote_rtcp_port;
  if (facts.srtp) spec.srtp = plan.srtp;
  out.push_back(std::move(planned));
}

PublishedStream* meant(const Publisher& publisher, const std::string& mid) {
  if (mid == kFirstAudio) return publisher.first(MediaKind::audio);
  if (mid == kFirstVideo) return publisher.first(MediaKind::video);
  if (mid == kFirstData) return publisher.first(MediaKind::data);
  return publisher.find(mid);
}

}  // namespace

void HostLookup::resolve() {
  if (!address) address = media::look_up_host(host, family);
}

RoomResult<> check_family(const std::optional<std::string>& family) {
  if (!family || *family == "ipv4" || *family == "ipv6") return {};
  return refuse(ErrorCode::invalid_element, "Unsupported protocol family ({})", *family);
}

RoomResult<SrtpWish> read_srtp(const std::optional<uint32_t>& suite, const std::optional<std::string>& crypto) {
  if (!suite || *suite == 0) return SrtpWish{};
  if (*suite != 32 && *suite != 80) {
    return refuse(ErrorCode::invalid_element, "Invalid SRTP suite ({})", *suite);
  }
  if (!crypto) return SrtpWish{};
  auto key = media::srtp_key(*crypto);
  if (!key) return SrtpWish{.material = {}, .bad_key = true};
  return SrtpWish{.material = SrtpMaterial{.suite = static_cast<int>(*suite), .key = std::move(*key)}};
}

RoomResult<ForwardPlan> read_forward_plan(const JsonObject& body, const ForwardRequest& request) {
  ForwardPlan plan;
  plan.legacy = !body.contains("streams");
  if (auto good = check_family(request.host_family); !good) return passed_on(good);
  auto srtp = read_srtp(request.srtp_suite, request.srtp_crypto);
  if (!srtp) return passed_on(srtp);
  plan.srtp = std::move(srtp->material);
  plan.bad_key = srtp->bad_key;
  size_t host = host_index(plan, request.host, request.host_family.value_or(""));
  bool simulcast = request.simulcast.value_or(false);
  if (plan.legacy) {
    plan.wanted.push_back({std::string(kFirstAudio), host, false, request.audio});
    plan.wanted.push_back({std::string(kFirstVideo), host, simulcast, request.video});
    plan.wanted.push_back({std::string(kFirstData), host, false, request.data});
  } else if (auto good = read_entries(request, plan); !good) {
    return passed_on(good);
  }
  for (HostLookup& lookup : plan.hosts) {
    lookup.address = media::known_address(lookup.host, lookup.family);
  }
  return plan;
}

std::vector<PlannedForward> planned_forwards(const ForwardPlan& plan, Publisher& publisher, Random& random) {
  std::vector<PlannedForward> out;
  if (plan.bad_key) return out;
  for (const ForwardPlan::Wanted& wanted : plan.wanted) {
    const PublishedStream* stream = meant(publisher, wanted.mid);
    if (stream == nullptr || stream->disabled || !plan.hosts[wanted.host].address) continue;
    add(plan, wanted, *stream, 0, random, out);
    if (stream->kind != MediaKind::video || wanted.simulcast) continue;
    add(plan, wanted, *stream, 1, random, out);
    add(plan, wanted, *stream, 2, random, out);
  }
  return out;
}

std::vector<PlannedForward> planned_remotization(const Remotization& remotization, const Publisher& publisher,
                                                 Random& random) {
  std::vector<PlannedForward> out;
  if (remotization.bad_key) return out;
  auto mine = [&remotization](const Forward& one) { return one.remote_id == remotization.remote_id; };
  // One socket for what comes back is enough: it is said which stream is meant.
  bool hears = std::ranges::any_of(publisher.forwards,
                                   [&mine](const Forward& one) { return mine(one) && one.kind == MediaKind::video; });
  for (const auto& stream : publisher.streams()) {
    bool there = std::ranges::any_of(publisher.forwards,
                                     [&](const Forward& one) { return mine(one) && one.mindex == stream->mindex; });
    if (there || stream->disabled) continue;
    bool video = stream->kind == MediaKind::video;
    uint8_t highest = video && stream->simulcast ? kMaxSubstream : 0;
    for (uint8_t layer = 0; layer <= highest; ++layer) {
      PlannedForward& planned = out.emplace_back(plan_for(*stream, random));
      planned.facts.remote_id = remotization.remote_id;
      planned.facts.host = remotization.host.to_string();
      planned.facts.port = remotization.port;
      planned.facts.ssrc = planned.spec.ssrc = cascade_ssrc(stream->mindex, layer);
      planned.facts.srtp = remotization.srtp.has_value();
      planned.spec.to = {remotization.host, remotization.port};
      if (highest > 0) planned.spec.substream = layer;
      if (video && !hears) planned.spec.rtcp_port = planned.facts.remote_rtcp_port = remotization.rtcp_port;
      planned.spec.srtp = remotization.srtp;
      planned.spec.framed_data = true;
      hears = hears || video;
    }
  }
  return out;
}

JsonObject legacy_forwards(const std::vector<Forward>& opened, const std::string& host) {
  JsonObject out;
  for (const Forward& one : opened) {
    std::string kind(media_kind_name(one.kind));
    std::string suffix = one.substream > 0 ? fmt::format("_{}", one.substream + 1) : "";
    out[kind + "_stream_id" + suffix] = one.stream_id;
    out[kind + suffix] = one.port;
    if (one.local_rtcp_port != 0) out[kind + "_rtcp"] = one.local_rtcp_port;
  }
  out["warning"] = "deprecated_api";
  out["host"] = host;
  return out;
}

}  // namespace limen::videoroom
