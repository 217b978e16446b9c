// A file played in real time: blocks of a second are read in the background, packets leave by timers of the control
// thread. All sources of the process begin on one grid, so that many of them cost few wakeups.
#include <sys/stat.h>
#include <unistd.h>

#include <deque>

#include "plugins/streaming/ingest/audio_file.hpp"
#include "plugins/streaming/ingest/source.hpp"

namespace limen::streaming {

namespace {

using namespace std::chrono_literals;

constexpr Duration kBlock = 1s;       // read at once
constexpr Duration kGrid = 5ms;       // of beginnings
constexpr Duration kTryAgain = 5s;    // after a file could not be read any more
constexpr Duration kTooLate = 500ms;  // behind real time: begin anew instead of catching up
constexpr size_t kMaxPerTurn = 50;    // packets handed on at once when late

// Shared by the source, its timer and its reading job, so that each may come late.
class Player final : public std::enable_shared_from_this<Player> {
 public:
  Player(PluginContext& context, FileSpec spec)
      : executor_(context.executor()),
        pool_(context.background()),
        spec_(std::move(spec)),
        clock_rate_(codec_clock_rate(spec_.codec)) {}

  void start(std::shared_ptr<SourceSink> sink) {
    if (sink_ != nullptr || stopped_) return;
    sink_ = std::move(sink);
    read_more();
  }

  void stop() {
    stopped_ = true;
    if (timer_) executor_.cancel(timer_);
    timer_ = {};
    waiting_.clear();
    sink_.reset();
  }

 private:
  struct Reading {
    std::unique_ptr<AudioFile> file;  // empty: to be opened
    Result<std::vector<AudioPacket>> packets;
  };

  // One job at a time: the file travels with it.
  void read_more() {
    if (reading_ || stopped_) return;
    reading_ = true;
    auto job = std::make_shared<Reading>(std::move(file_), std::vector<AudioPacket>{});
    pool_.run(
        [job, name = spec_.filename] {
          if (!job->file) {
            auto opened = AudioFile::open(name);
            if (!opened) {
              job->packets = std::unexpected(opened.error());
              return;
            }
            job->file = std::move(*opened);
          }
          job->packets = job->file->read(kBlock);
        },
        executor_, [self = shared_from_this(), job] { self->on_read(*job); });
  }

  void on_read(Reading& job) {
    reading_ = false;
    if (stopped_) return;
    if (!job.packets) return on_failure(job.packets.error().text);
    file_ = std::move(job.file);
    for (AudioPacket& packet : *job.packets) {
      waiting_ticks_ += packet.ticks;
      waiting_.push_back(std::move(packet));
    }
    if (!playing_) begin();
    else if (!timer_) arm();
  }

  void on_failure(const std::string& reason) {
    if (playing_) sink_->on_state(SourceState::lost, reason);
    else if (!told_connected_) sink_->on_state(SourceState::failed, reason);
    playing_ = false;
    waiting_.clear();
    waiting_ticks_ = 0;
    if (stopped_ || !told_connected_) return;
    if (timer_) executor_.cancel(timer_);
    timer_ = executor_.call_after(kTryAgain, [self = shared_from_this()] {
      self->timer_ = {};
      self->read_more();
    });
  }

  void begin() {
    playing_ = true;
    told_connected_ = true;
    sink_->on_formats({{MediaKind::audio, spec_.codec, spec_.payload_type, ""}});
    if (stopped_) return;
    sink_->on_state(SourceState::connected, "");
    if (stopped_) return;
    set_origin();
    silence_before_ = true;
    arm();
  }

  void set_origin() {
    int64_t now = executor_.now().time_since_epoch().count();
    int64_t grid = kGrid.count();
    origin_ = Instant(Duration((now + grid - 1) / grid * grid));
    played_ = 0;
  }

  Instant due() const { return origin_ + Duration(static_cast<int64_t>(played_ * 1'000'000'000 / clock_rate_)); }

  void arm() {
    timer_ = executor_.call_at(due(), [self = shared_from_this()] {
      self->timer_ = {};
      self->play();
    });
  }

  void play() {
    std::vector<SourcePacket> out;
    Instant now = executor_.now();
    if (now - due() > kTooLate) set_origin();
    while (!waiting_.empty() && due() <= now && out.size() < kMaxPerTurn) {
      AudioPacket& packet = waiting_.front();
      if (packet.bytes.size() <= SourcePacket::kMaxPacket) {
        out.push_back({.bytes = std::move(packet.bytes), .timestamp = timestamp_, .marker = silence_before_});
        silence_before_ = false;
      }
      timestamp_ += packet.ticks;
      played_ += packet.ticks;
      waiting_ticks_ -= packet.ticks;
      waiting_.pop_front();
    }
    if (!out.empty()) sink_->on_packets(std::move(out));
    if (stopped_) return;
    if (waiting_ticks_ < clock_rate_) read_more();
    // Nothing is there: the disk is slow; it goes on when something has been read.
    if (!waiting_.empty()) arm();
  }

  Executor& executor_;
  BackgroundPool& pool_;
  const FileSpec spec_;
  const uint32_t clock_rate_;
  std::shared_ptr<SourceSink> sink_;
  std::unique_ptr<AudioFile> file_;
  std::deque<AudioPacket> waiting_;
  uint64_t waiting_ticks_ = 0;
  Instant origin_{};
  uint64_t played_ = 0;  // ticks since origin_
  uint32_t timestamp_ = 0;
  TimerId timer_;
  bool reading_ = false;
  bool playing_ = false;
  bool told_connected_ = false;
  bool silence_before_ = true;
  bool stopped_ = false;
};

class FileSource final : public Source {
 public:
  FileSource(PluginContext& context, FileSpec spec) : player_(std::make_shared<Player>(context, std::move(spec))) {}
  ~FileSource() override { player_->stop(); }
  void start(std::shared_ptr<SourceSink> sink) override { player_->start(std::move(sink)); }
  void stop() override { player_->stop(); }

 private:
  std::shared_ptr<Player> player_;
};

}  // namespace

Result<std::unique_ptr<Source>> make_file_source(PluginContext& context, FileSpec spec) {
  if (spec.filename.find("../") != std::string::npos) return fail("can't use relative paths");
  Codec codec = codec_of_file(spec.filename);
  if (codec == Codec::unknown) return fail("unsupported format (only .alaw, .mulaw and .opus files)");
  if (codec == Codec::opus && spec.codec != Codec::opus) return fail("an .opus file needs audiocodec opus");
  spec.codec = codec;
  struct stat facts{};
  if (stat(spec.filename.c_str(), &facts) != 0) return fail("no such file '{}'", spec.filename);
  if (!S_ISREG(facts.st_mode)) return fail("'{}' is no file", spec.filename);
  if (access(spec.filename.c_str(), R_OK) != 0) return fail("the file '{}' may not be read", spec.filename);
  if (facts.st_size == 0) return fail("the file '{}' is empty", spec.filename);
  return std::make_unique<FileSource>(context, std::move(spec));
}

}  // namespace limen::streaming
