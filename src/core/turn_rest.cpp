#include "core/turn_rest.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "api/json.hpp"
#include "core/name_lookup.hpp"

namespace limen::core {
namespace {

constexpr size_t kMaxText = 512;  // a user name, a password, a URI

std::string url_encoded(std::string_view text) {
  std::string out;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                 c == '_' || c == '~';
    if (plain) out += c;
    else out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool host_characters(std::string_view host) {
  return !host.empty() && host.size() <= 255 && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == ':';
  });
}

// "host", "host:port", "[v6]", "[v6]:port".
bool split_host(std::string_view text, TurnUri& out) {
  std::string_view port;
  bool has_port = false;
  if (take_prefix(text, "[")) {
    size_t end = text.find(']');
    if (end == std::string_view::npos || !IpAddress::parse(text.substr(0, end))) return false;
    out.host = text.substr(0, end);
    text.remove_prefix(end + 1);
    has_port = take_prefix(text, ":");
    if (!has_port && !text.empty()) return false;
    port = text;
  } else {
    size_t colon = text.find(':');
    has_port = colon != std::string_view::npos;
    out.host = text.substr(0, colon);
    if (has_port) port = text.substr(colon + 1);
  }
  if (!host_characters(out.host)) return false;
  if (!has_port) return true;
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  return error == std::errc() && end == port.data() + port.size() && out.port != 0;
}

Result<std::string> text_member(const JsonObject& object, std::string_view name) {
  const Json* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return fail("its answer has no text \"{}\"", name);
  std::string text(value->get_string());
  if (text.empty() || text.size() > kMaxText) return fail("\"{}\" of its answer is empty or too long", name);
  return text;
}

struct Body {
  std::string text;
  bool too_long = false;
};

size_t receive(char* data, size_t size, size_t count, void* to) {
  auto& body = *static_cast<Body*>(to);
  if (body.text.size() + size * count > kMaxTurnRestReply) {
    body.too_long = true;
    return 0;
  }
  body.text.append(data, size * count);
  return size * count;
}

}  // namespace

std::optional<TurnUri> parse_turn_uri(std::string_view text) {
  if (text.size() > kMaxText) return std::nullopt;
  TurnUri uri;
  bool secure = take_prefix(text, "turns:");
  if (!secure && !take_prefix(text, "turn:")) return std::nullopt;
  size_t question = text.find('?');
  std::string_view query = question == std::string_view::npos ? std::string_view() : text.substr(question + 1);
  if (!split_host(text.substr(0, question), uri)) return std::nullopt;
  if (secure) uri.transport = rtc::TurnTransport::tls;
  if (question == std::string_view::npos) return uri;
  if (!take_prefix(query, "transport=")) return std::nullopt;
  auto transport = rtc::parse_turn_transport(query);
  if (!transport) return std::nullopt;
  // turns with tcp is TLS over TCP; DTLS, which is what turns with udp means, is not spoken here.
  if (secure && *transport == rtc::TurnTransport::udp) return std::nullopt;
  if (!secure) uri.transport = *transport;
  return uri;
}

Result<TurnRestReply> parse_turn_rest_reply(std::string_view text) {
  if (text.size() > kMaxTurnRestReply) return fail("its answer is too long");
  auto json = parse_json(text);
  if (!json || !json->is_object()) return fail("its answer is not a JSON object");
  const JsonObject& object = json->get_object();
  TurnRestReply reply;
  auto username = text_member(object, "username");
  if (!username) return std::unexpected(username.error());
  auto password = text_member(object, "password");
  if (!password) return std::unexpected(password.error());
  reply.username = std::move(*username);
  reply.password = std::move(*password);
  if (const Json* ttl = object.if_contains("ttl"); ttl != nullptr) {
    bool whole = ttl->is_uint64() || (ttl->is_int64() && ttl->get_int64() >= 0);
    if (!whole) return fail("\"ttl\" of its answer is not a number of seconds");
    reply.ttl = ttl->to_number<uint64_t>();
  }
  const Json* uris = object.if_contains("uris");
  if (uris == nullptr || !uris->is_array() || uris->get_array().empty()) return fail("its answer has no \"uris\"");
  for (const Json& entry : uris->get_array()) {
    if (reply.uris.size() == kMaxTurnRestUris) break;
    if (!entry.is_string()) return fail("\"uris\" of its answer has something that is not text");
    if (auto uri = parse_turn_uri(entry.get_string())) reply.uris.push_back(std::move(*uri));
  }
  if (reply.uris.empty()) return fail("none of the \"uris\" of its answer is of a TURN server");
  return reply;
}

std::string turn_rest_query(std::string_view key, std::string_view user) {
  std::string query = "service=turn";
  if (!key.empty()) query += "&api=" + url_encoded(key) + "&key=" + url_encoded(key);
  return query + "&username=" + url_encoded(user);
}

Result<std::string> TurnRestQuery::fetch() const {
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy(curl_easy_init(), &curl_easy_cleanup);
  if (!easy) return fail("out of memory");
  CURL* curl = easy.get();
  std::string query = turn_rest_query(key, user);
  std::string address = url + "?" + query;
  Body body;
  curl_easy_setopt(curl, CURLOPT_URL, address.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, static_cast<long>(timeout));
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "Janus/1.0");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &receive);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
  if (post) {
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(query.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, query.c_str());
  }
  CURLcode result = curl_easy_perform(curl);
  if (body.too_long) return fail("its answer is too long");
  if (result != CURLE_OK) return fail("{}", curl_easy_strerror(result));
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return fail("it answers HTTP {}", status);
  return std::move(body.text);
}

void TurnRestQuery::run() {
  auto text = fetch();
  auto reply = text ? parse_turn_rest_reply(*text) : std::unexpected(text.error());
  if (!reply) {
    failure = reply.error().text;
    return;
  }
  std::string unknown;
  for (const TurnUri& uri : reply->uris) {
    NameLookup lookup{.name = uri.host, .ipv6 = ipv6, .address = std::nullopt};
    lookup.run();
    if (!lookup.address) {
      unknown += (unknown.empty() ? "" : ", ") + uri.host;
      continue;
    }
    servers.push_back(
        {uri.transport, {*lookup.address, uri.port}, uri.host, reply->username, reply->password, ipv6, verify_tls});
  }
  if (servers.empty()) failure = fmt::format("these names cannot be resolved: {}", unknown);
}

}  // namespace limen::core
