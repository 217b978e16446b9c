// For the tests of sources: a sink that writes down, and a plugin context on virtual time.
#pragma once
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "plugins/streaming/ingest/source.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/sim_executor.hpp"

namespace limen::streaming::test {

// Sources call it on threads of their own: ask through the functions.
class NotingSink final : public SourceSink {
 public:
  explicit NotingSink(std::function<Instant()> now = {}) : now_(std::move(now)) {}
  void on_formats(std::vector<SourceFormat> formats) override {
    std::lock_guard lock(mutex_);
    formats_ = std::move(formats);
  }
  void on_packets(std::vector<SourcePacket> packets) override {
    std::lock_guard lock(mutex_);
    for (SourcePacket& packet : packets) {
      packets_.push_back(std::move(packet));
      times_.push_back(now_ ? now_() : Instant{});
    }
  }
  void on_state(SourceState state, std::string reason) override {
    std::lock_guard lock(mutex_);
    states_.push_back(state);
    reason_ = std::move(reason);
  }

  std::vector<SourceFormat> formats() const { return locked(formats_); }
  std::vector<SourcePacket> packets() const { return locked(packets_); }
  std::vector<Instant> times() const { return locked(times_); }
  std::vector<SourceState> states() const { return locked(states_); }
  std::string reason() const { return locked(reason_); }
  size_t count(size_t medium = 0) const {
    std::lock_guard lock(mutex_);
    return static_cast<size_t>(std::ranges::count(packets_, medium, &SourcePacket::medium));
  }

 private:
  template <typename T>
  T locked(const T& value) const {
    std::lock_guard lock(mutex_);
    return value;
  }

  std::function<Instant()> now_;
  mutable std::mutex mutex_;
  std::vector<SourceFormat> formats_;
  std::vector<SourcePacket> packets_;
  std::vector<Instant> times_;
  std::vector<SourceState> states_;
  std::string reason_;
};

class SimPluginContext final : public PluginContext {
 public:
  SimPluginContext() : world(clock, 1), control(world.add_executor("control")), random_(7) {}
  Executor& executor() override { return control; }
  BackgroundPool& background() override { return world.background(); }
  Random& random() override { return random_; }
  std::string configs_folder() const override { return ""; }
  uint32_t shard_count() const override { return 1; }
  bool events_enabled() const override { return false; }
  void notify_event(Json) override {}
  bool signed_tokens() const override { return false; }
  bool token_allows(std::string_view, std::string_view) const override { return false; }
  bool path_allowed(const std::string&) const override { return true; }
  std::string recordings_tmp_ext() const override { return ""; }

  limen::test::VirtualClock clock;
  limen::test::SimScheduler world;
  limen::test::SimExecutor& control;

 private:
  limen::test::SeededRandom random_;
};

// A folder of its own, gone with the object.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "limen-ingest-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string write(const std::string& name, const std::vector<uint8_t>& bytes) const {
    std::ofstream file(path_ / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return (path_ / name).string();
  }
  std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace limen::streaming::test
