// How captured packets are written: classic pcap with made-up Ethernet, IPv4 and UDP headers, or the
// text that text2pcap reads (spec 5.3). Any thread.
#pragma once
#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "rtc/peer/packet_observer.hpp"

namespace limen::core {

struct CapturedPacket {
  rtc::PlainKind kind = rtc::PlainKind::rtp;
  bool incoming = false;
  WallTime when;
  Bytes bytes;      // what is written
  size_t size = 0;  // before truncation
};

// What a pcap file begins with.
std::string pcap_header();
std::string pcap_record(const CapturedPacket& packet);
// One line; `tail` names the handle: "[session=1][handle=2]".
std::string text2pcap_line(const CapturedPacket& packet, std::string_view tail);

}  // namespace limen::core
