#include "transports/http/http_connection.hpp"

#include <boost/asio/error.hpp>

#include "base/log.hpp"

namespace limen::http {
namespace {

using boost::system::error_code;

constexpr size_t kMostDiscarded = 4 * 1024 * 1024;

}  // namespace

HttpConnection::HttpConnection(uint64_t id, std::shared_ptr<net::ByteStream> stream, net::PeerName peer,
                               Executor& executor, Handler handler, Closed closed)
    : id_(id),
      stream_(std::move(stream)),
      peer_(std::move(peer)),
      executor_(executor),
      handler_(std::move(handler)),
      closed_(std::move(closed)),
      parser_(net::HttpLimits{}) {}

void HttpConnection::start() {
  set_deadline(executor_.now() + kHandshakeTime);
  stream_->handshake([self = shared_from_this()](error_code failure) {
    if (self->phase_ == Phase::closed) return;
    if (failure) return self->close();
    self->phase_ = Phase::reading;
    self->await_request();
  });
}

void HttpConnection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  if (timer_) executor_.cancel(timer_);
  timer_ = {};
  stream_->close();
  if (auto exchange = exchange_.lock()) exchange->client_gone();
  if (closed_) std::exchange(closed_, nullptr)(id_);
}

void HttpConnection::read_more() {
  if (reading_ || input_ended_ || phase_ == Phase::closed) return;
  if (input_.size() >= kMostUnread && phase_ != Phase::reading) return;
  reading_ = true;
  boost::asio::mutable_buffer into(chunk_.data(), chunk_.size());
  stream_->read_some({&into, 1},
                     [self = shared_from_this()](error_code failure, size_t size) { self->on_read(failure, size); });
}

void HttpConnection::on_read(error_code failure, size_t size) {
  reading_ = false;
  if (phase_ == Phase::closed) return;
  if (failure) return on_input_end(failure);
  if (phase_ == Phase::lingering || phase_ == Phase::streaming) {
    discarded_ += size;
    if (discarded_ > kMostDiscarded) return close();
    return read_more();
  }
  input_.append(chunk_.data(), size);
  if (phase_ == Phase::reading) return parse();
  read_more();
}

void HttpConnection::on_input_end(error_code failure) {
  input_ended_ = true;
  auto exchange = exchange_.lock();
  // A client may end its sending side and still read the answer; a long poll that cannot be told
  // from a dead one is given up, so that no event is lost on it.
  bool may_still_read =
      failure == boost::asio::error::eof &&
      (phase_ == Phase::writing || (phase_ == Phase::waiting && exchange && !exchange->cares_if_gone()));
  if (!may_still_read) close();
}

void HttpConnection::await_request() {
  if (input_.empty()) {
    request_began_ = kNever;
    set_deadline(executor_.now() + kIdleTime);
    if (input_ended_) return close();
    return read_more();
  }
  parse();
}

void HttpConnection::parse() {
  if (request_began_ == kNever) request_began_ = executor_.now();
  size_t used = parser_.feed(input_);
  input_.erase(0, used);
  switch (parser_.state()) {
    case net::HttpRequestParser::State::need_more:
      set_deadline(request_began_ + (parser_.header_done() ? kRequestTime : kHeaderTime));
      if (input_ended_) return close();
      return read_more();
    case net::HttpRequestParser::State::wants_continue:
      return write(std::string(net::kContinueResponse), Phase::continuing);
    case net::HttpRequestParser::State::failed: {
      log::verbose("[http]", "Bad request of {}: {}", peer_.ip, parser_.failure_text());
      net::HttpResponse response;
      response.status = parser_.failure_status();
      response.close = close_after_ = true;
      return write(to_wire(response, executor_.wall_time()), Phase::writing);
    }
    case net::HttpRequestParser::State::complete:
      return begin_exchange();
  }
}

void HttpConnection::begin_exchange() {
  net::HttpRequest request = parser_.take();
  keep_alive_ = request.keep_alive;
  old_client_ = request.version < 11;
  phase_ = Phase::waiting;
  set_deadline(kNever);  // whoever answers watches the time
  auto finish = [weak = weak_from_this(), number = ++number_](std::optional<net::HttpResponse> response) {
    if (auto self = weak.lock()) self->finish(number, std::move(response));
  };
  auto push = [weak = weak_from_this(), number = number_](std::optional<std::string> bytes) {
    if (auto self = weak.lock()) self->push(number, std::move(bytes));
  };
  auto exchange = std::make_shared<HttpExchange>(peer_, request.method == "HEAD", std::move(finish), std::move(push));
  exchange_ = exchange;
  handler_(exchange, std::move(request));
  exchange.reset();
  read_more();
}

void HttpConnection::finish(uint64_t number, std::optional<net::HttpResponse> response) {
  if (phase_ != Phase::waiting || number != number_) return;
  if (!response) return close();
  close_after_ = response->close || !keep_alive_;
  response->close = close_after_;
  if (old_client_ && !close_after_) response->headers.emplace_back("Connection", "keep-alive");
  Phase next = response->endless && !response->head_only ? Phase::streaming : Phase::writing;
  write(to_wire(*response, executor_.wall_time()), next);
}

void HttpConnection::push(uint64_t number, std::optional<std::string> bytes) {
  if (phase_ != Phase::streaming || number != number_ || stream_over_) return;
  if (bytes) pushed_ += *bytes;
  else stream_over_ = true;
  if (pushed_.size() > kMostPushed) return close();
  if (output_.empty()) on_written();
}

void HttpConnection::write(std::string bytes, Phase phase) {
  phase_ = phase;
  output_ = std::move(bytes);
  written_ = 0;
  write_rest();
}

void HttpConnection::write_rest() {
  set_deadline(executor_.now() + kWriteTime);
  boost::asio::const_buffer rest(output_.data() + written_, output_.size() - written_);
  stream_->write_some({&rest, 1}, [self = shared_from_this()](error_code failure, size_t size) {
    if (self->phase_ == Phase::closed) return;
    if (failure) return self->close();
    self->written_ += size;
    if (self->written_ < self->output_.size()) return self->write_rest();
    self->on_written();
  });
}

void HttpConnection::on_written() {
  bool continuing = phase_ == Phase::continuing;
  output_ = {};
  if (phase_ == Phase::streaming) {
    if (!pushed_.empty()) return write(std::exchange(pushed_, {}), Phase::streaming);
    if (stream_over_) return linger();
    return set_deadline(kNever);
  }
  phase_ = Phase::reading;
  if (continuing) return parse();
  if (close_after_) return linger();
  await_request();
}

// Closing with unread input would reset the connection, and the client might lose the answer: say that
// nothing more comes, then wait for its end.
void HttpConnection::linger() {
  if (input_ended_) return close();
  phase_ = Phase::lingering;
  set_deadline(executor_.now() + kLingerTime);
  input_ = {};
  stream_->shutdown([self = shared_from_this()](error_code) {});
  read_more();
}

void HttpConnection::set_deadline(Instant when) {
  deadline_ = when;
  if (when >= timer_at_ || when == kNever) return;  // the timer that is set looks again
  if (timer_) executor_.cancel(timer_);
  timer_at_ = when;
  timer_ = executor_.call_at(when, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->on_timer();
  });
}

void HttpConnection::on_timer() {
  timer_ = {};
  timer_at_ = kNever;
  if (phase_ == Phase::closed) return;
  if (executor_.now() >= deadline_) return close();
  set_deadline(deadline_);
}

}  // namespace limen::http
