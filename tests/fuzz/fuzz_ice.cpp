// rooms: rtc
// A sequence of steps against one IceAgent: datagrams (raw, or patched up with our password so that
// they pass authentication), candidates, time, restarts, TCP connections that end. Bounds must hold whatever comes.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "crypto/hmac.hpp"
#include "rtc/ice/check_list.hpp"
#include "rtc/ice/ice_agent.hpp"
#include "wire/stun/stun_message.hpp"
#include "wire/stun/stun_writer.hpp"

namespace {

using namespace limen;

// Predictable, so that answers to our own checks can be made by the input.
class CountingRandom final : public Random {
 public:
  void fill(MutableBytes out) override {
    for (uint8_t& byte : out) byte = static_cast<uint8_t>(next_++ * 37u);
  }

 private:
  uint32_t next_ = 1;
};

constexpr size_t kMaxSteps = 400;

class Run {
 public:
  explicit Run(ByteReader& input) : input_(input) {
    uint8_t flags = input_.u8();
    rtc::IceConfig config;
    config.controlling = (flags & 1) != 0;
    config.lite = (flags & 2) != 0;
    config.aggressive_nomination = (flags & 4) != 0;
    config.consent_freshness = (flags & 8) == 0;
    config.ipv6 = true;
    config.local = {"ours", "ourpasswordourpassword"};
    config.bases = {{0, address(1), {}}, {1, {v6(1), 1000}, {}}};
    if ((flags & 16) != 0) config.stun_servers = {address(200)};
    config.relays_coming = (flags & 32) != 0;
    config.relay_only = (flags & 64) != 0;
    if ((flags & 128) != 0) {
      config.bases.push_back({kTcpActive, {address(1).ip, 0}, {}, {}, rtc::CandidateProtocol::tcp_active});
      config.bases.push_back({kTcpPassive, address(1), {}, {}, rtc::CandidateProtocol::tcp_passive});
    }
    agent_ = std::make_unique<rtc::IceAgent>(config, tx_, random_, now_);
  }

  void go() {
    for (size_t step = 0; step < kMaxSteps && input_.remaining() > 0; ++step) {
      one_step();
      check();
    }
  }

 private:
  static SocketAddress address(uint8_t last) { return {IpAddress::v4(0xc0000200u + last), 1000}; }
  static IpAddress v6(uint8_t last) {
    std::array<uint8_t, 16> raw{0x20, 0x01, 0x0d, 0xb8};
    raw[15] = last;
    return IpAddress::v6(raw);
  }
  Flow flow() {
    uint8_t from = input_.u8();
    if ((from & 0xc0) == 0x40) return {kRelaySockets + from % 4u, address(from)};
    if ((from & 0x80) != 0) return {1, {v6(from & 0x7f), 1000}};
    if ((from & 0xf0) == 0x30) return {(from & 1) != 0 ? kTcpActive : kTcpPassive, address(from & 0x0f)};
    return {0, address(from)};
  }

  void one_step() {
    switch (input_.u8() % 12) {
      case 0:
        agent_->handle(input_.bytes(std::min<size_t>(input_.u8(), input_.remaining())), flow(), now_);
        break;
      case 1:
        authentic_request();
        break;
      case 2:
        authentic_answer();
        break;
      case 3:
        now_ += std::chrono::milliseconds(input_.u16());
        agent_->handle_timeout(now_);
        break;
      case 4:
        follow_deadline();
        break;
      case 5:
        agent_->set_remote_credentials({"them", "theirpasswordtheirpass"}, (input_.u8() & 1) != 0, now_);
        break;
      case 6: {
        rtc::Candidate candidate;
        candidate.foundation = "1";
        candidate.priority = input_.u32();
        Flow to = flow();
        candidate.address = to.remote;
        if (to.socket == kTcpActive) candidate.protocol = rtc::CandidateProtocol::tcp_passive;
        if (to.socket == kTcpPassive) candidate.protocol = rtc::CandidateProtocol::tcp_active;
        agent_->add_remote_candidate(candidate, now_);
        break;
      }
      case 7:
        agent_->restart({"ours", "ourpasswordourpassword"}, {}, now_);
        break;
      case 8:
        agent_->remote_candidates_done(now_);
        agent_->start(now_);
        break;
      case 9: {
        rtc::LocalBase base;
        base.socket = kRelaySockets + input_.u8() % 4u;
        base.address = flow().remote;
        base.relay = rtc::LocalBase::Relay{address(201), address(202)};
        agent_->add_relay(base, now_);
        break;
      }
      case 10:
        if (uint8_t what = input_.u8(); what % 8 == 7) agent_->relays_done(now_);
        else agent_->remove_relay(kRelaySockets + what % 4u, now_);
        break;
      case 11:
        agent_->flow_closed(flow(), now_);
        break;
    }
  }

