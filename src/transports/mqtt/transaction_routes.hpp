// TransactionRoutes: where the answers of MQTT 5 requests go, and with which properties (spec 6.4).
//
// Control thread. A route is forgotten with the final answer, or when nothing came for `lifetime`;
// there are at most kMostRoutes, the oldest go first.
#pragma once
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "api/json.hpp"
#include "base/time.hpp"
#include "brokers/mqtt/mqtt_link.hpp"

namespace limen::mqtt_transport {

class TransactionRoutes {
 public:
  static constexpr size_t kMostRoutes = 10'000;

  TransactionRoutes(Duration lifetime, std::vector<std::string> copied,
                    std::vector<std::pair<std::string, std::string>> added)
      : lifetime_(lifetime), copied_(std::move(copied)), added_(std::move(added)) {}

  void remember(const std::string& transaction, const brokers::MqttMessage& request, Instant now);
  // Changes topic and properties of `out`, which carries `message`, if it belongs to a request.
  void apply(const Json& message, brokers::MqttMessage& out);
  void vacuum(Instant now);
  size_t count() const { return routes_.size(); }

 private:
  struct Route {
    std::string response_topic;
    std::optional<std::string> correlation_data;
    std::vector<std::pair<std::string, std::string>> user_properties;
    Instant since{};
  };

  Duration lifetime_;
  std::vector<std::string> copied_;
  std::vector<std::pair<std::string, std::string>> added_;
  std::unordered_map<std::string, Route> routes_;
  std::deque<std::pair<Instant, std::string>> by_age_;
};

}  // namespace limen::mqtt_transport
