// Two DtlsEndpoints and an imperfect wire between them, on virtual time. For tests.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "rtc/dtls/dtls_endpoint.hpp"
#include "tests/support/seeded_random.hpp"

namespace limen::rtc::test {

using limen::test::SeededRandom;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline std::shared_ptr<const crypto::Certificate> new_certificate(crypto::KeyType type = crypto::KeyType::ec_p256) {
  return crypto::Certificate::generate({.key = type}).value();
}

struct DtlsSide {
  explicit DtlsSide(DtlsConfig config) : certificate(config.certificate), endpoint(std::move(config)) {}

  std::shared_ptr<const crypto::Certificate> certificate;
  DtlsEndpoint endpoint;
  std::vector<DtlsState> states;
  std::vector<std::string> received;
  std::optional<crypto::SrtpKeyingMaterial> keys;
  std::optional<DtlsClosed> closed;
  size_t sent = 0;
  size_t largest = 0;

  void take_events() {
    DtlsEvent event;
    while (endpoint.poll_event(event)) {
      if (auto* progress = std::get_if<DtlsProgress>(&event)) states.push_back(progress->state);
      if (auto* material = std::get_if<DtlsKeys>(&event)) keys = material->material;
      if (auto* data = std::get_if<DtlsData>(&event)) received.emplace_back(as_text(data->bytes));
      if (auto* end = std::get_if<DtlsClosed>(&event)) closed = std::move(*end);
    }
  }
};

class DtlsPair {
 public:
  enum Who { kClient = 0, kServer = 1 };
  // What happens to the n-th datagram (from 0) that `from` sends: delays after which a copy arrives;
  // none: lost.
  using Fate = std::function<std::vector<Duration>(Who from, size_t n)>;

  DtlsPair(DtlsConfig client, DtlsConfig server) : sides_{DtlsSide(std::move(client)), DtlsSide(std::move(server))} {}

  DtlsSide& client() { return sides_[kClient]; }
  DtlsSide& server() { return sides_[kServer]; }
  Instant now() const { return now_; }
  void set_fate(Fate fate) { fate_ = std::move(fate); }

  void announce(const std::string& hash = "sha-256") {
    client().endpoint.set_remote_fingerprint({hash, server().certificate->fingerprint(hash)}, now_);
    server().endpoint.set_remote_fingerprint({hash, client().certificate->fingerprint(hash)}, now_);
  }
  void start() {
    server().endpoint.start(DtlsRole::server, now_);
    client().endpoint.start(DtlsRole::client, now_);
    drain();
  }
  void connect(Duration limit = seconds(19)) {
    announce();
    start();
    run_until([this] { return both_connected(); }, limit);
  }
  bool both_connected() {
    return client().endpoint.state() == DtlsState::connected && server().endpoint.state() == DtlsState::connected;
  }

  void deliver(Who to, Bytes datagram) {
    sides_[to].endpoint.handle(datagram, now_);
    drain();
  }
  // Goes from happening to happening until `done` or nothing is left to happen within the limit.
  void run_until(const std::function<bool()>& done, Duration limit) {
    Instant end = now_ + limit;
    drain();
    while (!done()) {
      Instant next = wire_.empty() ? kNever : wire_.begin()->first.first;
      for (DtlsSide& side : sides_) next = std::min(next, side.endpoint.next_deadline());
      if (next > end) break;
      now_ = std::max(now_, next);
      step();
    }
  }
  void run_for(Duration time) {
    Instant end = now_ + time;
    run_until([] { return false; }, time);
    now_ = end;
  }
  void drain() {
    for (Who from : {kClient, kServer}) {
      Bytes datagram;
      while (sides_[from].endpoint.poll_transmit(datagram)) {
        size_t n = sides_[from].sent++;
        sides_[from].largest = std::max(sides_[from].largest, datagram.size());
        for (Duration delay : fate_(from, n)) {
          wire_[{now_ + delay, order_++}] = {from == kClient ? kServer : kClient, {datagram.begin(), datagram.end()}};
        }
      }
      sides_[from].take_events();
    }
  }

 private:
  struct InFlight {
    Who to;
    std::vector<uint8_t> bytes;
  };

  void step() {
    if (!wire_.empty() && wire_.begin()->first.first <= now_) {
      auto node = wire_.extract(wire_.begin());
      sides_[node.mapped().to].endpoint.handle(node.mapped().bytes, now_);
    } else {
      for (DtlsSide& side : sides_) {
        if (side.endpoint.next_deadline() <= now_) side.endpoint.handle_timeout(now_);
      }
    }
    drain();
  }

  std::array<DtlsSide, 2> sides_;
  Fate fate_ = [](Who, size_t) { return std::vector<Duration>{milliseconds(10)}; };
  std::map<std::pair<Instant, uint64_t>, InFlight> wire_;
  uint64_t order_ = 0;
  Instant now_{std::chrono::hours(1)};
};

}  // namespace limen::rtc::test
