// Makes ByteStreams of accepted sockets. Includes Asio: for .cpp files of this room only.
#pragma once
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>

#include <memory>

#include "transports/net/byte_stream.hpp"

namespace limen::net {

using StreamSocket = boost::asio::generic::stream_protocol::socket;

std::shared_ptr<ByteStream> make_plain_stream(StreamSocket socket);
// Keeps `tls` as long as the stream lives.
std::shared_ptr<ByteStream> make_tls_stream(StreamSocket socket, std::shared_ptr<boost::asio::ssl::context> tls);

}  // namespace limen::net
