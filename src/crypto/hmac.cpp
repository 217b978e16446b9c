// See digest.cpp for why the plain SHA functions are used: here they also allow to resume from a
// chaining value, which EVP offers only by copying allocated contexts.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/hmac.hpp"

#include <openssl/sha.h>

#include <algorithm>

namespace limen::crypto {
namespace {

template <size_t kBlock>
std::array<uint8_t, kBlock> pad_key(Bytes key, uint8_t pad) {
  std::array<uint8_t, kBlock> out;
  out.fill(pad);
  for (size_t i = 0; i < key.size(); ++i) out[i] = static_cast<uint8_t>(out[i] ^ key[i]);
  return out;
}

HmacSha1::State after_key_block(Bytes key, uint8_t pad) {
  SHA_CTX context;
  SHA1_Init(&context);
  auto block = pad_key<SHA_CBLOCK>(key, pad);
  SHA1_Transform(&context, block.data());
  return {context.h0, context.h1, context.h2, context.h3, context.h4};
}

// A context that has consumed exactly the key block.
SHA_CTX resume(const HmacSha1::State& state) {
  SHA_CTX context;
  context.h0 = state[0];
  context.h1 = state[1];
  context.h2 = state[2];
  context.h3 = state[3];
  context.h4 = state[4];
  context.Nl = SHA_CBLOCK * 8;
  context.Nh = 0;
  context.num = 0;
  return context;
}

}  // namespace

HmacSha1::HmacSha1(Bytes key) {
  Sha1Digest shortened;
  if (key.size() > SHA_CBLOCK) {
    shortened = sha1(key);
    key = shortened;
  }
  inner_ = after_key_block(key, 0x36);
  outer_ = after_key_block(key, 0x5c);
}

Sha1Digest HmacSha1::operator()(std::initializer_list<Bytes> parts) const {
  Sha1Digest out;
  SHA_CTX context = resume(inner_);
  for (Bytes part : parts) SHA1_Update(&context, part.data(), part.size());
  SHA1_Final(out.data(), &context);
  context = resume(outer_);
  SHA1_Update(&context, out.data(), out.size());
  SHA1_Final(out.data(), &context);
  return out;
}

Sha256Digest hmac_sha256(Bytes key, std::initializer_list<Bytes> parts) {
  Sha256Digest shortened;
  if (key.size() > SHA256_CBLOCK) {
    shortened = sha256(key);
    key = shortened;
  }
  Sha256Digest out;
  SHA256_CTX context;
  SHA256_Init(&context);
  auto inner = pad_key<SHA256_CBLOCK>(key, 0x36);
  SHA256_Update(&context, inner.data(), inner.size());
  for (Bytes part : parts) SHA256_Update(&context, part.data(), part.size());
  SHA256_Final(out.data(), &context);
  auto outer = pad_key<SHA256_CBLOCK>(key, 0x5c);
  return sha256({outer, out});
}

}  // namespace limen::crypto
