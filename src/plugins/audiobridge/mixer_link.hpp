// MixerLink: a room's mixer as the control thread has it: made and ended with this object, changed by post.
//
// Control thread. The mixer itself lives on one shard; what is posted to a mixer that has gone is dropped.
#pragma once
#include <cstdint>
#include <functional>

#include "api/plugin.hpp"

namespace limen::audiobridge {

class RoomMixer;
struct MixerSettings;
struct MixerObserver;

// Names a mixer from any thread. Keys are never used again.
struct MixerId {
  uint32_t shard = 0;
  uint64_t key = 0;
  friend bool operator==(const MixerId&, const MixerId&) = default;
};

class MixerLink {
 public:
  MixerLink(PluginContext& context, MixerId id, MixerSettings settings, MixerObserver observer);
  ~MixerLink();
  MixerLink(const MixerLink&) = delete;
  MixerLink& operator=(const MixerLink&) = delete;

  MixerId id() const { return id_; }
  void post(std::move_only_function<void(RoomMixer&)> task) const;

 private:
  PluginContext& context_;
  MixerId id_;
};

}  // namespace limen::audiobridge
