#include "plugins/streaming/ingest/ogg_opus.hpp"

#include <ogg/ogg.h>

#include <cstring>

#include "wire/codec/opus.hpp"

namespace limen::streaming {

namespace {

constexpr std::string_view kHead = "OpusHead";
constexpr size_t kHeadSize = 19;

Bytes body_of(const ogg_packet& packet) {
  return packet.bytes <= 0 ? Bytes{} : Bytes(packet.packet, static_cast<size_t>(packet.bytes));
}

bool begins_with(Bytes bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

}  // namespace

struct OggOpusDemux::State {
  enum class Expect : uint8_t { head, tags, audio };

  State() { ogg_sync_init(&sync); }
  ~State() {
    ogg_sync_clear(&sync);
    if (has_stream) ogg_stream_clear(&stream);
  }
  Result<> take_page(ogg_page& page, std::vector<OpusPacket>& out);
  bool follow(ogg_page& page);
  Result<> take_packet(Bytes body, std::vector<OpusPacket>& out);
  Result<> take_head(Bytes body);

  ogg_sync_state sync{};
  ogg_stream_state stream{};
  bool has_stream = false;  // `stream` is initialised: the Opus stream, or one that may become it
  Expect expect = Expect::head;
  bool recognised = false;
  size_t unfinished = 0;  // bytes since a packet was complete
  uint64_t malformed = 0;
};

OggOpusDemux::OggOpusDemux() : state_(std::make_unique<State>()) {}
OggOpusDemux::~OggOpusDemux() = default;

bool OggOpusDemux::recognised() const {
  return state_->recognised;
}
uint64_t OggOpusDemux::malformed() const {
  return state_->malformed;
}

Result<> OggOpusDemux::feed(Bytes piece, std::vector<OpusPacket>& out) {
  State& state = *state_;
  while (!piece.empty()) {
    Bytes part = piece.first(std::min<size_t>(piece.size(), 16384));
    piece = piece.subspan(part.size());
    char* room = ogg_sync_buffer(&state.sync, static_cast<long>(part.size()));
    if (room == nullptr) return fail("no memory for the file's pages");
    std::memcpy(room, part.data(), part.size());
    ogg_sync_wrote(&state.sync, static_cast<long>(part.size()));
    state.unfinished += part.size();
    ogg_page page;
    // A negative result: bytes were skipped, a page may follow.
    for (int found = 1; found != 0;) {
      found = ogg_sync_pageout(&state.sync, &page);
      if (found != 1) continue;
      if (auto taken = state.take_page(page, out); !taken) return taken;
    }
    if (state.unfinished > kMaxPacket) return fail("a packet of the file is too large, or the file is no Ogg file");
  }
  return {};
}

// Does this page belong to the stream that is read? A first page may begin one.
bool OggOpusDemux::State::follow(ogg_page& page) {
  int serial = ogg_page_serialno(&page);
  Bytes body(page.body, static_cast<size_t>(std::max<long>(page.body_len, 0)));
  if (ogg_page_bos(&page) != 0 && begins_with(body, kHead) &&
      (!has_stream || expect != Expect::tags || ogg_stream_eos(&stream) != 0)) {
    if (has_stream) ogg_stream_clear(&stream);
    has_stream = ogg_stream_init(&stream, serial) == 0;
    expect = Expect::head;
  }
  return has_stream && stream.serialno == serial;
}

Result<> OggOpusDemux::State::take_page(ogg_page& page, std::vector<OpusPacket>& out) {
  if (!follow(page) || ogg_stream_pagein(&stream, &page) != 0) return {};
  ogg_packet packet;
  for (int found = 1; found != 0;) {
    found = ogg_stream_packetout(&stream, &packet);
    if (found != 1) continue;
    unfinished = 0;
    if (auto taken = take_packet(body_of(packet), out); !taken) return taken;
  }
  return {};
}

Result<> OggOpusDemux::State::take_head(Bytes body) {
  if (!begins_with(body, kHead) || body.size() < kHeadSize) return fail("the file's Opus header is broken");
  if (body[8] >> 4 != 0) return fail("the file has an unknown version of Opus");
  uint8_t channels = body[9];
  uint8_t mapping = body[18];
  if (mapping != 0 || channels == 0 || channels > 2) return fail("only mono and stereo Opus files can be streamed");
  recognised = true;
  expect = Expect::tags;
  return {};
}

Result<> OggOpusDemux::State::take_packet(Bytes body, std::vector<OpusPacket>& out) {
  switch (expect) {
    case Expect::head:
      return take_head(body);
    case Expect::tags:
      expect = Expect::audio;
      return {};
    case Expect::audio:
      break;
  }
  auto toc = opus::parse_toc(body);
  if (!toc || toc->samples() == 0) {
    ++malformed;
    return {};
  }
  out.push_back({{body.begin(), body.end()}, toc->samples()});
  return {};
}

}  // namespace limen::streaming
