// The BIO between OpenSSL and an engine: one read is one datagram, one write is one datagram, and the
// retransmission timer is reported instead of being looked at. Internal to crypto/.
//
// OpenSSL's own memory BIO would join datagrams, and its timer compares with gettimeofday.
#pragma once
#include <sys/time.h>

#include "crypto/openssl_ptr.hpp"
#include "crypto/record_queue.hpp"

namespace limen::crypto {

struct DtlsWire {
  Bytes incoming;  // the datagram being handled; empty once it is read
  RecordQueue outgoing;
  bool timer_running = false;
  bool timer_stopped = false;    // set whenever OpenSSL stops it
  bool timer_restarted = false;  // set whenever OpenSSL (re)starts it
  timeval* timer = nullptr;      // OpenSSL's own variable; null if this version does not show it
};

// Whether DtlsWire::timer works with the OpenSSL that runs: 3.0 and 3.1 report the timer by the
// address of the variable itself, later ones by that of a copy.
bool dtls_timer_is_shown();

BioPtr make_dtls_bio(DtlsWire& wire);

}  // namespace limen::crypto
