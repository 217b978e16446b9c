#include <fmt/format.h>

#include <iterator>

#include "wire/sdp/session_description.hpp"

namespace limen::sdp {

namespace {

// Values may come from room names and configuration: a line break in them must not make a line.
void append_text(std::string& out, std::string_view text) {
  for (char c : text) out.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
}

void write_attribute(std::string& out, std::string_view name, std::string_view value) {
  out += "a=";
  append_text(out, name);
  if (!value.empty()) {
    out.push_back(':');
    append_text(out, value);
  }
  out += "\r\n";
}

void write_connection(std::string& out, bool v4, std::string_view address) {
  if (address.empty()) return;
  out += v4 ? "c=IN IP4 " : "c=IN IP6 ";
  append_text(out, address);
  out += "\r\n";
}

void write_media(std::string& out, const MediaDescription& media) {
  std::string_view kind = media.kind == MediaKind::data ? "application" : media_kind_name(media.kind);
  fmt::format_to(std::back_inserter(out), "m={} {} ", kind, media.port);
  append_text(out, media.protocol);
  if (media.kind == MediaKind::data) {
    for (const std::string& format : media.formats) {
      out.push_back(' ');
      append_text(out, format);
    }
    if (media.formats.empty()) out += media.rejected() ? " 0" : " webrtc-datachannel";
  } else if (media.rejected()) {
    out += " 0";
  } else {
    for (uint8_t payload_type : media.payload_types) fmt::format_to(std::back_inserter(out), " {}", payload_type);
  }
  out += "\r\n";
  write_connection(out, media.connection_v4, media.connection_address);
  if (!media.rejected() && !media.bandwidth_type.empty()) {
    out += "b=";
    append_text(out, media.bandwidth_type);
    fmt::format_to(std::back_inserter(out), ":{}\r\n", media.bandwidth);
  }
  write_attribute(out, direction_name(media.direction), {});
  for (const Attribute& attribute : media.attributes) {
    if (!media.rejected() || attribute.name == "mid") write_attribute(out, attribute.name, attribute.value);
  }
}

}  // namespace

std::string write_sdp(const SessionDescription& description) {
  const Origin& origin = description.origin;
  std::string out = "v=0\r\no=";
  out.reserve(4096);
  append_text(out, origin.username.empty() ? "-" : origin.username);
  fmt::format_to(std::back_inserter(out), " {} {} IN {} ", origin.session_id, origin.version,
                 origin.v4 ? "IP4" : "IP6");
  append_text(out, origin.address.empty() ? "127.0.0.1" : origin.address);
  out += "\r\ns=";
  append_text(out, description.name.empty() ? "-" : description.name);
  out += "\r\nt=0 0\r\n";
  write_connection(out, description.connection_v4, description.connection_address);
  for (const Attribute& attribute : description.attributes) write_attribute(out, attribute.name, attribute.value);
  for (const MediaDescription& media : description.media) write_media(out, media);
  out.shrink_to_fit();  // descriptions are kept as long as a handle lives
  return out;
}

}  // namespace limen::sdp
