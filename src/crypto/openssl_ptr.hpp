// Owning pointers to OpenSSL's objects, and the text of its last error. Internal to crypto/.
#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace limen::crypto {

template <auto kFree>
struct OpensslDelete {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using BioPtr = std::unique_ptr<BIO, OpensslDelete<&BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, OpensslDelete<&X509_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, OpensslDelete<&EVP_PKEY_free>>;
using SslPtr = std::unique_ptr<SSL, OpensslDelete<&SSL_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, OpensslDelete<&SSL_CTX_free>>;
using CipherCtxPtr = std::unique_ptr<EVP_CIPHER_CTX, OpensslDelete<&EVP_CIPHER_CTX_free>>;

// The reason of the newest queued error ("no start line"); empties the queue.
std::string take_openssl_error();

}  // namespace limen::crypto
