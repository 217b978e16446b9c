#include "base/packet.hpp"

namespace limen {

void Packet::release() {
  if (storage_ == nullptr) return;
  if (storage_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) storage_->home->give_back(storage_);
  storage_ = nullptr;
}

PacketPool::PacketPool(size_t limit) : limit_(limit) {}
PacketPool::~PacketPool() = default;

Packet PacketPool::acquire() {
  if (local_ == nullptr) collect();
  if (local_ == nullptr) grow();
  if (local_ == nullptr) return {};
  PacketStorage* storage = local_;
  local_ = storage->next;
  storage->begin = kPacketRoom;
  storage->end = kPacketRoom;
  return Packet(storage);
}

Packet PacketPool::copy(Bytes bytes, Instant received_at) {
  if (bytes.size() > kMaxDatagram) return {};
  Packet packet = acquire();
  if (!packet) return packet;
  packet.set_size(bytes.size());
  packet.set_received_at(received_at);
  if (!bytes.empty()) std::memcpy(packet.mutable_bytes().data(), bytes.data(), bytes.size());
  return packet;
}

size_t PacketPool::free_count() {
  collect();
  size_t count = 0;
  for (PacketStorage* s = local_; s != nullptr; s = s->next) ++count;
  return count;
}

void PacketPool::give_back(PacketStorage* storage) {
  PacketStorage* head = returned_.load(std::memory_order_relaxed);
  do {
    storage->next = head;
  } while (!returned_.compare_exchange_weak(head, storage, std::memory_order_release, std::memory_order_relaxed));
}

void PacketPool::collect() {
  PacketStorage* chain = returned_.exchange(nullptr, std::memory_order_acquire);
  while (chain != nullptr) {
    PacketStorage* next = chain->next;
    chain->next = local_;
    local_ = chain;
    chain = next;
  }
}

void PacketPool::grow() {
  if (allocated_ + kSlab > limit_) return;
  slabs_.push_back(std::make_unique<PacketStorage[]>(kSlab));
  allocated_ += kSlab;
  PacketStorage* slab = slabs_.back().get();
  for (size_t i = 0; i < kSlab; ++i) {
    slab[i].home = this;
    slab[i].next = local_;
    local_ = &slab[i];
  }
}

}  // namespace limen
