#include "core/media/peer_demux.hpp"

#include <algorithm>

#include "wire/stun/stun_message.hpp"

namespace limen::core {
namespace {

constexpr size_t kCookieAt = 4;
constexpr size_t kTransactionAt = 8;

bool looks_like_stun(Bytes datagram) {
  return datagram.size() >= stun::kHeaderSize && datagram[0] < 4 &&
         load_u32(datagram.data() + kCookieAt) == stun::kMagicCookie;
}

uint64_t mix(uint64_t hash) {
  hash *= 0x9e3779b97f4a7c15u;
  return hash ^ (hash >> 32);
}

}  // namespace

std::optional<StunPeek> peek_stun(Bytes datagram) {
  if (!looks_like_stun(datagram)) return std::nullopt;
  auto message = stun::Message::parse(datagram);
  if (!message || message->method() != stun::Method::binding) return std::nullopt;
  StunPeek peek;
  peek.request = message->message_class() == stun::MessageClass::request;
  peek.response =
      message->message_class() == stun::MessageClass::success || message->message_class() == stun::MessageClass::error;
  peek.transaction_tag = load_u32(datagram.data() + kTransactionAt);
  if (auto username = message->text(stun::AttributeType::username))
    peek.ufrag = username->substr(0, username->find(':'));
  return peek;
}

size_t PeerDemux::FlowHash::operator()(const Flow& flow) const noexcept {
  std::span<const uint8_t> raw = flow.remote.ip.bytes();
  uint64_t hash = uint64_t{flow.socket} << 16 | flow.remote.port;
  if (raw.size() == 4) return mix(mix(hash) ^ load_u32(raw.data()));
  return mix(mix(mix(hash) ^ load_u64(raw.data())) ^ load_u64(raw.data() + 8));
}

std::optional<PeerDemux::Match> PeerDemux::find(const Flow& from, Bytes datagram) {
  auto flow = flows_.find(from);
  bool known = flow != flows_.end();
  if (!looks_like_stun(datagram)) {
    if (!known) {
      ++counters_.unknown_datagram;
      return std::nullopt;
    }
    ++counters_.by_flow;
    return Match{flow->second.slot, true, false};
  }
  auto matched = [&](Slot slot, uint64_t& counter) {
    ++counter;
    return Match{slot, known && flow->second.slot == slot, true};
  };
  if (auto peek = peek_stun(datagram)) {
    if (peek->request) {
      if (auto it = ufrags_.find(peek->ufrag); it != ufrags_.end()) return matched(it->second, counters_.by_ufrag);
    } else if (peek->response) {
      if (auto it = tags_.find(peek->transaction_tag); it != tags_.end()) {
        return matched(it->second, counters_.by_transaction);
      }
    }
  }
  // An indication (keep-alive), or a name that has changed since: the flow's owner knows better.
  if (known) return matched(flow->second.slot, counters_.by_flow);
  ++counters_.unknown_stun;
  return std::nullopt;
}

bool PeerDemux::set_names(Slot slot, std::string_view ufrag, uint32_t transaction_tag) {
  if (slot >= names_.size()) names_.resize(slot + 1);
  Names& names = names_[slot];
  if (names.ufrag != ufrag) {
    if (ufrags_.contains(ufrag)) return false;
    if (!names.ufrag.empty()) ufrags_.erase(names.ufrag);
    names.ufrag = ufrag;
    ufrags_.emplace(names.ufrag, slot);
  }
  if (names.has_tag && names.tag == transaction_tag) return true;
  if (names.has_tag) tags_.erase(names.tag);
  names.tag = transaction_tag;
  // Tags are random: of two equal ones the older keeps it, and the other peer is found by flow.
  names.has_tag = tags_.emplace(transaction_tag, slot).second;
  return true;
}

bool PeerDemux::bind(Slot slot, const Flow& flow, Instant now) {
  auto it = flows_.find(flow);
  if (it != flows_.end()) {
    FlowEntry& entry = it->second;
    if (entry.slot == slot) {
      entry.heard = now;
      return true;
    }
    if (now - entry.heard < kFlowQuiet) {
      ++counters_.contested_flow;
      return false;
    }
    forget_flow(entry.slot, flow);
    flows_.erase(it);
  }
  if (slot >= names_.size()) names_.resize(slot + 1);
  if (names_[slot].flows.size() >= kMaxFlowsPerPeer) evict_quietest(slot);
  names_[slot].flows.push_back(flow);
  flows_.emplace(flow, FlowEntry{slot, now});
  return true;
}

void PeerDemux::remove(Slot slot) {
  if (slot >= names_.size()) return;
  Names& names = names_[slot];
  for (const Flow& flow : names.flows) flows_.erase(flow);
  if (!names.ufrag.empty()) ufrags_.erase(names.ufrag);
  if (names.has_tag) tags_.erase(names.tag);
  names = {};
}

void PeerDemux::forget_flow(Slot slot, const Flow& flow) {
  std::erase(names_[slot].flows, flow);
}

void PeerDemux::evict_quietest(Slot slot) {
  std::vector<Flow>& flows = names_[slot].flows;
  auto quietest = std::min_element(flows.begin(), flows.end(), [this](const Flow& a, const Flow& b) {
    return flows_.at(a).heard < flows_.at(b).heard;
  });
  flows_.erase(*quietest);
  flows.erase(quietest);
  ++counters_.evicted_flow;
}

}  // namespace limen::core
