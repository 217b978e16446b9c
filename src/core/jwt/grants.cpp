#include "core/jwt/grants.hpp"

namespace limen::core {
namespace {

Result<Rights> parse_rights(const Json& value) {
  if (value.is_bool()) return value.get_bool() ? Rights::all() : Rights();
  const JsonArray* list = value.if_array();
  if (list == nullptr) return fail("rights are a list of texts, or true");
  Rights out;
  for (const Json& name : *list) {
    Rights right = name.is_string() ? right_of(std::string_view(name.get_string())) : Rights();
    if (right.empty()) return fail("a right is none of join, publish, subscribe, create, admin");
    out |= right;
  }
  return out;
}

std::string package_of(std::string_view name) {
  bool is_short = name != "*" && name.find('.') == std::string_view::npos;
  return is_short ? "janus.plugin." + std::string(name) : std::string(name);
}

}  // namespace

Result<Grants::PluginGrants> Grants::parse_plugin(const Json& value, size_t& entries) {
  PluginGrants out;
  const JsonObject* objects = value.if_object();
  if (objects == nullptr) {
    auto rights = parse_rights(value);
    if (!rights) return std::unexpected(rights.error());
    out.everywhere = *rights;
    return out;
  }
  for (const auto& member : *objects) {
    if (++entries > kMostEntries) return fail("it has more than {} entries", kMostEntries);
    auto rights = parse_rights(member.value());
    if (!rights) return std::unexpected(rights.error());
    if (member.key() == "*") out.everywhere = *rights;
    else out.objects[std::string(member.key())] = *rights;
  }
  return out;
}

Result<Grants> Grants::parse(const Json& claim) {
  const JsonObject* plugins = claim.if_object();
  if (plugins == nullptr) return fail("it is not an object");
  Grants out;
  size_t entries = 0;
  for (const auto& member : *plugins) {
    if (++entries > kMostEntries) return fail("it has more than {} entries", kMostEntries);
    const Json& value = member.value();
    if (value.is_bool() && !value.get_bool()) continue;
    auto grants = parse_plugin(value, entries);
    if (!grants) return std::unexpected(grants.error());
    out.plugins_[package_of(member.key())] = std::move(*grants);
  }
  return out;
}

const Grants::PluginGrants* Grants::find(std::string_view package) const {
  auto found = plugins_.find(package);
  if (found == plugins_.end()) found = plugins_.find("*");
  return found == plugins_.end() ? nullptr : &found->second;
}

bool Grants::allows(std::string_view package, const NeededRights& needed) const {
  const PluginGrants* grants = find(package);
  if (grants == nullptr) return false;
  if (needed.rights.empty() && !needed.any) return true;
  Rights granted = grants->everywhere;
  if (auto found = grants->objects.find(needed.object); found != grants->objects.end()) granted |= found->second;
  return needed.any ? !granted.empty() : granted.contains(needed.rights);
}

}  // namespace limen::core
