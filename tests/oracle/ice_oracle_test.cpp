// Our IceAgent against libnice, over real UDP sockets on loopback, in one thread.
#include <agent.h>
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "crypto/random.hpp"
#include "rtc/ice/ice_agent.hpp"

namespace limen::rtc {
namespace {

using namespace std::chrono_literals;

Instant real_now() {
  return Instant(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

// The oracle: one libnice stream on 127.0.0.1.
class Nice {
 public:
  Nice(bool controlling, NiceAgentOption options) : context_(g_main_context_new()) {
    agent_ = nice_agent_new_full(context_, NICE_COMPATIBILITY_RFC5245, options);
    g_object_set(agent_, "controlling-mode", controlling ? TRUE : FALSE, "upnp", FALSE, "ice-tcp", FALSE, nullptr);
    NiceAddress loopback;
    nice_address_init(&loopback);
    nice_address_set_from_string(&loopback, "127.0.0.1");
    nice_agent_add_local_address(agent_, &loopback);
    stream_ = nice_agent_add_stream(agent_, 1);
    nice_agent_attach_recv(agent_, stream_, 1, context_, &Nice::on_data, this);
    gathered_ = nice_agent_gather_candidates(agent_, stream_) == TRUE;
  }
  ~Nice() {
    nice_agent_attach_recv(agent_, stream_, 1, context_, nullptr, nullptr);
    g_object_unref(agent_);
    turn();
    g_main_context_unref(context_);
  }
  Nice(const Nice&) = delete;
  Nice& operator=(const Nice&) = delete;

  bool gathered() const { return gathered_; }
  void turn() {
    while (g_main_context_iteration(context_, FALSE) == TRUE) {
    }
  }
  IceCredentials credentials() {
    gchar* ufrag = nullptr;
    gchar* pwd = nullptr;
    nice_agent_get_local_credentials(agent_, stream_, &ufrag, &pwd);
    IceCredentials out{ufrag, pwd};
    g_free(ufrag);
    g_free(pwd);
    return out;
  }
  std::vector<std::string> candidates() {
    std::vector<std::string> out;
    GSList* list = nice_agent_get_local_candidates(agent_, stream_, 1);
    for (GSList* item = list; item != nullptr; item = item->next) {
      gchar* sdp = nice_agent_generate_local_candidate_sdp(agent_, static_cast<NiceCandidate*>(item->data));
      out.emplace_back(sdp);
      g_free(sdp);
    }
    g_slist_free_full(list, reinterpret_cast<GDestroyNotify>(&nice_candidate_free));
    return out;
  }
  void set_remote(const IceCredentials& remote, const std::vector<std::string>& candidates) {
    ASSERT_TRUE(nice_agent_set_remote_credentials(agent_, stream_, remote.ufrag.c_str(), remote.pwd.c_str()));
    GSList* list = nullptr;
    for (const std::string& text : candidates) {
      NiceCandidate* parsed = nice_agent_parse_remote_candidate_sdp(agent_, stream_, ("a=candidate:" + text).c_str());
      ASSERT_NE(parsed, nullptr) << text;
      list = g_slist_append(list, parsed);
    }
    EXPECT_EQ(nice_agent_set_remote_candidates(agent_, stream_, 1, list), static_cast<int>(candidates.size()));
    g_slist_free_full(list, reinterpret_cast<GDestroyNotify>(&nice_candidate_free));
    nice_agent_peer_candidate_gathering_done(agent_, stream_);
  }
  void restart() { EXPECT_TRUE(nice_agent_restart_stream(agent_, stream_)); }
  NiceComponentState state() { return nice_agent_get_component_state(agent_, stream_, 1); }
  bool up() { return state() == NICE_COMPONENT_STATE_READY || state() == NICE_COMPONENT_STATE_CONNECTED; }
  bool send(const std::string& text) {
    return nice_agent_send(agent_, stream_, 1, static_cast<guint>(text.size()), text.data()) ==
           static_cast<gint>(text.size());
  }
  const std::vector<std::string>& received() const { return received_; }

 private:
  static void on_data(NiceAgent*, guint, guint, guint length, gchar* data, gpointer self) {
    static_cast<Nice*>(self)->received_.emplace_back(data, length);
  }

  GMainContext* context_;
  NiceAgent* agent_ = nullptr;
  guint stream_ = 0;
  bool gathered_ = false;
  std::vector<std::string> received_;
};

// Ours on one UDP socket of loopback.
class Ours {
 public:
  explicit Ours(IceConfig config) : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof local;
    bound_ = ::bind(socket_, reinterpret_cast<sockaddr*>(&local), size) == 0 &&
             ::getsockname(socket_, reinterpret_cast<sockaddr*>(&local), &size) == 0;
    LocalBase base;
    base.address = {IpAddress::v4(INADDR_LOOPBACK), ntohs(local.sin_port)};
    config.bases = {base};
    config.local = new_credentials();
    agent_ = std::make_unique<IceAgent>(config, tx_, random_, now());
  }
  ~Ours() { ::close(socket_); }
  Ours(const Ours&) = delete;
  Ours& operator=(const Ours&) = delete;

  bool bound() const { return bound_; }
  Instant now() const { return real_now() + skipped_; }
  // Ours lives through this time at once; the oracle notices nothing.
  void skip(Duration time) { skipped_ += time; }
  uint64_t answers() const { return answers_; }
  IceAgent& agent() { return *agent_; }
  IceCredentials new_credentials() { return {random_.text(4, kIceAlphabet), random_.text(22, kIceAlphabet)}; }
  std::vector<std::string> candidates() {
    std::vector<std::string> out;
    for (const Candidate& candidate : agent_->local_candidates()) out.push_back(write_candidate(candidate));
    return out;
  }
  void set_remote(const IceCredentials& remote, const std::vector<std::string>& candidates, bool lite = false) {
    agent_->set_remote_credentials(remote, lite, now());
    for (const std::string& text : candidates) {
      auto parsed = parse_candidate(text);
      ASSERT_TRUE(parsed) << text;
      agent_->add_remote_candidate(*parsed, now());
    }
    agent_->remote_candidates_done(now());
    agent_->start(now());
    flush();
  }
  // Waits for a datagram for at most a millisecond.
  void turn() {
    pollfd waiting{socket_, POLLIN, 0};
    ::poll(&waiting, 1, 1);
    uint8_t room[2048];
    sockaddr_in from{};
    for (;;) {
      socklen_t size = sizeof from;
      ssize_t got = ::recvfrom(socket_, room, sizeof room, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got <= 0) break;
      Flow flow{0, {IpAddress::v4(ntohl(from.sin_addr.s_addr)), ntohs(from.sin_port)}};
      Bytes datagram(room, static_cast<size_t>(got));
      if (got > 1 && datagram[0] == 1 && datagram[1] == 1) ++answers_;
      if (datagram[0] <= 3) agent_->handle(datagram, flow, now());
      else if (agent_->owns(flow)) received_.emplace_back(as_text(datagram));
    }
    if (agent_->next_deadline() <= now()) agent_->handle_timeout(now());
    flush();
  }
  bool send(const std::string& text) {
    const SelectedPair* pair = agent_->selected();
    return pair != nullptr && send_to(pair->flow.remote, as_bytes(text));
  }
  const std::vector<std::string>& received() const { return received_; }

 private:
  void flush() {
    for (const TxQueue::Slot& slot : tx_.slots()) send_to(slot.flow.remote, tx_.bytes(slot));
    tx_.clear();
  }
  bool send_to(const SocketAddress& to, Bytes bytes) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(to.ip.v4_host_order());
    address.sin_port = htons(to.port);
    return ::sendto(socket_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&address), sizeof address) ==
           static_cast<ssize_t>(bytes.size());
  }

