#include "tests/support/sim_tcp.hpp"

#include <algorithm>
#include <utility>

namespace limen::test {
namespace {

constexpr Duration kRepeat = std::chrono::milliseconds(200);
constexpr int kMaxRepeats = 30;
constexpr size_t kHeader = 5;

}  // namespace

void SimTcp::listen(SocketId index, const SocketAddress& local) {
  SocketId passive = kTcpPassive + index;
  listeners_[index] =
      network_.bind(host_, local, [this, passive](const SimDatagram& segment) { receive(passive, segment); }, true);
}

void SimTcp::send(const Flow& flow, Bytes message) {
  auto it = connections_.find(flow);
  if (it == connections_.end()) {
    if (flow.socket < kTcpActive) return;
    auto made = std::make_unique<Connection>();
    SocketAddress local{network_.local_address(listeners_.at(flow.socket - kTcpActive)).ip, 0};
    if (local.ip.is_v4() != flow.remote.ip.is_v4()) return;
    made->socket = network_.bind(
        host_, local, [this, socket = flow.socket](const SimDatagram& segment) { receive(socket, segment); }, true);
    made->remote = flow.remote;
    it = connections_.emplace(flow, std::move(made)).first;
    transmit(*it->second, Kind::open, 0, {});
    it->second->repeat_at = clock_.now() + kRepeat;
  }
  Connection& connection = *it->second;
  uint32_t number = connection.next_out++;
  connection.unseen.emplace(number, std::vector<uint8_t>(message.begin(), message.end()));
  if (connection.open) transmit(connection, Kind::data, number, message);
  if (connection.repeat_at == kNever) connection.repeat_at = clock_.now() + kRepeat;
}

void SimTcp::close(const Flow& flow) {
  auto it = connections_.find(flow);
  if (it == connections_.end()) return;
  transmit(*it->second, Kind::reset, 0, {});
  if (flow.socket >= kTcpActive) network_.close(it->second->socket);
  connections_.erase(it);
}

void SimTcp::transmit(const Connection& connection, Kind kind, uint32_t number, Bytes payload) {
  std::vector<uint8_t> segment(kHeader);
  segment[0] = static_cast<uint8_t>(kind);
  store_u32(segment.data() + 1, number);
  segment.insert(segment.end(), payload.begin(), payload.end());
  network_.send(connection.socket, connection.remote, segment);
}

void SimTcp::receive(SocketId socket, const SimDatagram& segment) {
  if (segment.bytes.size() < kHeader) return;
  auto kind = static_cast<Kind>(segment.bytes[0]);
  uint32_t number = load_u32(segment.bytes.data() + 1);
  Flow flow{socket, segment.from};
  auto it = connections_.find(flow);
  if (it == connections_.end()) {
    bool passive = socket < kTcpActive;
    Connection stranger;
    stranger.socket = passive ? listeners_.at(socket - kTcpPassive) : SimSocketId();
    stranger.remote = segment.from;
    if (!passive) return;
    if (kind != Kind::open) {
      if (kind != Kind::reset) transmit(stranger, Kind::reset, 0, {});
      return;
    }
    it = connections_.emplace(flow, std::make_unique<Connection>(std::move(stranger))).first;
    it->second->open = true;
  }
  Connection& connection = *it->second;
  switch (kind) {
    case Kind::open:
      return transmit(connection, Kind::opened, 0, {});
    case Kind::opened:
      if (!std::exchange(connection.open, true)) repeat(connection);
      return;
    case Kind::data:
      return take(flow, connection, number, Bytes(segment.bytes).subspan(kHeader));
    case Kind::seen:
      std::erase_if(connection.unseen, [number](const auto& sent) { return sent.first < number; });
      connection.repeats = 0;
      if (connection.unseen.empty()) connection.repeat_at = kNever;
      return;
    case Kind::reset:
      return end(flow);
  }
}

void SimTcp::take(const Flow& flow, Connection& connection, uint32_t number, Bytes payload) {
  if (number >= connection.next_in) {
    connection.waiting.emplace(number, std::vector<uint8_t>(payload.begin(), payload.end()));
  }
  std::vector<std::vector<uint8_t>> ready;
  for (auto it = connection.waiting.begin(); it != connection.waiting.end() && it->first == connection.next_in;
       it = connection.waiting.erase(it), ++connection.next_in) {
    ready.push_back(std::move(it->second));
  }
  transmit(connection, Kind::seen, connection.next_in, {});
  // Last: the receiver may close the connection.
  for (const auto& message : ready) callbacks_.on_message(flow, message);
}

void SimTcp::repeat(Connection& connection) {
  connection.repeat_at = clock_.now() + kRepeat;
  if (!connection.open) return transmit(connection, Kind::open, 0, {});
  if (connection.unseen.empty()) connection.repeat_at = kNever;
  for (const auto& [number, message] : connection.unseen) transmit(connection, Kind::data, number, message);
}

void SimTcp::end(const Flow& flow) {
  auto it = connections_.find(flow);
  if (it == connections_.end()) return;
  if (flow.socket >= kTcpActive) network_.close(it->second->socket);
  connections_.erase(it);
  callbacks_.on_closed(flow);
}

Instant SimTcp::next_event() const {
  Instant next = kNever;
  for (const auto& [flow, connection] : connections_) next = std::min(next, connection->repeat_at);
  return next;
}

void SimTcp::run_due() {
  std::vector<Flow> given_up;
  for (auto& [flow, connection] : connections_) {
    if (connection->repeat_at > clock_.now()) continue;
    if (++connection->repeats > kMaxRepeats) given_up.push_back(flow);
    else repeat(*connection);
  }
  for (const Flow& flow : given_up) end(flow);
}

}  // namespace limen::test
