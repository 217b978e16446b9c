// janus.transport.rabbitmq: Janus API and admin API through a RabbitMQ broker (spec 6.3).
//
// Control thread; the broker's connection has a thread of its own.
#pragma once
#include <memory>

#include "api/transport.hpp"

namespace limen {

std::unique_ptr<Transport> make_rabbitmq_transport();

}  // namespace limen
