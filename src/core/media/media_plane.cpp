#include "core/media/media_plane.hpp"

#include <algorithm>
#include <utility>

namespace limen::core {

MediaPlane::MediaPlane(Executor& control, std::vector<MediaShardEnv> shards) : control_(control) {
  auto count = static_cast<uint32_t>(shards.size());
  shards_.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    ShardSide side;
    side.executor = &shards[i].executor;
    side.bases = shards[i].bases;
    side.host = std::make_unique<MediaHost>(i, count, std::move(shards[i]), links());
    shards_.push_back(std::move(side));
  }
}

MediaPlane::~MediaPlane() = default;

// The table of shards does not change while their threads run, so these may be called on any of them.
MediaLinks MediaPlane::links() {
  MediaLinks links;
  links.post_shard = [this](uint32_t shard, std::move_only_function<void(MediaShard&)> task) {
    if (shard >= shards_.size()) return;
    shards_[shard].executor->post(
        [host = shards_[shard].host.get(), task = std::move(task)]() mutable { task(*host); });
  };
  links.event = [this](PeerId id, uint32_t generation, MediaEvent event) {
    control_.post([this, id, generation, event = std::move(event)]() mutable {
      auto it = handles_.find(id);
      if (it == handles_.end() || it->second.generation != generation) return;
      // Kept alive: the callback may remove the handle.
      auto callback = it->second.on_event;
      (*callback)(std::move(event));
    });
  };
  links.post_control = [this](PeerId id, Task task) {
    control_.post([this, id, task = std::move(task)]() mutable {
      if (handles_.contains(id)) task();
    });
  };
  links.forward = [this](uint32_t shard, std::vector<ForwardedDatagram> datagrams) {
    ShardSide& to = shards_[shard];
    if (!to.host->expect_forwarded(datagrams.size())) return false;
    to.executor->post([&to, datagrams = std::move(datagrams)]() mutable {
      to.host->on_forwarded(std::move(datagrams), to.executor->now());
    });
    return true;
  };
  links.flow_lost = [this](uint32_t shard, const Flow& flow) {
    run_on(shard, [flow](MediaHost& host) { host.on_flow_lost(flow); });
  };
  return links;
}

MediaPlane::HandleSide* MediaPlane::find(MediaId id) {
  auto it = handles_.find(id.peer);
  return it == handles_.end() || it->second.shard != id.shard ? nullptr : &it->second;
}

void MediaPlane::run_on(uint32_t shard, std::move_only_function<void(MediaHost&)> task) {
  shards_[shard].executor->post([host = shards_[shard].host.get(), task = std::move(task)]() mutable { task(*host); });
}

void MediaPlane::run_then(MediaId id, std::move_only_function<void(MediaHost&)> task, Task done) {
  run_on(id.shard, [control = &control_, task = std::move(task), done = std::move(done)](MediaHost& host) mutable {
    task(host);
    if (done) control->post(std::move(done));
  });
}

MediaId MediaPlane::add_handle(std::optional<uint32_t> loop, EventCallback on_event) {
  uint32_t shard = 0;
  if (loop && *loop < shards_.size()) {
    shard = *loop;
  } else {
    auto least = std::min_element(shards_.begin(), shards_.end(),
                                  [](const ShardSide& a, const ShardSide& b) { return a.handles < b.handles; });
    shard = static_cast<uint32_t>(least - shards_.begin());
  }
  MediaId id{shard, PeerId(++next_id_)};
  handles_.emplace(id.peer, HandleSide{shard, 0, std::make_shared<EventCallback>(std::move(on_event))});
  ++shards_[shard].handles;
  run_on(shard, [peer = id.peer](MediaHost& host) { host.add_handle(peer); });
  return id;
}

void MediaPlane::remove_handle(MediaId id, Task done) {
  if (find(id) == nullptr) {
    if (done) control_.post(std::move(done));
    return;
  }
  handles_.erase(id.peer);
  --shards_[id.shard].handles;
  run_then(id, [peer = id.peer](MediaHost& host) { host.remove_handle(peer); }, std::move(done));
}

void MediaPlane::install_handler(MediaId id, std::string module, HandlerFactory factory) {
  if (find(id) == nullptr) return;
  run_on(id.shard, [peer = id.peer, module = std::move(module), factory = std::move(factory)](MediaHost& host) mutable {
    host.install_handler(peer, module, std::move(factory));
  });
}

void MediaPlane::post(MediaId id, std::move_only_function<void(MediaHandler&)> task) {
  if (find(id) == nullptr) return;
  run_on(id.shard, [peer = id.peer, task = std::move(task)](MediaHost& host) mutable {
    host.with_handler(peer, std::move(task));
  });
}

void MediaPlane::create_peer(MediaId id, rtc::PeerConfig config) {
  HandleSide* handle = find(id);
  if (handle == nullptr) return;
  handle->generation = ++next_generation_;
  run_on(id.shard, [peer = id.peer, generation = handle->generation, config = std::move(config)](
                       MediaHost& host) mutable { host.create_peer(peer, generation, std::move(config)); });
}

