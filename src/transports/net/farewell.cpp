#include "transports/net/farewell.hpp"

#include <array>

namespace limen::net {
namespace {

using boost::system::error_code;

constexpr Duration kLongest = std::chrono::seconds(5);

class Farewell : public std::enable_shared_from_this<Farewell> {
 public:
  Farewell(std::shared_ptr<ByteStream> stream, std::string bytes, Executor& executor)
      : stream_(std::move(stream)), bytes_(std::move(bytes)), executor_(executor) {}

  void start() {
    timer_ = executor_.call_after(kLongest, [weak = weak_from_this()] {
      if (auto self = weak.lock()) self->stream_->close();
    });
    write_rest();
  }

 private:
  void write_rest() {
    boost::asio::const_buffer rest(bytes_.data() + written_, bytes_.size() - written_);
    stream_->write_some({&rest, 1}, [self = shared_from_this()](error_code failure, size_t size) {
      self->written_ += size;
      if (failure) return self->end();
      if (self->written_ < self->bytes_.size()) return self->write_rest();
      self->stream_->shutdown([self](error_code) {});
      self->drain();
    });
  }
  void drain() {
    boost::asio::mutable_buffer into(chunk_.data(), chunk_.size());
    stream_->read_some({&into, 1}, [self = shared_from_this()](error_code failure, size_t) {
      if (failure) return self->end();
      self->drain();
    });
  }
  void end() {
    executor_.cancel(timer_);
    stream_->close();
  }

  std::shared_ptr<ByteStream> stream_;
  std::string bytes_;
  Executor& executor_;
  size_t written_ = 0;
  std::array<char, 2048> chunk_;
  TimerId timer_;
};

}  // namespace

void say_farewell(std::shared_ptr<ByteStream> stream, std::string bytes, Executor& executor) {
  std::make_shared<Farewell>(std::move(stream), std::move(bytes), executor)->start();
}

}  // namespace limen::net
