// rooms: wire
// SCTP packets: every chunk in them goes through every parser, for the type is not what a parser may rely on.
#include "tests/fuzz/sctp_checks.hpp"
#include "wire/sctp/crc32c.hpp"

using namespace limen;
using namespace limen::sctp;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
  static std::vector<uint8_t> room(1 << 18);
  Bytes bytes(input, size);
  require(crc32c(bytes) == crc32c_by_tables(bytes));
  auto reader = PacketReader::open(bytes);
  if (!reader) return 0;
  (void)reader->checksum_is_right();
  while (auto chunk = reader->next()) {
    check_init(*chunk, room);
    check_data(*chunk, room);
    check_sack(*chunk, room);
    check_reconfig(*chunk, room);
    check_forward(*chunk, room);
    check_small(*chunk, room);
  }
  return 0;
}
