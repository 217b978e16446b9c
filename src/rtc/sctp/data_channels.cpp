#include "rtc/sctp/data_channels.hpp"

#include <algorithm>
#include <utility>

namespace limen::rtc {

using sctp::Ppid;

namespace {

uint32_t number(Ppid ppid) {
  return static_cast<uint32_t>(ppid);
}

SctpSendOptions options_of(const sctp::DcepOpen& open) {
  SctpSendOptions out;
  out.unordered = open.unordered;
  if (open.reliability == sctp::Reliability::limited_retransmissions) out.max_retransmissions = open.limit;
  if (open.reliability == sctp::Reliability::limited_lifetime) out.lifetime = std::chrono::milliseconds(open.limit);
  return out;
}

}  // namespace

DataChannels::DataChannels(const SctpConfig& config, DtlsRole role, Random& random, EventQueue& events)
    : config_(config), role_(role), events_(events), association_(config, random) {}

void DataChannels::start(Instant now) {
  association_.connect(now);
}

void DataChannels::handle(Bytes packet, Instant now) {
  association_.handle(packet, now);
  drain(now);
}

void DataChannels::handle_timeout(Instant now) {
  association_.handle_timeout(now);
  drain(now);
}

void DataChannels::close(Instant now) {
  association_.abort(now);
  drain(now);
}

void DataChannels::drain(Instant now) {
  SctpEvent event;
  while (association_.poll_event(event)) {
    std::visit([this, now](auto& e) { on_event(e, now); }, event);
  }
}

void DataChannels::on_event(SctpUp&, Instant) {
  stats_.established = true;
  events_.push(DataWritable{});
}

void DataChannels::on_event(SctpMessage& message, Instant now) {
  if (message.ppid == number(Ppid::control)) return on_control(message, now);
  auto at = channels_.find(message.stream);
  if (at == channels_.end() || at->second.closing) {
    ++stats_.ignored;
    return;
  }
  Channel& channel = at->second;
  switch (static_cast<Ppid>(message.ppid)) {
    case Ppid::text:
    case Ppid::binary:
      return deliver(message.stream, channel, message.ppid == number(Ppid::binary), std::move(message.bytes));
    case Ppid::text_empty:
    case Ppid::binary_empty:
      return deliver(message.stream, channel, message.ppid == number(Ppid::binary_empty), {});
    case Ppid::text_partial:
    case Ppid::binary_partial:
      return keep_part(channel, message.bytes);
    case Ppid::control:
      break;
  }
  ++stats_.ignored;
}

// The old way to send long messages; all channels together may keep as much as one message.
void DataChannels::keep_part(Channel& channel, Bytes bytes) {
  if (partial_bytes_ + bytes.size() > config_.max_message) {
    forget_parts(channel);
    ++stats_.ignored;
    return;
  }
  partial_bytes_ += bytes.size();
  channel.partial.insert(channel.partial.end(), bytes.begin(), bytes.end());
}

void DataChannels::forget_parts(Channel& channel) {
  partial_bytes_ -= channel.partial.size();
  channel.partial = {};
}

void DataChannels::deliver(uint16_t stream, Channel& channel, bool binary, std::vector<uint8_t> bytes) {
  if (!channel.partial.empty()) {
    partial_bytes_ -= channel.partial.size();
    std::vector<uint8_t> whole = std::exchange(channel.partial, {});
    if (whole.size() + bytes.size() > config_.max_message) {
      ++stats_.ignored;
      return;
    }
    whole.insert(whole.end(), bytes.begin(), bytes.end());
    bytes = std::move(whole);
  }
  ++stats_.messages_in;
  stats_.bytes_in += bytes.size();
  events_.push(DataReceived{stream, binary, std::move(bytes)});
}

void DataChannels::on_control(const SctpMessage& message, Instant now) {
  auto type = sctp::dcep_type(message.bytes);
  if (type == sctp::DcepType::ack || type == sctp::DcepType::response) return;  // nobody waits for it
  auto open = sctp::read_dcep_open(message.bytes);
  if (!open) {
    ++stats_.ignored;
    return;
  }
  on_open(message.stream, *open, now);
}

void DataChannels::on_open(uint16_t stream, const sctp::DcepOpen& open, Instant now) {
  if (channels_.contains(stream) || stream >= association_.outbound_streams()) {
    ++stats_.ignored;
    return;
  }
  if (channels_.size() >= kMaxChannels) {
    ++stats_.ignored;
    association_.reset_stream(stream, now);
    return;
  }
  Channel& channel = channels_[stream];
  channel.label = open.label.substr(0, kMaxLabel);
  channel.protocol = open.protocol.substr(0, kMaxProtocol);
  channel.options = options_of(open);
  association_.send(stream, number(Ppid::control), {static_cast<uint8_t>(sctp::DcepType::ack)}, {}, now);
  events_.push(DataChannelOpened{stream, channel.label, channel.protocol});
}

DataChannels::Map::iterator DataChannels::find(std::string_view label) {
  return std::ranges::find_if(
      channels_, [label](const auto& entry) { return !entry.second.closing && entry.second.label == label; });
}

// RFC 8832 section 6: even for the DTLS client, odd for the server.
std::optional<uint16_t> DataChannels::free_stream() const {
  for (uint32_t id = role_ == DtlsRole::client ? 0 : 1; id < association_.outbound_streams(); id += 2) {
    if (!channels_.contains(static_cast<uint16_t>(id))) return static_cast<uint16_t>(id);
  }
  return std::nullopt;
}

DataChannels::Map::iterator DataChannels::open(std::string_view label, std::string_view protocol, Instant now) {
  auto stream = free_stream();
  if (!stream || channels_.size() >= kMaxChannels) return channels_.end();
  sctp::DcepOpen open;
  open.label = label;
  open.protocol = protocol;
  SctpSendResult result = association_.send(*stream, number(Ppid::control), sctp::write_dcep_open(open), {}, now);
  if (result != SctpSendResult::sent) return channels_.end();
  auto at = channels_.try_emplace(*stream).first;
  at->second.label = label;
  at->second.protocol = protocol;
  events_.push(DataChannelOpened{*stream, at->second.label, at->second.protocol});
  return at;
}

bool DataChannels::send(std::string_view label, std::string_view protocol, bool binary, Bytes data, Instant now) {
  std::string_view name = label.empty() ? kDefaultLabel : label.substr(0, kMaxLabel);
  bool fits = peer_max_message_ == 0 || data.size() <= peer_max_message_;
  auto at = channels_.end();
  if (fits && association_.established()) {
    at = find(name);
    if (at == channels_.end()) at = open(name, protocol.substr(0, kMaxProtocol), now);
  }
  if (at == channels_.end()) {
    ++stats_.refused;
    return false;
  }
  Ppid ppid = binary ? Ppid::binary : Ppid::text;
  std::vector<uint8_t> bytes(data.begin(), data.end());
  if (bytes.empty()) {
    // SCTP has no empty messages: one byte that says so.
    ppid = binary ? Ppid::binary_empty : Ppid::text_empty;
    bytes.push_back(0);
  }
  if (association_.send(at->first, number(ppid), std::move(bytes), at->second.options, now) != SctpSendResult::sent) {
    ++stats_.refused;
    return false;
  }
  ++stats_.messages_out;
  stats_.bytes_out += data.size();
  return true;
}

void DataChannels::close_channel(uint16_t stream, Instant now) {
  auto at = channels_.find(stream);
  if (at == channels_.end() || at->second.closing) return;
  begin_closing(stream, at->second, now);
  drain(now);
}

void DataChannels::begin_closing(uint16_t stream, Channel& channel, Instant now) {
  channel.closing = true;
  forget_parts(channel);
  events_.push(DataChannelClosed{stream});
  association_.reset_stream(stream, now);
}

void DataChannels::on_event(SctpPeerResetStreams& reset, Instant now) {
  if (reset.streams.empty()) {
    for (const auto& [stream, channel] : channels_) reset.streams.push_back(stream);
  }
  for (uint16_t stream : reset.streams) {
    auto at = channels_.find(stream);
    if (at != channels_.end()) on_peer_reset(at, now);
  }
}

void DataChannels::on_peer_reset(Map::iterator at, Instant now) {
  at->second.peer_done = true;
  if (!at->second.closing) begin_closing(at->first, at->second, now);
  forget_if_done(at);
}

void DataChannels::on_event(SctpStreamReset& reset, Instant) {
  auto at = channels_.find(reset.stream);
  if (at == channels_.end() || !at->second.closing) return;
  at->second.own_done = true;
  forget_if_done(at);
}

// The stream is free again when both directions are.
void DataChannels::forget_if_done(Map::iterator at) {
  if (at->second.own_done && at->second.peer_done) channels_.erase(at);
}

void DataChannels::on_event(SctpWritable&, Instant) {
  events_.push(DataWritable{});
}

void DataChannels::lose_all() {
  for (const auto& [stream, channel] : channels_) {
    if (!channel.closing) events_.push(DataChannelClosed{stream});
  }
  channels_.clear();
  partial_bytes_ = 0;
}

void DataChannels::on_event(SctpRestarted&, Instant) {
  lose_all();
}

void DataChannels::on_event(SctpClosed&, Instant) {
  stats_.established = false;
  lose_all();
}

DataStats DataChannels::stats() const {
  DataStats out = stats_;
  out.channels = channels_.size();
  out.partial_bytes = partial_bytes_;
  out.sctp = association_.stats();
  return out;
}

}  // namespace limen::rtc
