#include "crypto/dtls_engine.hpp"

#include <openssl/srtp.h>

#include <algorithm>
#include <array>

#include "base/packet.hpp"
#include "crypto/certificate_state.hpp"
#include "crypto/dtls_bio.hpp"
#include "crypto/dtls_keys.hpp"
#include "crypto/dtls_records.hpp"
#include "crypto/dtls_verify.hpp"

namespace limen::crypto {
namespace {

// Where the timer is ours, OpenSSL must never find it expired by its own clock.
constexpr unsigned kOutOfTheWay = 3'600'000'000;  // microseconds
constexpr Duration kLongestTimeout = std::chrono::seconds(60);
// Above this, OpenSSL's write buffer could split a record over two datagrams; below, no flight fits.
constexpr uint16_t kMaxMtu = 1500, kMinMtu = 256;
// What a DTLS record adds to its payload at most (header, explicit nonce, tag or MAC and padding).
constexpr size_t kRecordOverhead = 100;
// Alerts: level and description (RFC 5246 section 7.2).
constexpr uint8_t kWarning = 1, kFatal = 2;
constexpr uint8_t kCloseNotify[] = {kWarning, 0}, kNoRenegotiation[] = {kWarning, 100};

}  // namespace

struct DtlsEngine::State {
  std::shared_ptr<const Certificate> certificate;  // keeps the SSL_CTX
  DtlsWire wire;
  DtlsPeerCheck check;
  RecordQueue data;
  SslPtr ssl;                            // until the handshake is over
  std::unique_ptr<DtlsRecords> records;  // after that, if the cipher is one it knows
  Role role = Role::client;
  Status status = Status::handshaking;
  bool was_connected = false;
  std::string error;
  uint32_t retransmissions = 0;
  Duration initial_timeout{}, timeout{};
  Instant deadline = kNever;
  SrtpKeyingMaterial keys;

