#include "plugins/streaming/ingest/rtsp_auth.hpp"

#include <fmt/core.h>

#include "crypto/base64.hpp"
#include "crypto/digest.hpp"
#include "plugins/streaming/ingest/rtsp_message.hpp"

namespace limen::streaming {

namespace {

std::string hex(Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

// The next `name=value` or `name="value"` of a challenge; false at the end.
bool next_parameter(std::string_view& text, std::string_view& name, std::string& value) {
  size_t start = text.find_first_not_of(" \t,");
  size_t equals = start == std::string_view::npos ? start : text.find('=', start);
  if (equals == std::string_view::npos) return false;
  name = trimmed(text.substr(start, equals - start));
  text.remove_prefix(equals + 1);
  value.clear();
  if (text.empty() || text[0] != '"') {
    size_t end = std::min(text.find(','), text.size());
    value = trimmed(text.substr(0, end));
    text.remove_prefix(end);
    return true;
  }
  size_t at = 1;
  for (; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    value += text[at];
  }
  text.remove_prefix(std::min(at + 1, text.size()));
  return true;
}

// What goes between quotes: nothing that would end them or the line.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 32) out += c;
  }
  return out + '"';
}

}  // namespace

RtspAuth::RtspAuth(std::string user, std::string password, std::string seed)
    : user_(std::move(user)), password_(std::move(password)), seed_(std::move(seed)) {}

void RtspAuth::read_algorithm(std::string_view algorithm, Offer& offer) {
  if (same_word(algorithm, "SHA-256")) offer.method = Method::sha256;
  else if (same_word(algorithm, "MD5")) offer.method = Method::md5;
  else offer.method = Method::none;
}

RtspAuth::Offer RtspAuth::read(std::string_view header) {
  Offer offer;
  size_t space = std::min(header.find(' '), header.size());
  std::string_view scheme = header.substr(0, space);
  header.remove_prefix(space);
  if (same_word(scheme, "Basic")) offer.method = Method::basic;
  else if (same_word(scheme, "Digest")) offer.method = Method::md5;
  else return offer;
  bool basic = offer.method == Method::basic;
  bool usable = true;
  std::string_view name;
  std::string value;
  while (next_parameter(header, name, value)) {
    if (same_word(name, "realm")) offer.realm = value;
    else if (same_word(name, "nonce")) offer.nonce = value;
    else if (same_word(name, "opaque")) offer.opaque = value;
    else if (same_word(name, "stale")) offer.stale = same_word(value, "true");
    else if (same_word(name, "algorithm") && !basic) read_algorithm(value, offer);
    else if (same_word(name, "qop") && !basic) {
      usable = false;  // auth-int alone would need the body
      for (std::string_view rest = value; !rest.empty();) {
        size_t comma = std::min(rest.find(','), rest.size());
        if (same_word(trimmed(rest.substr(0, comma)), "auth")) usable = offer.qop = true;
        rest.remove_prefix(std::min(comma + 1, rest.size()));
      }
    }
  }
  if (!usable || (!basic && offer.nonce.empty())) offer.method = Method::none;
  return offer;
}

bool RtspAuth::challenge(const std::vector<std::string_view>& headers) {
  if (user_.empty() && password_.empty()) return false;
  Offer best;
  for (std::string_view header : headers) {
    Offer offer = read(header);
    if (offer.method > best.method) best = std::move(offer);
  }
  if (best.method == Method::none) return false;
  bool again = used_ && best.method == chosen_.method;
  // A new nonce alone proves nothing: many servers make one for every refusal.
  if (again && !best.stale) return false;
  chosen_ = std::move(best);
  used_ = false;
  count_ = 0;
  return true;
}

std::string RtspAuth::digest(std::string_view text) const {
  if (chosen_.method == Method::sha256) return hex(crypto::sha256(as_bytes(text)));
  return hex(crypto::md5(as_bytes(text)));
}

std::string RtspAuth::header(std::string_view method, std::string_view uri) {
  if (chosen_.method == Method::none) return {};
  used_ = true;
  if (chosen_.method == Method::basic) {
    return "Basic " + crypto::base64_encode(as_bytes(fmt::format("{}:{}", user_, password_)));
  }
  std::string secret = digest(fmt::format("{}:{}:{}", user_, chosen_.realm, password_));
  std::string subject = digest(fmt::format("{}:{}", method, uri));
  std::string out = fmt::format("Digest username={}, realm={}, nonce={}, uri={}", quoted(user_), quoted(chosen_.realm),
                                quoted(chosen_.nonce), quoted(uri));
  if (chosen_.qop) {
    std::string count = fmt::format("{:08x}", ++count_);
    std::string client_nonce = hex(crypto::md5(as_bytes(fmt::format("{}{}{}", seed_, chosen_.nonce, count_))));
    out += fmt::format(", qop=auth, nc={}, cnonce=\"{}\", response=\"{}\"", count, client_nonce,
                       digest(fmt::format("{}:{}:{}:{}:auth:{}", secret, chosen_.nonce, count, client_nonce, subject)));
  } else {
    out += fmt::format(", response=\"{}\"", digest(fmt::format("{}:{}:{}", secret, chosen_.nonce, subject)));
  }
  if (!chosen_.opaque.empty()) out += fmt::format(", opaque={}", quoted(chosen_.opaque));
  out += chosen_.method == Method::sha256 ? ", algorithm=SHA-256" : ", algorithm=MD5";
  return out;
}

}  // namespace limen::streaming
