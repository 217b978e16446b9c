// Exporting SRTP keys from a DTLS handshake (RFC 5764 section 4.2). Internal to crypto/.
#pragma once
#include "base/result.hpp"
#include "crypto/openssl_ptr.hpp"
#include "crypto/srtp_profile.hpp"

namespace limen::crypto {

// Profile `none` if the peer did not negotiate one.
Result<SrtpKeyingMaterial> export_srtp_keys(SSL* ssl, bool client);

}  // namespace limen::crypto
