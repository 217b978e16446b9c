#include "tests/support/sim_network.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace limen::test {
namespace {

constexpr size_t kUdpHeaders4 = 28;
constexpr size_t kUdpHeaders6 = 48;

// A mistake of the test itself: nothing sensible can follow.
[[noreturn]] void misuse(const std::string& text) {
  fmt::print(stderr, "SimNetwork: {}\n", text);
  std::abort();
}

size_t packet_size(const SimDatagram& datagram) {
  return datagram.bytes.size() + (datagram.to.ip.is_v4() ? kUdpHeaders4 : kUdpHeaders6);
}

bool contains(const std::vector<IpAddress>& list, const IpAddress& address) {
  return std::find(list.begin(), list.end(), address) != list.end();
}

}  // namespace

IpAddress ip(const char* text) {
  auto parsed = IpAddress::parse(text);
  if (!parsed) misuse(fmt::format("{} is not an address", text));
  return *parsed;
}

SocketAddress endpoint(const char* text) {
  auto parsed = SocketAddress::parse(text);
  if (!parsed) misuse(fmt::format("{} is not an address with a port", text));
  return *parsed;
}

SimNetwork::SimNetwork(VirtualClock& clock, uint64_t seed) : clock_(clock), random_(seed) {}

NatId SimNetwork::add_nat(NatKind kind, std::vector<IpAddress> external) {
  Nat nat;
  nat.kind = kind;
  nat.external = std::move(external);
  nats_.push_back(std::move(nat));
  return NatId(static_cast<uint32_t>(nats_.size()));
}

HostId SimNetwork::add_host(std::string name, std::vector<IpAddress> addresses, NatId behind) {
  Host host;
  host.name = std::move(name);
  host.addresses = std::move(addresses);
  host.nat = behind.value();
  hosts_.push_back(std::move(host));
  return HostId(static_cast<uint32_t>(hosts_.size()));
}

void SimNetwork::add_address(HostId host, const IpAddress& address) {
  hosts_[host.value() - 1].addresses.push_back(address);
}

void SimNetwork::remove_address(HostId host, const IpAddress& address) {
  std::erase(hosts_[host.value() - 1].addresses, address);
}

void SimNetwork::set_link(HostId host, const LinkProfile& up, const LinkProfile& down) {
  hosts_[host.value() - 1].up.profile = up;
  hosts_[host.value() - 1].down.profile = down;
}

void SimNetwork::set_cut(HostId a, HostId b, bool cut) {
  // A copy: minmax itself refers to its arguments.
  std::pair<uint32_t, uint32_t> key = std::minmax(a.value(), b.value());
  if (cut) cuts_.insert(key);
  else cuts_.erase(key);
}

void SimNetwork::rebind_nat(NatId nat) {
  nats_[nat.value() - 1].mappings.clear();
}

void SimNetwork::set_nat_lifetime(NatId nat, Duration lifetime) {
  nats_[nat.value() - 1].lifetime = lifetime;
}

SimSocketId SimNetwork::bind(HostId host, const SocketAddress& local, Receiver receiver, bool tcp) {
  uint32_t index = host.value() - 1;
  Host& owner = hosts_[index];
  if (!contains(owner.addresses, local.ip)) misuse(owner.name + " does not have " + local.ip.to_string());
  SocketAddress address = local;
  if (address.port == 0) {
    do {
      address.port = owner.next_port++;
    } while (find_socket(index, address, tcp) != nullptr);
  } else if (find_socket(index, address, tcp) != nullptr) {
    misuse(address.to_string() + " is taken");
  }
  SimSocketId id(next_socket_++);
  sockets_.emplace(id.value(), Socket{index, address, std::move(receiver), tcp});
  return id;
}

void SimNetwork::close(SimSocketId socket) {
  sockets_.erase(socket.value());
}

const SocketAddress& SimNetwork::local_address(SimSocketId socket) const {
  auto it = sockets_.find(socket.value());
  if (it == sockets_.end()) misuse("no such socket");
  return it->second.local;
}