  int socket_;
  bool bound_ = false;
  Duration skipped_{};
  uint64_t answers_ = 0;  // Binding success responses
  crypto::SecureRandom random_;
  TxQueue tx_;
  std::unique_ptr<IceAgent> agent_;
  std::vector<std::string> received_;
};

struct Bench {
  Ours ours;
  Nice nice;

  Bench(IceConfig config, bool nice_controls, int options)
      : ours(std::move(config)), nice(nice_controls, static_cast<NiceAgentOption>(options)) {
    EXPECT_TRUE(ours.bound());
    EXPECT_TRUE(nice.gathered());
    nice.turn();
  }
  bool run_until(const std::function<bool()>& done, std::chrono::seconds bound = 10s) {
    Instant end = real_now() + bound;
    while (!done() && real_now() < end) {
      nice.turn();
      ours.turn();
    }
    return done();
  }
  void exchange(bool nice_lite = false) {
    ours.set_remote(nice.credentials(), nice.candidates(), nice_lite);
    nice.set_remote(ours.agent().local_credentials(), ours.candidates());
  }
  bool both_up() { return ours.agent().state() == IceState::ready && nice.up(); }
  void expect_data_flows(const std::string& text) {
    ASSERT_TRUE(ours.send("\x80 to nice " + text));
    ASSERT_TRUE(nice.send("\x80 to ours " + text));
    EXPECT_TRUE(run_until([&] {
      auto has = [](const std::vector<std::string>& list, const std::string& what) {
        return std::find(list.begin(), list.end(), what) != list.end();
      };
      return has(nice.received(), "\x80 to nice " + text) && has(ours.received(), "\x80 to ours " + text);
    })) << text;
  }
};

TEST(IceOracle, connects_in_either_role_with_either_nomination) {
  for (bool nice_controls : {true, false}) {
    for (bool aggressive : {true, false}) {
      SCOPED_TRACE(testing::Message() << (nice_controls ? "libnice" : "ours") << " controls, "
                                      << (aggressive ? "aggressive" : "regular"));
      IceConfig config;
      config.controlling = !nice_controls;
      config.aggressive_nomination = aggressive;
      Bench bench(config, nice_controls, aggressive ? 0 : NICE_AGENT_OPTION_REGULAR_NOMINATION);
      bench.exchange();
      ASSERT_TRUE(bench.run_until([&] { return bench.both_up(); }));
      EXPECT_EQ(bench.ours.agent().controlling(), !nice_controls);
      bench.expect_data_flows("hello");
    }
  }
}

TEST(IceOracle, trickled_candidates_of_either_side_are_enough) {
  for (bool ours_late : {true, false}) {
    IceConfig config;
    config.controlling = true;
    Bench bench(config, false, NICE_AGENT_OPTION_REGULAR_NOMINATION | NICE_AGENT_OPTION_ICE_TRICKLE);
    bench.ours.agent().set_remote_credentials(bench.nice.credentials(), false, bench.ours.now());
    if (ours_late) {
      bench.ours.set_remote(bench.nice.credentials(), bench.nice.candidates());
      // libnice sees our checks before our description.
      for (int i = 0; i < 50; ++i) bench.ours.turn();
      bench.nice.set_remote(bench.ours.agent().local_credentials(), {});
    } else {
      bench.nice.set_remote(bench.ours.agent().local_credentials(), bench.ours.candidates());
      bench.ours.agent().start(bench.ours.now());
    }
    ASSERT_TRUE(bench.run_until([&] { return bench.both_up(); })) << ours_late;
    bench.expect_data_flows("trickled");
  }
}

TEST(IceOracle, role_conflicts_are_settled) {
  for (bool controlling : {true, false}) {
    for (uint64_t tie_breaker : {uint64_t{1}, ~uint64_t{0}}) {
      IceConfig config;
      config.controlling = controlling;
      config.tie_breaker = tie_breaker;
      Bench bench(config, controlling, NICE_AGENT_OPTION_REGULAR_NOMINATION);
      bench.exchange();
      ASSERT_TRUE(bench.run_until([&] { return bench.both_up(); })) << controlling << " " << tie_breaker;
      EXPECT_EQ(bench.ours.agent().controlling(), tie_breaker != 1);
    }
  }
}

TEST(IceOracle, lite_on_either_side) {
  IceConfig lite;
  lite.lite = true;
  Bench ours_lite(lite, true, NICE_AGENT_OPTION_REGULAR_NOMINATION);
  ours_lite.exchange();
  ASSERT_TRUE(ours_lite.run_until([&] { return ours_lite.both_up(); }));
  ours_lite.expect_data_flows("to lite");

  Bench nice_lite(IceConfig{}, false, NICE_AGENT_OPTION_LITE_MODE);
  nice_lite.exchange(true);
  EXPECT_TRUE(nice_lite.ours.agent().controlling());
  ASSERT_TRUE(nice_lite.run_until([&] { return nice_lite.both_up(); }));
  nice_lite.expect_data_flows("from lite");
}

TEST(IceOracle, restarts_and_data_goes_on) {
  for (bool nice_controls : {true, false}) {
    IceConfig config;
    config.controlling = !nice_controls;
    Bench bench(config, nice_controls, NICE_AGENT_OPTION_REGULAR_NOMINATION);
    bench.exchange();
    ASSERT_TRUE(bench.run_until([&] { return bench.both_up(); }));
    for (int round = 0; round < 2; ++round) {
      bench.nice.restart();
      bench.ours.agent().restart(bench.ours.new_credentials(), bench.nice.credentials(), bench.ours.now());
      EXPECT_NE(bench.ours.agent().selected(), nullptr);
      bench.exchange();
      ASSERT_TRUE(bench.run_until([&] { return bench.both_up(); })) << round;
      bench.expect_data_flows("round " + std::to_string(round));
    }
  }
}

TEST(IceOracle, consent_checks_are_answered) {
  IceConfig config;
  config.controlling = true;
  Bench bench(config, false, NICE_AGENT_OPTION_REGULAR_NOMINATION | NICE_AGENT_OPTION_CONSENT_FRESHNESS);
  bench.exchange();
  ASSERT_TRUE(bench.run_until([&] { return bench.both_up(); }));
  // Without an answer to one of these checks consent would have expired after thirty seconds.
  for (int i = 0; i < 10; ++i) {
    uint64_t before = bench.ours.answers();
    bench.ours.skip(7s);
    ASSERT_TRUE(bench.run_until([&] { return bench.ours.answers() > before; })) << i;
  }
  EXPECT_TRUE(bench.both_up());
  uint64_t refused = 0;
  for (uint64_t count : bench.ours.agent().drops()) refused += count;
  EXPECT_EQ(refused, 0u);
}

}  // namespace
}  // namespace limen::rtc
