// FlowDirectory: which shard is it for? Shared by all shards that listen on one port (docs/adr/0008).
//
// A hash table of single atomic words, without locks: any thread looks up, the shard that owns a key enters and
// removes it. A word holds a fingerprint of the key, the shard and when the owner was last heard. Keys are
// hashed with a secret, so that nobody can choose colliding addresses. Bounded: a full table refuses, and what
// is not in it is found only by the shard that the kernel hands it to.
//
// An answer says where to ask, not what is true: the shard named looks into its own tables.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/random.hpp"
#include "base/time.hpp"
#include "base/tx_queue.hpp"

namespace limen::core {

class FlowDirectory {
 public:
  using Key = uint64_t;
  static constexpr uint32_t kMaxShards = 255;
  static constexpr size_t kDefaultEntries = size_t{1} << 18;  // 2 MiB
  static constexpr size_t kProbes = 64;                       // entries looked at for one key

  // `entries`: a power of two.
  explicit FlowDirectory(Random& random, size_t entries = kDefaultEntries);

  // Any thread, as everything below.
  Key key_of(const Flow& flow) const;
  Key key_of_ufrag(std::string_view ufrag) const;
  Key key_of_tag(uint32_t transaction_tag) const;

  enum class Claimed : uint8_t {
    entered,    // new, or taken from a shard that has been silent about it
    refreshed,  // it was this shard's already
    refused,    // another shard's
    full,
  };
  struct Claim {
    Claimed result = Claimed::full;
    std::optional<uint32_t> previous;  // the shard that has lost it
  };
  // Enters `key` for `shard`. Another shard's entry is taken over if its owner was not heard for `quiet`;
  // zero: never.
  Claim claim(Key key, uint32_t shard, Instant now, Duration quiet);
  // Does nothing if it is another shard's by now.
  void release(Key key, uint32_t shard);
  std::optional<uint32_t> find(Key key) const;

  size_t entries() const { return used_.load(std::memory_order_relaxed); }

 private:
  using Word = uint64_t;
  size_t place(Key key, size_t probe) const { return (static_cast<size_t>(key) + probe) & mask_; }

  uint64_t secret_[2];
  size_t mask_;
  std::unique_ptr<std::atomic<Word>[]> words_;
  std::atomic<size_t> used_{0};
};

}  // namespace limen::core
