// janus.eventhandler.mqttevh: events published to an MQTT broker (spec 8.4).
//
// Control thread; the broker's client has threads of its own.
#pragma once
#include <memory>

#include "api/event_handler.hpp"

namespace limen {

std::unique_ptr<EventHandler> make_mqtt_handler();

}  // namespace limen
