#include "crypto/dtls_bio.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>

namespace limen::crypto {
namespace {

DtlsWire& wire_of(BIO* bio) {
  return *static_cast<DtlsWire*>(BIO_get_data(bio));
}

int read_datagram(BIO* bio, char* out, int size) {
  BIO_clear_retry_flags(bio);
  DtlsWire& wire = wire_of(bio);
  if (wire.incoming.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  size_t count = std::min(wire.incoming.size(), static_cast<size_t>(std::max(size, 0)));
  std::memcpy(out, wire.incoming.data(), count);
  wire.incoming = {};  // as with recv(): what did not fit is gone
  return static_cast<int>(count);
}

int write_datagram(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  if (size <= 0) return 0;
  wire_of(bio).outgoing.push({reinterpret_cast<const uint8_t*>(data), static_cast<size_t>(size)});
  return size;
}

void note_timer(DtlsWire& wire, timeval* next) {
  wire.timer_running = next->tv_sec != 0 || next->tv_usec != 0;
  wire.timer_restarted = wire.timer_running;
  if (!wire.timer_running) wire.timer_stopped = true;
  if (dtls_timer_is_shown()) wire.timer = next;
}

long control(BIO* bio, int command, long, void* argument) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
      note_timer(wire_of(bio), static_cast<timeval*>(argument));
      return 1;
    default:
      return 0;
  }
}

int create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams in memory");
  if (method == nullptr) return nullptr;
  BIO_meth_set_read(method, read_datagram);
  BIO_meth_set_write(method, write_datagram);
  BIO_meth_set_ctrl(method, control);
  BIO_meth_set_create(method, create);
  return method;
}

}  // namespace

bool dtls_timer_is_shown() {
  static const bool shown = OpenSSL_version_num() < 0x30200000UL;
  return shown;
}

BioPtr make_dtls_bio(DtlsWire& wire) {
  // A table of functions, made once and never changed.
  static const std::unique_ptr<BIO_METHOD, OpensslDelete<&BIO_meth_free>> method(make_method());
  BioPtr bio(method ? BIO_new(method.get()) : nullptr);
  if (bio) BIO_set_data(bio.get(), &wire);
  return bio;
}

}  // namespace limen::crypto
