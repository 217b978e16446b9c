#include "rtc/peer/secure_transport.hpp"

#include <algorithm>
#include <cstring>

#include "wire/rtp/datagram_kind.hpp"

namespace limen::rtc {
namespace {

constexpr size_t kMaxMedia = 1500;
// RFC 6347 suggests a second and allows less where the path is known to be quicker; ICE has just shown
// that it is, and a call must not wait a second for one lost datagram.
constexpr Duration kFirstRetransmission = std::chrono::milliseconds(300);
constexpr Duration kGiveUpEarly = std::chrono::seconds(5);  // nothing more to come from the peer
constexpr Duration kGiveUpLate = std::chrono::seconds(15);

DtlsConfig dtls_config(const PeerConfig& config) {
  DtlsConfig dtls;
  dtls.certificate = config.certificate;
  dtls.options.ciphers = config.dtls_ciphers;
  dtls.options.srtp_profiles = config.srtp_profiles;
  dtls.options.accept_self_signed = config.accept_self_signed;
  dtls.options.mtu = config.dtls_mtu;
  dtls.options.initial_timeout = kFirstRetransmission;
  return dtls;
}

}  // namespace

std::string_view close_reason_text(CloseReason reason) {
  switch (reason) {
    case CloseReason::dtls_alert:
      return "DTLS alert";
    case CloseReason::dtls_timeout:
      return "DTLS timeout";
    case CloseReason::dtls_error:
      return "DTLS error";
    case CloseReason::ice_failed:
      return "ICE failed";
  }
  return "";
}

SecureTransport::SecureTransport(const PeerConfig& config, TxQueue& tx, Random& random, EventQueue& events,
                                 DropCounts& drops, Instant now, SharedSending* shared)
    : config_(config),
      tx_(tx),
      events_(events),
      drops_(drops),
      shared_(shared),
      own_totals_(shared == nullptr ? std::make_unique<PeerTotals>() : nullptr),
      totals_(shared == nullptr ? *own_totals_ : shared->totals),
      ice_(config.ice, tx, random, now) {
  drops.count_in(totals_.drops);
  ice_.count_drops_in(totals_.ice_drops);
  if (config.encrypt) dtls_ = std::make_unique<DtlsEndpoint>(dtls_config(config));
  drain(now);
}

SecureTransport::~SecureTransport() {
  // What waits for encryption needs the keys that go now.
  if (shared_ != nullptr && srtp_out_) shared_->flush(tx_);
}

SecureTransport::Inbound SecureTransport::handle(const Flow& from, Packet& packet, Instant now) {
  if (closed_) return Inbound::nothing;
  ++packets_in_;
  bytes_in_ += packet.size();
  ++totals_.packets_in;
  totals_.bytes_in += packet.size();
  DatagramKind kind = datagram_kind(packet.bytes());
  if (kind == DatagramKind::rtp || kind == DatagramKind::rtcp) {
    return handle_media(from, packet, kind == DatagramKind::rtp, now);
  }
  if (kind == DatagramKind::stun) {
    ice_.handle(packet.bytes(), from, now);
  } else if (kind == DatagramKind::dtls && dtls_) {
    if (!ice_.owns(from)) {
      drops_.add(Drop::unexpected_source);
      return Inbound::nothing;
    }
    dtls_->handle(packet.bytes(), now);
  } else {
    drops_.add(Drop::unknown_datagram);
    return Inbound::nothing;
  }
  drain(now);
  return Inbound::nothing;
}

SecureTransport::Inbound SecureTransport::handle_media(const Flow& from, Packet& packet, bool rtp, Instant) {
  if (packet.size() > kMaxMedia) {
    drops_.add(Drop::too_large);
    return Inbound::nothing;
  }
  if (!dtls_ || !srtp_in_) {
    // Nothing but its address vouches for it.
    if (!ice_.owns(from)) {
      drops_.add(Drop::unexpected_source);
      return Inbound::nothing;
    }
  }
  if (!up()) {
    if (early_.size() < kMaxEarly) {
      early_.push_back({from, std::move(packet)});
    } else {
      drops_.add(Drop::media_before_keys);
    }
    return Inbound::nothing;
  }
  if (srtp_in_) {
    SrtpStatus status = rtp ? srtp_in_->unprotect_rtp(packet) : srtp_in_->unprotect_rtcp(packet);
    if (status != SrtpStatus::ok) {
      drops_.add_in(status);
      return Inbound::nothing;
    }
  }
  return rtp ? Inbound::rtp : Inbound::rtcp;
}

Packet SecureTransport::take_early(Flow& from) {
  if (!up() || early_.empty()) return {};
  from = early_.front().from;
  Packet packet = std::move(early_.front().packet);
  early_.erase(early_.begin());
  if (early_.empty()) early_ = {};
  return packet;
}

void SecureTransport::flow_closed(const Flow& flow, Instant now) {
  if (closed_) return;
  ice_.flow_closed(flow, now);
  drain(now);
}

void SecureTransport::handle_timeout(Instant now) {
  if (closed_) return;
  if (ice_.next_deadline() <= now) ice_.handle_timeout(now);
  if (dtls_ && dtls_->next_deadline() <= now) dtls_->handle_timeout(now);
  drain(now);
  if (!closed_ && ice_give_up_at() <= now) fail(CloseReason::ice_failed);
}

Instant SecureTransport::next_deadline() const {
  if (closed_) return kNever;
  Instant deadline = std::min(ice_.next_deadline(), ice_give_up_at());
  return dtls_ ? std::min(deadline, dtls_->next_deadline()) : deadline;
}

Instant SecureTransport::ice_give_up_at() const {
  std::optional<Instant> failed = ice_.failed_at();
  if (!failed) return kNever;
  return *failed + (remote_known_ && ice_.remote_done() ? kGiveUpEarly : kGiveUpLate);
}

void SecureTransport::set_remote(const RemoteTransport& remote, Instant now) {
  if (closed_) return;
  role_ = remote.local_dtls_role;
  const IceCredentials& known = ice_.remote_credentials();
  if (!known.ufrag.empty() && known != remote.ice) {
    ice_.restart(ice_.local_credentials(), remote.ice, now);
  } else {
    ice_.set_remote_credentials(remote.ice, remote.ice_lite, now);
  }
  remote_known_ = true;
  if (dtls_) dtls_->set_remote_fingerprint({remote.fingerprint_hash, remote.fingerprint}, now);
  if (was_selected_) start_dtls(now);
  drain(now);
}

void SecureTransport::add_remote_candidate(const Candidate& candidate, Instant now) {
  if (closed_) return;
  ice_.add_remote_candidate(candidate, now);
  drain(now);
}

void SecureTransport::remote_candidates_done(Instant now) {
  if (closed_) return;
  ice_.remote_candidates_done(now);
  drain(now);
}

void SecureTransport::start_checks(Instant now) {
  if (closed_) return;
  ice_.start(now);
  drain(now);
}

void SecureTransport::restart_ice(const IceCredentials& local, const IceCredentials& remote, Instant now) {
  if (closed_) return;
  ice_.restart(local, remote, now);
  drain(now);
}

void SecureTransport::add_relay(const LocalBase& base, Instant now) {
  if (closed_) return;
  ice_.add_relay(base, now);
  drain(now);
}

void SecureTransport::relays_done(Instant now) {
  if (closed_) return;
  ice_.relays_done(now);
  drain(now);
}

void SecureTransport::remove_relay(SocketId socket, Instant now) {
  if (closed_) return;
  ice_.remove_relay(socket, now);
  drain(now);
}

void SecureTransport::close(Instant now) {
  if (closed_) return;
  if (dtls_) {
    dtls_->close(now);
    drain_dtls(now);
  }
  closed_ = true;
  early_ = {};
}

void SecureTransport::drain(Instant now) {
  IceEvent event;
  while (ice_.poll_event(event)) {
    if (auto* state = std::get_if<IceStateChanged>(&event)) {
      on_ice_state(state->state);
    } else if (auto* pair = std::get_if<PairSelected>(&event)) {
      on_pair(pair->pair, now);
    } else if (auto* found = std::get_if<LocalCandidateFound>(&event)) {
      events_.push(std::move(*found));
    } else {
      events_.push(GatheringDone{});
    }
  }
  update_path();
  drain_dtls(now);
}

void SecureTransport::update_path() {
  const SelectedPair* pair = ice_.selected();
  has_path_ = pair != nullptr;
  if (has_path_) path_ = pair->flow;
}

void SecureTransport::on_ice_state(IceState state) {
  events_.push(IceStateChanged{state});
  if (state == IceState::failed && was_selected_) events_.push(IceFailedAfterConnect{});
}

void SecureTransport::on_pair(const SelectedPair& pair, Instant now) {
  was_selected_ = true;
  update_path();
  events_.push(PairSelected{pair});
  if (!dtls_) {
    come_up(now);
  } else if (remote_known_) {
    start_dtls(now);
  }
}

void SecureTransport::start_dtls(Instant now) {
  if (!dtls_ || dtls_started_) return;
  dtls_started_ = now;
  dtls_->start(role_, now);
}

void SecureTransport::drain_dtls(Instant now) {
  if (!dtls_) return;
  Bytes datagram;
  while (dtls_->poll_transmit(datagram)) {
    if (!has_path_) continue;
    tx_.push(path_, datagram);
    count_out(datagram.size());
  }
  DtlsEvent event;
  while (dtls_->poll_event(event)) {
    if (auto* keys = std::get_if<DtlsKeys>(&event)) {
      on_keys(keys->material);
    } else if (auto* progress = std::get_if<DtlsProgress>(&event)) {
      std::string profile(progress->state == DtlsState::connected ? crypto::srtp_profile_name(dtls_->srtp_profile())
                                                                  : "");
      events_.push(DtlsStateChanged{progress->state, std::move(profile), dtls_->retransmissions()});
      if (progress->state == DtlsState::connected) come_up(now);
    } else if (auto* closed = std::get_if<DtlsClosed>(&event)) {
      fail(closed->reason);
    } else if (auto* data = std::get_if<DtlsData>(&event)) {
      data_in_.push_back(std::move(data->bytes));
    }
  }
}

bool SecureTransport::take_data(std::vector<uint8_t>& record) {
  if (data_in_.empty()) return false;
  record = std::move(data_in_.front());
  data_in_.pop_front();
  return true;
}

bool SecureTransport::send_data(Bytes record, Instant now) {
  if (closed_ || !has_path_ || !up() || !dtls_ || !dtls_->send(record, now)) return false;
  drain_dtls(now);
  return true;
}

void SecureTransport::on_keys(const crypto::SrtpKeyingMaterial& keys) {
  if (keys.profile == crypto::SrtpProfile::none) return;
  srtp_out_ = std::make_unique<SrtpSender>(keys.profile, keys.local);
  srtp_in_ = std::make_unique<SrtpReceiver>(keys.profile, keys.remote);
}

void SecureTransport::come_up(Instant now) {
  if (up_since_) return;
  up_since_ = now;
  events_.push(Connected{});
}

void SecureTransport::fail(CloseReason reason) {
  if (closed_) return;
  closed_ = true;
  early_ = {};
  events_.push(Closed{reason});
}

MutableBytes SecureTransport::reserve(size_t plain) {
  return tx_.reserve(plain + std::max(crypto::kMaxRtpOverhead, crypto::kMaxRtcpOverhead));
}

bool SecureTransport::send_rtp(MutableBytes reserved, size_t plain) {
  if (!may_send()) return false;
  if (observer_ != nullptr) observer_->on_plain(PlainKind::rtp, false, Bytes(reserved).first(plain));
  if (dtls_) {
    if (!srtp_out_) return false;
    SrtpStatus status = shared_ != nullptr ? shared_->batch.submit(*srtp_out_, tx_, reserved, plain)
                                           : srtp_out_->protect_rtp(reserved, plain);
    if (status != SrtpStatus::ok) return false;
  }
  tx_.commit(path_, plain);
  count_out(plain);
  return true;
}

bool SecureTransport::send_rtp_again(MutableBytes reserved, size_t plain) {
  if (!may_send()) return false;
  if (observer_ != nullptr) observer_->on_plain(PlainKind::rtp, false, Bytes(reserved).first(plain));
  if (dtls_ && (!srtp_out_ || srtp_out_->protect_rtp_again(reserved, plain) != SrtpStatus::ok)) return false;
  tx_.commit(path_, plain);
  count_out(plain);
  return true;
}

bool SecureTransport::send_rtcp(MutableBytes reserved, size_t plain) {
  if (!may_send()) return false;
  if (observer_ != nullptr) observer_->on_plain(PlainKind::rtcp, false, Bytes(reserved).first(plain));
  if (dtls_ && (!srtp_out_ || srtp_out_->protect_rtcp(reserved, plain) != SrtpStatus::ok)) return false;
  tx_.commit(path_, plain);
  count_out(plain);
  return true;
}

void SecureTransport::count_out(size_t bytes) {
  ++packets_out_;
  bytes_out_ += bytes;
  ++totals_.packets_out;
  totals_.bytes_out += bytes;
}

void SecureTransport::find_hot_lines(HotLines& lines) const {
  // From observer_ to bytes_out_ the members lie together; those before are pointers next to them.
  lines.add(srtp_out_);
  lines.add(path_);
  lines.add(closed_);
  lines.add(packets_out_);
  if (srtp_out_) srtp_out_->find_hot_lines([&lines](const void* at, size_t size) { lines.add(at, size); });
}

void SecureTransport::fill(PeerStats& stats) const {
  stats.ice_state = ice_.state();
  stats.controlling = ice_.controlling();
  stats.lite = config_.ice.lite;
  stats.local_candidates = ice_.local_candidates();
  stats.remote_candidates = ice_.remote_candidates();
  if (const SelectedPair* pair = ice_.selected()) stats.selected = *pair;
  stats.gathered = ice_.gathered_at();
  stats.ice_connected = ice_.connected_at();
  stats.dtls_started = dtls_started_;
  stats.dtls_role = role_;
  if (dtls_) {
    if (up_since_) stats.dtls_connected = up_since_;
    stats.dtls_state = dtls_->state();
    stats.dtls_retransmissions = dtls_->retransmissions();
    if (srtp_out_) stats.srtp_profile = crypto::srtp_profile_name(srtp_out_->profile());
  }
  stats.packets_in = packets_in_;
  stats.bytes_in = bytes_in_;
  stats.packets_out = packets_out_;
  stats.bytes_out = bytes_out_;
  stats.too_large = drops_.of(Drop::too_large);
  drops_.append_to(stats.drops);
  for (size_t i = 0; i < ice_.drops().size(); ++i) {
    if (ice_.drops()[i] == 0) continue;
    stats.drops.emplace_back("ICE " + std::string(ice_drop_name(static_cast<IceDrop>(i))), ice_.drops()[i]);
  }
}

}  // namespace limen::rtc
