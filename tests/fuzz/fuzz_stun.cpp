// rooms: wire
// STUN messages and ChannelData frames from the network, before any authentication.
#include <cstdlib>
#include <vector>

#include "wire/stun/channel_data.hpp"
#include "wire/stun/stun_message.hpp"
#include "wire/stun/stun_writer.hpp"

using namespace limen;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

// Reads everything with every getter, whatever the attribute's type.
void read_all(const stun::Message& message) {
  for (const auto& attribute : message.attributes()) {
    (void)message.text(attribute.type);
    (void)message.u32(attribute.type);
    (void)message.u64(attribute.type);
    (void)message.address(attribute.type);
  }
  (void)message.mapped_address();
  (void)message.error();
  (void)message.channel_number();
  (void)message.requested_transport();
  (void)message.fingerprint_ok();
  (void)message.integrity_ok([](std::initializer_list<Bytes> parts) {
    stun::IntegrityTag tag{};
    for (Bytes part : parts) {
      for (size_t i = 0; i < part.size(); ++i) tag[i % tag.size()] ^= part[i];
    }
    return tag;
  });
}

// What was understood can be written again and is understood the same way.
void write_again(const stun::Message& message) {
  std::vector<uint8_t> buffer(message.raw().size());
  stun::MessageWriter writer(buffer, message.message_class(), message.method(), message.transaction_id());
  for (const auto& attribute : message.attributes()) writer.add(attribute.type, attribute.value);
  auto again = stun::Message::parse(writer.finish());
  require(again && again->is(message.method(), message.message_class()));
  require(again->attributes().size() == message.attributes().size());
  require(again->unknown_required().size() == message.unknown_required().size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes bytes(data, size);
  if (auto message = stun::Message::parse(bytes)) {
    read_all(*message);
    write_again(*message);
  }
  if (auto frame = stun::parse_channel_data(bytes)) {
    std::vector<uint8_t> buffer(size + 4);
    require(stun::write_channel_data(frame->channel, frame->payload, true, buffer) >= frame->payload.size() + 4);
  }
  return 0;
}
