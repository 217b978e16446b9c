#include "tests/support/sctp_pair.hpp"

#include <algorithm>
#include <utility>

namespace limen::test {

namespace {
constexpr uint16_t kPort = 9000;
}

SctpSide::SctpSide(SimNetwork& network, VirtualClock& clock, const char* address, const rtc::SctpConfig& config,
                   uint64_t seed)
    : host(network.add_host(address, {ip(address)})),
      network_(network),
      clock_(clock),
      random_(seed),
      association_(std::make_unique<rtc::SctpAssociation>(config, random_)) {
  socket_ = network.bind(host, {ip(address), kPort}, [this](const SimDatagram& datagram) { handle(datagram.bytes); });
}

void SctpSide::connect() {
  association_->connect(clock_.now());
  settle();
}

rtc::SctpSendResult SctpSide::send(uint16_t stream, std::vector<uint8_t> bytes, const rtc::SctpSendOptions& options,
                                   uint32_t ppid) {
  rtc::SctpSendResult result = association_->send(stream, ppid, std::move(bytes), options, clock_.now());
  settle();
  return result;
}

void SctpSide::reset_stream(uint16_t stream) {
  association_->reset_stream(stream, clock_.now());
  settle();
}

void SctpSide::shut_down() {
  association_->shut_down(clock_.now());
  settle();
}

void SctpSide::abort() {
  association_->abort(clock_.now());
  settle();
}

void SctpSide::handle(Bytes packet) {
  association_->handle(packet, clock_.now());
  settle();
}

void SctpSide::handle_timeout() {
  association_->handle_timeout(clock_.now());
  settle();
}

void SctpSide::settle() {
  Bytes packet;
  while (association_->poll_transmit(packet)) {
    ++packets;
    if (!outgoing || outgoing(packet)) network_.send(socket_, remote, packet);
  }
  rtc::SctpEvent event;
  while (association_->poll_event(event)) take(event);
}

void SctpSide::take(rtc::SctpEvent& event) {
  if (auto* message = std::get_if<rtc::SctpMessage>(&event)) {
    if (on_message) on_message(*message);
    else messages.push_back(std::move(*message));
  } else if (auto* reset = std::get_if<rtc::SctpPeerResetStreams>(&event)) {
    reset_by_peer.insert(reset_by_peer.end(), reset->streams.begin(), reset->streams.end());
  } else if (auto* done = std::get_if<rtc::SctpStreamReset>(&event)) {
    reset_done.push_back(done->stream);
  } else if (auto* end = std::get_if<rtc::SctpClosed>(&event)) {
    closed = end->reason;
  } else if (std::holds_alternative<rtc::SctpUp>(event)) {
    ++ups;
  } else if (std::holds_alternative<rtc::SctpWritable>(event)) {
    ++writables;
  } else {
    ++restarts;
  }
}

SctpPair::SctpPair(uint64_t seed, const rtc::SctpConfig& a_config, const rtc::SctpConfig& b_config)
    : network(clock, seed),
      a(network, clock, "192.0.2.1", a_config, seed * 2 + 1),
      b(network, clock, "192.0.2.2", b_config, seed * 2 + 2) {
  a.remote = endpoint("192.0.2.2:9000");
  b.remote = endpoint("192.0.2.1:9000");
  set_link({.latency = std::chrono::milliseconds(10), .queue_bytes = 1 << 24});
}

bool SctpPair::connect() {
  a.connect();
  b.connect();
  return run_until([this] { return a.association().established() && b.association().established(); },
                   std::chrono::seconds(30));
}

bool SctpPair::run_until(const std::function<bool()>& done, Duration bound) {
  Instant end = clock.now() + bound;
  while (!done()) {
    Instant next = std::min({network.next_event(), a.association().next_deadline(), b.association().next_deadline()});
    if (next > end) {
      clock.advance_to(end);
      return done();
    }
    clock.advance_to(next);
    network.deliver_due();
    if (a.association().next_deadline() <= clock.now()) a.handle_timeout();
    if (b.association().next_deadline() <= clock.now()) b.handle_timeout();
  }
  return true;
}

void SctpPair::run_for(Duration duration) {
  run_until([] { return false; }, duration);
}

std::vector<uint8_t> numbered_message(uint32_t number, size_t size) {
  std::vector<uint8_t> bytes(std::max<size_t>(size, 4));
  store_u32(bytes.data(), number);
  for (size_t i = 4; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(number * 31 + i);
  return bytes;
}

uint32_t number_of(const std::vector<uint8_t>& bytes) {
  return bytes.size() < 4 ? 0xffffffff : load_u32(bytes.data());
}

}  // namespace limen::test
