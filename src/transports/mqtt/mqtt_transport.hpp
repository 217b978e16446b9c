// janus.transport.mqtt: Janus API and admin API through an MQTT broker (spec 6.4).
//
// Control thread; the broker's client has threads of its own.
#pragma once
#include <memory>

#include "api/transport.hpp"

namespace limen {

std::unique_ptr<Transport> make_mqtt_transport();

}  // namespace limen
