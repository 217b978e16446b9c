// janus.eventhandler.rabbitmqevh: events published to a RabbitMQ broker (spec 8.4).
//
// Control thread; the broker's connection has a thread of its own.
#pragma once
#include <memory>

#include "api/event_handler.hpp"

namespace limen {

std::unique_ptr<EventHandler> make_rabbitmq_handler();

}  // namespace limen
