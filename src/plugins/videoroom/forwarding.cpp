#include "plugins/videoroom/forwarding.hpp"

namespace limen::videoroom {

JsonObject Forward::json() const {
  JsonObject out{{"stream_id", stream_id}, {"host", host}, {"port", port}, {"type", media_kind_name(kind)}};
  if (kind == MediaKind::data) return out;
  if (local_rtcp_port != 0) {
    out["local_rtcp_port"] = local_rtcp_port;
    out["remote_rtcp_port"] = remote_rtcp_port;
  }
  if (payload_type != 0) out["pt"] = payload_type;
  if (ssrc != 0) out["ssrc"] = ssrc;
  if (substream > 0) out["substream"] = substream;
  if (srtp) out["srtp"] = true;
  return out;
}

}  // namespace limen::videoroom
