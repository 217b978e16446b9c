// SRTP for media handlers, with keys that came by other ways than DTLS (RFC 3711, RFC 4568's suites).
//
// Any thread makes one; one thread uses it.
#pragma once
#include <memory>

#include "api/media_ports.hpp"
#include "base/result.hpp"

namespace limen::core {

// Fail unless the suite is 32 or 80 and the key has 30 bytes (more are ignored).
Result<std::unique_ptr<SrtpProtector>> make_srtp_protector(const SrtpMaterial& material);
Result<std::unique_ptr<SrtpUnprotector>> make_srtp_unprotector(const SrtpMaterial& material);

}  // namespace limen::core
