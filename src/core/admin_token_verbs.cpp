// Admin API: stored tokens (spec section 5.1, "Token requests").
#include "base/log.hpp"
#include "core/gateway_state.hpp"
#include "core/verbs.hpp"

namespace limen::core {
namespace {

struct TokenMessage {
  std::string token;
  std::optional<JsonArray> plugins;
};
template <typename V>
void describe(V& v, TokenMessage& m) {
  v.field("token", m.token, "The token");
  v.field("plugins", m.plugins, "Package names of plugins");
}

bool refuse_if_not_stored(const GatewayState& state, ApiCall& call) {
  if (state.auth.stored_tokens()) return false;
  call.fail({ApiErrorCode::unknown, "Stored-Token based authentication disabled"});
  return true;
}

JsonArray json_list(const std::vector<std::string>& names) {
  JsonArray list;
  for (const std::string& name : names) list.emplace_back(name);
  return list;
}

void answer_plugins(ApiCall& call, const std::vector<std::string>& plugins) {
  JsonObject reply = call.envelope("success");
  reply["data"] = JsonObject{{"plugins", json_list(plugins)}};
  call.answer(std::move(reply));
}

bool is_plugin(const GatewayState& state, const Json& name) {
  return name.is_string() && state.modules.plugins.find(std::string_view(name.get_string())) != nullptr;
}

void add_token(GatewayState& state, ApiCall call) {
  if (refuse_if_not_stored(state, call)) return;
  auto message = call.read<TokenMessage>();
  if (!message) return;
  std::vector<std::string> plugins;
  if (!message->plugins || message->plugins->empty()) {
    for (const auto& [package, plugin] : state.modules.plugins.all()) plugins.push_back(package);
  } else {
    for (const Json& name : *message->plugins) {
      if (is_plugin(state, name)) plugins.emplace_back(name.get_string());
      else log::warning("", "add_token: no plugin {}, skipping it", write_json(name, JsonFormat::compact));
    }
  }
  answer_plugins(call, state.auth.allow(message->token, plugins));
}

// allow_token and disallow_token: an existing token and a list of existing plugins.
std::optional<std::vector<std::string>> read_change(GatewayState& state, ApiCall& call, std::string& token) {
  if (refuse_if_not_stored(state, call)) return std::nullopt;
  auto message = call.read<TokenMessage>();
  if (!message) return std::nullopt;
  token = message->token;
  if (!message->plugins || message->plugins->empty()) {
    call.fail({ApiErrorCode::invalid_element_type, "Invalid element type (plugins should be a non-empty array)"});
    return std::nullopt;
  }
  if (!state.auth.has(token)) {
    call.fail({ApiErrorCode::token_not_found, fmt::format("Token {} not found", token)});
    return std::nullopt;
  }
  std::vector<std::string> plugins;
  for (const Json& name : *message->plugins) {
    if (!is_plugin(state, name)) {
      call.fail(
          {ApiErrorCode::invalid_element_type, "Invalid element type (some of the provided plugins are invalid)"});
      return std::nullopt;
    }
    plugins.emplace_back(name.get_string());
  }
  return plugins;
}

void allow_token(GatewayState& state, ApiCall call) {
  std::string token;
  if (auto plugins = read_change(state, call, token)) answer_plugins(call, state.auth.allow(token, *plugins));
}

void disallow_token(GatewayState& state, ApiCall call) {
  std::string token;
  if (auto plugins = read_change(state, call, token)) answer_plugins(call, state.auth.disallow(token, *plugins));
}

void list_tokens(GatewayState& state, ApiCall call) {
  if (refuse_if_not_stored(state, call)) return;
  JsonArray tokens;
  for (const auto& [token, plugins] : state.auth.tokens()) {
    if (plugins.empty()) continue;
    tokens.emplace_back(JsonObject{{"token", token}, {"allowed_plugins", json_list(plugins)}});
  }
  JsonObject reply = call.envelope("success");
  reply["data"] = JsonObject{{"tokens", std::move(tokens)}};
  call.answer(std::move(reply));
}

void remove_token(GatewayState& state, ApiCall call) {
  if (refuse_if_not_stored(state, call)) return;
  auto message = call.read<TokenMessage>();
  if (!message) return;
  if (!state.auth.remove(message->token)) return call.fail({ApiErrorCode::unknown, "Error removing token"});
  call.succeed();
}

constexpr std::pair<std::string_view, ServerVerb> kVerbs[] = {{"add_token", add_token},
                                                              {"allow_token", allow_token},
                                                              {"disallow_token", disallow_token},
                                                              {"list_tokens", list_tokens},
                                                              {"remove_token", remove_token}};

}  // namespace

ServerVerb find_token_verb(std::string_view verb) {
  return find_verb(kVerbs, verb);
}

}  // namespace limen::core
