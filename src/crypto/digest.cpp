// The one-shot EVP interface allocates and looks algorithms up; STUN hashes every check, so the plain
// functions are used. They are deprecated in name only: same code, no replacement of equal cost.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/digest.hpp"

#include <openssl/md5.h>
#include <openssl/sha.h>

namespace limen::crypto {

Md5Digest md5(std::initializer_list<Bytes> parts) {
  MD5_CTX context;
  MD5_Init(&context);
  for (Bytes part : parts) MD5_Update(&context, part.data(), part.size());
  Md5Digest out;
  MD5_Final(out.data(), &context);
  return out;
}

Sha1Digest sha1(std::initializer_list<Bytes> parts) {
  SHA_CTX context;
  SHA1_Init(&context);
  for (Bytes part : parts) SHA1_Update(&context, part.data(), part.size());
  Sha1Digest out;
  SHA1_Final(out.data(), &context);
  return out;
}

Sha256Digest sha256(std::initializer_list<Bytes> parts) {
  SHA256_CTX context;
  SHA256_Init(&context);
  for (Bytes part : parts) SHA256_Update(&context, part.data(), part.size());
  Sha256Digest out;
  SHA256_Final(out.data(), &context);
  return out;
}

}  // namespace limen::crypto
