#include "crypto/dtls_records.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace limen::crypto {
namespace {

constexpr uint16_t kVersion = 0xfefd;  // DTLS 1.2
constexpr uint16_t kEpoch = 1;         // the only one after a first handshake
constexpr uint64_t kMaxSequence = (uint64_t{1} << 48) - 1;
constexpr uint64_t kWindow = 64;
// Above whatever OpenSSL has used for its Finished, however often it was repeated.
constexpr uint64_t kFirstSequence = 1 << 16;
constexpr size_t kMaxKeyBlock = 2 * (32 + 4);

using KdfPtr = std::unique_ptr<EVP_KDF, OpensslDelete<&EVP_KDF_free>>;
using KdfContextPtr = std::unique_ptr<EVP_KDF_CTX, OpensslDelete<&EVP_KDF_CTX_free>>;

size_t key_size_of(const SSL* ssl) {
  if (SSL_version(ssl) != DTLS1_2_VERSION) return 0;
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl);
  if (cipher == nullptr) return 0;
  switch (SSL_CIPHER_get_cipher_nid(cipher)) {
    case NID_aes_128_gcm:
      return 16;
    case NID_aes_256_gcm:
      return 32;
    default:
      return 0;
  }
}

// RFC 5246 section 6.3: PRF(master secret, "key expansion", server random + client random).
bool expand_keys(const SSL* ssl, MutableBytes block) {
  std::array<uint8_t, SSL_MAX_MASTER_KEY_LENGTH> master{};
  std::array<uint8_t, 2 * SSL3_RANDOM_SIZE> randoms{};
  size_t size = SSL_SESSION_get_master_key(SSL_get_session(ssl), master.data(), master.size());
  SSL_get_server_random(ssl, randoms.data(), SSL3_RANDOM_SIZE);
  SSL_get_client_random(ssl, randoms.data() + SSL3_RANDOM_SIZE, SSL3_RANDOM_SIZE);
  const EVP_MD* digest = SSL_CIPHER_get_handshake_digest(SSL_get_current_cipher(ssl));
  static const KdfPtr prf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_PRF, nullptr));
  KdfContextPtr context(prf && digest != nullptr ? EVP_KDF_CTX_new(prf.get()) : nullptr);
  char label[] = "key expansion";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                       const_cast<char*>(digest != nullptr ? EVP_MD_get0_name(digest) : ""), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master.data(), size),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, label, sizeof label - 1),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, randoms.data(), randoms.size()),
      OSSL_PARAM_construct_end()};
  bool done = size != 0 && context && EVP_KDF_derive(context.get(), block.data(), block.size(), parameters) == 1;
  OPENSSL_cleanse(master.data(), master.size());
  return done;
}

// The record's additional data: epoch and sequence number, type, version, plain size.
std::array<uint8_t, 13> additional_data(uint8_t type, uint64_t sequence, size_t plain) {
  std::array<uint8_t, 13> out;
  store_u64(out.data(), uint64_t{kEpoch} << 48 | sequence);
  out[8] = type;
  store_u16(&out[9], kVersion);
  store_u16(&out[11], static_cast<uint16_t>(plain));
  return out;
}

bool begin(CipherCtxPtr& context, const DtlsRecordKey& key, size_t key_size, bool encrypt, const uint8_t* nonce,
           Bytes additional) {
  std::array<uint8_t, 12> iv;
  std::copy(key.salt.begin(), key.salt.end(), iv.begin());
  std::memcpy(&iv[4], nonce, DtlsRecords::kNonce);
  const EVP_CIPHER* cipher = nullptr;
  const uint8_t* material = nullptr;
  if (!context) {
    context.reset(EVP_CIPHER_CTX_new());
    if (!context) return false;
    cipher = key_size == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
    material = key.key.data();
  }
  int size = 0;
  bool begun = EVP_CipherInit_ex(context.get(), cipher, nullptr, material, iv.data(), encrypt ? 1 : 0) == 1;
  return begun &&
         EVP_CipherUpdate(context.get(), nullptr, &size, additional.data(), static_cast<int>(additional.size())) == 1;
}

}  // namespace

std::optional<DtlsRecordKeys> take_record_keys(SSL* ssl, bool client) {
  DtlsRecordKeys keys;
  keys.key_size = key_size_of(ssl);
  std::array<uint8_t, kMaxKeyBlock> block{};
  if (keys.key_size == 0 || !expand_keys(ssl, MutableBytes(block).first(2 * keys.key_size + 8))) return std::nullopt;
  DtlsRecordKey& of_client = client ? keys.local : keys.remote;
  DtlsRecordKey& of_server = client ? keys.remote : keys.local;
  const uint8_t* at = block.data();
  std::memcpy(of_client.key.data(), at, keys.key_size);
  std::memcpy(of_server.key.data(), at + keys.key_size, keys.key_size);
  std::memcpy(of_client.salt.data(), at + 2 * keys.key_size, 4);
  std::memcpy(of_server.salt.data(), at + 2 * keys.key_size + 4, 4);
  OPENSSL_cleanse(block.data(), block.size());
  return keys;
}

