// LoopMonitor: do the media loops still turn? Each is asked once a second; one that has not answered for
// five seconds is lost.
//
// Control thread. That the control thread itself turns shows in that it can be asked.
#pragma once
#include <memory>
#include <vector>

#include "base/executor.hpp"
#include "core/media/media_plane.hpp"

namespace limen::core {

class LoopMonitor {
 public:
  static constexpr Duration kPeriod = std::chrono::seconds(1);
  static constexpr Duration kPatience = std::chrono::seconds(5);

  // Both outlive it.
  LoopMonitor(Executor& executor, MediaPlane& media);
  ~LoopMonitor();

  void start();
  void stop();
  // Indices of the loops that do not answer.
  std::vector<uint32_t> lost() const;
  // How long the last answer took, by loop.
  std::vector<Duration> round_trips() const;

 private:
  struct Loop {
    bool asked = false;
    Instant asked_at{};
    Duration round_trip{0};
  };
  void ask();

  Executor& executor_;
  MediaPlane& media_;
  std::shared_ptr<std::vector<Loop>> loops_;  // answers may outlive this
  TimerId timer_;
};

}  // namespace limen::core
