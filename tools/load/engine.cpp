#include "tools/load/engine.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "runtime/clock.hpp"
#include "runtime/io_context_of.hpp"

namespace limen::load {

namespace {

constexpr size_t kPacketsPerShard = 262144;
constexpr int kReceiversNice = 5;

std::string srtp_profiles(const std::string& cipher) {
  if (cipher == "gcm") return "SRTP_AEAD_AES_128_GCM";
  if (cipher == "cm") return "SRTP_AES128_CM_SHA1_80";
  return {};
}

Result<> allow_files(size_t wanted) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return {};
  limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur, std::min<rlim_t>(limit.rlim_max, wanted));
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted) {
    return fail("{} sockets are needed and {} files allowed: try ulimit -n {}", wanted, limit.rlim_cur, wanted);
  }
  return {};
}

}  // namespace

Engine::Engine(const Options& options, uint32_t peers, uint32_t sources, Random& random)
    : options_(options),
      random_(random),
      apart_(options.source_thread ? sources : 0),
      seated_(options.shards + (apart_ > 0 ? 1 : 0)),
      mesh_(static_cast<uint32_t>(seated_.size()) + 1),
      control_(mesh_, watchdog_),
      progress_(peers) {
  for (uint32_t peer = 0; peer < peers; ++peer) {
    uint32_t shard = peer < apart_ ? 0 : (apart_ > 0 ? 1 : 0) + (peer - apart_) % options.shards;
    seats_.push_back({shard, static_cast<uint32_t>(seated_[shard].size())});
    seated_[shard].push_back(peer);
  }
}

Engine::~Engine() {
  for (auto& shard : shards_) shard->stop();
  for (std::thread& thread : threads_) thread.join();
  for (uint32_t i = 0; i < shards_.size(); ++i) mesh_.clear(i + 1);
  hosts_.clear();
}

Result<std::unique_ptr<Engine>> Engine::create(const Options& options, uint32_t peers, uint32_t sources,
                                               const IpAddress& address, Random& random) {
  std::unique_ptr<Engine> engine(new Engine(options, peers, sources, random));
  auto certificate = crypto::Certificate::generate();
  if (!certificate) return std::unexpected(certificate.error());
  engine->certificate_ = std::move(*certificate);
  if (Result<> allowed = allow_files(peers + 64); !allowed) return std::unexpected(allowed.error());
  if (Result<> opened = engine->open(address); !opened) return std::unexpected(opened.error());
  return engine;
}

Result<> Engine::open(const IpAddress& address) {
  runtime::UdpOptions udp;
  udp.receive_buffer = 1024 * 1024;
  udp.send_buffer = 1024 * 1024;
  sockets_.resize(seats_.size());
  for (uint32_t i = 0; i < seated_.size(); ++i) {
    runtime::Shard::Setup setup;
    setup.index = i;
    for (size_t slot = 0; slot < seated_[i].size(); ++slot) {
      auto socket = runtime::UdpSocket::open({address, 0}, 0, udp);
      if (!socket) return std::unexpected(socket.error().error);
      setup.sockets.push_back(std::move(*socket));
    }
    pools_.push_back(std::make_unique<PacketPool>(kPacketsPerShard));
    auto shard = runtime::Shard::create(std::move(setup), *pools_.back(), mesh_, watchdog_);
    if (!shard) return std::unexpected(shard.error());
    std::vector<runtime::BoundSocket> bound = (*shard)->bound_sockets();
    for (uint32_t slot = 0; slot < bound.size(); ++slot) sockets_[seated_[i][slot]] = bound[slot];
    // Sources that are apart look at the clock, not at what comes.
    double poll_ms = i == 0 && apart_ > 0 ? 0 : options_.poll;
    auto poll = std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(poll_ms));
    hosts_.push_back(std::make_unique<LoadHost>(**shard, random_, reports(i), poll));
    (*shard)->set_callbacks(hosts_.back()->callbacks());
    shards_.push_back(std::move(*shard));
  }
  return {};
}

LoadHost::Reports Engine::reports(uint32_t shard) {
  auto tell = [this, shard](uint32_t slot, auto note) {
    control_.post([this, peer = seated_[shard][slot], note = std::move(note)]() mutable { note(progress_[peer]); });
  };
  return {.connected =
              [tell](uint32_t slot) {
                tell(slot, [at = runtime::monotonic_now()](PeerProgress& progress) { progress.connected = at; });
              },
          .first_media =
              [tell](uint32_t slot) {
                tell(slot, [at = runtime::monotonic_now()](PeerProgress& progress) { progress.first_media = at; });
              },
          .closed =
              [tell](uint32_t slot, std::string reason) {
                tell(slot, [reason = std::move(reason)](PeerProgress& progress) { progress.closed = reason; });
              }};
}