DtlsRecords::DtlsRecords(const DtlsRecordKeys& keys, std::vector<std::vector<uint8_t>> last_flight)
    : keys_(keys), next_sequence_(kFirstSequence), last_flight_(std::move(last_flight)) {}

DtlsRecords::~DtlsRecords() {
  OPENSSL_cleanse(&keys_, sizeof keys_);
}

bool DtlsRecords::fresh(uint64_t sequence) const {
  if (sequence > highest_) return true;
  uint64_t age = highest_ - sequence;
  return age < kWindow && (seen_ >> age & 1) == 0;
}

void DtlsRecords::note(uint64_t sequence) {
  if (sequence > highest_) {
    uint64_t step = sequence - highest_;
    seen_ = step < kWindow ? seen_ << step : 0;
    highest_ = sequence;
  }
  seen_ |= uint64_t{1} << (highest_ - sequence);
}

bool DtlsRecords::open(Bytes& datagram, MutableBytes room, DtlsContent& content, Bytes& plain) {
  Bytes rest = std::exchange(datagram, {});
  if (rest.size() < kHeader) return false;
  uint8_t type = rest[0];
  uint64_t numbers = load_u64(&rest[3]);
  size_t size = load_u16(&rest[11]);
  if (rest.size() - kHeader < size) return false;
  Bytes body = rest.subspan(kHeader, size);
  datagram = rest.subspan(kHeader + size);
  uint64_t sequence = numbers & kMaxSequence;
  if (load_u16(&rest[1]) != kVersion || numbers >> 48 != kEpoch || !fresh(sequence)) return false;
  if (body.size() < kNonce + kTag || type < 20 || type > 23) return false;
  size_t plain_size = body.size() - kNonce - kTag;
  if (plain_size > room.size() || plain_size > kMaxPlain) return false;
  auto additional = additional_data(type, sequence, plain_size);
  Bytes tag = body.last(kTag);
  int written = 0;
  bool good = begin(opening_, keys_.remote, keys_.key_size, false, body.data(), additional) &&
              EVP_CipherUpdate(opening_.get(), room.data(), &written, body.data() + kNonce,
                               static_cast<int>(plain_size)) == 1 &&
              EVP_CIPHER_CTX_ctrl(opening_.get(), EVP_CTRL_AEAD_SET_TAG, kTag, const_cast<uint8_t*>(tag.data())) == 1 &&
              EVP_CipherFinal_ex(opening_.get(), room.data() + plain_size, &written) == 1;
  ERR_clear_error();
  if (!good) return false;
  note(sequence);
  content = static_cast<DtlsContent>(type);
  plain = Bytes(room).first(plain_size);
  return true;
}

bool DtlsRecords::seal(DtlsContent content, Bytes plain, RecordQueue& out) {
  if (plain.size() > kMaxPlain || next_sequence_ > kMaxSequence) return false;
  uint64_t sequence = next_sequence_++;
  std::vector<uint8_t> record(kOverhead + plain.size());
  auto additional = additional_data(static_cast<uint8_t>(content), sequence, plain.size());
  record[0] = static_cast<uint8_t>(content);
  store_u16(&record[1], kVersion);
  store_u64(&record[3], uint64_t{kEpoch} << 48 | sequence);
  store_u16(&record[11], static_cast<uint16_t>(kNonce + plain.size() + kTag));
  // Unique as the sequence number is; RFC 5288 section 3 names this choice.
  store_u64(&record[kHeader], uint64_t{kEpoch} << 48 | sequence);
  uint8_t* body = &record[kHeader + kNonce];
  int written = 0;
  bool done = begin(sealing_, keys_.local, keys_.key_size, true, &record[kHeader], additional) &&
              EVP_CipherUpdate(sealing_.get(), body, &written, plain.data(), static_cast<int>(plain.size())) == 1 &&
              EVP_CipherFinal_ex(sealing_.get(), body + plain.size(), &written) == 1 &&
              EVP_CIPHER_CTX_ctrl(sealing_.get(), EVP_CTRL_AEAD_GET_TAG, kTag, body + plain.size()) == 1;
  ERR_clear_error();
  if (done) out.push(record);
  return done;
}

}  // namespace limen::crypto
