#include "wire/rtcp/transport_feedback.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace limen::rtcp {

namespace {

using Tick = std::chrono::duration<int64_t, std::ratio<1, 4000>>;  // 250 us
constexpr int64_t kTicksPerReference = 256;                        // 64 ms
using Status = TransportFeedback::Status;

enum Symbol : uint8_t { kNotReceived = 0, kSmallDelta = 1, kLargeDelta = 2, kReserved = 3 };

constexpr size_t kOneBitSymbols = 14;
constexpr size_t kTwoBitSymbols = 7;
constexpr size_t kMaxRun = 0x1fff;

int64_t ticks(Instant at) {
  return std::chrono::floor<Tick>(at.time_since_epoch()).count();
}

int32_t signed_24(int64_t value) {
  return static_cast<int32_t>(static_cast<uint32_t>(value) << 8) >> 8;
}

Symbol symbol_of(const Status& status) {
  if (!status.received) return kNotReceived;
  return status.delta >= 0 && status.delta <= 255 ? kSmallDelta : kLargeDelta;
}

size_t run_length(std::span<const Status> packets) {
  Symbol first = symbol_of(packets[0]);
  auto end = std::ranges::find_if(packets, [first](const Status& status) { return symbol_of(status) != first; });
  return std::min(static_cast<size_t>(end - packets.begin()), kMaxRun);
}

// Writes the chunk that covers most of what comes next; returns how many statuses it covers.
size_t write_chunk(std::span<const Status> packets, ByteWriter& out) {
  auto is_large = [](const Status& status) { return symbol_of(status) == kLargeDelta; };
  bool two_bits = std::ranges::any_of(packets.first(std::min(packets.size(), kOneBitSymbols)), is_large);
  size_t covered = std::min(packets.size(), two_bits ? kTwoBitSymbols : kOneBitSymbols);
  size_t run = run_length(packets);
  if (run >= covered) {
    out.u16(static_cast<uint16_t>(symbol_of(packets[0]) << 13 | run));
    return run;
  }
  unsigned chunk = two_bits ? 0xc000 : 0x8000;
  unsigned width = two_bits ? 2 : 1;
  for (size_t i = 0; i < covered; ++i) {
    chunk |= static_cast<unsigned>(symbol_of(packets[i])) << (14 - width * (i + 1));
  }
  out.u16(static_cast<uint16_t>(chunk));
  return covered;
}

// Appends the symbols of one chunk until `count` are there.
bool read_chunk(uint16_t chunk, size_t count, std::vector<uint8_t>& symbols) {
  auto add = [&symbols, count](unsigned symbol) {
    if (symbols.size() < count) symbols.push_back(static_cast<uint8_t>(symbol));
    return symbol != kReserved;
  };
  if ((chunk & 0x8000) == 0) {
    unsigned symbol = chunk >> 13 & 3;
    size_t run = std::min<size_t>(chunk & kMaxRun, count - symbols.size());
    symbols.insert(symbols.end(), run, static_cast<uint8_t>(symbol));
    return symbol != kReserved && run > 0;
  }
  bool two_bits = (chunk & 0x4000) != 0;
  int width = two_bits ? 2 : 1;
  for (int shift = 14 - width; shift >= 0; shift -= width) {
    if (!add(static_cast<unsigned>(chunk >> shift & (two_bits ? 3 : 1)))) return false;
  }
  return true;
}

}  // namespace

size_t make_transport_feedback(std::span<const PacketArrival> arrivals, uint8_t feedback_count, int64_t next,
                               TransportFeedback& out) {
  out.packets.clear();
  if (arrivals.empty()) return 0;
  int64_t first = arrivals[0].sequence;
  int64_t oldest = first - static_cast<int64_t>(kMaxFeedbackPackets) + 1;
  int64_t base = next >= 0 && next <= first ? std::max(next, oldest) : first;
  int64_t reference = ticks(arrivals[0].at) >> 8;  // floor, also for times before the origin
  out.base_sequence = static_cast<uint16_t>(base);
  out.feedback_count = feedback_count;
  out.reference_time = signed_24(reference);

  int64_t previous = reference * kTicksPerReference;
  size_t taken = 0;
  for (const PacketArrival& arrival : arrivals) {
    auto index = static_cast<size_t>(arrival.sequence - base);
    int64_t delta = ticks(arrival.at) - previous;
    bool representable = delta >= std::numeric_limits<int16_t>::min() && delta <= std::numeric_limits<int16_t>::max();
    if (index >= kMaxFeedbackPackets || !representable) break;
    out.packets.resize(std::max(out.packets.size(), index + 1));
    out.packets[index] = {true, static_cast<int16_t>(delta)};
    previous += delta;
    ++taken;
  }
  return taken;
}

std::optional<TransportFeedback> parse_transport_feedback_body(Bytes body) {
  ByteReader reader(body);
  TransportFeedback feedback;
  feedback.base_sequence = reader.u16();
  size_t count = reader.u16();
  feedback.reference_time = signed_24(reader.u24());
  feedback.feedback_count = reader.u8();
  if (!reader.ok() || count == 0 || count > kMaxStatusesAccepted) return std::nullopt;

  std::vector<uint8_t> symbols;
  while (symbols.size() < count) {
    uint16_t chunk = reader.u16();
    if (!reader.ok() || !read_chunk(chunk, count, symbols)) return std::nullopt;
  }
  feedback.packets.resize(count);
  for (size_t i = 0; i < count; ++i) {
    Status& status = feedback.packets[i];
    status.received = symbols[i] != kNotReceived;
    if (symbols[i] == kSmallDelta) status.delta = reader.u8();
    if (symbols[i] == kLargeDelta) status.delta = static_cast<int16_t>(reader.u16());
  }
  if (!reader.ok()) return std::nullopt;
  return feedback;
}

void write_transport_feedback_body(const TransportFeedback& feedback, ByteWriter& out) {
  std::span<const Status> packets(feedback.packets);
  out.u16(feedback.base_sequence);
  out.u16(static_cast<uint16_t>(packets.size()));
  out.u24(static_cast<uint32_t>(feedback.reference_time) & 0xffffff);
  out.u8(feedback.feedback_count);
  for (size_t i = 0; i < packets.size();) i += write_chunk(packets.subspan(i), out);
  for (const Status& status : packets) {
    Symbol symbol = symbol_of(status);
    if (symbol == kSmallDelta) out.u8(static_cast<uint8_t>(status.delta));
    if (symbol == kLargeDelta) out.u16(static_cast<uint16_t>(status.delta));
  }
}

}  // namespace limen::rtcp