boost::asio::io_context& Engine::io() {
  return runtime::io_context_of(control_.io_context());
}

void Engine::start() {
  for (auto& shard : shards_) {
    // Where sources are apart, they come before receivers that have a lot to read: a frame leaves when it is due.
    bool receives = apart_ > 0 && shard != shards_.front();
    threads_.emplace_back([s = shard.get(), receives] {
      if (receives && setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kReceiversNice) != 0) {
        std::fprintf(stderr, "limen-load: receivers keep the priority of sources: %s\n", std::strerror(errno));
      }
      s->run();
    });
  }
}

LocalSide Engine::local_side(uint32_t peer, bool feedback) {
  LocalSide local;
  local.ice = {random_.text(8, kIceAlphabet), random_.text(24, kIceAlphabet)};
  local.fingerprint = certificate_->fingerprint();
  local.hosts.push_back(sockets_[peer].address);
  local.feedback = feedback;
  return local;
}

void Engine::create_peer(uint32_t peer, const LocalSide& local, bool controlling, bool send, bool inspect) {
  LoadPeerSetup setup;
  setup.config.certificate = certificate_;
  setup.config.srtp_profiles = srtp_profiles(options_.cipher);
  setup.config.ice.controlling = controlling;
  setup.config.ice.local = local.ice;
  setup.config.ice.tie_breaker = random_.u64();
  setup.config.ice.bases.push_back({sockets_[peer].id, sockets_[peer].address, {}});
  setup.config.ice.keepalive_by_request = true;
  setup.config.tuning.min_nack_queue = Duration{0};
  setup.config.tuning.no_media_timer = Duration{0};
  setup.config.tuning.twcc_period = std::chrono::milliseconds(100);
  setup.inspect = inspect || options_.feedback;
  setup.send = send;
  // Where joins are timed, the first packet leaves as soon as it can.
  setup.phase = options_.scenario == "join" ? 0 : static_cast<double>(peer % 97) / 97;
  setup.source = options_.source;
  progress_[peer] = {};
  auto [shard, slot] = seats_[peer];
  shards_[shard]->post(
      [host = hosts_[shard].get(), slot, setup = std::move(setup)]() mutable { host->create(slot, std::move(setup)); });
}

void Engine::connect_peer(uint32_t peer, RemoteSide remote) {
  auto [shard, slot] = seats_[peer];
  shards_[shard]->post([host = hosts_[shard].get(), slot, remote = std::move(remote)]() mutable {
    host->connect(slot, std::move(remote));
  });
}

void Engine::create_plain_source(uint32_t peer, PlainSourceSetup setup) {
  auto [shard, slot] = seats_[peer];
  shards_[shard]->post([host = hosts_[shard].get(), slot, setup = std::move(setup)]() mutable {
    host->create_plain_source(slot, std::move(setup));
  });
}

void Engine::remove_peer(uint32_t peer) {
  auto [shard, slot] = seats_[peer];
  shards_[shard]->post([host = hosts_[shard].get(), slot] { host->remove(slot); });
}

void Engine::restart_counting() {
  for (uint32_t i = 0; i < shards_.size(); ++i)
    shards_[i]->post([host = hosts_[i].get()] { host->restart_counting(); });
}

boost::asio::awaitable<HostTotals> Engine::totals() {
  namespace asio = boost::asio;
  struct Collected {
    asio::steady_timer ready;
    HostTotals sum;
    size_t missing;
  };
  auto collected =
      std::make_shared<Collected>(Collected{asio::steady_timer(io(), std::chrono::seconds(30)), {}, shards_.size()});
  for (uint32_t i = 0; i < shards_.size(); ++i) {
    shards_[i]->post([this, collected, host = hosts_[i].get()] {
      auto part = std::make_shared<HostTotals>(host->totals());
      control_.post([collected, part] {
        collected->sum.add(*part);
        if (--collected->missing == 0) collected->ready.cancel();
      });
    });
  }
  boost::system::error_code cancelled;
  co_await collected->ready.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  co_return std::move(collected->sum);
}

}  // namespace limen::load
