// rooms: streaming
// What an RTSP server may send: a whole dialogue with the client, cut anywhere; and the texts inside.
#include <cstdlib>
#include <string>

#include "plugins/streaming/ingest/rtsp_client.hpp"

using namespace limen;
using namespace limen::streaming;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

struct Owner : RtspClient::Owner {
  Result<uint16_t> open_ports(size_t medium) override { return static_cast<uint16_t>(20000 + medium * 2); }
  Result<> on_setup(size_t medium, const RtspTransportAnswer&) override {
    require(medium < 2);
    return {};
  }
  void on_playing() override {}
  void on_interleaved(size_t medium, bool, Bytes data) override { require(medium < 2 && data.size() <= UINT16_MAX); }
};

// "@" in the input stands for the number of the request that waits.
std::string numbered(std::string_view text, const std::vector<uint8_t>& output) {
  std::string_view sent = as_text(output);
  size_t at = sent.rfind("CSeq: ");
  std::string number =
      at == std::string_view::npos ? "1" : std::string(sent.substr(at + 6, sent.find('\r', at) - at - 6));
  std::string out;
  for (char c : text) {
    if (c == '@') out += number;
    else out += c;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  RtspSpec spec;
  spec.audio = spec.video = true;
  spec.user = "user";
  spec.password = "secret";
  spec.quirk = (data[0] & 1) != 0;
  std::string_view text = as_text({data + 1, size - 1});
  (void)parse_rtsp_description(std::string(text), true, true);
  if (auto url = parse_rtsp_url(text)) (void)control_url(*url, text.substr(0, text.size() / 2), text);

  Owner owner;
  RtspClient client({*parse_rtsp_url("rtsp://camera/live?x=1"), &spec, (data[0] & 2) != 0, "seed"}, owner);
  Instant now(std::chrono::hours(1));
  client.start(now);
  // Answers are separated by 0xff; each is delivered in two pieces.
  while (!text.empty() && !client.ended()) {
    size_t end = std::min(text.find('\xff'), text.size());
    std::string part = numbered(text.substr(0, end), client.output());
    text.remove_prefix(std::min(end + 1, text.size()));
    client.output().clear();
    client.on_bytes(as_bytes(std::string_view(part).substr(0, part.size() / 3)), now);
    client.on_bytes(as_bytes(std::string_view(part).substr(part.size() / 3)), now);
    now += std::chrono::seconds(1);
    client.on_timer(now);
    require(client.media().size() <= 2 && client.output().size() < (1 << 20));
  }
  client.tear_down(now);
  return 0;
}
