#include "transports/net/listener.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/io_context.hpp>

#include "base/log.hpp"
#include "transports/net/listening_socket.hpp"
#include "transports/net/socket_stream.hpp"

namespace limen::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol>;

constexpr Duration kPauseWhenExhausted = std::chrono::milliseconds(100);

}  // namespace

struct Listener::State : std::enable_shared_from_this<Listener::State> {
  State(asio::io_context& io, Executor& on, ListeningSocket open, std::shared_ptr<TlsSource> with)
      : executor(on), socket(std::move(open)), tls(std::move(with)), acceptor(io) {}

  void accept_next() {
    acceptor.async_accept([self = shared_from_this()](error_code failure, StreamSocket accepted) {
      if (self->closed) return;
      if (failure) return self->rest(failure);
      self->exhausted = false;
      self->receive(std::move(accepted));
      if (!self->closed) self->accept_next();
    });
  }

  void receive(StreamSocket accepted) {
    PeerName peer = peer_of(accepted.native_handle());
    prepare_connection(accepted.native_handle());
    auto stream = tls ? make_tls_stream(std::move(accepted), tls->current()) : make_plain_stream(std::move(accepted));
    on_accepted(std::move(stream), peer);
  }

  // No file descriptors or memory left: the connection stays in the kernel's queue for a moment.
  void rest(error_code failure) {
    if (!exhausted) log::error("[listener]", "Cannot accept connections on {}: {}", socket.name, failure.message());
    exhausted = true;
    timer = executor.call_after(kPauseWhenExhausted, [self = shared_from_this()] {
      self->timer = {};
      if (!self->closed) self->accept_next();
    });
  }

  Executor& executor;
  ListeningSocket socket;
  std::shared_ptr<TlsSource> tls;
  Acceptor acceptor;
  Accepted on_accepted;
  TimerId timer;
  bool exhausted = false;
  bool closed = false;
};

Result<std::unique_ptr<Listener>> Listener::open(asio::io_context& io, Executor& executor, const ListenPlace& place,
                                                 std::shared_ptr<TlsSource> tls) {
  auto socket = open_listening_socket(place);
  if (!socket) return std::unexpected(socket.error());
  auto state = std::make_shared<State>(io, executor, std::move(*socket), std::move(tls));
  error_code failure;
  state->acceptor.assign({state->socket.family, 0}, state->socket.fd, failure);
  if (failure) {
    close_listening_socket(state->socket);
    return fail("{}: {}", state->socket.name, failure.message());
  }
  return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

Listener::~Listener() {
  close();
}

void Listener::start(Accepted on_accepted) {
  state_->on_accepted = std::move(on_accepted);
  state_->accept_next();
}

void Listener::close() {
  if (state_->closed) return;
  state_->closed = true;
  if (state_->timer) state_->executor.cancel(state_->timer);
  error_code ignored;  // an acceptor that cannot be closed is closed
  state_->acceptor.close(ignored);
  remove_unix_path(state_->socket);
  // The accept loop may be what calls this: its function must outlive the call.
}

uint16_t Listener::port() const {
  return state_->socket.port;
}

std::string Listener::url_host() const {
  return state_->socket.url_host;
}

}  // namespace limen::net
