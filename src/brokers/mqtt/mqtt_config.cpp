#include "brokers/mqtt/mqtt_config.hpp"

#include <algorithm>
#include "base/url_text.hpp"

namespace limen::brokers {

std::vector<std::pair<std::string, std::string>> read_user_properties(const config::Node* group, std::string_view key,
                                                                      config::Findings& findings) {
  std::vector<std::pair<std::string, std::string>> pairs;
  const config::Node* list = group == nullptr ? nullptr : group->find(key);
  if (list == nullptr) return pairs;
  for (const config::Node& item : list->children) {
    bool pair = item.children.size() == 2 && item.children[0].kind == config::Node::Kind::scalar &&
                item.children[1].kind == config::Node::Kind::scalar;
    if (pair) pairs.emplace_back(item.children[0].value, item.children[1].value);
    else
      findings.warnings.push_back(
          fmt::format("{}:{}: '{}' should hold (\"name\", \"value\") pairs", list->place.file, list->place.line, key));
  }
  return pairs;
}

Result<> check_mqtt(const MqttSettings& settings, std::string_view where) {
  constexpr std::string_view kSchemes[] = {"tcp://", "mqtt://", "ssl://", "mqtts://", "ws://", "wss://"};
  bool known = std::any_of(std::begin(kSchemes), std::end(kSchemes),
                           [&](std::string_view scheme) { return settings.url.starts_with(scheme); });
  if (!known)
    return fail("`url` should start with tcp:// or ssl://: '{}' ({})", without_credentials(settings.url), where);
  if (settings.tls.enabled && settings.tls.cert_file.empty() != settings.tls.key_file.empty())
    return fail("a client certificate needs both its file and its key's ({})", where);
  return {};
}

bool is_publishable_topic(std::string_view topic) {
  constexpr size_t kLongest = 65'535;
  return !topic.empty() && topic.size() <= kLongest && topic.find_first_of(std::string_view("+#\0", 3)) == topic.npos;
}

bool topic_matches(std::string_view filter, std::string_view topic) {
  for (;;) {
    size_t filter_end = std::min(filter.find('/'), filter.size());
    size_t topic_end = std::min(topic.find('/'), topic.size());
    std::string_view level = filter.substr(0, filter_end);
    if (level == "#") return true;
    if (level != "+" && level != topic.substr(0, topic_end)) return false;
    bool filter_over = filter_end == filter.size();
    bool topic_over = topic_end == topic.size();
    if (filter_over || topic_over) {
      return filter_over == topic_over || (topic_over && filter.substr(filter_end) == "/#");
    }
    filter.remove_prefix(filter_end + 1);
    topic.remove_prefix(topic_end + 1);
  }
}

}  // namespace limen::brokers
