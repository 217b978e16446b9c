// Writes last words to a connection and closes it so that the other side can still read them.
//
// Control thread. The stream must have no operation pending. Takes at most five seconds.
#pragma once
#include <memory>
#include <string>

#include "base/executor.hpp"
#include "transports/net/byte_stream.hpp"

namespace limen::net {

void say_farewell(std::shared_ptr<ByteStream> stream, std::string bytes, Executor& executor);

}  // namespace limen::net
