// The control thread's Asio context, for transports. Control thread.
#pragma once
#include <boost/asio/io_context.hpp>

namespace limen::runtime {

// From TransportContext::io_context(), EventHandlerContext::io_context() or ControlLoop::io_context().
inline boost::asio::io_context& io_context_of(void* context) {
  return *static_cast<boost::asio::io_context*>(context);
}

}  // namespace limen::runtime
