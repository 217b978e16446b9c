#include "core/media/flow_directory.hpp"

#include <utility>

#include "base/assert.hpp"
#include "base/bytes.hpp"

namespace limen::core {
namespace {

// A word: fingerprint (40 bits), shard (8), seconds (16, modulo). Zero is empty; what was removed keeps its place,
// because entries behind it were entered past it.
constexpr uint64_t kRemoved = 0xff;  // fingerprint 0, which no key has; shard 255, which there is not
constexpr int kFingerprintShift = 24;

uint64_t fingerprint(uint64_t key) {
  // The low bits choose the place. Never zero.
  return (key >> kFingerprintShift) | 1;
}
uint32_t seconds(Instant now) {
  return static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count()) &
         0xffff;
}
uint64_t make_word(uint64_t print, uint32_t shard, uint32_t at) {
  return print << 24 | uint64_t{at} << 8 | shard;
}
uint64_t print_of(uint64_t word) {
  return word >> 24;
}
uint32_t shard_of(uint64_t word) {
  return static_cast<uint32_t>(word & 0xff);
}
uint32_t seconds_of(uint64_t word) {
  return static_cast<uint32_t>(word >> 8) & 0xffff;
}

uint64_t fold(uint64_t a, uint64_t b) {
  auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// Multiply and fold with two secrets; what is hashed is of fixed length or ends in its length.
struct Hasher {
  uint64_t state;
  uint64_t secret;
  void add(uint64_t value) { state = fold(state ^ value ^ 0x9e3779b97f4a7c15u, secret); }
  uint64_t finish() const { return fold(state ^ secret, 0xd6e8feb86659fd93u ^ secret); }
};

enum Kind : uint64_t { kFlow = 1, kUfrag = 2, kTag = 3 };

}  // namespace

FlowDirectory::FlowDirectory(Random& random, size_t entries)
    : secret_{random.u64() | 1, random.u64() | 1},
      mask_(entries - 1),
      words_(std::make_unique<std::atomic<Word>[]>(entries)) {
  LIMEN_ASSERT(entries >= kProbes && (entries & mask_) == 0);
}

FlowDirectory::Key FlowDirectory::key_of(const Flow& flow) const {
  Hasher hasher{secret_[0] ^ kFlow, secret_[1]};
  hasher.add(uint64_t{flow.socket} << 17 | uint64_t{flow.remote.port} << 1 | (flow.remote.ip.is_v4() ? 1 : 0));
  auto raw = flow.remote.ip.bytes();
  if (raw.size() == 4) {
    hasher.add(load_u32(raw.data()));
  } else {
    hasher.add(load_u64(raw.data()));
    hasher.add(load_u64(raw.data() + 8));
  }
  return hasher.finish();
}

FlowDirectory::Key FlowDirectory::key_of_ufrag(std::string_view ufrag) const {
  Hasher hasher{secret_[0] ^ kUfrag, secret_[1]};
  uint64_t value = 0;
  for (size_t i = 0; i < ufrag.size(); ++i) {
    value = value << 8 | static_cast<uint8_t>(ufrag[i]);
    if (i % 8 == 7) hasher.add(std::exchange(value, 0));
  }
  hasher.add(value);
  hasher.add(ufrag.size());
  return hasher.finish();
}

FlowDirectory::Key FlowDirectory::key_of_tag(uint32_t transaction_tag) const {
  Hasher hasher{secret_[0] ^ kTag, secret_[1]};
  hasher.add(transaction_tag);
  return hasher.finish();
}

FlowDirectory::Claim FlowDirectory::claim(Key key, uint32_t shard, Instant now, Duration quiet) {
  const uint64_t print = fingerprint(key);
  const uint32_t at = seconds(now);
  const Word wanted = make_word(print, shard, at);
  // Again when another shard has changed the word that was to be changed: a few times at most.
  for (int attempt = 0; attempt < 8; ++attempt) {
    std::atomic<Word>* free = nullptr;
    Word free_was = 0;
    bool changed = false;
    for (size_t probe = 0; probe < kProbes; ++probe) {
      std::atomic<Word>& slot = words_[place(key, probe)];
      Word word = slot.load(std::memory_order_acquire);
      if (print_of(word) == print) {
        if (word == wanted) return {Claimed::refreshed, {}};
        uint32_t owner = shard_of(word);
        uint32_t silent = (at - seconds_of(word)) & 0xffff;
        if (owner != shard && (quiet == Duration::zero() || std::chrono::seconds(silent) < quiet)) {
          return {Claimed::refused, owner};
        }
        changed = !slot.compare_exchange_strong(word, wanted, std::memory_order_acq_rel);
        if (changed) break;
        if (owner == shard) return {Claimed::refreshed, {}};
        return {Claimed::entered, owner};
      }
      if (free == nullptr && (word == 0 || word == kRemoved)) {
        free = &slot;
        free_was = word;
      }
      if (word == 0) break;
    }
    if (changed) continue;
    if (free == nullptr) break;
    if (!free->compare_exchange_strong(free_was, wanted, std::memory_order_acq_rel)) continue;
    used_.fetch_add(1, std::memory_order_relaxed);
    return {Claimed::entered, {}};
  }
  return {Claimed::full, {}};
}

void FlowDirectory::release(Key key, uint32_t shard) {
  const uint64_t print = fingerprint(key);
  for (size_t probe = 0; probe < kProbes; ++probe) {
    std::atomic<Word>& slot = words_[place(key, probe)];
    Word word = slot.load(std::memory_order_acquire);
    if (word == 0) return;
    if (print_of(word) != print || shard_of(word) != shard) continue;
    // Changed meanwhile: another shard has taken it over.
    if (slot.compare_exchange_strong(word, kRemoved, std::memory_order_acq_rel)) {
      used_.fetch_sub(1, std::memory_order_relaxed);
    }
    return;
  }
}

std::optional<uint32_t> FlowDirectory::find(Key key) const {
  const uint64_t print = fingerprint(key);
  for (size_t probe = 0; probe < kProbes; ++probe) {
    Word word = words_[place(key, probe)].load(std::memory_order_acquire);
    if (word == 0) return std::nullopt;
    if (print_of(word) == print) return shard_of(word);
  }
  return std::nullopt;
}

}  // namespace limen::core
