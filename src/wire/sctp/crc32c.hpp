// CRC32c, the checksum of SCTP packets (RFC 9260 appendix A): the processor's instruction where it
// has one, else eight tables. Any thread.
#pragma once
#include <cstdint>

#include "base/bytes.hpp"

namespace limen::sctp {

uint32_t crc32c(Bytes bytes);
// Without the instruction, for tests and comparison.
uint32_t crc32c_by_tables(Bytes bytes);

}  // namespace limen::sctp
