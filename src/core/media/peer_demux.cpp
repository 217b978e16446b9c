#include "core/media/peer_demux.hpp"

#include <algorithm>
#include <utility>

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

void PeerDemux::share(FlowDirectory& directory, uint32_t shard, uint32_t shared_sockets, FlowChanged changed) {
  directory_ = &directory;
  shard_ = shard;
  shared_sockets_ = shared_sockets;
  changed_ = std::move(changed);
}

std::optional<PeerDemux::Match> PeerDemux::find(const Flow& from, Bytes datagram) {
  bool is_stun = looks_like_stun(datagram);
  auto peek = is_stun ? peek_stun(datagram) : std::nullopt;
  if (auto match = by_name(from, peek)) return match;
  if (auto match = by_flow(from, is_stun)) return match;
  ++(is_stun ? counters_.unknown_stun : counters_.unknown_datagram);
  return std::nullopt;
}

PeerDemux::Found PeerDemux::find_or_shard(const Flow& from, Bytes datagram) {
  if (!is_shared(from)) return {find(from, datagram), {}};
  bool is_stun = looks_like_stun(datagram);
  auto peek = is_stun ? peek_stun(datagram) : std::nullopt;
  auto elsewhere = [&](std::optional<uint32_t> shard) -> std::optional<uint32_t> {
    if (!shard || *shard == shard_) return std::nullopt;
    ++counters_.other_shard;
    return shard;
  };
  if (auto match = by_name(from, peek)) return {match, {}};
  if (peek && peek->request) {
    if (auto shard = elsewhere(directory_->find(directory_->key_of_ufrag(peek->ufrag)))) return {{}, shard};
  } else if (peek && peek->response) {
    if (auto shard = elsewhere(directory_->find(directory_->key_of_tag(peek->transaction_tag)))) return {{}, shard};
  }
  if (auto match = by_flow(from, is_stun)) return {match, {}};
  if (auto shard = elsewhere(directory_->find(directory_->key_of(from)))) return {{}, shard};
  ++(is_stun ? counters_.unknown_stun : counters_.unknown_datagram);
  return {};
}

std::optional<uint32_t> PeerDemux::shard_of_request(Bytes datagram) const {
  auto peek = peek_stun(datagram);
  if (directory_ == nullptr || !peek || !peek->request || ufrags_.contains(peek->ufrag)) return std::nullopt;
  auto shard = directory_->find(directory_->key_of_ufrag(peek->ufrag));
  return shard == shard_ ? std::nullopt : shard;
}

// A request or an answer says by itself whose it is.
std::optional<PeerDemux::Match> PeerDemux::by_name(const Flow& from, const std::optional<StunPeek>& peek) {
  if (!peek) return std::nullopt;
  auto matched = [&](Slot slot, uint64_t& counter) {
    ++counter;
    auto flow = flows_.find(from);
    return Match{slot, flow != flows_.end() && flow->second.slot == slot, true};
  };
  if (peek->request) {
    if (auto it = ufrags_.find(peek->ufrag); it != ufrags_.end()) return matched(it->second, counters_.by_ufrag);
  } else if (peek->response) {
    if (auto it = tags_.find(peek->transaction_tag); it != tags_.end()) {
      return matched(it->second, counters_.by_transaction);
    }
  }
  return std::nullopt;
}

// All else, and indications (keepalives) or a name that has changed since: the flow's owner knows.
std::optional<PeerDemux::Match> PeerDemux::by_flow(const Flow& from, bool is_stun) {
  auto flow = flows_.find(from);
  if (flow == flows_.end()) return std::nullopt;
  ++counters_.by_flow;
  return Match{flow->second.slot, true, is_stun};
}

