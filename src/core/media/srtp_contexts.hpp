// SRTP for media handlers, with keys that came by other ways than DTLS (RFC 3711, RFC 4568's suites).
//
// Any thread makes one; one thread uses it.
#pragma once
#include <memory>

#include "api/media_ports.hpp"
#include "base/result.hpp"

namespace limen::core {

// Suites: 80 and 32 (AES-CM, bits of the tag), 128 and 256 (AES-GCM, bits of the key; RFC 7714). They fail
// for others, and for keys without enough bytes for master key and salt (more are ignored).
Result<std::unique_ptr<SrtpProtector>> make_srtp_protector(const SrtpMaterial& material);
Result<std::unique_ptr<SrtpUnprotector>> make_srtp_unprotector(const SrtpMaterial& material);

}  // namespace limen::core
