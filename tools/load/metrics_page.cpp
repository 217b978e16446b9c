// One GET, on a connection of its own.
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include "tools/load/inside_figures.hpp"
#include "tools/load/tls_client.hpp"

namespace limen::load {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr Duration kLimit = std::chrono::seconds(5);
constexpr uint64_t kMostOfAPage = 4 << 20;

template <typename Stream>
Async<std::string> fetch(asio::io_context& io, Stream stream, ServerAddress server, std::string token) {
  beast::error_code error = co_await open_stream(io, stream, server, kLimit);
  auto completion = asio::redirect_error(asio::use_awaitable, error);
  http::request<http::empty_body> request(http::verb::get, server.path, 11);
  request.set(http::field::host, server.host);
  if (!token.empty()) request.set(http::field::authorization, "Bearer " + token);
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMostOfAPage);
  beast::flat_buffer buffer;
  beast::get_lowest_layer(stream).expires_after(kLimit);
  if (!error) co_await http::async_write(stream, request, completion);
  if (!error) co_await http::async_read(stream, buffer, parser, completion);
  if (error) co_return fail("{}: {}", server.text(), error.message());
  if (parser.get().result() != http::status::ok) {
    co_return fail("{}: the server answers {} {}", server.text(), parser.get().result_int(),
                   std::string(parser.get().reason()));
  }
  co_return std::move(parser.get().body());
}

}  // namespace

Async<std::string> fetch_page(asio::io_context& io, const ServerAddress& server, const std::string& token) {
  if (server.tls()) return fetch(io, TlsStream(io, tls_context()), server, token);
  return fetch(io, PlainStream(io), server, token);
}

}  // namespace limen::load