  bool over() const { return status != Status::handshaking && status != Status::connected; }
  void advance(Instant now);
  void run();
  void read_data();
  void take_over();
  void read_records(Bytes datagram);
  void on_alert(Bytes alert);
  void on_late_handshake(Bytes message);
  void finish_handshake();
  void stop(Status why, std::string reason);
  void take_failure();
  void look_at_timer(Instant now);
};

namespace {

void note_alert(const SSL* ssl, int where, int value) {
  if ((where & SSL_CB_ALERT) == 0 || (where & SSL_CB_READ) == 0 || value >> 8 != kFatal) return;
  static_cast<DtlsPeerCheck*>(SSL_get_app_data(ssl))->alert = SSL_alert_desc_string_long(value);
}

unsigned timer_out_of_the_way(SSL*, unsigned) {
  return kOutOfTheWay;
}

}  // namespace

DtlsEngine::DtlsEngine(std::unique_ptr<State> state) : state_(std::move(state)) {}
DtlsEngine::~DtlsEngine() = default;

Result<std::unique_ptr<DtlsEngine>> DtlsEngine::create(std::shared_ptr<const Certificate> certificate,
                                                       const DtlsOptions& options, Role role, Fingerprint peer) {
  if (!certificate) return fail("DTLS needs a certificate");
  auto context = dtls_context(*certificate, options);
  if (!context) return std::unexpected(context.error());
  auto state = std::make_unique<State>();
  state->certificate = std::move(certificate);
  state->role = role;
  state->check.expected = std::move(peer);
  state->check.accept_self_signed = options.accept_self_signed;
  state->initial_timeout = std::max<Duration>(options.initial_timeout, std::chrono::milliseconds(20));
  state->timeout = state->initial_timeout;

  ERR_clear_error();
  state->ssl.reset(SSL_new(*context));
  BioPtr bio = make_dtls_bio(state->wire);
  if (!state->ssl || !bio) return fail("Cannot make a DTLS association: {}", take_openssl_error());
  SSL* ssl = state->ssl.get();
  BIO* shared = bio.release();
  SSL_set_bio(ssl, shared, shared);
  SSL_set_app_data(ssl, &state->check);
  SSL_set_info_callback(ssl, note_alert);
  SSL_set_mtu(ssl, std::clamp(options.mtu, kMinMtu, kMaxMtu));
  if (dtls_timer_is_shown()) DTLS_set_timer_cb(ssl, timer_out_of_the_way);
  if (role == Role::client) SSL_set_connect_state(ssl);
  else SSL_set_accept_state(ssl);
  return std::unique_ptr<DtlsEngine>(new DtlsEngine(std::move(state)));
}

void DtlsEngine::start(Instant now) {
  if (state_->role == Role::client && state_->status == Status::handshaking) state_->advance(now);
}

void DtlsEngine::handle(Bytes datagram, Instant now) {
  if (state_->over() || datagram.empty()) return;
  if (state_->records) return state_->read_records(datagram);
  state_->wire.incoming = datagram;
  state_->advance(now);
  state_->wire.incoming = {};
}

void DtlsEngine::handle_timeout(Instant now) {
  State& state = *state_;
  if (state.over() || now < state.deadline || !state.ssl) return;
  // The only way to say "now" to OpenSSL's timer: let it have expired long ago.
  if (state.wire.timer != nullptr && state.wire.timer_running) *state.wire.timer = {0, 1};
  state.timeout = std::min(state.timeout * 2, kLongestTimeout);
  ERR_clear_error();
  SSL_alloc_buffers(state.ssl.get());
  int sent = DTLSv1_handle_timeout(state.ssl.get());
  SSL_free_buffers(state.ssl.get());
  if (sent > 0) ++state.retransmissions;
  if (sent < 0) state.stop(Status::failed, "no answer after many retransmissions: " + take_openssl_error());
  state.look_at_timer(now);
}

bool DtlsEngine::send(Bytes data) {
  if (state_->status != Status::connected || data.empty() || data.size() > kMaxDatagram - kRecordOverhead) return false;
  if (state_->records) return state_->records->seal(DtlsContent::application_data, data, state_->wire.outgoing);
  ERR_clear_error();
  int size = static_cast<int>(data.size());
  SSL_alloc_buffers(state_->ssl.get());
  bool sent = SSL_write(state_->ssl.get(), data.data(), size) == size;
  SSL_free_buffers(state_->ssl.get());
  ERR_clear_error();
  return sent;
}

void DtlsEngine::close() {
  if (state_->over()) return;
  if (state_->records) {
    state_->records->seal(DtlsContent::alert, kCloseNotify, state_->wire.outgoing);
  } else if (state_->status == Status::connected) {
    ERR_clear_error();
    SSL_alloc_buffers(state_->ssl.get());
    SSL_shutdown(state_->ssl.get());  // one way: the peer's own close_notify is not waited for
    ERR_clear_error();
  }
  state_->stop(Status::closed, {});
}

// Runs OpenSSL over what has come in. Its two buffers of 17 kB are there only meanwhile:
// SSL_MODE_RELEASE_BUFFERS does not reach DTLS, and thousands of associations that wait for a flight or
// carry no data must not keep them.
void DtlsEngine::State::advance(Instant now) {
  SSL_alloc_buffers(ssl.get());
  run();
  SSL_free_buffers(ssl.get());
  look_at_timer(now);
  if (status == Status::connected) take_over();
}

// The handshake will not come again, and OpenSSL would keep 40 kB for it.
void DtlsEngine::State::take_over() {
  auto record_keys = take_record_keys(ssl.get(), role == Role::client);
  if (!record_keys) return;
  // The server speaks last; if that was lost, the client will ask by repeating itself.
  std::vector<std::vector<uint8_t>> last_flight;
  if (role == Role::server) last_flight = wire.outgoing.copy();
  records = std::make_unique<DtlsRecords>(*record_keys, std::move(last_flight));
  OPENSSL_cleanse(&*record_keys, sizeof *record_keys);
  ssl.reset();
  wire.timer = nullptr;
  deadline = kNever;
}

void DtlsEngine::State::read_records(Bytes datagram) {
  std::array<uint8_t, kMaxDatagram> room;
  DtlsContent content{};
  Bytes plain;
  while (!datagram.empty() && status == Status::connected) {
    if (!records->open(datagram, room, content, plain)) continue;
    if (content == DtlsContent::application_data && !plain.empty()) data.push(plain);
    else if (content == DtlsContent::alert) on_alert(plain);
    else if (content == DtlsContent::handshake) on_late_handshake(plain);
  }
}

void DtlsEngine::State::on_alert(Bytes alert) {
  if (alert.size() != 2) return;
  if (alert[1] == 0) {
    records->seal(DtlsContent::alert, kCloseNotify, wire.outgoing);
    stop(Status::closed_by_peer, "close_notify");
  } else if (alert[0] == kFatal) {
    stop(Status::closed_by_peer, std::string("alert from the peer: ") + SSL_alert_desc_string_long(alert[1]));
  }
}

void DtlsEngine::State::on_late_handshake(Bytes message) {
  constexpr uint8_t kHelloRequest = 0, kClientHello = 1, kFinished = 20;
  if (message.empty()) return;
  if (message[0] == kFinished && role == Role::server) {
    ++retransmissions;
    for (const auto& datagram : records->last_flight()) wire.outgoing.push(datagram);
  } else if (message[0] == kHelloRequest || message[0] == kClientHello) {
    records->seal(DtlsContent::alert, kNoRenegotiation, wire.outgoing);
  }
}

void DtlsEngine::State::run() {
  ERR_clear_error();
  if (status == Status::handshaking) {
    int done = SSL_do_handshake(ssl.get());
    if (done == 1) finish_handshake();
    else if (SSL_get_error(ssl.get(), done) != SSL_ERROR_WANT_READ) take_failure();
  }
  if (status == Status::connected) read_data();
}

void DtlsEngine::State::finish_handshake() {
  auto exported = export_srtp_keys(ssl.get(), role == Role::client);
  if (!exported) return stop(Status::failed, exported.error().text);
  keys = *exported;
  status = Status::connected;
  was_connected = true;
}

void DtlsEngine::State::read_data() {
  std::array<uint8_t, kMaxDatagram> record;
  while (status == Status::connected) {
    int size = SSL_read(ssl.get(), record.data(), record.size());
    if (size > 0) {
      data.push(Bytes(record).first(static_cast<size_t>(size)));
      continue;
    }
    int reason = SSL_get_error(ssl.get(), size);
    if (reason == SSL_ERROR_WANT_READ) break;
    if (reason != SSL_ERROR_ZERO_RETURN) return take_failure();
    SSL_shutdown(ssl.get());  // answers the peer's close_notify
    return stop(Status::closed_by_peer, "close_notify");
  }
}

void DtlsEngine::State::take_failure() {
  std::string reason = take_openssl_error();
  if (!check.alert.empty()) return stop(Status::closed_by_peer, "alert from the peer: " + check.alert);
  if (!check.refusal.empty()) return stop(Status::refused, check.refusal);
  if ((SSL_get_shutdown(ssl.get()) & SSL_RECEIVED_SHUTDOWN) != 0) return stop(Status::closed_by_peer, "close_notify");
  stop(Status::failed, std::move(reason));
}

void DtlsEngine::State::stop(Status why, std::string reason) {
  status = why;
  error = std::move(reason);
  deadline = kNever;
  ERR_clear_error();
}

void DtlsEngine::State::look_at_timer(Instant now) {
  if (wire.timer_stopped) timeout = initial_timeout;  // the peer's answer came: the next flight starts anew
  wire.timer_stopped = false;
  if (over() || !wire.timer_running) {
    deadline = kNever;
    return;
  }
  if (wire.timer == nullptr) {
    timeval left{};
    if (DTLSv1_get_timeout(ssl.get(), &left) == 1) {
      deadline = now + std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
    }
  } else if (wire.timer_restarted) {
    deadline = now + timeout;
  }
  wire.timer_restarted = false;
}

Instant DtlsEngine::next_deadline() const {
  return state_->deadline;
}
bool DtlsEngine::poll_transmit(Bytes& datagram) {
  return state_->wire.outgoing.pop(datagram);
}
bool DtlsEngine::poll_data(Bytes& data) {
  return state_->data.pop(data);
}
DtlsEngine::Status DtlsEngine::status() const {
  return state_->status;
}
bool DtlsEngine::was_connected() const {
  return state_->was_connected;
}
const std::string& DtlsEngine::error() const {
  return state_->error;
}
uint32_t DtlsEngine::retransmissions() const {
  return state_->retransmissions;
}
const SrtpKeyingMaterial& DtlsEngine::keys() const {
  return state_->keys;
}

}  // namespace limen::crypto
