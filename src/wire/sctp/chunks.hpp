// The chunks of SCTP as plain structs. Byte ranges are views of the packet they were read from.
//
// RFC 9260 (SCTP), 3758 (FORWARD TSN), 6525 (RE-CONFIG), 8260 (I-DATA, I-FORWARD TSN), 9653 (zero
// checksum). Any thread.
#pragma once
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"

namespace limen::sctp {

enum class ChunkType : uint8_t {
  data = 0,
  init = 1,
  init_ack = 2,
  sack = 3,
  heartbeat = 4,
  heartbeat_ack = 5,
  abort = 6,
  shutdown = 7,
  shutdown_ack = 8,
  error = 9,
  cookie_echo = 10,
  cookie_ack = 11,
  shutdown_complete = 14,
  i_data = 64,
  re_config = 130,
  forward_tsn = 192,
  i_forward_tsn = 194,
};

enum class Cause : uint16_t {
  invalid_stream = 1,
  stale_cookie = 3,
  out_of_resource = 4,
  unrecognized_chunk = 6,
  invalid_mandatory_parameter = 7,
  unrecognized_parameters = 8,
  no_user_data = 9,
  user_initiated_abort = 12,
  protocol_violation = 13,
};

inline constexpr size_t kCommonHeader = 12;
inline constexpr size_t kChunkHeader = 4;
inline constexpr size_t kDataHeader = 16;
inline constexpr size_t kIDataHeader = 20;
inline constexpr uint8_t kReflectedTag = 1;  // T bit of ABORT and SHUTDOWN COMPLETE
inline constexpr uint32_t kMethodDtls = 1;   // error detection of a lower layer, RFC 9653 section 4

constexpr size_t padded(size_t size) {
  return (size + 3) & ~size_t{3};
}

struct CommonHeader {
  uint16_t source_port = 0, destination_port = 0;
  uint32_t verification_tag = 0;
  uint32_t checksum = 0;
};

// A chunk as it stands in the packet: not looked into.
struct RawChunk {
  uint8_t type = 0;
  uint8_t flags = 0;
  Bytes value;
};

// What both INIT and INIT ACK say.
struct InitChunk {
  uint32_t initiate_tag = 0;
  uint32_t receiver_window = 0;
  uint16_t outbound_streams = 0, inbound_streams = 0;
  uint32_t initial_tsn = 0;
  bool forward_tsn = false;           // partial reliability
  bool re_config = false;             // stream reset
  bool i_data = false;                // interleaving, with I-FORWARD TSN
  uint32_t zero_checksum_method = 0;  // 0: not offered
  Bytes cookie;                       // INIT ACK only
  Bytes unrecognized;                 // the first parameter that wants to be reported; one is enough
};

// DATA and I-DATA.
struct DataChunk {
  bool interleaved = false;  // I-DATA
  bool immediate = false, unordered = false, begin = false, end = false;
  uint32_t tsn = 0;
  uint16_t stream = 0;
  uint32_t message_id = 0;  // SSN (16 bits) of DATA, MID of I-DATA
  uint32_t fragment = 0;    // FSN of I-DATA; 0 in the first fragment
  uint32_t ppid = 0;        // in the first fragment of I-DATA, in each of DATA
  Bytes payload;
};

struct GapBlock {
  uint16_t start = 0, end = 0;  // offsets from the cumulative TSN
};

struct SackChunk {
  uint32_t cumulative_tsn = 0;
  uint32_t receiver_window = 0;
  Bytes gaps;        // four bytes each
  Bytes duplicates;  // four bytes each
  size_t gap_count() const { return gaps.size() / 4; }
  GapBlock gap(size_t i) const { return {load_u16(&gaps[4 * i]), load_u16(&gaps[4 * i + 2])}; }
};

// FORWARD TSN and I-FORWARD TSN.
struct SkippedStream {
  uint16_t stream = 0;
  bool unordered = false;  // I-FORWARD TSN only
  uint32_t message_id = 0;
};
struct ForwardTsnChunk {
  bool interleaved = false;
  uint32_t new_cumulative_tsn = 0;
  Bytes streams;
  size_t stream_count() const { return streams.size() / (interleaved ? 8 : 4); }
  SkippedStream stream(size_t i) const;
};

enum class ReconfigType : uint16_t {
  outgoing_reset = 13,
  incoming_reset = 14,
  tsn_reset = 15,
  response = 16,
  add_outgoing = 17,
  add_incoming = 18,
};
enum class ReconfigResult : uint32_t {
  nothing_to_do = 0,
  performed = 1,
  denied = 2,
  wrong_ssn = 3,
  request_in_progress = 4,
  bad_sequence = 5,
  in_progress = 6,
};
// One parameter of a RE-CONFIG chunk; which members count depends on the type.
struct ReconfigParameter {
  ReconfigType type = ReconfigType::response;
  uint32_t request_sequence = 0;   // of a response: the request it answers
  uint32_t response_sequence = 0;  // outgoing reset
  uint32_t last_tsn = 0;           // outgoing reset
  ReconfigResult result = ReconfigResult::nothing_to_do;
  uint16_t new_streams = 0;  // add_*
  Bytes streams;             // two bytes each; none: all
  size_t stream_count() const { return streams.size() / 2; }
  uint16_t stream(size_t i) const { return load_u16(&streams[2 * i]); }
};
struct ReconfigChunk {
  ReconfigParameter first;
  std::optional<ReconfigParameter> second;
};

struct ErrorCause {
  uint16_t code = 0;
  Bytes value;
};

}  // namespace limen::sctp
