#include "tests/support/ice_rig.hpp"

#include <algorithm>
#include <utility>

#include "wire/stun/stun_message.hpp"
#include "wire/stun/stun_writer.hpp"

namespace limen::test {

bool IceEndpoint::send_data(std::string_view text) {
  const rtc::SelectedPair* pair = agent_->selected();
  if (pair == nullptr) return false;
  std::string datagram = "\x80" + std::string(text);
  tx_.push(pair->flow, as_bytes(datagram));
  flush();
  return true;
}

void IceEndpoint::inject(const SocketAddress& from, Bytes datagram, size_t base) {
  receive({static_cast<SocketId>(base), from}, datagram);
}

void IceEndpoint::transmit(const Flow& to, Bytes datagram) {
  if (is_tcp(to.socket)) tcp_->send(to, datagram);
  else rig_->network_.send(sockets_[to.socket], to.remote, datagram);
}

void IceEndpoint::drop_connection() {
  Flow flow = agent_->selected()->flow;
  tcp_->close(flow);
  agent_->flow_closed(flow, rig_->clock_.now());
  flush();
}

void IceEndpoint::add_tcp() {
  SimTcp::Callbacks callbacks;
  callbacks.on_message = [this](const Flow& from, Bytes message) { receive(from, message); };
  callbacks.on_closed = [this](const Flow& flow) {
    if (!agent_->owns(flow)) return;
    agent_->flow_closed(flow, rig_->clock_.now());
    flush();
  };
  tcp_ = std::make_unique<SimTcp>(rig_->network_, rig_->clock_, host_, std::move(callbacks));
  size_t count = bases_.size();
  for (size_t i = 0; i < count; ++i) {
    auto index = static_cast<SocketId>(i);
    tcp_->listen(index, bases_[i].address);
    rtc::LocalBase active = bases_[i];
    active.socket = kTcpActive + index;
    active.protocol = rtc::CandidateProtocol::tcp_active;
    active.address.port = 0;
    rtc::LocalBase passive = bases_[i];
    passive.socket = kTcpPassive + index;
    passive.protocol = rtc::CandidateProtocol::tcp_passive;
    bases_.push_back(active);
    bases_.push_back(passive);
  }
}

void IceEndpoint::receive(const Flow& flow, Bytes datagram) {
  if (!datagram.empty() && datagram[0] > 3) {
    if (agent_->owns(flow)) received_.emplace_back(as_text(datagram.subspan(1)));
    else ++strays_;
    return;
  }
  agent_->handle(datagram, flow, rig_->clock_.now());
  flush();
}

void IceEndpoint::flush() {
  drain_agent();
  // A relay that comes up lets checks leave through it.
  bool again = turn_ != nullptr;
  while (again) {
    again = false;
    tx_.take_out([](const Flow& flow) { return is_relay(flow.socket); },
                 [&](const Flow& flow, Bytes datagram) {
                   again = true;
                   ++datagrams_sent_;
                   turn_->send(flow.remote, datagram, rig_->clock_.now());
                 });
    again |= drain_turn();
  }
  for (const TxQueue::Slot& slot : tx_.slots()) {
    ++datagrams_sent_;
    transmit(slot.flow, tx_.bytes(slot));
  }
  tx_.clear();
}

void IceEndpoint::drain_agent() {
  rtc::IceEvent event;
  while (agent_->poll_event(event)) {
    if (auto* state = std::get_if<rtc::IceStateChanged>(&event)) states_.push_back(state->state);
    if (auto* pair = std::get_if<rtc::PairSelected>(&event)) selections_.push_back(pair->pair);
    if (std::holds_alternative<rtc::GatheringDone>(event)) gathered_ = true;
  }
}

bool IceEndpoint::relayed() const {
  const rtc::SelectedPair* pair = agent_->selected();
  return pair != nullptr && pair->local.type == rtc::CandidateType::relay;
}

void IceEndpoint::start_turn(const IceEndpointConfig& config) {
  rtc::TurnConfig turn;
  turn.user = config.turn_user;
  turn.password = config.turn_password;
  turn.want_v6 = config.turn_v6;
  turn_server_ = *config.turn_server;
  turn_ = std::make_unique<rtc::TurnClient>(std::move(turn), turn_tx_, rig_->random_);
  SocketAddress local{bases_[0].address.ip, 0};
  turn_socket_ = rig_->network_.bind(host_, local, [this](const SimDatagram& datagram) { on_turn(datagram); });
  turn_->start({kRelaySockets, turn_server_}, rig_->clock_.now());
}

void IceEndpoint::close_turn() {
  turn_->close(rig_->clock_.now());
  flush();
}

void IceEndpoint::on_turn(const SimDatagram& datagram) {
  if (datagram.from != turn_server_) return;
  auto data = turn_->handle(datagram.bytes, rig_->clock_.now());
  if (data) {
    Flow flow{kRelaySockets, data->peer};
    if (!data->payload.empty() && data->payload[0] > 3) {
      if (agent_->owns(flow)) received_.emplace_back(as_text(data->payload.subspan(1)));
      else ++strays_;
    } else {
      agent_->handle(data->payload, flow, rig_->clock_.now());
    }
  }
  flush();
}

bool IceEndpoint::drain_turn() {
  bool any = false;
  Instant now = rig_->clock_.now();
  rtc::TurnEvent event;
  while (turn_->poll_event(event)) {
    any = true;
    turn_events_.push_back(event);
    if (auto* allocated = std::get_if<rtc::TurnAllocated>(&event)) {
      for (const SocketAddress& address : allocated->relayed) {
        rtc::LocalBase base{kRelaySockets, address, {}, rtc::LocalBase::Relay{turn_server_, allocated->mapped}};
        agent_->add_relay(base, now);
      }
      agent_->relays_done(now);
    } else if (auto* redirected = std::get_if<rtc::TurnRedirected>(&event)) {
      turn_server_ = redirected->server;
      turn_->start({kRelaySockets, turn_server_}, now);
    } else if (std::holds_alternative<rtc::TurnFailed>(event)) {
      agent_->remove_relay(kRelaySockets, now);
      agent_->relays_done(now);
    }
  }
  drain_agent();
  for (const TxQueue::Slot& slot : turn_tx_.slots()) {
    rig_->network_.send(turn_socket_, slot.flow.remote, turn_tx_.bytes(slot));
  }
  turn_tx_.clear();
  return any;
}

IceRig::IceRig(uint64_t seed) : random_(seed), network_(clock_, seed ^ 0x5eed) {}

rtc::IceCredentials IceRig::make_credentials() {
  return {random_.text(4, kIceAlphabet), random_.text(22, kIceAlphabet)};
}

IceEndpoint& IceRig::add(const std::string& name, std::vector<IpAddress> addresses, const IceEndpointConfig& config,
                         NatId behind) {
  endpoints_.push_back(std::make_unique<IceEndpoint>());
  IceEndpoint& endpoint = *endpoints_.back();
  endpoint.rig_ = this;
  endpoint.host_ = network_.add_host(name, addresses, behind);
  rtc::IceConfig ice;
  for (size_t i = 0; i < addresses.size(); ++i) {
    SimSocketId socket = network_.bind(endpoint.host_, {addresses[i], 0}, [&endpoint, i](const SimDatagram& datagram) {
      endpoint.inject(datagram.from, datagram.bytes, i);
    });
    endpoint.sockets_.push_back(socket);
    rtc::LocalBase base;
    base.socket = static_cast<SocketId>(i);
    base.address = network_.local_address(socket);
    if (i == 0) base.advertised = config.advertised;
    endpoint.bases_.push_back(base);
  }
  if (config.tcp) endpoint.add_tcp();
  ice.controlling = config.controlling;
  ice.lite = config.lite;
  ice.aggressive_nomination = config.aggressive;
  ice.consent_freshness = config.consent;
  ice.keepalive_by_request = config.keepalive_by_request;
  ice.ipv6 = config.ipv6;
  ice.tie_breaker = config.tie_breaker;
  ice.stun_servers = config.stun_servers;
  ice.bases = endpoint.bases_;
  ice.relays_coming = config.turn_server.has_value();
  ice.relay_only = config.relay_only;
  ice.local = make_credentials();
  endpoint.agent_ = std::make_unique<rtc::IceAgent>(ice, endpoint.tx_, random_, clock_.now());
  if (config.turn_server) endpoint.start_turn(config);
  endpoint.flush();
  return endpoint;
}

void IceRig::add_stun_server(const SocketAddress& address) {
  HostId host = network_.add_host("stun", {address.ip});
  auto socket = std::make_shared<SimSocketId>();
  *socket = network_.bind(host, address, [this, socket](const SimDatagram& datagram) {
    auto request = stun::Message::parse(datagram.bytes);
    if (!request || !request->is(stun::Method::binding, stun::MessageClass::request)) return;
    std::array<uint8_t, 128> room;
    stun::MessageWriter writer(room, stun::MessageClass::success, stun::Method::binding, request->transaction_id());
    writer.add_address(stun::AttributeType::xor_mapped_address, datagram.from);
    network_.send(*socket, datagram.from, writer.finish());
  });
}

void IceRig::give_credentials(IceEndpoint& from, IceEndpoint& to) {
  to.agent().set_remote_credentials(from.agent().local_credentials(), false, clock_.now());
  to.flush();
}

void IceRig::give_candidates(IceEndpoint& from, IceEndpoint& to) {
  for (const rtc::Candidate& candidate : from.agent().local_candidates()) {
    auto parsed = rtc::parse_candidate(rtc::write_candidate(candidate));
    if (parsed) to.agent().add_remote_candidate(*parsed, clock_.now());
  }
  to.agent().remote_candidates_done(clock_.now());
  to.flush();
}

void IceRig::exchange(IceEndpoint& a, IceEndpoint& b) {
  give_credentials(a, b);
  give_credentials(b, a);
  give_candidates(a, b);
  give_candidates(b, a);
  a.agent().start(clock_.now());
  b.agent().start(clock_.now());
  a.flush();
  b.flush();
}

void IceRig::restart(IceEndpoint& a, IceEndpoint& b) {
  rtc::IceCredentials for_a = make_credentials();
  rtc::IceCredentials for_b = make_credentials();
  a.agent().restart(for_a, for_b, clock_.now());
  b.agent().restart(for_b, for_a, clock_.now());
  give_candidates(a, b);
  give_candidates(b, a);
}

// To the next datagram or deadline, but not beyond `until`.
void IceRig::step(Instant until) {
  Instant next = std::min(until, network_.next_event());
  for (auto& endpoint : endpoints_) {
    next = std::min(next, endpoint->agent_->next_deadline());
    if (endpoint->turn_) next = std::min(next, endpoint->turn_->next_deadline());
    if (endpoint->tcp_) next = std::min(next, endpoint->tcp_->next_event());
  }
  clock_.advance_to(next);
  network_.deliver_due();
  for (auto& endpoint : endpoints_) {
    if (endpoint->turn_ && endpoint->turn_->next_deadline() <= clock_.now()) {
      endpoint->turn_->handle_timeout(clock_.now());
      endpoint->flush();
    }
    if (endpoint->tcp_) endpoint->tcp_->run_due();
    if (endpoint->agent_->next_deadline() > clock_.now()) continue;
    endpoint->agent_->handle_timeout(clock_.now());
    endpoint->flush();
  }
}

bool IceRig::run_until(const std::function<bool()>& done, Duration bound) {
  Instant end = clock_.now() + bound;
  while (!done() && clock_.now() < end) step(end);
  return done();
}

void IceRig::drain() {
  for (auto& endpoint : endpoints_) endpoint->flush();
}

void IceRig::run_for(Duration duration) {
  run_until([] { return false; }, duration);
}

}  // namespace limen::test
