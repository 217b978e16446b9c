// rooms: rtc
// Two associations that talk while somebody puts chunks between their packets, loses some, and plays
// with the clock. Whatever happens, memory stays bounded and nothing runs for ever.
#include <algorithm>
#include <cstdlib>
#include <deque>
#include <vector>

#include "rtc/sctp/sctp_association.hpp"
#include "tests/support/seeded_random.hpp"
#include "wire/sctp/packet_reader.hpp"
#include "wire/sctp/packet_writer.hpp"

using namespace limen;
using namespace limen::rtc;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

SctpConfig small(bool interleaving) {
  SctpConfig config;
  config.interleaving = interleaving;
  config.receive_window = 64 * 1024;
  config.max_message = 32 * 1024;
  config.send_buffer = 64 * 1024;
  return config;
}

struct Side {
  Side(uint64_t seed, bool interleaving) : config(small(interleaving)), random(seed), association(config, random) {}

  void drain() {
    Bytes packet;
    size_t count = 0;
    while (association.poll_transmit(packet)) {
      require(packet.size() <= config.max_packet && packet.size() >= 16);
      require(++count < 4096);
      if (load_u32(&packet[4]) != 0) peer_tag = load_u32(&packet[4]);
      if (out.size() < 256) out.emplace_back(packet.begin(), packet.end());
    }
    SctpEvent event;
    while (association.poll_event(event)) {
      if (auto* message = std::get_if<SctpMessage>(&event)) require(message->bytes.size() <= config.max_message);
    }
    SctpStats stats = association.stats();
    require(stats.buffered <= config.send_buffer);
    require(stats.held <= 3 * config.receive_window);
  }

  SctpConfig config;
  test::SeededRandom random;
  SctpAssociation association;
  std::deque<std::vector<uint8_t>> out;
  uint32_t peer_tag = 0;  // what packets to the other side carry
};

class Scene {
 public:
  explicit Scene(bool interleaving) : a_(1, interleaving), b_(2, interleaving) {}

  void exchange(uint8_t losses) {
    for (int turn = 0; turn < 8; ++turn) {
      pass(a_, b_, losses);
      pass(b_, a_, losses);
    }
  }
  void begin() {
    a_.association.connect(now_);
    a_.drain();
    exchange(0);
  }
  void step(ByteReader& in) {
    uint8_t what = in.u8();
    Side& side = (what & 0x80) != 0 ? a_ : b_;
    Side& other = (what & 0x80) != 0 ? b_ : a_;
    switch (what & 7) {
      case 0:
      case 1:
        return inject(side, other, in);
      case 2:
        return pass_time(Duration(std::chrono::milliseconds(in.u16())));
      case 3: {
        SctpSendOptions options;
        uint8_t flags = in.u8();
        options.unordered = (flags & 1) != 0;
        if ((flags & 2) != 0) options.max_retransmissions = flags >> 6;
        if ((flags & 4) != 0) options.lifetime = std::chrono::milliseconds(flags);
        std::vector<uint8_t> bytes(1 + in.u16() % 20000, 7);
        side.association.send(flags >> 3, 51, std::move(bytes), options, now_);
        return side.drain();
      }
      case 4:
        side.association.reset_stream(in.u8(), now_);
        return side.drain();
      case 5:
      case 6:
        return exchange(in.u8());
      default:
        if (in.u8() == 0) side.association.shut_down(now_);
        side.drain();
    }
  }

 private:
  void pass(Side& from, Side& to, uint8_t losses) {
    for (size_t i = 0; !from.out.empty(); ++i) {
      std::vector<uint8_t> packet = std::move(from.out.front());
      from.out.pop_front();
      if ((losses >> (i % 8) & 1) != 0) continue;
      to.association.handle(packet, now_);
      to.drain();
    }
  }
  // A chunk made of the input, in a packet that is otherwise right.
  void inject(Side& side, Side& other, ByteReader& in) {
    uint8_t type = in.u8();
    uint8_t flags = in.u8();
    Bytes value = in.bytes(std::min<size_t>(in.u8(), in.remaining()));
    std::vector<uint8_t> room(1500);
    bool init = type == static_cast<uint8_t>(sctp::ChunkType::init);
    sctp::PacketWriter writer(room, 5000, 5000, init ? 0 : other.peer_tag);
    writer.add_raw(static_cast<sctp::ChunkType>(type), flags, value);
    side.association.handle(writer.finish(true), now_);
    side.drain();
  }
  void pass_time(Duration step) {
    Instant end = now_ + step;
    for (int i = 0; i < 64; ++i) {
      Instant next = std::min(a_.association.next_deadline(), b_.association.next_deadline());
      if (next > end) break;
      now_ = std::max(now_, next);
      for (Side* side : {&a_, &b_}) {
        if (side->association.next_deadline() > now_) continue;
        side->association.handle_timeout(now_);
        side->drain();
        require(side->association.next_deadline() > now_);
      }
    }
    now_ = end;
  }

  Side a_, b_;
  Instant now_{std::chrono::hours(1)};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
  if (size == 0 || size > 4096) return 0;
  ByteReader in(Bytes(input, size));
  uint8_t mode = in.u8();
  Scene scene((mode & 1) != 0);
  if ((mode & 2) == 0) scene.begin();
  while (in.ok() && in.remaining() > 0) scene.step(in);
  return 0;
}
