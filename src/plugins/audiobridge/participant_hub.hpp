// ParticipantHub: the participants' media halves of one shard, so that frames of a mixer find them.
//
// One per shard; that shard's thread.
#pragma once
#include <unordered_map>
#include <vector>

#include "api/media.hpp"
#include "plugins/audiobridge/mixed_frame.hpp"

namespace limen::audiobridge {

class ParticipantMedia;

class ParticipantHub final : public ShardLocal {
 public:
  explicit ParticipantHub(MediaShard&) {}
  void add(PeerId peer, ParticipantMedia& media) { members_[peer] = &media; }
  void remove(PeerId peer) { members_.erase(peer); }
  // Frames for whoever has gone are dropped.
  void deliver(const std::vector<MixedFrame>& frames);
  void on_shard_end() override { members_.clear(); }

 private:
  std::unordered_map<PeerId, ParticipantMedia*> members_;
};

}  // namespace limen::audiobridge
