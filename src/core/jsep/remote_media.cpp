#include <algorithm>
#include <charconv>
#include <set>

#include "core/jsep/remote_description.hpp"
#include "wire/sdp/offer_answer.hpp"

namespace limen::core {

namespace {

constexpr size_t kMaxRid = 64;

std::string_view take_token(std::string_view& text, std::string_view separators = " ") {
  text.remove_prefix(std::min(text.find_first_not_of(separators), text.size()));
  std::string_view token = text.substr(0, text.find_first_of(separators));
  text.remove_prefix(token.size());
  return token;
}

template <typename T>
std::optional<T> number(std::string_view text) {
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void read_rids(const sdp::MediaDescription& media, RemoteMedia& out) {
  for (std::string_view value : media.values("rid")) {
    std::string_view rid = take_token(value);
    if (rid.empty() || rid.size() > kMaxRid || take_token(value) != "send") continue;
    bool known = std::ranges::find(out.rids, rid, &RidLayer::rid) != out.rids.end();
    if (!known && out.rids.size() < rtc::kMaxSubstreams) out.rids.push_back({std::string(rid), false});
  }
}

// "send h;~m;l recv x" or, as older peers wrote it, " send rid=h;m;l".
void read_simulcast(const sdp::MediaDescription& media, RemoteMedia& out) {
  const sdp::Attribute* attribute = media.find("simulcast");
  if (attribute == nullptr) return;
  std::string_view value = attribute->value;
  while (!value.empty()) {
    std::string_view direction = take_token(value);
    std::string_view list = take_token(value);
    if (direction != "send") continue;
    if (list.starts_with("rid=")) {
      out.legacy_simulcast = true;
      list.remove_prefix(4);
    }
    while (!list.empty()) {
      std::string_view name = take_token(list, ";,");
      if (!name.starts_with('~')) continue;
      auto layer = std::ranges::find(out.rids, name.substr(1), &RidLayer::rid);
      if (layer != out.rids.end()) layer->paused = true;
    }
  }
}

void place_rids(RidOrder order, RemoteMedia& out) {
  for (size_t i = 0; i < out.rids.size(); ++i) {
    size_t slot = order == RidOrder::low_first ? i : out.rids.size() - 1 - i;
    out.slots[slot] = out.rids[i].rid;
  }
}

std::vector<uint32_t> group_members(std::string_view value) {
  std::vector<uint32_t> out;
  take_token(value);
  while (out.size() < rtc::kMaxSubstreams) {
    auto ssrc = number<uint32_t>(take_token(value));
    if (!ssrc || *ssrc == 0) break;
    out.push_back(*ssrc);
  }
  return out;
}

void read_ssrcs(const sdp::MediaDescription& media, RemoteMedia& out) {
  std::vector<std::pair<uint32_t, uint32_t>> repairs;
  std::set<uint32_t> repairing;
  std::vector<uint32_t> layers;
  for (std::string_view group : media.values("ssrc-group")) {
    auto members = group_members(group);
    if (group.starts_with("SIM ") && layers.empty()) layers = members;
    if (!group.starts_with("FID ") || members.size() != 2) continue;
    repairs.emplace_back(members[0], members[1]);
    repairing.insert(members[1]);
  }
  out.fid = !repairs.empty();
  for (std::string_view value : media.values("ssrc")) {
    if (!layers.empty()) break;
    auto ssrc = number<uint32_t>(take_token(value));
    if (ssrc && *ssrc != 0 && !repairing.contains(*ssrc)) layers.push_back(*ssrc);
  }
  if (!out.rids.empty()) return;  // layers are told apart by their rid; the order of SSRCs says nothing
  for (size_t i = 0; i < layers.size(); ++i) {
    out.ssrc[i] = layers[i];
    auto repair = std::ranges::find(repairs, layers[i], &std::pair<uint32_t, uint32_t>::first);
    if (repair != repairs.end()) out.rtx_ssrc[i] = repair->second;
  }
}

void read_rtx(const sdp::MediaDescription& media, RemoteMedia& out) {
  for (uint8_t payload_type : media.payload_types) {
    auto map = media.rtpmap(payload_type);
    if (!map || (map->encoding != "rtx" && map->encoding != "RTX")) continue;
    auto apt = number<uint8_t>(sdp::fmtp_value(media.fmtp(payload_type), "apt"));
    if (!apt || *apt == payload_type) continue;
    if (std::ranges::find(media.payload_types, *apt) != media.payload_types.end()) out.rtx.emplace(*apt, payload_type);
  }
}

}  // namespace

RemoteMedia read_remote_media(const sdp::MediaDescription& media, RidOrder order) {
  RemoteMedia out;
  if (media.rejected()) return out;
  if (media.kind == MediaKind::data) {
    for (std::string_view value : media.values("max-message-size")) {
      out.max_message_size = number<uint64_t>(value).value_or(out.max_message_size);
    }
    return out;
  }
  if (media.kind == MediaKind::video) {
    read_rids(media, out);
    read_simulcast(media, out);
    place_rids(order, out);
    out.rid_extension = sdp::extension_map(media).id(ExtensionKind::rid);
    read_rtx(media, out);
  }
  read_ssrcs(media, out);
  out.nack = std::ranges::any_of(media.values("rtcp-fb"), [](std::string_view value) {
    take_token(value);
    return take_token(value) == "nack";
  });
  return out;
}

}  // namespace limen::core