void SimNetwork::send(SimSocketId socket, const SocketAddress& to, Bytes bytes) {
  auto it = sockets_.find(socket.value());
  if (it == sockets_.end()) return;
  const Socket& from = it->second;
  ++stats_.sent;
  InFlight packet{Stage::leaves_host, from.host, 0, {from.local, to, {bytes.begin(), bytes.end()}, from.tcp}};
  if (tap_) tap_(packet.datagram);
  if (!contains(hosts_[from.host].addresses, from.local.ip) || from.local.ip.is_v4() != to.ip.is_v4() ||
      (!from.tcp && hosts_[from.host].udp_blocked)) {
    ++stats_.unreachable;
    return;
  }
  pass_link(hosts_[from.host].up, std::move(packet));
}

// One direction of an access link: decides when, how often and whether the packet comes out.
void SimNetwork::pass_link(Direction& direction, InFlight packet) {
  const LinkProfile& profile = direction.profile;
  size_t size = packet_size(packet.datagram);
  if (size > profile.mtu) {
    ++stats_.too_big;
    return;
  }
  Instant departure = clock_.now();
  if (profile.bits_per_second != 0) {
    Instant start = std::max(departure, direction.busy_until);
    auto ahead = static_cast<double>((start - departure).count()) * 1e-9;
    if (ahead * static_cast<double>(profile.bits_per_second) / 8 > static_cast<double>(profile.queue_bytes)) {
      ++stats_.queue_full;
      return;
    }
    departure = start + Duration(static_cast<int64_t>(size * 8 * 1'000'000'000 / profile.bits_per_second));
    direction.busy_until = departure;
  }
  if (direction.bad) direction.bad = !random_.chance(profile.burst.to_good);
  else direction.bad = random_.chance(profile.burst.to_bad);
  if (random_.chance(profile.loss) || (direction.bad && random_.chance(profile.burst.loss_when_bad))) {
    ++stats_.lost;
    return;
  }
  Instant arrival = departure + profile.latency;
  if (profile.jitter > Duration{}) {
    arrival += Duration(static_cast<int64_t>(random_.unit() * static_cast<double>(profile.jitter.count())));
  }
  arrival = std::max(arrival, direction.last_arrival);
  direction.last_arrival = arrival;
  if (random_.chance(profile.reorder)) arrival += profile.reorder_delay;
  if (random_.chance(profile.duplicate)) {
    ++stats_.duplicated;
    in_flight_.emplace(arrival, packet);
  }
  in_flight_.emplace(arrival, std::move(packet));
}

Instant SimNetwork::next_event() const {
  return in_flight_.empty() ? kNever : in_flight_.begin()->first;
}

size_t SimNetwork::deliver_due() {
  uint64_t before = stats_.delivered;
  while (!in_flight_.empty() && in_flight_.begin()->first <= clock_.now()) {
    InFlight packet = std::move(in_flight_.begin()->second);
    in_flight_.erase(in_flight_.begin());
    if (packet.stage == Stage::leaves_host) route(std::move(packet));
    else arrive(packet);
  }
  return static_cast<size_t>(stats_.delivered - before);
}

// From the sender's side: its own private network first, else through its NAT to the public one.
void SimNetwork::route(InFlight packet) {
  uint32_t realm = hosts_[packet.from_host].nat;
  if (realm != 0 && find_host(realm, packet.datagram.to.ip) == 0) {
    if (!translate_out(nats_[realm - 1], packet.datagram)) {
      ++stats_.unreachable;
      return;
    }
    realm = 0;
    // No hairpin: what is addressed to the NAT's own outside is not turned around.
    if (contains(nats_[hosts_[packet.from_host].nat - 1].external, packet.datagram.to.ip)) {
      ++stats_.filtered;
      return;
    }
  }
  enter(realm, std::move(packet));
}

void SimNetwork::enter(uint32_t realm, InFlight packet) {
  if (realm == 0) {
    if (uint32_t nat = find_nat(packet.datagram.to.ip); nat != 0) {
      if (!translate_in(nats_[nat - 1], packet.datagram)) {
        ++stats_.filtered;
        return;
      }
      realm = nat;
    }
  }
  uint32_t host = find_host(realm, packet.datagram.to.ip);
  if (host == 0 || cuts_.contains(std::minmax(host, packet.from_host + 1))) {
    ++stats_.unreachable;
    return;
  }
  packet.stage = Stage::reaches_host;
  packet.to_host = host - 1;
  pass_link(hosts_[host - 1].down, std::move(packet));
}

void SimNetwork::arrive(const InFlight& packet) {
  Socket* socket = find_socket(packet.to_host, packet.datagram.to, packet.datagram.tcp);
  bool blocked = !packet.datagram.tcp && hosts_[packet.to_host].udp_blocked;
  if (socket == nullptr || blocked || !contains(hosts_[packet.to_host].addresses, packet.datagram.to.ip)) {
    ++stats_.unreachable;
    return;
  }
  ++stats_.delivered;
  // A copy: the receiver may close its own socket.
  Receiver receiver = socket->receiver;
  receiver(packet.datagram);
}

uint32_t SimNetwork::find_host(uint32_t realm, const IpAddress& address) const {
  for (size_t i = 0; i < hosts_.size(); ++i) {
    if (hosts_[i].nat == realm && contains(hosts_[i].addresses, address)) return static_cast<uint32_t>(i + 1);
  }
  return 0;
}

uint32_t SimNetwork::find_nat(const IpAddress& external) const {
  for (size_t i = 0; i < nats_.size(); ++i) {
    if (contains(nats_[i].external, external)) return static_cast<uint32_t>(i + 1);
  }
  return 0;
}

SimNetwork::Socket* SimNetwork::find_socket(uint32_t host, const SocketAddress& local, bool tcp) {
  for (auto& [id, socket] : sockets_) {
    if (socket.host == host && socket.local == local && socket.tcp == tcp) return &socket;
  }
  return nullptr;
}

void SimNetwork::drop_old_mappings(Nat& nat) {
  if (nat.lifetime <= Duration{}) return;
  std::erase_if(nat.mappings, [&](const Mapping& mapping) { return clock_.now() - mapping.last_used > nat.lifetime; });
}

bool SimNetwork::translate_out(Nat& nat, SimDatagram& datagram) {
  drop_old_mappings(nat);
  bool symmetric = nat.kind == NatKind::symmetric;
  auto mapping = std::find_if(nat.mappings.begin(), nat.mappings.end(), [&](const Mapping& known) {
    return known.tcp == datagram.tcp && known.internal == datagram.from &&
           (!symmetric || known.destination == datagram.to) && known.external.ip.is_v4() == datagram.to.ip.is_v4();
  });
  if (mapping == nat.mappings.end()) {
    auto outside = std::find_if(nat.external.begin(), nat.external.end(),
                                [&](const IpAddress& address) { return address.is_v4() == datagram.to.ip.is_v4(); });
    if (outside == nat.external.end()) return false;
    nat.mappings.push_back({datagram.tcp, datagram.from, datagram.to, {*outside, nat.next_port++}, {}, clock_.now()});
    mapping = nat.mappings.end() - 1;
  }
  mapping->contacted.insert(datagram.to);
  mapping->last_used = clock_.now();
  datagram.from = mapping->external;
  return true;
}

bool SimNetwork::translate_in(Nat& nat, SimDatagram& datagram) {
  drop_old_mappings(nat);
  auto mapping = std::find_if(nat.mappings.begin(), nat.mappings.end(), [&](const Mapping& known) {
    return known.external == datagram.to && known.tcp == datagram.tcp;
  });
  if (mapping == nat.mappings.end()) return false;
  bool allowed = false;
  switch (nat.kind) {
    case NatKind::full_cone:
      allowed = true;
      break;
    case NatKind::address_restricted:
      allowed = std::any_of(mapping->contacted.begin(), mapping->contacted.end(),
                            [&](const SocketAddress& known) { return known.ip == datagram.from.ip; });
      break;
    case NatKind::port_restricted:
    case NatKind::symmetric:
      allowed = mapping->contacted.contains(datagram.from);
      break;
  }
  if (allowed) datagram.to = mapping->internal;
  return allowed;
}

}  // namespace limen::test
