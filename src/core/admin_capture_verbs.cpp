// Admin API: captures of a handle's decrypted media (spec 5.3).
#include "base/log.hpp"
#include "core/gateway_state.hpp"
#include "core/media/capture_file.hpp"
#include "core/media/media_plane.hpp"
#include "core/verbs.hpp"

namespace limen::core {
namespace {

struct CaptureMessage {
  std::optional<std::string> folder, filename;
  std::optional<uint64_t> truncate;
};
template <typename V>
void describe(V& v, CaptureMessage& m) {
  v.field("folder", m.folder, "Where the file goes; made if need be");
  v.field("filename", m.filename, "Name of the file");
  v.field("truncate", m.truncate, "Bytes to keep of a packet; 0: all");
}

std::string_view name_of(bool text) {
  return text ? "text2pcap" : "pcap";
}

ApiError cannot_start(bool text) {
  return {ApiErrorCode::unknown, fmt::format("Error starting {} dump", name_of(text))};
}
ApiError already_started(bool text) {
  return {ApiErrorCode::unknown, fmt::format("{} already started", name_of(text))};
}

CaptureOptions options_of(GatewayState& state, const Handle& handle, const CaptureMessage& message, bool text) {
  std::string name = message.filename.value_or("");
  if (name.empty()) name = fmt::format("janus-text2pcap-{}.{}", state.random.u32(), text ? "txt" : "pcap");
  std::string folder = message.folder.value_or("");
  return {.path = folder.empty() ? name : folder + "/" + name,
          .text = text,
          .truncate = static_cast<size_t>(message.truncate.value_or(0)),
          .tail = fmt::format("[session={}][handle={}]", handle.session_id().value(), handle.handle_id().value())};
}

// The file was opened, or not, on a background thread; the handle may have gone meanwhile.
void begin(GatewayState& state, SessionId session, HandleId id, bool text, ApiCall& call,
           Result<std::shared_ptr<CaptureFile>> file) {
  Handle* handle = state.sessions.find(session, id);
  if (handle == nullptr) return call.fail({ApiErrorCode::handle_not_found, "Handle not found"});
  if (!file) {
    log::warning("", "[{}/{}] {}", session.value(), id.value(), file.error().text);
    return call.fail(cannot_start(text));
  }
  if (handle->capture() != nullptr) return call.fail(already_started(text));
  handle->start_capture(std::move(*file));
  call.answer(call.envelope("success", false));
}

void start(GatewayState& state, Handle& handle, ApiCall call, bool text) {
  auto message = call.read<CaptureMessage>();
  if (!message) return;
  if (handle.capture() != nullptr) return call.fail(already_started(text));
  CaptureOptions options = options_of(state, handle, *message, text);
  if (!state.path_allowed(options.path)) {
    log::warning("", "{} is in a protected folder: no capture", options.path);
    return call.fail(cannot_start(text));
  }
  auto opened = std::make_shared<Result<std::shared_ptr<CaptureFile>>>(std::shared_ptr<CaptureFile>());
  state.background.run(
      [&state, opened, options = std::move(options)]() mutable {
        *opened = CaptureFile::open(std::move(options), state.background, state.executor);
      },
      state.executor,
      [&state, opened, text, session = handle.session_id(), id = handle.handle_id(), call = std::move(call)]() mutable {
        begin(state, session, id, text, call, std::move(*opened));
      });
}

}  // namespace

void start_pcap(GatewayState& state, Handle& handle, ApiCall call) {
  start(state, handle, std::move(call), false);
}

void start_text2pcap(GatewayState& state, Handle& handle, ApiCall call) {
  start(state, handle, std::move(call), true);
}

void stop_capture(GatewayState&, Handle& handle, ApiCall call) {
  if (handle.capture() == nullptr) return call.fail({ApiErrorCode::unknown, "Capture not started"});
  handle.stop_capture();
  call.answer(call.envelope("success", false));
}

}  // namespace limen::core