void MediaPlane::set_relays(MediaId id, std::vector<rtc::RelayServer> servers) {
  HandleSide* handle = find(id);
  if (handle == nullptr || handle->generation == 0) return;
  run_on(id.shard, [peer = id.peer, generation = handle->generation, servers = std::move(servers)](MediaHost& host) {
    host.set_relays(peer, generation, servers);
  });
}

void MediaPlane::with_peer(MediaId id, std::move_only_function<void(rtc::Peer&, Instant)> task) {
  if (find(id) == nullptr) return;
  run_on(id.shard,
         [peer = id.peer, task = std::move(task)](MediaHost& host) mutable { host.with_peer(peer, std::move(task)); });
}

void MediaPlane::destroy_peer(MediaId id, Task done) {
  HandleSide* handle = find(id);
  if (handle == nullptr) {
    if (done) control_.post(std::move(done));
    return;
  }
  handle->generation = 0;
  run_then(id, [peer = id.peer](MediaHost& host) { host.destroy_peer(peer); }, std::move(done));
}

void MediaPlane::capture(MediaId id, std::shared_ptr<CaptureFile> file) {
  run_on(id.shard,
         [peer = id.peer, file = std::move(file)](MediaHost& host) mutable { host.capture(peer, std::move(file)); });
}

void MediaPlane::stats(MediaId id, std::move_only_function<void(std::optional<rtc::PeerStats>)> callback) {
  if (find(id) == nullptr) {
    control_.post([callback = std::move(callback)]() mutable { callback(std::nullopt); });
    return;
  }
  run_on(id.shard, [control = &control_, peer = id.peer, callback = std::move(callback)](MediaHost& host) mutable {
    control->post([callback = std::move(callback), stats = host.stats(peer)]() mutable { callback(std::move(stats)); });
  });
}

void MediaPlane::with_all_peers(std::function<void(rtc::Peer&, Instant)> task) {
  for (uint32_t i = 0; i < shard_count(); ++i) {
    run_on(i, [task](MediaHost& host) { host.with_all_peers(task); });
  }
}

const std::vector<rtc::LocalBase>& MediaPlane::local_bases(uint32_t shard) const {
  static const std::vector<rtc::LocalBase> kNone;
  return shard < shards_.size() ? shards_[shard].bases : kNone;
}

std::vector<LoopInfo> MediaPlane::loops_info() const {
  std::vector<LoopInfo> loops;
  for (uint32_t i = 0; i < shard_count(); ++i) loops.push_back({i, shards_[i].handles});
  return loops;
}

void MediaPlane::post_shard(uint32_t shard, std::move_only_function<void(MediaShard&)> task) {
  if (shard >= shard_count()) return;
  run_on(shard, [task = std::move(task)](MediaHost& host) mutable { task(host); });
}

void MediaPlane::counters(std::move_only_function<void(std::vector<MediaHostCounters>)> callback) {
  struct Gathering {
    std::vector<MediaHostCounters> counters;
    uint32_t missing;
    std::move_only_function<void(std::vector<MediaHostCounters>)> callback;
  };
  auto gathering = std::make_shared<Gathering>();
  gathering->counters.resize(shard_count());
  gathering->missing = shard_count();
  gathering->callback = std::move(callback);
  for (uint32_t i = 0; i < shard_count(); ++i) {
    run_on(i, [control = &control_, i, gathering](MediaHost& host) mutable {
      control->post([i, gathering = std::move(gathering), counters = host.counters()]() mutable {
        gathering->counters[i] = counters;
        if (--gathering->missing == 0) gathering->callback(std::move(gathering->counters));
      });
    });
  }
}

void MediaPlane::survey(std::move_only_function<void(std::vector<ShardReport>)> callback) {
  struct Gathering {
    std::vector<ShardReport> reports;
    uint32_t missing;
    std::move_only_function<void(std::vector<ShardReport>)> callback;
  };
  auto gathering = std::make_shared<Gathering>();
  gathering->reports.resize(shard_count());
  gathering->missing = shard_count();
  gathering->callback = std::move(callback);
  for (uint32_t i = 0; i < shard_count(); ++i) {
    run_on(i, [control = &control_, i, gathering](MediaHost& host) mutable {
      host.survey([control, i, gathering = std::move(gathering)](ShardReport report) mutable {
        control->post([i, gathering = std::move(gathering), report = std::make_unique<ShardReport>(report)]() mutable {
          gathering->reports[i] = *report;
          if (--gathering->missing == 0) gathering->callback(std::move(gathering->reports));
        });
      });
    });
  }
}

void MediaPlane::ping(uint32_t shard, Task answered) {
  if (shard >= shard_count()) return;
  run_on(shard, [control = &control_, answered = std::move(answered)](MediaHost&) mutable {
    control->post(std::move(answered));
  });
}

}  // namespace limen::core
