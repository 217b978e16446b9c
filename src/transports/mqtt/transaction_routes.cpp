#include "transports/mqtt/transaction_routes.hpp"

#include <algorithm>

#include "brokers/mqtt/mqtt_config.hpp"

namespace limen::mqtt_transport {
namespace {

std::string_view text_member(const Json& message, std::string_view name) {
  const JsonObject* object = message.if_object();
  const Json* value = object == nullptr ? nullptr : object->if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

}  // namespace

void TransactionRoutes::remember(const std::string& transaction, const brokers::MqttMessage& request, Instant now) {
  Route route;
  route.since = now;
  // A topic that cannot be published to would make the broker end the connection.
  if (brokers::is_publishable_topic(request.response_topic)) route.response_topic = request.response_topic;
  route.correlation_data = request.correlation_data;
  for (const auto& property : request.user_properties) {
    if (std::find(copied_.begin(), copied_.end(), property.first) != copied_.end())
      route.user_properties.push_back(property);
  }
  route.user_properties.insert(route.user_properties.end(), added_.begin(), added_.end());
  routes_[transaction] = std::move(route);
  by_age_.emplace_back(now, transaction);
  while (by_age_.size() > kMostRoutes) {
    auto found = routes_.find(by_age_.front().second);
    if (found != routes_.end() && found->second.since == by_age_.front().first) routes_.erase(found);
    by_age_.pop_front();
  }
}

void TransactionRoutes::apply(const Json& message, brokers::MqttMessage& out) {
  auto found = routes_.find(std::string(text_member(message, "transaction")));
  if (found == routes_.end()) return;
  const Route& route = found->second;
  if (!route.response_topic.empty()) out.topic = route.response_topic;
  out.correlation_data = route.correlation_data;
  out.user_properties = route.user_properties;
  std::string_view verb = text_member(message, "janus");
  if (verb == "success" || verb == "error" || verb == "ack") routes_.erase(found);
}

void TransactionRoutes::vacuum(Instant now) {
  while (!by_age_.empty() && by_age_.front().first + lifetime_ <= now) {
    auto found = routes_.find(by_age_.front().second);
    if (found != routes_.end() && found->second.since == by_age_.front().first) routes_.erase(found);
    by_age_.pop_front();
  }
}

}  // namespace limen::mqtt_transport
