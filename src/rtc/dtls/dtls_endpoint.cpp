#include "rtc/dtls/dtls_endpoint.hpp"

#include <algorithm>

namespace limen::rtc {
namespace {

using crypto::DtlsEngine;

// A ClientHello in two datagrams, sent twice, with something to spare.
constexpr size_t kMaxEarly = 8;

CloseReason reason_of(const DtlsEngine& engine) {
  // A handshake that fails ends with an alert of ours; the API calls both directions the same.
  bool broke_later = engine.status() == DtlsEngine::Status::failed && engine.was_connected();
  return broke_later ? CloseReason::dtls_error : CloseReason::dtls_alert;
}

}  // namespace

DtlsEndpoint::DtlsEndpoint(DtlsConfig config) : config_(std::move(config)) {}
DtlsEndpoint::~DtlsEndpoint() = default;

void DtlsEndpoint::set_remote_fingerprint(crypto::Fingerprint fingerprint, Instant now) {
  if (fingerprint_.known() || closed_) return;
  fingerprint_ = std::move(fingerprint);
  begin(now);
}

void DtlsEndpoint::start(DtlsRole role, Instant now) {
  if (start_wanted_ || closed_) return;
  start_wanted_ = true;
  role_ = role;
  begin(now);
}

void DtlsEndpoint::begin(Instant now) {
  if (!start_wanted_ || !fingerprint_.known()) return;
  auto role = role_ == DtlsRole::client ? DtlsEngine::Role::client : DtlsEngine::Role::server;
  auto engine = DtlsEngine::create(config_.certificate, config_.options, role, fingerprint_);
  if (!engine) return fail(CloseReason::dtls_error, engine.error().text);
  engine_ = std::move(*engine);
  give_up_at_ = now + config_.connect_timeout;
  state_ = DtlsState::trying;
  events_.push_back(DtlsProgress{state_});
  engine_->start(now);
  for (const auto& datagram : std::exchange(early_, {})) engine_->handle(datagram, now);
  collect();
}

void DtlsEndpoint::handle(Bytes datagram, Instant now) {
  if (closed_ || datagram.empty()) return;
  if (engine_ == nullptr) {
    if (early_.size() < kMaxEarly) early_.emplace_back(datagram.begin(), datagram.end());
    else ++dropped_early_;
    return;
  }
  engine_->handle(datagram, now);
  collect();
}

void DtlsEndpoint::handle_timeout(Instant now) {
  if (closed_ || engine_ == nullptr) return;
  if (state_ == DtlsState::trying && now >= give_up_at_) {
    return fail(CloseReason::dtls_timeout, "the handshake took too long");
  }
  engine_->handle_timeout(now);
  collect();
}

bool DtlsEndpoint::send(Bytes data, Instant) {
  return !closed_ && engine_ != nullptr && engine_->send(data);
}

void DtlsEndpoint::close(Instant) {
  if (closed_) return;
  closed_ = true;
  if (engine_ != nullptr) engine_->close();
}

void DtlsEndpoint::collect() {
  // Data may arrive in the same datagram as the end of the handshake, and before a close.
  if (state_ == DtlsState::trying && engine_->was_connected()) {
    state_ = DtlsState::connected;
    profile_ = engine_->keys().profile;
    events_.push_back(DtlsKeys{engine_->keys()});
    events_.push_back(DtlsProgress{state_});
  }
  Bytes data;
  while (engine_->poll_data(data)) events_.push_back(DtlsData{{data.begin(), data.end()}});
  DtlsEngine::Status status = engine_->status();
  if (status != DtlsEngine::Status::handshaking && status != DtlsEngine::Status::connected) {
    fail(reason_of(*engine_), engine_->error());
  }
}

void DtlsEndpoint::fail(CloseReason reason, std::string detail) {
  closed_ = true;
  if (state_ != DtlsState::connected) {
    state_ = DtlsState::failed;
    events_.push_back(DtlsProgress{state_});
  }
  events_.push_back(DtlsClosed{reason, std::move(detail)});
}

Instant DtlsEndpoint::next_deadline() const {
  if (closed_ || engine_ == nullptr) return kNever;
  Instant retransmit = engine_->next_deadline();
  return state_ == DtlsState::trying ? std::min(retransmit, give_up_at_) : retransmit;
}

bool DtlsEndpoint::poll_transmit(Bytes& datagram) {
  return engine_ != nullptr && engine_->poll_transmit(datagram);
}

bool DtlsEndpoint::poll_event(DtlsEvent& event) {
  if (events_.empty()) return false;
  event = std::move(events_.front());
  events_.pop_front();
  return true;
}

uint32_t DtlsEndpoint::retransmissions() const {
  return engine_ == nullptr ? 0 : engine_->retransmissions();
}

}  // namespace limen::rtc
