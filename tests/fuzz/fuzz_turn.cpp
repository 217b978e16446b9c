// rooms: rtc
// A TurnClient against a server that says what the input says: raw frames, and answers to what was really asked,
// with and without its password. Bounds must hold whatever comes.
#include <array>
#include <cstdlib>

#include "crypto/digest.hpp"
#include "crypto/hmac.hpp"
#include "rtc/turn/turn_client.hpp"
#include "wire/stun/stun_message.hpp"
#include "wire/stun/stun_writer.hpp"
#include "wire/stun/turn_frames.hpp"

namespace {

using namespace limen;
using stun::AttributeType;

class CountingRandom final : public Random {
 public:
  void fill(MutableBytes out) override {
    for (uint8_t& byte : out) byte = static_cast<uint8_t>(next_++ * 37u);
  }

 private:
  uint32_t next_ = 1;
};

void require(bool condition) {
  if (!condition) std::abort();
}

class Run {
 public:
  explicit Run(ByteReader& input)
      : input_(input), client_({"user", "pass", (input.u8() & 1) != 0, true}, tx_, random_) {
    client_.start(server_, now_);
    look();
  }

  void go() {
    for (int step = 0; step < 400 && input_.remaining() > 0; ++step) {
      one_step();
      look();
    }
    client_.close(now_);
    for (int i = 0; i < 64 && !client_.ended(); ++i) follow_deadline();
    require(client_.ended());
  }

 private:
  SocketAddress peer() { return {IpAddress::v4(0xc0000200u + input_.u8()), 1000}; }

  void one_step() {
    switch (input_.u8() % 6) {
      case 0:
        receive(input_.bytes(std::min<size_t>(input_.u8(), input_.remaining())));
        break;
      case 1:
        answer();
        break;
      case 2:
        client_.send(peer(), input_.bytes(std::min<size_t>(input_.u8(), input_.remaining())), now_);
        break;
      case 3:
        now_ += std::chrono::milliseconds(input_.u16());
        client_.handle_timeout(now_);
        break;
      case 4:
        follow_deadline();
        break;
      case 5:
        if (client_.state() == rtc::TurnState::idle) client_.start(server_, now_);
        break;
    }
  }

  void receive(Bytes frame) {
    auto data = client_.handle(frame, now_);
    if (!data) return;
    require(data->payload.data() >= frame.data());
    require(data->payload.data() + data->payload.size() <= frame.data() + frame.size());
  }

  // To the request sent last.
  void answer() {
    std::array<uint8_t, 900> room;
    uint8_t flags = input_.u8();
    bool success = (flags & 1) != 0;
    auto kind = success ? stun::MessageClass::success : stun::MessageClass::error;
    stun::MessageWriter writer(room, kind, last_method_, last_id_);
    if (!success) writer.add_error(static_cast<uint16_t>(300 + input_.u8() * 2u), "no");
    if ((flags & 2) != 0) writer.add_address(AttributeType::xor_relayed_address, peer());
    if ((flags & 4) != 0) writer.add_u32(AttributeType::lifetime, input_.u32());
    if ((flags & 8) != 0) {
      writer.add_text(AttributeType::realm, "r");
      writer.add_text(AttributeType::nonce, (flags & 16) != 0 ? "obMatJos2gAAA1" : "n");
    }
    if ((flags & 32) != 0) writer.add(static_cast<AttributeType>(input_.u16()), input_.bytes(input_.u8() % 40u));
    if ((flags & 64) != 0) {
      auto md5 = crypto::md5(as_bytes("user:r:pass"));
      writer.add_integrity([&](auto parts) { return crypto::hmac_sha1(md5, parts); });
    } else if ((flags & 128) != 0) {
      auto sha = crypto::sha256(as_bytes("user:r:pass"));
      writer.add_integrity256([&](auto parts) { return crypto::hmac_sha256(sha, parts); });
    }
    writer.add_fingerprint();
    receive(writer.finish());
  }

  void follow_deadline() {
    if (client_.next_deadline() == kNever) return;
    now_ = std::max(now_, client_.next_deadline());
    client_.handle_timeout(now_);
    look();
    // A deadline that does not move would spin a real loop.
    require(client_.next_deadline() > now_);
  }

  void look() {
    for (const TxQueue::Slot& slot : tx_.slots()) {
      Bytes frame = tx_.bytes(slot);
      if (frame[0] >> 6 == 1) continue;
      auto message = stun::Message::parse(frame);
      require(message.has_value());
      if (message->message_class() != stun::MessageClass::request) continue;
      last_id_ = message->transaction_id();
      last_method_ = message->method();
    }
    require(tx_.slots().size() < 800);
    tx_.clear();
    rtc::TurnEvent event;
    for (int i = 0; client_.poll_event(event); ++i) require(i < 1000);
  }

  ByteReader& input_;
  CountingRandom random_;
  TxQueue tx_;
  Instant now_{std::chrono::hours(1)};
  Flow server_{0, {IpAddress::v4(0xc6120002u), 3478}};
  rtc::TurnClient client_;
  stun::TransactionId last_id_{};
  stun::Method last_method_ = stun::Method::allocate;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes bytes(data, size);
  stun::TurnFrame frame = stun::next_turn_frame(bytes);
  if (frame.status == stun::TurnFrame::Status::complete) {
    require(frame.size <= frame.consumed && frame.consumed <= size && frame.consumed > 0);
  }
  ByteReader input(bytes);
  Run(input).go();
  return 0;
}