bool PeerDemux::set_names(Slot slot, std::string_view ufrag, uint32_t transaction_tag) {
  if (slot >= names_.size()) names_.resize(slot + 1);
  Names& names = names_[slot];
  if (names.ufrag != ufrag) {
    if (ufrags_.contains(ufrag) || (directory_ != nullptr && !claim_name(directory_->key_of_ufrag(ufrag))))
      return false;
    forget_ufrag(names);
    names.ufrag = ufrag;
    ufrags_.emplace(names.ufrag, slot);
  }
  if (names.has_tag && names.tag == transaction_tag) return true;
  forget_tag(names);
  names.tag = transaction_tag;
  // Tags are random: of two equal ones the older keeps it, and the other peer is found by flow.
  names.has_tag = tags_.emplace(transaction_tag, slot).second;
  if (names.has_tag && directory_ != nullptr) claim_name(directory_->key_of_tag(transaction_tag));
  return true;
}

// False: a peer of another shard has that name. In a full directory it is unknown to the others only.
bool PeerDemux::claim_name(FlowDirectory::Key key) {
  return directory_->claim(key, shard_, {}, Duration::zero()).result != FlowDirectory::Claimed::refused;
}

void PeerDemux::forget_ufrag(Names& names) {
  if (names.ufrag.empty()) return;
  ufrags_.erase(names.ufrag);
  if (directory_ != nullptr) directory_->release(directory_->key_of_ufrag(names.ufrag), shard_);
  names.ufrag.clear();
}

void PeerDemux::forget_tag(Names& names) {
  if (!names.has_tag) return;
  tags_.erase(names.tag);
  if (directory_ != nullptr) directory_->release(directory_->key_of_tag(names.tag), shard_);
  names.has_tag = false;
}

PeerDemux::Bound PeerDemux::bind(Slot slot, const Flow& flow, Instant now) {
  auto it = flows_.find(flow);
  bool known = it != flows_.end();
  if (known && it->second.slot != slot && now - it->second.heard < kFlowQuiet) {
    ++counters_.contested_flow;
    return {};
  }
  Bound bound{true, {}};
  if (is_shared(flow)) {
    auto claim = directory_->claim(directory_->key_of(flow), shard_, now, kFlowQuiet);
    if (claim.result == FlowDirectory::Claimed::refused) {
      ++counters_.contested_flow;
      return {};
    }
    bound.loser = claim.previous;
  }
  if (known && it->second.slot == slot) {
    it->second.heard = now;
    return bound;
  }
  if (known) {
    forget_flow(it->second.slot, flow);
    flows_.erase(it);
  }
  if (slot >= names_.size()) names_.resize(slot + 1);
  if (names_[slot].flows.size() >= kMaxFlowsPerPeer) evict_quietest(slot);
  names_[slot].flows.push_back(flow);
  flows_.emplace(flow, FlowEntry{slot, now});
  if (!known && is_shared(flow) && changed_) changed_(flow, true);
  return bound;
}

void PeerDemux::give_up(const Flow& flow) {
  flows_.erase(flow);
  if (on_orphan_) on_orphan_(flow);
  if (!is_shared(flow)) return;
  directory_->release(directory_->key_of(flow), shard_);
  if (changed_) changed_(flow, false);
}

void PeerDemux::remove(Slot slot) {
  if (slot >= names_.size()) return;
  Names& names = names_[slot];
  for (const Flow& flow : names.flows) give_up(flow);
  forget_ufrag(names);
  forget_tag(names);
  names = {};
}

std::optional<PeerDemux::Slot> PeerDemux::owner(const Flow& flow) const {
  auto it = flows_.find(flow);
  if (it == flows_.end()) return std::nullopt;
  return it->second.slot;
}

void PeerDemux::lose(const Flow& flow) {
  auto it = flows_.find(flow);
  if (it == flows_.end()) return;
  forget_flow(it->second.slot, flow);
  flows_.erase(it);
}

void PeerDemux::forget_flow(Slot slot, const Flow& flow) {
  std::erase(names_[slot].flows, flow);
}

void PeerDemux::evict_quietest(Slot slot) {
  std::vector<Flow>& flows = names_[slot].flows;
  auto quietest = std::min_element(flows.begin(), flows.end(), [this](const Flow& a, const Flow& b) {
    return flows_.at(a).heard < flows_.at(b).heard;
  });
  Flow orphan = *quietest;
  give_up(orphan);
  flows.erase(quietest);
  ++counters_.evicted_flow;
}

}  // namespace limen::core
