// IP addresses and UDP/TCP endpoints as values, without the operating system's types.
//
// An IPv4-mapped IPv6 address (::ffff:a.b.c.d) is stored as IPv4, so that one peer has one name.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace limen {

class IpAddress {
 public:
  IpAddress() = default;  // 0.0.0.0
  static IpAddress v4(uint32_t host_order);
  static IpAddress v4(std::span<const uint8_t, 4> bytes);
  static IpAddress v6(std::span<const uint8_t, 16> bytes);
  // "192.0.2.1", "2001:db8::1"; no port, no brackets, no zone. Empty if it is not an address.
  static std::optional<IpAddress> parse(std::string_view text);

  bool is_v4() const { return v4_; }
  bool is_v6() const { return !v4_; }
  bool is_loopback() const;
  bool is_unspecified() const;
  bool is_link_local() const;  // 169.254/16, fe80::/10
  bool is_private() const;     // RFC 1918, fc00::/7
  uint32_t v4_host_order() const;
  std::span<const uint8_t> bytes() const { return {bytes_.data(), v4_ ? size_t{4} : size_t{16}}; }
  std::string to_string() const;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<uint8_t, 16> bytes_{};
  bool v4_ = true;
};

struct SocketAddress {
  IpAddress ip;
  uint16_t port = 0;

  // "192.0.2.1:5000" or "[2001:db8::1]:5000".
  static std::optional<SocketAddress> parse(std::string_view text);
  std::string to_string() const;
  friend bool operator==(const SocketAddress&, const SocketAddress&) = default;
  friend auto operator<=>(const SocketAddress&, const SocketAddress&) = default;
};

struct SocketAddressHash {
  size_t operator()(const SocketAddress& address) const noexcept;
};

}  // namespace limen
