#include "base/net_address.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <charconv>
#include <cstring>

#include "base/bytes.hpp"

namespace limen {

IpAddress IpAddress::v4(uint32_t host_order) {
  IpAddress address;
  store_u32(address.bytes_.data(), host_order);
  return address;
}

IpAddress IpAddress::v4(std::span<const uint8_t, 4> bytes) {
  return v4(load_u32(bytes.data()));
}

IpAddress IpAddress::v6(std::span<const uint8_t, 16> bytes) {
  static constexpr uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::memcmp(bytes.data(), kMappedPrefix, 12) == 0) return v4(bytes.subspan<12, 4>());
  IpAddress address;
  std::memcpy(address.bytes_.data(), bytes.data(), 16);
  address.v4_ = false;
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.empty() || text.size() > INET6_ADDRSTRLEN) return std::nullopt;
  char buffer[INET6_ADDRSTRLEN + 1];
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  std::array<uint8_t, 16> raw{};
  if (inet_pton(AF_INET, buffer, raw.data()) == 1) return v4(load_u32(raw.data()));
  if (inet_pton(AF_INET6, buffer, raw.data()) == 1) return v6(raw);
  return std::nullopt;
}

bool IpAddress::is_loopback() const {
  if (v4_) return bytes_[0] == 127;
  for (size_t i = 0; i < 15; ++i) {
    if (bytes_[i] != 0) return false;
  }
  return bytes_[15] == 1;
}

bool IpAddress::is_unspecified() const {
  return bytes_ == std::array<uint8_t, 16>{};
}

bool IpAddress::is_link_local() const {
  return v4_ ? bytes_[0] == 169 && bytes_[1] == 254 : bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

bool IpAddress::is_private() const {
  if (!v4_) return (bytes_[0] & 0xfe) == 0xfc;
  return bytes_[0] == 10 || (bytes_[0] == 172 && (bytes_[1] & 0xf0) == 16) || (bytes_[0] == 192 && bytes_[1] == 168);
}

uint32_t IpAddress::v4_host_order() const {
  return load_u32(bytes_.data());
}

std::string IpAddress::to_string() const {
  char buffer[INET6_ADDRSTRLEN];
  return inet_ntop(v4_ ? AF_INET : AF_INET6, bytes_.data(), buffer, sizeof buffer);
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  std::string_view digits = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos) return std::nullopt;
  uint16_t port = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  auto ip = IpAddress::parse(host);
  if (!ip || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return SocketAddress{*ip, port};
}

std::string SocketAddress::to_string() const {
  return ip.is_v4() ? fmt::format("{}:{}", ip.to_string(), port) : fmt::format("[{}]:{}", ip.to_string(), port);
}

size_t SocketAddressHash::operator()(const SocketAddress& address) const noexcept {
  uint64_t hash = 0xcbf29ce484222325ULL ^ address.port;
  for (uint8_t byte : address.ip.bytes()) hash = (hash ^ byte) * 0x100000001b3ULL;
  return hash ^ (hash >> 29);
}

}  // namespace limen
