#include "core/jwt/compact_jws.hpp"

#include "api/json.hpp"
#include "base/bytes.hpp"
#include "crypto/base64.hpp"

namespace limen::core {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct Parts {
  std::string_view header, payload, signature;
};

std::optional<Parts> split(std::string_view token) {
  size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1)};
}

Result<> read_header(const std::vector<uint8_t>& bytes, CompactJws& out) {
  auto header = parse_json(as_text(bytes));
  if (!header || !header->is_object()) return fail("the header is not a JSON object");
  const JsonObject& members = header->get_object();
  const Json* algorithm = members.if_contains("alg");
  if (algorithm == nullptr || !algorithm->is_string()) return fail("the header names no algorithm");
  out.algorithm = std::string_view(algorithm->get_string());
  if (const Json* id = members.if_contains("kid")) {
    if (!id->is_string()) return fail("the header's kid is not a string");
    out.key_id = std::string(std::string_view(id->get_string()));
  }
  for (std::string_view key : {"crit", "b64"}) {
    if (members.contains(key)) return fail("the header has {}, which is not supported", key);
  }
  return {};
}

}  // namespace

Result<CompactJws> parse_compact_jws(std::string_view token) {
  if (token.size() > kLongestJwt) return fail("it is longer than {} characters", kLongestJwt);
  auto parts = split(token);
  if (!parts) return fail("it has not three parts");
  auto header = crypto::base64url_decode(parts->header);
  auto payload = crypto::base64url_decode(parts->payload);
  auto signature = crypto::base64url_decode(parts->signature);
  if (!header || !payload || !signature) return fail("a part is not base64url");
  if (signature->empty()) return fail("it is not signed");
  CompactJws out;
  if (auto read = read_header(*header, out); !read) return std::unexpected(read.error());
  out.signing_input = token.substr(0, parts->header.size() + 1 + parts->payload.size());
  out.payload = std::move(*payload);
  out.signature = std::move(*signature);
  return out;
}

bool looks_like_jwt(std::string_view token) {
  auto parts = split(token);
  if (!parts) return false;
  for (std::string_view part : {parts->header, parts->payload, parts->signature}) {
    if (part.find_first_not_of(kAlphabet) != std::string_view::npos) return false;
  }
  return parts->header.size() > 2 && parts->payload.size() > 2;
}

}  // namespace limen::core
