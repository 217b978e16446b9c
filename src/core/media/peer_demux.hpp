// PeerDemux: whose datagram is this? For the many peers behind one shard's sockets.
//
// By authenticated flow (socket and remote address) first; a STUN request by the local part of its
// USERNAME, a STUN response by the start of its transaction id (RFC 8445 section 7.3). A flow is bound only
// when its peer has authenticated it, so a forged source address gains nothing; while the owner keeps
// hearing authenticated STUN on a flow, no other peer can take it over.
// All tables are bounded; a datagram that belongs to nobody allocates nothing. One thread.
//
// Where several shards listen on one port, a datagram may be another shard's: share() lets all of them know
// each other's names and flows, and find_or_shard() says whose it is.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "base/tx_queue.hpp"
#include "core/media/flow_directory.hpp"

namespace limen::core {

struct DemuxCounters {
  uint64_t by_flow = 0, by_ufrag = 0, by_transaction = 0;
  uint64_t unknown_stun = 0;      // no peer of that ufrag or transaction
  uint64_t unknown_datagram = 0;  // not STUN and from no known flow
  uint64_t contested_flow = 0;    // a second peer authenticated on a flow whose owner is alive
  uint64_t evicted_flow = 0;      // a peer had too many flows
  uint64_t other_shard = 0;       // handed on to the shard it belongs to
};

// What the demultiplexer needs to see of a datagram.
struct StunPeek {
  bool request = false;
  bool response = false;   // success or error
  std::string_view ufrag;  // of a request: USERNAME up to the colon
  uint32_t transaction_tag = 0;
};
// Nothing if it is not a well-formed Binding message.
std::optional<StunPeek> peek_stun(Bytes datagram);

class PeerDemux {
 public:
  using Slot = uint32_t;
  static constexpr size_t kMaxFlowsPerPeer = 32;
  // An owner that has heard nothing authenticated for this long on a flow may lose it.
  static constexpr Duration kFlowQuiet = std::chrono::seconds(20);

  struct Match {
    Slot slot = 0;
    bool known_flow = false;  // the flow is bound to this peer
    bool stun = false;        // after handling it, ask the peer whether it owns the flow now
  };
  // Nothing: drop it (counted).
  std::optional<Match> find(const Flow& from, Bytes datagram);

  // One port for several shards; before the first datagram. `changed` is told of each flow that this shard's
  // peers have won or lost. Sockets from `shared_sockets` on (TCP) are this shard's alone.
  using FlowChanged = std::function<void(const Flow& flow, bool won)>;
  void share(FlowDirectory& directory, uint32_t shard, uint32_t shared_sockets, FlowChanged changed = {});
  struct Found {
    std::optional<Match> match;
    std::optional<uint32_t> shard;  // no match here: that one knows
  };
  // As find(), and if it is nobody's here, whose it is.
  Found find_or_shard(const Flow& from, Bytes datagram);
  // Whose request that is, if it is another shard's.
  std::optional<uint32_t> shard_of_request(Bytes datagram) const;

  // What a peer can be found by; replaces what was there (ICE restart). False: the ufrag or tag is
  // another peer's, and that one keeps it.
  bool set_names(Slot slot, std::string_view ufrag, uint32_t transaction_tag);
  // The peer has authenticated this flow (again). False: it belongs to another peer that is alive.
  // The other shard that has lost the flow, if one has, is to be told to lose() it.
  struct Bound {
    bool ours = false;
    std::optional<uint32_t> loser;
    explicit operator bool() const { return ours; }
  };
  Bound bind(Slot slot, const Flow& flow, Instant now);
  // Another shard has taken the flow over, or it is no more (its TCP connection ended).
  void lose(const Flow& flow);
  void remove(Slot slot);
  // The peer that a flow is bound to.
  std::optional<Slot> owner(const Flow& flow) const;
  // Called with each flow that loses its owner otherwise.
  void set_on_orphan(std::function<void(const Flow&)> on_orphan) { on_orphan_ = std::move(on_orphan); }

  const DemuxCounters& counters() const { return counters_; }
  size_t flows() const { return flows_.size(); }

 private:
  struct FlowHash {
    size_t operator()(const Flow& flow) const noexcept;
  };
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };
  struct FlowEntry {
    Slot slot;
    Instant heard;
  };
  struct Names {
    std::string ufrag;
    uint32_t tag = 0;
    bool has_tag = false;
    std::vector<Flow> flows;  // oldest first
  };

  std::optional<Match> by_name(const Flow& from, const std::optional<StunPeek>& peek);
  std::optional<Match> by_flow(const Flow& from, bool is_stun);
  bool claim_name(FlowDirectory::Key key);
  void forget_ufrag(Names& names);
  void forget_tag(Names& names);
  void give_up(const Flow& flow);
  bool is_shared(const Flow& flow) const { return directory_ != nullptr && flow.socket < shared_sockets_; }
  void forget_flow(Slot slot, const Flow& flow);
  void evict_quietest(Slot slot);

  std::unordered_map<Flow, FlowEntry, FlowHash> flows_;
  std::unordered_map<std::string, Slot, TextHash, std::equal_to<>> ufrags_;
  std::unordered_map<uint32_t, Slot> tags_;
  std::vector<Names> names_;  // by slot
  std::function<void(const Flow&)> on_orphan_;
  DemuxCounters counters_;
  FlowDirectory* directory_ = nullptr;
  uint32_t shard_ = 0;
  uint32_t shared_sockets_ = 0;
  FlowChanged changed_;
};

}  // namespace limen::core
