#include "plugins/audiobridge/mixer_link.hpp"

#include <utility>

#include "plugins/audiobridge/mixer_hub.hpp"

namespace limen::audiobridge {

MixerLink::MixerLink(PluginContext& context, MixerId id, MixerSettings settings, MixerObserver observer)
    : context_(context), id_(id) {
  context_.post_shard(id_.shard, [key = id_.key, settings, observer = std::move(observer)](MediaShard& shard) mutable {
    shard.local<MixerHub>().add(key, settings, std::move(observer));
  });
}

MixerLink::~MixerLink() {
  context_.post_shard(id_.shard, [key = id_.key](MediaShard& shard) { shard.local<MixerHub>().remove(key); });
}

void MixerLink::post(std::move_only_function<void(RoomMixer&)> task) const {
  context_.post_shard(id_.shard, [key = id_.key, task = std::move(task)](MediaShard& shard) mutable {
    shard.local<MixerHub>().change(key, task);
  });
}

}  // namespace limen::audiobridge
