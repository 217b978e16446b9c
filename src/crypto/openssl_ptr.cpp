#include "crypto/openssl_ptr.hpp"

namespace limen::crypto {

std::string take_openssl_error() {
  unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  if (const char* reason = ERR_reason_error_string(code)) return reason;
  char text[160];
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

}  // namespace limen::crypto
