#include "core/media/peer_host.hpp"

#include <utility>

#include "core/media/media_host.hpp"
#include "runtime/watchdog.hpp"

namespace limen::core {

namespace {
// A peer that never runs dry must not keep the others waiting.
constexpr int kEventsPerDrain = 4096;
}  // namespace

PeerHost::~PeerHost() {
  destroy_peer();
  drop_handler();
}

void PeerHost::install(const std::string& module,
                       std::move_only_function<std::unique_ptr<MediaHandler>(MediaContext&)> factory) {
  drop_handler();
  module_ = runtime::interned_name(module);
  runtime::WatchScope scope(module_);
  handler_ = factory(*this);
  if (handler_ && connected_) handler_->on_connected();
}

void PeerHost::create_peer(uint32_t generation, rtc::PeerConfig config) {
  destroy_peer();
  generation_ = generation;
  if (config.ice.bases.empty()) config.ice.bases = host_.env_.bases;
  peer_ = std::make_unique<rtc::Peer>(std::move(config), host_.env_.tx, host_.env_.random, now(), &host_.sending_);
  if (capture_) peer_->observe(this);
}

void PeerHost::capture(std::shared_ptr<CaptureFile> file) {
  capture_ = std::move(file);
  if (peer_) peer_->observe(capture_ ? this : nullptr);
}

void PeerHost::on_plain(rtc::PlainKind kind, bool incoming, Bytes bytes) {
  capture_->write(kind, incoming, bytes, host_.env_.executor.wall_time());
}

void PeerHost::destroy_peer() {
  if (!peer_) return;
  disconnected();
  peer_->close(now());
  peer_.reset();
  host_.release_relays(id_);
  channels_.clear();
}

bool PeerHost::drain() {
  rtc::PeerEvent event;
  for (int i = 0; i < kEventsPerDrain; ++i) {
    if (!peer_ || !peer_->poll_event(event)) return false;
    std::visit([this](auto& e) { on_event(e); }, event);
  }
  return true;
}

void PeerHost::on_event(rtc::RtpReceived& event) {
  if (!handler_) return;
  runtime::WatchScope scope(module_);
  handler_->on_rtp(event.packet);
}

void PeerHost::on_event(rtc::FeedbackReceived& event) {
  if (!handler_) return;
  runtime::WatchScope scope(module_);
  handler_->on_feedback(event.feedback);
}

void PeerHost::on_event(rtc::DataReceived& event) {
  if (capture_) on_plain(rtc::PlainKind::data, true, event.data);
  auto channel = channels_.find(event.stream);
  if (!handler_ || channel == channels_.end()) return;
  DataMessage message{channel->second.label, channel->second.protocol, event.binary, std::move(event.data)};
  runtime::WatchScope scope(module_);
  handler_->on_data(message);
}

void PeerHost::on_event(rtc::DataChannelOpened& event) {
  channels_[event.stream] = {event.label, event.protocol};
  forward(std::move(event));
}

void PeerHost::on_event(rtc::DataChannelClosed& event) {
  channels_.erase(event.stream);
  forward(std::move(event));
}

void PeerHost::on_event(rtc::DataWritable&) {
  if (!handler_) return;
  runtime::WatchScope scope(module_);
  handler_->on_data_writable();
}

void PeerHost::on_event(rtc::Connected& event) {
  connected_ = true;
  // The control side first: what the handler posts then finds the connection up.
  forward(std::move(event));
  if (!handler_) return;
  runtime::WatchScope scope(module_);
  handler_->on_connected();
}

void PeerHost::on_event(rtc::Closed& event) {
  disconnected();
  forward(std::move(event));
}

void PeerHost::forward(MediaEvent event) {
  host_.links_.event(id_, generation_, std::move(event));
}

void PeerHost::disconnected() {
  if (!std::exchange(connected_, false) || !handler_) return;
  runtime::WatchScope scope(module_);
  handler_->on_disconnected();
}

void PeerHost::drop_handler() {
  handler_.reset();
  // After the handler: its destructor may still have used timers.
  for (TimerId timer : std::exchange(timers_, {})) host_.env_.executor.cancel(timer);
}

void PeerHost::find_hot_lines(uint8_t mline, rtc::HotLines& lines) const {
  if (!peer_) return;
  peer_->find_hot_lines(mline, lines);
  lines.add(*peer_);
  lines.add(this, rtc::HotLines::kLine);
}

void PeerHost::close_for_name_clash() {
  disconnected();
  forward(rtc::Closed{rtc::CloseReason::ice_failed});
  destroy_peer();
}

bool PeerHost::send(const OutgoingRtp& rtp) {
  if (!peer_) return false;
  // A packet on its way out changes no deadline, name or event of its peer: nothing to settle.
  host_.before_send(*this, rtp.mline);
  if (!peer_->send(rtp, now())) return false;
  host_.note_origin(rtp.source->packet);
  return true;
}

void PeerHost::send(const RtcpFeedback& feedback) {
  if (!peer_) return;
  host_.touch(*this);
  peer_->send(feedback, now());
}

bool PeerHost::send_data(const DataMessage& message) {
  if (!peer_) return false;
  host_.touch(*this);
  if (capture_) on_plain(rtc::PlainKind::data, false, message.bytes);
  return peer_->send_data(message.label, message.protocol, message.binary, message.bytes, now());
}

Instant PeerHost::now() const {
  return host_.now();
}

TimerId PeerHost::call_at(Instant when, Task task) {
  // The timer takes itself off the list, and its id exists only after it was made.
  auto self = std::make_shared<TimerId>();
  *self = host_.env_.executor.call_at(when, [this, self, task = std::move(task)]() mutable {
    timers_.erase(*self);
    runtime::WatchScope scope(module_);
    task();
  });
  timers_.insert(*self);
  return *self;
}

void PeerHost::cancel(TimerId timer) {
  if (timers_.erase(timer) != 0) host_.env_.executor.cancel(timer);
}

void PeerHost::post_control(Task task) {
  host_.links_.post_control(id_, std::move(task));
}

MediaShard& PeerHost::shard() {
  return host_;
}

MediaId PeerHost::id() const {
  return {host_.index(), id_};
}

}  // namespace limen::core
