// GatedSink: between a source's thread and its sink: once closed nothing passes any more, not even what was under way,
// so that a source that was stopped can't touch what its sink refers to.
//
// close() on the control thread waits for a call that is inside: as long as a post to a shard takes.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "plugins/streaming/ingest/source.hpp"

namespace limen::streaming {

class GatedSink final : public SourceSink {
 public:
  explicit GatedSink(std::shared_ptr<SourceSink> sink) : sink_(std::move(sink)) {}

  void close() {
    std::shared_ptr<SourceSink> gone;  // is destroyed outside the lock
    std::lock_guard lock(mutex_);
    gone = std::move(sink_);
  }

  void on_formats(std::vector<SourceFormat> formats) override {
    std::lock_guard lock(mutex_);
    if (sink_) sink_->on_formats(std::move(formats));
  }
  void on_packets(std::vector<SourcePacket> packets) override {
    std::lock_guard lock(mutex_);
    if (sink_) sink_->on_packets(std::move(packets));
  }
  void on_state(SourceState state, std::string reason) override {
    std::lock_guard lock(mutex_);
    if (sink_) sink_->on_state(state, std::move(reason));
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<SourceSink> sink_;
};

}  // namespace limen::streaming
