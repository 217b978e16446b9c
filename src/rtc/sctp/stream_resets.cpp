#include "rtc/sctp/stream_resets.hpp"

#include <algorithm>
#include <utility>

#include "rtc/sctp/serial.hpp"

namespace limen::rtc {

using sctp::ReconfigParameter;
using sctp::ReconfigResult;
using sctp::ReconfigType;

namespace {

// So many streams fit into one packet.
constexpr size_t kMaxStreams = 400;

std::vector<uint16_t> stream_list(const ReconfigParameter& parameter) {
  std::vector<uint16_t> out;
  out.reserve(parameter.stream_count());
  for (size_t i = 0; i < parameter.stream_count(); ++i) out.push_back(parameter.stream(i));
  return out;
}

}  // namespace

bool StreamResets::busy(uint16_t stream) const {
  return wanted_.contains(stream) ||
         (pending_ && std::ranges::find(pending_->streams, stream) != pending_->streams.end());
}

void StreamResets::start_request(std::vector<uint16_t> streams, uint32_t last_tsn) {
  streams.resize(std::min(streams.size(), kMaxStreams));
  Pending pending{next_request_++, last_tsn, std::move(streams), {}, false};
  pending.encoded.resize(pending.streams.size() * 2);
  for (size_t i = 0; i < pending.streams.size(); ++i) {
    store_u16(&pending.encoded[2 * i], pending.streams[i]);
    wanted_.erase(pending.streams[i]);
  }
  pending_ = std::move(pending);
  due_ = true;
}

ReconfigParameter StreamResets::request() const {
  ReconfigParameter out;
  out.type = ReconfigType::outgoing_reset;
  out.request_sequence = pending_->sequence;
  out.response_sequence = expected_ - 1;
  out.last_tsn = pending_->last_tsn;
  out.streams = pending_->encoded;
  return out;
}

void StreamResets::on_request_sent(Instant retry_at) {
  due_ = false;
  retry_at_ = retry_at;
}

void StreamResets::retry() {
  due_ = true;
  // A number that was answered gets the same answer again: to hear another, ask with the next.
  if (std::exchange(pending_->deferred, false)) pending_->sequence = next_request_++;
}

std::optional<StreamResets::Done> StreamResets::handle_response(const ReconfigParameter& response, Instant retry_at) {
  if (!pending_ || response.request_sequence != pending_->sequence) return std::nullopt;
  if (response.result == ReconfigResult::in_progress) {
    pending_->deferred = true;
    on_request_sent(retry_at);
    return std::nullopt;
  }
  Done done{std::move(pending_->streams),
            response.result == ReconfigResult::performed || response.result == ReconfigResult::nothing_to_do};
  pending_.reset();
  return done;
}

StreamResets::Answer StreamResets::answer(uint32_t sequence, ReconfigResult result) {
  Answer out;
  out.response.type = ReconfigType::response;
  out.response.request_sequence = sequence;
  out.response.result = result;
  return out;
}

StreamResets::Answer StreamResets::handle_request(const ReconfigParameter& request, uint64_t received) {
  uint32_t sequence = request.request_sequence;
  if (sequence == expected_ - 1 && last_result_) return answer(sequence, *last_result_);
  if (sequence != expected_) return answer(sequence, ReconfigResult::bad_sequence);
  ++expected_;
  if (request.type == ReconfigType::outgoing_reset) {
    Waiting asked{sequence, unwrap32(request.last_tsn, received), stream_list(request)};
    // What waited already is asked again with a new number, or was done before the peer heard of it.
    bool again = performed_ && performed_->last_tsn == asked.last_tsn && performed_->streams == asked.streams;
    last_result_ = ReconfigResult::performed;
    if (again) return answer(sequence, *last_result_);
    if (asked.last_tsn <= received) return perform(std::move(asked));
    waiting_ = std::move(asked);
    last_result_ = ReconfigResult::in_progress;
  } else if (request.type == ReconfigType::incoming_reset) {
    last_result_ = ReconfigResult::denied;
    for (uint16_t stream : stream_list(request)) {
      if (stream >= outbound_) continue;
      want(stream);
      last_result_ = ReconfigResult::performed;
    }
  } else {
    last_result_ = ReconfigResult::denied;
  }
  return answer(sequence, *last_result_);
}

StreamResets::Answer StreamResets::perform(Waiting request) {
  waiting_.reset();
  Answer out = answer(request.sequence, ReconfigResult::performed);
  out.reset = true;
  out.streams = request.streams;
  performed_ = std::move(request);
  return out;
}

std::optional<StreamResets::Answer> StreamResets::settle(uint64_t received) {
  if (!waiting_ || waiting_->last_tsn > received) return std::nullopt;
  if (waiting_->sequence == expected_ - 1) last_result_ = ReconfigResult::performed;
  return perform(std::move(*waiting_));
}

}  // namespace limen::rtc
