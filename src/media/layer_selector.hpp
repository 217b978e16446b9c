// LayerSelector: one outgoing video stream made of the layers somebody wants of a layered source:
// selection and rewriting together, as plugins use them.
//
// Modes: none (everything passes), simulcast, SVC. Sans-IO; a shard's thread only.
#pragma once
#include <cstdint>
#include <optional>
#include <variant>

#include "base/time.hpp"
#include "media/rtp_rewriter.hpp"
#include "media/simulcast_selector.hpp"
#include "media/svc_selector.hpp"

namespace limen::media {

enum class LayerMode : uint8_t { none, simulcast, svc };

// Layers as the API counts them; -1 unknown or none yet.
struct Layers {
  int spatial = -1;  // or substream
  int temporal = -1;
  friend bool operator==(const Layers&, const Layers&) = default;
};

struct LayerOutcome {
  std::optional<OutgoingRtp> out;  // nothing: do not relay
  bool changed = false;            // current() is new
  bool need_keyframe = false;
};

class LayerSelector {
 public:
  LayerSelector() : LayerSelector(90000) {}
  explicit LayerSelector(uint32_t clock_rate) : rewriter_(clock_rate) {}

  void set_mode(LayerMode mode);
  LayerMode mode() const { return mode_; }
  // 0..2 (SVC: more may be there, but the API ends at 2).
  void set_spatial(int layer);
  void set_temporal(int layer);
  void set_fallback(Duration fallback) { simulcast_.set_fallback(fallback); }

  LayerOutcome on_packet(const RtpPacket& packet, Instant now);
  // Relaying stops for a while.
  void pause() { rewriter_.pause(); }
  // Layers begin anew, with a key frame; targets and numbering stay.
  void restart();
  // What comes next is another source, even if it has the same SSRC.
  void change_source();
  // The time until now leaves no trace in the numbering.
  void resume(Instant now);

  Layers current() const;
  Layers target() const;

 private:
  LayerVerdict judge(const RtpPacket& packet, Instant now);

  LayerMode mode_ = LayerMode::none;
  SimulcastSelector simulcast_;
  SvcSelector svc_;
  RtpRewriter rewriter_;
};

}  // namespace limen::media
