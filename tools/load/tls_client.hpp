// What the links have in common below their protocol: resolve, connect, TLS. Includes Beast: for .cpp files
// of the links only.
#pragma once
#include <boost/asio/connect.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "tools/load/janus_link.hpp"

namespace limen::load {

using PlainStream = boost::beast::tcp_stream;
using TlsStream = boost::asio::ssl::stream<boost::beast::tcp_stream>;

inline boost::asio::ssl::context& tls_context() {
  static boost::asio::ssl::context context = [] {
    boost::asio::ssl::context made(boost::asio::ssl::context::tls_client);
    made.set_verify_mode(boost::asio::ssl::verify_none);
    return made;
  }();
  return context;
}

// `stream` is PlainStream or TlsStream; afterwards without a time limit.
template <typename Stream>
boost::asio::awaitable<boost::system::error_code> open_stream(boost::asio::io_context& io, Stream& stream,
                                                              const ServerAddress& server, Duration timeout) {
  namespace asio = boost::asio;
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  asio::ip::tcp::resolver resolver(io);
  auto found = co_await resolver.async_resolve(server.host, server.port, token);
  if (error) co_return error;
  auto& socket = boost::beast::get_lowest_layer(stream);
  socket.expires_after(timeout);
  co_await socket.async_connect(found, token);
  if (error) co_return error;
  socket.socket().set_option(asio::ip::tcp::no_delay(true));
  if constexpr (std::is_same_v<Stream, TlsStream>) {
    SSL_set_tlsext_host_name(stream.native_handle(), server.host.c_str());
    co_await stream.async_handshake(asio::ssl::stream_base::client, token);
  }
  socket.expires_never();
  co_return error;
}

}  // namespace limen::load
