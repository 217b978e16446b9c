// rooms: wire
// RTCP datagrams after decryption; what is understood must survive writing and reading again.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "wire/rtcp/rtcp_parser.hpp"
#include "wire/rtcp/rtcp_writer.hpp"
#include "wire/rtcp/transport_feedback.hpp"

using namespace limen;
using namespace limen::rtcp;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

// Writing orders and merges NACKs, and cuts long lists: such messages need not be equal.
bool comparable(const Message& message) {
  if (const auto* xr = std::get_if<ExtendedReport>(&message)) return xr->last_received.size() <= kMaxCount;
  return !std::holds_alternative<Unknown>(message);
}

std::vector<uint16_t> numbers(const Message& message) {
  std::vector<uint16_t> sequences = std::get<Nack>(message).sequences;
  std::ranges::sort(sequences);
  auto rest = std::ranges::unique(sequences);
  sequences.erase(rest.begin(), rest.end());
  return sequences;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static std::vector<uint8_t> buffer(1 << 18);
  (void)peek_sender_ssrc({data, size});
  Compound compound = parse_rtcp({data, size});
  for (const Message& message : compound.messages) {
    if (const auto* feedback = std::get_if<TransportFeedback>(&message)) {
      size_t count = 0;
      for_each_status(*feedback, [&count](uint16_t, bool, Duration) { ++count; });
      require(count == feedback->packets.size());
    }
    CompoundWriter writer(buffer);
    if (!comparable(message) || !writer.add(message)) continue;
    Compound again = parse_rtcp(writer.written());
    require(again.malformed == 0 && again.messages.size() == 1);
    if (std::holds_alternative<Nack>(message)) require(numbers(message) == numbers(again.messages[0]));
    else require(message == again.messages[0]);
  }
  return 0;
}
