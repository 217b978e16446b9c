// What the MQTT transport and the MQTT event handler read alike from their files.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "brokers/mqtt/mqtt_link.hpp"
#include "config/describe.hpp"

namespace limen::brokers {

// `key` of `group`: a list of ("name", "value") pairs; what is none goes to `findings`.
std::vector<std::pair<std::string, std::string>> read_user_properties(const config::Node* group, std::string_view key,
                                                                      config::Findings& findings);
// What would keep a connection from ever being made; `where` names the file.
Result<> check_mqtt(const MqttSettings& settings, std::string_view where);
// May a message be published to it? Not empty, no wildcards, no NUL.
bool is_publishable_topic(std::string_view topic);
// MQTT 5 section 4.7: "a/+/b", "a/#".
bool topic_matches(std::string_view filter, std::string_view topic);

}  // namespace limen::brokers
