#include "api/rights.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace limen {
namespace {

constexpr std::pair<std::string_view, Right> kNames[] = {{"join", Right::join},
                                                         {"publish", Right::publish},
                                                         {"subscribe", Right::subscribe},
                                                         {"create", Right::create},
                                                         {"admin", Right::administer}};

}  // namespace

Rights right_of(std::string_view name) {
  for (const auto& [known, right] : kNames) {
    if (known == name) return right;
  }
  return {};
}

std::string request_name(const JsonObject& body, std::string_view key) {
  const Json* value = body.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  std::string out(value->get_string());
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string object_name(const JsonObject& body, std::string_view key) {
  const Json* value = body.if_contains(key);
  if (value == nullptr) return {};
  if (value->is_string()) return std::string(value->get_string());
  if (value->is_uint64()) return std::to_string(value->get_uint64());
  return value->is_int64() ? std::to_string(value->get_int64()) : std::string();
}

NeededRights needed_by_table(const JsonObject& body, std::span<const RequestRights> table, std::string_view name_key,
                             std::string_view object_key) {
  NeededRights out;
  std::string name = request_name(body, name_key);
  auto found = std::ranges::find(table, name, &RequestRights::request);
  if (found == table.end()) out.rights = Right::administer;
  else if (found->rights.empty() && !found->any) return out;
  else out.rights = found->rights, out.any = found->any;
  out.object = object_name(body, object_key);
  return out;
}

std::string text_of(const NeededRights& needed) {
  std::string out;
  for (const auto& [name, right] : kNames) {
    if (needed.any || !needed.rights.names(right)) continue;
    if (!out.empty()) out += " and ";
    out += name;
  }
  if (needed.any) out = "use";
  if (!needed.object.empty()) out += (out.empty() ? "use " : " in ") + needed.object;
  return out;
}

}  // namespace limen