  void authentic_request() {
    std::array<uint8_t, 600> room;
    stun::TransactionId id{};
    uint8_t flags = input_.u8();
    stun::MessageWriter writer(room, stun::MessageClass::request, stun::Method::binding, id);
    writer.add_text(stun::AttributeType::username, "ours:them");
    if ((flags & 1) != 0) writer.add_u32(stun::AttributeType::priority, input_.u32());
    if ((flags & 2) != 0) writer.add_flag(stun::AttributeType::use_candidate);
    if ((flags & 4) != 0) writer.add_u64(stun::AttributeType::ice_controlling, input_.u64());
    if ((flags & 8) != 0) writer.add_u64(stun::AttributeType::ice_controlled, input_.u64());
    if ((flags & 16) != 0) writer.add(static_cast<stun::AttributeType>(input_.u16()), input_.bytes(input_.u8() % 40u));
    writer.add_integrity(crypto::HmacSha1(as_bytes("ourpasswordourpassword")));
    writer.add_fingerprint();
    agent_->handle(writer.finish(), flow(), now_);
  }

  // To the transaction sent last: success or an error code of the input's choice.
  void authentic_answer() {
    std::array<uint8_t, 600> room;
    uint8_t flags = input_.u8();
    bool success = (flags & 1) != 0;
    stun::MessageWriter writer(room, success ? stun::MessageClass::success : stun::MessageClass::error,
                               stun::Method::binding, last_id_);
    if (success && (flags & 2) == 0) writer.add_address(stun::AttributeType::xor_mapped_address, flow().remote);
    if (!success) writer.add_error((flags & 4) != 0 ? 487 : 400, "no");
    writer.add_integrity(crypto::HmacSha1(as_bytes("theirpasswordtheirpass")));
    writer.add_fingerprint();
    agent_->handle(writer.finish(), (flags & 8) != 0 ? flow() : last_flow_, now_);
  }

  void follow_deadline() {
    if (agent_->next_deadline() == kNever) return;
    now_ = std::max(now_, agent_->next_deadline());
    agent_->handle_timeout(now_);
    // A deadline that does not move would spin a real loop.
    if (agent_->next_deadline() <= now_) std::abort();
  }

  void check() {
    for (const TxQueue::Slot& slot : tx_.slots()) {
      auto message = stun::Message::parse(tx_.bytes(slot));
      if (!message) std::abort();
      if (message->message_class() != stun::MessageClass::request) continue;
      last_id_ = message->transaction_id();
      last_flow_ = slot.flow;
    }
    if (tx_.slots().size() > 600) std::abort();
    tx_.clear();
    rtc::IceEvent event;
    for (int i = 0; agent_->poll_event(event); ++i) {
      if (i > 1000) std::abort();
    }
    if (agent_->remote_candidates().size() > rtc::kMaxRemoteCandidates) std::abort();
    bool carrying = agent_->state() == rtc::IceState::ready || agent_->state() == rtc::IceState::connected;
    if (carrying && agent_->selected() == nullptr) std::abort();
    if (agent_->selected() != nullptr && !agent_->owns(agent_->selected()->flow)) std::abort();
    if (agent_->failed_at().has_value() != (agent_->state() == rtc::IceState::failed)) std::abort();
  }

  ByteReader& input_;
  CountingRandom random_;
  TxQueue tx_;
  Instant now_{std::chrono::hours(1)};
  std::unique_ptr<rtc::IceAgent> agent_;
  stun::TransactionId last_id_{};
  Flow last_flow_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteReader input(Bytes(data, size));
  Run(input).go();
  return 0;
}
