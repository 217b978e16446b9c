#include "tests/support/sim_turn_server.hpp"

#include <fmt/core.h>

#include <array>

#include "crypto/digest.hpp"
#include "crypto/hmac.hpp"
#include "wire/stun/channel_data.hpp"

namespace limen::test {
namespace {

using stun::AttributeType;
using stun::MessageClass;
using stun::MessageWriter;
using stun::Method;

constexpr Duration kPermissionLife = std::chrono::seconds(300);
constexpr Duration kChannelLife = std::chrono::seconds(600);
constexpr std::array<uint8_t, 8> kAlgorithms = {0, 1, 0, 0, 0, 2, 0, 0};  // MD5 and SHA-256, without parameters

}  // namespace

SimTurnServer::SimTurnServer(SimNetwork& network, VirtualClock& clock, const SocketAddress& address,
                             SimTurnOptions options)
    : network_(network), clock_(clock), address_(address), options_(std::move(options)) {
  std::vector<IpAddress> addresses{address.ip};
  if (options_.relay_v6) addresses.push_back(*options_.relay_v6);
  host_ = network_.add_host("turn", addresses);
  socket_ = network_.bind(host_, address, [this](const SimDatagram& datagram) { receive(datagram); });
}

SimTurnServer::~SimTurnServer() {
  for (auto& [client, allocation] : allocations_) {
    for (auto& [v4, socket] : allocation.relays) network_.close(socket);
  }
  network_.close(socket_);
}

size_t SimTurnServer::allocations() {
  std::vector<SocketAddress> clients;
  for (auto& [client, allocation] : allocations_) clients.push_back(client);
  for (const SocketAddress& client : clients) find(client);
  return allocations_.size();
}

std::string SimTurnServer::nonce() const {
  return fmt::format("{}nonce{}", options_.sha256 ? "obMatJos2gAAA" : "", nonce_number_);
}

std::vector<uint8_t> SimTurnServer::key() const {
  std::string text = options_.user + ":" + options_.realm + ":" + options_.password;
  if (options_.sha256) {
    auto digest = crypto::sha256(as_bytes(text));
    return {digest.begin(), digest.end()};
  }
  auto digest = crypto::md5(as_bytes(text));
  return {digest.begin(), digest.end()};
}

SimTurnServer::Allocation* SimTurnServer::find(const SocketAddress& client) {
  auto it = allocations_.find(client);
  if (it == allocations_.end()) return nullptr;
  if (it->second.expires > clock_.now()) return &it->second;
  end(client);
  return nullptr;
}

void SimTurnServer::end(const SocketAddress& client) {
  for (auto& [v4, socket] : allocations_.at(client).relays) network_.close(socket);
  allocations_.erase(client);
}

void SimTurnServer::receive(const SimDatagram& datagram) {
  if (silent_) return;
  if (!datagram.bytes.empty() && datagram.bytes[0] >> 6 == 1) return on_channel_data(datagram);
  auto message = stun::Message::parse(datagram.bytes);
  if (!message || !message->fingerprint_ok()) return;
  if (message->is(Method::send, MessageClass::indication)) return on_send(*message, datagram.from);
  if (message->message_class() == MessageClass::request) on_request(*message, datagram.from);
}

void SimTurnServer::on_request(const stun::Message& request, const SocketAddress& client) {
  if (request.method() == Method::binding) {
    std::array<uint8_t, 128> room;
    MessageWriter writer(room, MessageClass::success, Method::binding, request.transaction_id());
    writer.add_address(AttributeType::xor_mapped_address, client);
    return finish(writer, client, false);
  }
  if (options_.authenticates && !authentic(request, client)) return;
  Allocation* allocation = find(client);
  if (request.method() == Method::allocate) return allocate(request, client);
  if (allocation == nullptr) return refuse(request, client, 437, "Allocation Mismatch");
  if (request.method() == Method::refresh) return refresh(request, *allocation);
  if (request.method() == Method::create_permission) return permit(request, *allocation);
  if (request.method() == Method::channel_bind) return bind_channel(request, *allocation);
  refuse(request, client, 400, "Bad Request");
}

bool SimTurnServer::authentic(const stun::Message& request, const SocketAddress& client) {
  bool has_tag = request.has(AttributeType::message_integrity) || request.has(AttributeType::message_integrity_sha256);
  if (!has_tag) {
    challenge(request, client, 401);
    return false;
  }
  if (request.text(AttributeType::nonce) != nonce()) {
    ++counts_.stale_nonces;
    challenge(request, client, 438);
    return false;
  }
  auto secret = key();
  bool ok =
      request.text(AttributeType::username) == options_.user && request.text(AttributeType::realm) == options_.realm;
  if (options_.sha256) {
    auto repeated = request.find(AttributeType::password_algorithms);
    ok = ok && repeated && as_text(*repeated) == as_text(kAlgorithms);
    ok = ok && request.u32(AttributeType::password_algorithm) == 0x00020000u;
    ok = ok && request.integrity256_ok([&](auto parts) { return crypto::hmac_sha256(secret, parts); });
  } else {
    ok = ok && request.integrity_ok([&](auto parts) { return crypto::hmac_sha1(secret, parts); });
  }
  if (ok) return true;
  ++counts_.unauthorized;
  challenge(request, client, 401);
  return false;
}

void SimTurnServer::challenge(const stun::Message& request, const SocketAddress& client, uint16_t code) {
  std::array<uint8_t, 512> room;
  MessageWriter writer(room, MessageClass::error, request.method(), request.transaction_id());
  writer.add_error(code, code == 401 ? "Unauthorized" : "Stale Nonce");
  writer.add_text(AttributeType::realm, options_.realm);
  writer.add_text(AttributeType::nonce, nonce());
  if (options_.sha256) writer.add(AttributeType::password_algorithms, kAlgorithms);
  finish(writer, client, false);
}

void SimTurnServer::refuse(const stun::Message& request, const SocketAddress& client, uint16_t code,
                           std::string_view reason) {
  std::array<uint8_t, 512> room;
  MessageWriter writer(room, MessageClass::error, request.method(), request.transaction_id());
  writer.add_error(code, reason);
  if (code == 300) writer.add_address(AttributeType::alternate_server, *options_.alternate);
  finish(writer, client, true);
}

void SimTurnServer::finish(MessageWriter& writer, const SocketAddress& client, bool sign) {
  auto secret = key();
  if (sign && options_.authenticates) {
    if (options_.sha256) writer.add_integrity256([&](auto parts) { return crypto::hmac_sha256(secret, parts); });
    else writer.add_integrity([&](auto parts) { return crypto::hmac_sha1(secret, parts); });
  }
  writer.add_fingerprint();
  network_.send(socket_, client, writer.finish());
}

void SimTurnServer::allocate(const stun::Message& request, const SocketAddress& client) {
  ++counts_.allocates;
  if (request.requested_transport() != 17) return refuse(request, client, 442, "Unsupported Transport Protocol");
  if (options_.alternate) return refuse(request, client, 300, "Try Alternate");
  Allocation* known = find(client);
  // A repetition is answered as the first time; a real server tells it by its transaction id.
  if (known == nullptr) {
    if (allocations() >= options_.quota) return refuse(request, client, 486, "Allocation Quota Reached");
    known = &allocations_[client];
    known->client = client;
    known->expires = clock_.now() + std::chrono::seconds(options_.lifetime);
    auto on_data = [this, client](const SimDatagram& datagram) { on_relayed(client, datagram); };
    known->relays[true] = network_.bind(host_, {address_.ip, 0}, on_data);
    if (options_.relay_v6 && request.has(AttributeType::additional_address_family)) {
      known->relays[false] = network_.bind(host_, {*options_.relay_v6, 0}, on_data);
    }
  }
  std::array<uint8_t, 512> room;
  MessageWriter writer(room, MessageClass::success, Method::allocate, request.transaction_id());
  for (auto& [v4, socket] : known->relays) {
    writer.add_address(AttributeType::xor_relayed_address, network_.local_address(socket));
  }
  writer.add_address(AttributeType::xor_mapped_address, client);
  writer.add_u32(AttributeType::lifetime, options_.lifetime);
  finish(writer, client, true);
}

void SimTurnServer::refresh(const stun::Message& request, Allocation& allocation) {
  SocketAddress client = allocation.client;
  uint32_t wanted = request.u32(AttributeType::lifetime).value_or(options_.lifetime);
  if (wanted == 0) {
    ++counts_.deallocations;
    end(client);
  } else {
    ++counts_.refreshes;
    allocation.expires = clock_.now() + std::chrono::seconds(options_.lifetime);
  }
  std::array<uint8_t, 256> room;
  MessageWriter writer(room, MessageClass::success, Method::refresh, request.transaction_id());
  writer.add_u32(AttributeType::lifetime, wanted == 0 ? 0 : options_.lifetime);
  finish(writer, client, true);
}

void SimTurnServer::permit(const stun::Message& request, Allocation& allocation) {
  ++counts_.permissions;
  auto peer = request.address(AttributeType::xor_peer_address);
  if (!peer) return refuse(request, allocation.client, 400, "Bad Request");
  if (options_.forbids_peers) return refuse(request, allocation.client, 403, "Forbidden");
  if (!allocation.relays.contains(peer->ip.is_v4())) {
    return refuse(request, allocation.client, 443, "Peer Address Family Mismatch");
  }
  allocation.permissions[peer->ip] = clock_.now() + kPermissionLife;
  std::array<uint8_t, 256> room;
  MessageWriter writer(room, MessageClass::success, request.method(), request.transaction_id());
  finish(writer, allocation.client, true);
}

void SimTurnServer::bind_channel(const stun::Message& request, Allocation& allocation) {
  ++counts_.channel_binds;
  auto peer = request.address(AttributeType::xor_peer_address);
  auto number = request.channel_number();
  bool ok = options_.binds_channels && peer && number && *number <= 0x4fff;
  for (auto& [known, binding] : allocation.channels) {
    if (ok && (known == *number) != (binding.first == *peer)) ok = false;  // one number, one peer, both ways
  }
  if (!ok) return refuse(request, allocation.client, 400, "Bad Request");
  allocation.channels[*number] = {*peer, clock_.now() + kChannelLife};
  allocation.permissions[peer->ip] = clock_.now() + kPermissionLife;
  std::array<uint8_t, 256> room;
  MessageWriter writer(room, MessageClass::success, request.method(), request.transaction_id());
  finish(writer, allocation.client, true);
}

void SimTurnServer::on_send(const stun::Message& message, const SocketAddress& client) {
  Allocation* allocation = find(client);
  auto peer = message.address(AttributeType::xor_peer_address);
  auto data = message.find(AttributeType::data);
  if (allocation == nullptr || !peer || !data) return;
  ++counts_.indications_in;
  relay(*allocation, *peer, *data);
}

void SimTurnServer::on_channel_data(const SimDatagram& datagram) {
  Allocation* allocation = find(datagram.from);
  auto data = stun::parse_channel_data(datagram.bytes);
  if (allocation == nullptr || !data) return;
  auto channel = allocation->channels.find(data->channel);
  if (channel == allocation->channels.end() || channel->second.second <= clock_.now()) return;
  ++counts_.channel_data_in;
  relay(*allocation, channel->second.first, data->payload);
}

void SimTurnServer::relay(Allocation& allocation, const SocketAddress& peer, Bytes payload) {
  auto permission = allocation.permissions.find(peer.ip);
  auto socket = allocation.relays.find(peer.ip.is_v4());
  if (permission == allocation.permissions.end() || permission->second <= clock_.now() ||
      socket == allocation.relays.end()) {
    ++counts_.without_permission;
    return;
  }
  network_.send(socket->second, peer, payload);
}

void SimTurnServer::on_relayed(const SocketAddress& client, const SimDatagram& datagram) {
  Allocation* allocation = silent_ ? nullptr : find(client);
  if (allocation == nullptr) return;
  auto permission = allocation->permissions.find(datagram.from.ip);
  if (permission == allocation->permissions.end() || permission->second <= clock_.now()) {
    ++counts_.without_permission;
    return;
  }
  std::vector<uint8_t> room(datagram.bytes.size() + 128);
  for (auto& [number, binding] : allocation->channels) {
    if (binding.first != datagram.from || binding.second <= clock_.now()) continue;
    ++counts_.channel_data_out;
    size_t size = stun::write_channel_data(number, datagram.bytes, false, room);
    return network_.send(socket_, client, Bytes(room).first(size));
  }
  ++counts_.indications_out;
  MessageWriter writer(room, MessageClass::indication, Method::data, {});
  writer.add_address(AttributeType::xor_peer_address, datagram.from);
  writer.add(AttributeType::data, datagram.bytes);
  network_.send(socket_, client, writer.finish());
}

}  // namespace limen::test
