// Packet: one received datagram's bytes, reference-counted and shared by any number of readers.
//
// Life: recvmmsg fills a storage -> its single owner decrypts in place -> parsed and frozen ->
// read by any shard -> the last reference sends the storage home to its pool.
// Writing is allowed only while unique() (before freezing).
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace limen {

class PacketPool;

// Largest datagram accepted; bigger ones are dropped and counted, never cut.
inline constexpr size_t kMaxDatagram = 1600;
// Free space before and behind the datagram, for headers that grow and authentication tags.
inline constexpr size_t kPacketRoom = 64;

struct PacketStorage {
  std::atomic<uint32_t> refs{0};
  uint16_t begin = 0;
  uint16_t end = 0;
  PacketPool* home = nullptr;
  PacketStorage* next = nullptr;  // free list link
  Instant received_at{};
  std::array<uint8_t, kPacketRoom + kMaxDatagram + kPacketRoom> bytes;
};

class Packet {
 public:
  Packet() = default;
  explicit Packet(PacketStorage* storage) : storage_(storage) { add_ref(); }
  Packet(const Packet& other) : storage_(other.storage_) { add_ref(); }
  Packet(Packet&& other) noexcept : storage_(std::exchange(other.storage_, nullptr)) {}
  Packet& operator=(Packet other) noexcept {
    std::swap(storage_, other.storage_);
    return *this;
  }
  ~Packet() { release(); }

  explicit operator bool() const { return storage_ != nullptr; }
  bool unique() const { return storage_->refs.load(std::memory_order_acquire) == 1; }
  size_t size() const { return static_cast<size_t>(storage_->end - storage_->begin); }
  const uint8_t* data() const { return storage_->bytes.data() + storage_->begin; }
  Bytes bytes() const { return {data(), size()}; }
  Instant received_at() const { return storage_->received_at; }

  // Owner only.
  MutableBytes mutable_bytes() { return {storage_->bytes.data() + storage_->begin, size()}; }
  void set_size(size_t size) { storage_->end = static_cast<uint16_t>(storage_->begin + size); }
  void set_received_at(Instant t) { storage_->received_at = t; }
  PacketStorage* storage() { return storage_; }

 private:
  void add_ref() {
    if (storage_ != nullptr) storage_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  void release();

  PacketStorage* storage_ = nullptr;
};

// Slabs of storages for one shard. acquire() only on the owning thread; release from any thread.
// The pool must outlive every packet taken from it.
class PacketPool {
 public:
  // Grows by slabs up to `limit` storages; beyond it acquire() returns an empty Packet.
  explicit PacketPool(size_t limit = 65536);
  ~PacketPool();
  PacketPool(const PacketPool&) = delete;
  PacketPool& operator=(const PacketPool&) = delete;

  // An empty packet whose begin is kPacketRoom and whose room is kMaxDatagram.
  Packet acquire();
  // A packet holding a copy of `bytes`; empty if they do not fit.
  Packet copy(Bytes bytes, Instant received_at);
  size_t allocated() const { return allocated_; }
  size_t free_count();  // owning thread; for tests that look for leaks

 private:
  friend class Packet;
  void give_back(PacketStorage* storage);
  void grow();
  void collect();

  static constexpr size_t kSlab = 64;
  size_t limit_;
  size_t allocated_ = 0;
  PacketStorage* local_ = nullptr;                 // owner's free list
  std::atomic<PacketStorage*> returned_{nullptr};  // pushed by anybody, taken whole by the owner
  std::vector<std::unique_ptr<PacketStorage[]>> slabs_;
};

}  // namespace limen
