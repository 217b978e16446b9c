#include "core/media/capture_format.hpp"

#include <fmt/format.h>

#include <array>
#include <ctime>

namespace limen::core {
namespace {

constexpr size_t kEthernet = 14, kIpv4 = 20, kUdp = 8;
constexpr size_t kHeaders = kEthernet + kIpv4 + kUdp;

struct Side {
  uint8_t mac;
  std::array<uint8_t, 4> ip;
  uint16_t port;
};
constexpr Side kRemote{1, {10, 1, 1, 1}, 1000};
constexpr Side kLocal{2, {10, 2, 2, 2}, 2000};

void put_le32(std::string& out, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift);
}
void put_le16(std::string& out, uint16_t value) {
  out += static_cast<char>(value);
  out += static_cast<char>(value >> 8);
}
void put_be16(std::string& out, size_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value);
}

void put_mac(std::string& out, const Side& side) {
  out += '\x02';  // locally administered
  out.append(4, '\0');
  out += static_cast<char>(side.mac);
}

// RFC 1071.
uint16_t checksum(std::string_view header) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < header.size(); i += 2) {
    sum += static_cast<uint32_t>(static_cast<uint8_t>(header[i]) << 8 | static_cast<uint8_t>(header[i + 1]));
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

std::string ipv4_header(const Side& from, const Side& to, size_t payload) {
  std::string ip;
  ip += '\x45';
  ip += '\0';
  put_be16(ip, kIpv4 + kUdp + payload);
  ip.append(4, '\0');  // identification, no fragments
  ip += '\x40';        // time to live
  ip += '\x11';        // UDP
  ip.append(2, '\0');  // checksum, below
  for (uint8_t byte : from.ip) ip += static_cast<char>(byte);
  for (uint8_t byte : to.ip) ip += static_cast<char>(byte);
  uint16_t sum = checksum(ip);
  ip[10] = static_cast<char>(sum >> 8);
  ip[11] = static_cast<char>(sum);
  return ip;
}

std::string_view text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string_view kind_name(rtc::PlainKind kind) {
  switch (kind) {
    case rtc::PlainKind::rtp:
      return "RTP";
    case rtc::PlainKind::rtcp:
      return "RTCP";
    case rtc::PlainKind::data:
      return "DATA";
  }
  return "RTP";
}

}  // namespace

std::string pcap_header() {
  std::string out;
  put_le32(out, 0xa1b2c3d4);  // times in microseconds
  put_le16(out, 2);
  put_le16(out, 4);
  put_le32(out, 0);  // UTC
  put_le32(out, 0);
  put_le32(out, 65535);
  put_le32(out, 1);  // Ethernet
  return out;
}

std::string pcap_record(const CapturedPacket& packet) {
  const Side& from = packet.incoming ? kRemote : kLocal;
  const Side& to = packet.incoming ? kLocal : kRemote;
  std::string out;
  out.reserve(16 + kHeaders + packet.bytes.size());
  put_le32(out, static_cast<uint32_t>(packet.when.us / 1'000'000));
  put_le32(out, static_cast<uint32_t>(packet.when.us % 1'000'000));
  put_le32(out, static_cast<uint32_t>(kHeaders + packet.bytes.size()));
  put_le32(out, static_cast<uint32_t>(kHeaders + packet.size));
  put_mac(out, to);
  put_mac(out, from);
  put_be16(out, 0x0800);  // IPv4
  out += ipv4_header(from, to, packet.size);
  put_be16(out, from.port);
  put_be16(out, to.port);
  put_be16(out, kUdp + packet.size);
  put_be16(out, 0);  // no checksum
  out += text(packet.bytes);
  return out;
}

std::string text2pcap_line(const CapturedPacket& packet, std::string_view tail) {
  std::time_t seconds = static_cast<std::time_t>(packet.when.us / 1'000'000);
  std::tm local{};
  localtime_r(&seconds, &local);
  std::string out = fmt::format("{} {:02}:{:02}:{:02}.{:06} 000000 ", packet.incoming ? 'I' : 'O', local.tm_hour,
                                local.tm_min, local.tm_sec, packet.when.us % 1'000'000);
  for (uint8_t byte : packet.bytes) fmt::format_to(std::back_inserter(out), " {:02x}", byte);
  fmt::format_to(std::back_inserter(out), " JANUS_TEXT2PCAP_{} {}\r\n", kind_name(packet.kind), tail);
  return out;
}

}  // namespace limen::core
