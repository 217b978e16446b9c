#include "rtc/ice/ice_messages.hpp"

#include "wire/stun/stun_writer.hpp"

namespace limen::rtc {
namespace {

using stun::AttributeType;
using stun::MessageClass;
using stun::MessageWriter;
using stun::Method;

constexpr size_t kRoom = 768;  // the longest USERNAME is 513 bytes, everything else is below 150

void commit(TxQueue& tx, const Flow& to, MessageWriter& writer) {
  writer.add_fingerprint();
  Bytes message = writer.finish();
  if (message.empty()) return;
  tx.hurry();
  tx.commit(to, message.size());
}

}  // namespace

void IceGeneration::set_local(const IceCredentials& credentials) {
  local = credentials;
  local_key = crypto::HmacSha1(as_bytes(local.pwd));
  username = remote.ufrag + ":" + local.ufrag;
}

void IceGeneration::set_remote(const IceCredentials& credentials) {
  remote = credentials;
  remote_key = crypto::HmacSha1(as_bytes(remote.pwd));
  username = remote.ufrag + ":" + local.ufrag;
}

void send_check(TxQueue& tx, const Flow& to, const IceGeneration& generation, const IceCheck& check) {
  MessageWriter writer(tx.reserve(kRoom), MessageClass::request, Method::binding, check.id);
  writer.add_text(AttributeType::username, generation.username);
  writer.add_u32(AttributeType::priority, check.priority);
  writer.add_u64(check.controlling ? AttributeType::ice_controlling : AttributeType::ice_controlled, check.tie_breaker);
  if (check.use_candidate) writer.add_flag(AttributeType::use_candidate);
  writer.add_integrity(generation.remote_key);
  commit(tx, to, writer);
}

void send_plain_request(TxQueue& tx, const Flow& to, const stun::TransactionId& id) {
  MessageWriter writer(tx.reserve(kRoom), MessageClass::request, Method::binding, id);
  commit(tx, to, writer);
}

void send_change_request(TxQueue& tx, const Flow& to, const stun::TransactionId& id, uint32_t change) {
  MessageWriter writer(tx.reserve(kRoom), MessageClass::request, Method::binding, id);
  writer.add_u32(AttributeType::change_request, change);
  commit(tx, to, writer);
}

void send_indication(TxQueue& tx, const Flow& to, const stun::TransactionId& id) {
  MessageWriter writer(tx.reserve(kRoom), MessageClass::indication, Method::binding, id);
  commit(tx, to, writer);
}

void send_success(TxQueue& tx, const Flow& to, const IceGeneration& generation, const stun::TransactionId& id) {
  MessageWriter writer(tx.reserve(kRoom), MessageClass::success, Method::binding, id);
  writer.add_address(AttributeType::xor_mapped_address, to.remote);
  writer.add_integrity(generation.local_key);
  commit(tx, to, writer);
}

void send_role_conflict(TxQueue& tx, const Flow& to, const IceGeneration& generation, const stun::TransactionId& id) {
  MessageWriter writer(tx.reserve(kRoom), MessageClass::error, Method::binding, id);
  writer.add_error(487, "Role Conflict");
  writer.add_integrity(generation.local_key);
  commit(tx, to, writer);
}

void send_unknown_attributes(TxQueue& tx, const Flow& to, const IceGeneration& generation,
                             const stun::Message& request) {
  MessageWriter writer(tx.reserve(kRoom), MessageClass::error, Method::binding, request.transaction_id());
  writer.add_error(420, "Unknown Attribute");
  writer.add_unknown_attributes(request.unknown_required());
  writer.add_integrity(generation.local_key);
  commit(tx, to, writer);
}

}  // namespace limen::rtc
