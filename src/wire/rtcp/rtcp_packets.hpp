// The RTCP packets this server reads and writes, as plain values.
//
// RFC 3550 section 6, RFC 4585 (NACK, PLI), RFC 5104 (FIR), draft-alvestrand-rmcat-remb,
// draft-holmer-rmcat-transport-wide-cc-extensions-01, RFC 3611 (XR). Lists are bounded by the datagram.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.hpp"

namespace limen::rtcp {

inline constexpr size_t kMaxCount = 31;  // what the five-bit count field can hold

enum class PacketType : uint8_t {
  sender_report = 200,
  receiver_report = 201,
  source_description = 202,
  goodbye = 203,
  application = 204,
  transport_feedback = 205,
  payload_feedback = 206,
  extended_report = 207,
};

struct ReportBlock {
  uint32_t ssrc = 0;
  uint8_t fraction_lost = 0;         // of 256
  int32_t packets_lost = 0;          // 24 bits signed, clamped when written
  uint32_t highest_sequence = 0;     // extended
  uint32_t jitter = 0;               // RTP clock units
  uint32_t last_sr = 0;              // middle 32 bits of the SR's NTP time; 0: none
  uint32_t delay_since_last_sr = 0;  // 1/65536 s
  friend bool operator==(const ReportBlock&, const ReportBlock&) = default;
};

struct SenderReport {
  uint32_t ssrc = 0;
  uint64_t ntp = 0;
  uint32_t rtp_timestamp = 0;
  uint32_t packet_count = 0;
  uint32_t octet_count = 0;
  std::vector<ReportBlock> blocks;  // at most kMaxCount are written
  friend bool operator==(const SenderReport&, const SenderReport&) = default;
};

struct ReceiverReport {
  uint32_t ssrc = 0;
  std::vector<ReportBlock> blocks;
  friend bool operator==(const ReceiverReport&, const ReceiverReport&) = default;
};

struct SourceDescription {
  struct Chunk {
    uint32_t ssrc = 0;
    std::string cname;  // empty: no CNAME item; at most 255 bytes
    friend bool operator==(const Chunk&, const Chunk&) = default;
  };
  std::vector<Chunk> chunks;
  friend bool operator==(const SourceDescription&, const SourceDescription&) = default;
};

struct Goodbye {
  std::vector<uint32_t> ssrcs;
  std::string reason;
  friend bool operator==(const Goodbye&, const Goodbye&) = default;
};

struct ApplicationDefined {
  uint32_t ssrc = 0;
  uint8_t subtype = 0;
  std::array<char, 4> name{};
  std::vector<uint8_t> data;  // a multiple of four bytes
  friend bool operator==(const ApplicationDefined&, const ApplicationDefined&) = default;
};

struct Nack {
  uint32_t sender_ssrc = 0;
  uint32_t media_ssrc = 0;
  std::vector<uint16_t> sequences;  // in the order of the packet; written in any order given
  friend bool operator==(const Nack&, const Nack&) = default;
};

struct PictureLoss {
  uint32_t sender_ssrc = 0;
  uint32_t media_ssrc = 0;
  friend bool operator==(const PictureLoss&, const PictureLoss&) = default;
};

struct FullIntraRequest {
  struct Entry {
    uint32_t ssrc = 0;
    uint8_t command = 0;  // increases with each new request
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  uint32_t sender_ssrc = 0;
  std::vector<Entry> entries;
  friend bool operator==(const FullIntraRequest&, const FullIntraRequest&) = default;
};

struct ReceiverEstimate {  // REMB
  uint32_t sender_ssrc = 0;
  uint64_t bps = 0;  // 18 bits of mantissa survive the wire
  std::vector<uint32_t> ssrcs;
  friend bool operator==(const ReceiverEstimate&, const ReceiverEstimate&) = default;
};

// Transport-wide congestion control feedback: one status per sequence number from base_sequence on.
struct TransportFeedback {
  struct Status {
    bool received = false;
    int16_t delta = 0;  // 250 us units since the previous received packet (the first: since the reference)
    friend bool operator==(const Status&, const Status&) = default;
  };
  uint32_t sender_ssrc = 0;
  uint32_t media_ssrc = 0;
  uint16_t base_sequence = 0;
  uint8_t feedback_count = 0;
  int32_t reference_time = 0;  // 24 bits signed, 64 ms units
  std::vector<Status> packets;
  friend bool operator==(const TransportFeedback&, const TransportFeedback&) = default;
};

struct ExtendedReport {
  struct LastReceived {  // DLRR sub-block
    uint32_t ssrc = 0;
    uint32_t last_rr = 0;
    uint32_t delay_since_last_rr = 0;
    friend bool operator==(const LastReceived&, const LastReceived&) = default;
  };
  uint32_t ssrc = 0;
  uint64_t receiver_ntp = 0;  // RRTR; 0: none
  std::vector<LastReceived> last_received;
  friend bool operator==(const ExtendedReport&, const ExtendedReport&) = default;
};

// Well-formed, but of no use to this server (SLI, RPSI, TMMBR, ...).
struct Unknown {
  uint8_t type = 0;
  uint8_t format = 0;  // the count field
  friend bool operator==(const Unknown&, const Unknown&) = default;
};

using Message =
    std::variant<SenderReport, ReceiverReport, SourceDescription, Goodbye, ApplicationDefined, Nack, PictureLoss,
                 FullIntraRequest, ReceiverEstimate, TransportFeedback, ExtendedReport, Unknown>;

// NTP time (32.32 since 1900) of a wall clock time, and the middle 32 bits that reports quote.
constexpr uint64_t ntp_time(WallTime at) {
  constexpr uint64_t kUnixToNtp = 2'208'988'800;
  auto us = static_cast<uint64_t>(at.us);
  return ((us / 1'000'000 + kUnixToNtp) << 32) | (((us % 1'000'000) << 32) / 1'000'000);
}
constexpr uint32_t compact_ntp(uint64_t ntp) {
  return static_cast<uint32_t>(ntp >> 16);
}
constexpr uint32_t compact_duration(Duration d) {  // 1/65536 s, for DLSR
  return static_cast<uint32_t>(d.count() <= 0 ? 0 : (static_cast<uint64_t>(d.count()) / 1000 << 16) / 1'000'000);
}
constexpr Duration from_compact_duration(uint32_t d) {
  return Duration(static_cast<int64_t>((uint64_t{d} * 1'000'000'000) >> 16));
}

}  // namespace limen::rtcp
