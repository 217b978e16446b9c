// DtlsRecords: what is left of a DTLS 1.2 association once its handshake is over: the records of epoch 1.
//
// OpenSSL keeps some 40 kB for every association, most of it for a handshake that will not come again; this
// takes two keys, two salts and a replay window over from it, carries application data and alerts, and answers
// the one question that can still come: the client that never saw the server's last flight. AES-GCM suites
// only (RFC 5288); an association with any other stays with OpenSSL. Internal to crypto/; its engine's thread.
// RFC 6347 section 4.1 (records, replay) and 4.2.4 (the last flight), RFC 5246 section 6.3 and 7.2.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "crypto/openssl_ptr.hpp"
#include "crypto/record_queue.hpp"

namespace limen::crypto {

struct DtlsRecordKey {
  std::array<uint8_t, 32> key{};
  std::array<uint8_t, 4> salt{};  // the nonce's implicit part
};
struct DtlsRecordKeys {
  size_t key_size = 16;  // bytes: 16 or 32
  DtlsRecordKey local, remote;
};

// The keys of a finished handshake; nothing if it did not agree on DTLS 1.2 with AES-GCM.
std::optional<DtlsRecordKeys> take_record_keys(SSL* ssl, bool client);

enum class DtlsContent : uint8_t { change_cipher_spec = 20, alert = 21, handshake = 22, application_data = 23 };

class DtlsRecords {
 public:
  static constexpr size_t kHeader = 13, kNonce = 8, kTag = 16;
  static constexpr size_t kOverhead = kHeader + kNonce + kTag;
  static constexpr size_t kMaxPlain = 1 << 14;

  // `last_flight`: what to send again to a client that repeats its Finished; empty for a client.
  DtlsRecords(const DtlsRecordKeys& keys, std::vector<std::vector<uint8_t>> last_flight);
  ~DtlsRecords();
  DtlsRecords(const DtlsRecords&) = delete;
  DtlsRecords& operator=(const DtlsRecords&) = delete;

  // Takes the first record off `datagram`. True: `content` and `plain` (in `room`) are what the peer sent,
  // authentic and new; false: it was nothing of the kind, and is passed over. What cannot be a record takes
  // the rest of the datagram with it.
  bool open(Bytes& datagram, MutableBytes room, DtlsContent& content, Bytes& plain);
  // One datagram with one record. False: too large, or the library failed.
  bool seal(DtlsContent content, Bytes plain, RecordQueue& out);
  const std::vector<std::vector<uint8_t>>& last_flight() const { return last_flight_; }

 private:
  bool fresh(uint64_t sequence) const;
  void note(uint64_t sequence);

  DtlsRecordKeys keys_;
  CipherCtxPtr sealing_, opening_;  // made when first needed: most associations never do
  uint64_t next_sequence_;
  uint64_t highest_ = 0;  // of the peer
  uint64_t seen_ = 0;     // bit i: highest_ - i has come
  std::vector<std::vector<uint8_t>> last_flight_;
};

}  // namespace limen::crypto
