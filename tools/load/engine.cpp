#include "tools/load/engine.hpp"

#include <sys/resource.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "runtime/clock.hpp"
#include "runtime/io_context_of.hpp"

namespace limen::load {

namespace {

constexpr size_t kPacketsPerShard = 262144;

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

Engine::Engine(const Options& options, uint32_t peers, Random& random)
    : options_(options), random_(random), mesh_(options.shards + 1), control_(mesh_, watchdog_), progress_(peers) {}

Engine::~Engine() {
  for (auto& shard : shards_) shard->stop();
  for (std::thread& thread : threads_) thread.join();
  for (uint32_t i = 0; i < shards_.size(); ++i) mesh_.clear(i + 1);
  hosts_.clear();
}

Result<std::unique_ptr<Engine>> Engine::create(const Options& options, uint32_t peers, const IpAddress& address,
                                               Random& random) {
  std::unique_ptr<Engine> engine(new Engine(options, peers, random));
  auto certificate = crypto::Certificate::generate();
  if (!certificate) return std::unexpected(certificate.error());
  engine->certificate_ = std::move(*certificate);
  if (Result<> allowed = allow_files(peers + 64); !allowed) return std::unexpected(allowed.error());
  if (Result<> opened = engine->open(peers, address); !opened) return std::unexpected(opened.error());
  return engine;
}

Result<> Engine::open(uint32_t peers, const IpAddress& address) {
  std::vector<runtime::Shard::Setup> setups(options_.shards);
  runtime::UdpOptions udp;
  udp.receive_buffer = 1024 * 1024;
  udp.send_buffer = 1024 * 1024;
  for (uint32_t peer = 0; peer < peers; ++peer) {
    auto socket = runtime::UdpSocket::open({address, 0}, 0, udp);
    if (!socket) return std::unexpected(socket.error().error);
    setups[peer % options_.shards].sockets.push_back(std::move(*socket));
  }
  sockets_.resize(peers);
  for (uint32_t i = 0; i < options_.shards; ++i) {
    setups[i].index = i;
    pools_.push_back(std::make_unique<PacketPool>(kPacketsPerShard));
    auto shard = runtime::Shard::create(std::move(setups[i]), *pools_.back(), mesh_, watchdog_);
    if (!shard) return std::unexpected(shard.error());
    std::vector<runtime::BoundSocket> bound = (*shard)->bound_sockets();
    for (uint32_t at = 0; at < bound.size(); ++at) sockets_[at * options_.shards + i] = bound[at];
    auto poll = std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(options_.poll));
    hosts_.push_back(std::make_unique<LoadHost>(**shard, random_, reports(), poll));
    (*shard)->set_callbacks(hosts_.back()->callbacks());
    shards_.push_back(std::move(*shard));
  }
  return {};
}

// A host names its peers by socket; outside they are numbered over all shards.
LoadHost::Reports Engine::reports() {
  auto shard = static_cast<uint32_t>(hosts_.size());
  auto number = [shard, count = options_.shards](uint32_t peer) { return peer * count + shard; };
  return {
      .connected =
          [this, number](uint32_t peer) {
            control_.post([this, n = number(peer), at = runtime::monotonic_now()] { progress_[n].connected = at; });
          },
      .first_media =
          [this, number](uint32_t peer) {
            control_.post([this, n = number(peer), at = runtime::monotonic_now()] { progress_[n].first_media = at; });
          },
      .closed =
          [this, number](uint32_t peer, std::string reason) {
            control_.post([this, n = number(peer), reason = std::move(reason)] { progress_[n].closed = reason; });
          }};
}

boost::asio::io_context& Engine::io() {
  return runtime::io_context_of(control_.io_context());
}

void Engine::start() {
  for (auto& shard : shards_) threads_.emplace_back([s = shard.get()] { s->run(); });
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
  uint32_t shard = peer % options_.shards, slot = peer / options_.shards;
  shards_[shard]->post(
      [host = hosts_[shard].get(), slot, setup = std::move(setup)]() mutable { host->create(slot, std::move(setup)); });
}

void Engine::connect_peer(uint32_t peer, RemoteSide remote) {
  uint32_t shard = peer % options_.shards, slot = peer / options_.shards;
  shards_[shard]->post([host = hosts_[shard].get(), slot, remote = std::move(remote)]() mutable {
    host->connect(slot, std::move(remote));
  });
}

void Engine::create_plain_source(uint32_t peer, PlainSourceSetup setup) {
  uint32_t shard = peer % options_.shards, slot = peer / options_.shards;
  shards_[shard]->post([host = hosts_[shard].get(), slot, setup = std::move(setup)]() mutable {
    host->create_plain_source(slot, std::move(setup));
  });
}

void Engine::remove_peer(uint32_t peer) {
  uint32_t shard = peer % options_.shards, slot = peer / options_.shards;
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
