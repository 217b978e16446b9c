// GelfSender: brings messages to a GELF collector, on a thread of its own.
//
// push(), settings() and change() from the control thread; they wait for nothing but a short lock. TCP:
// a collector that goes is tried again after growing pauses, the message that was cut off is sent
// again whole, later ones queue up, bounded. UDP: what is sent is gone.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "brokers/backoff.hpp"
#include "brokers/wake_fd.hpp"
#include "handlers/shared/event_queue.hpp"

namespace limen::gelf_handler {

struct GelfSettings {
  std::string backend;
  uint16_t port = 0;
  bool tcp = false;
  size_t max_message_len = 500;  // bytes of data in a datagram
  bool compress = false;         // UDP
  int compression = 6;           // 1 to 9
};

class GelfSender {
 public:
  explicit GelfSender(GelfSettings settings, handlers::EventQueue::Limits limits = {});
  ~GelfSender();
  GelfSender(const GelfSender&) = delete;
  GelfSender& operator=(const GelfSender&) = delete;

  void push(std::string message);
  GelfSettings settings() const;
  void change(GelfSettings settings);  // from the next message on
  uint64_t lost() const;
  size_t queued() const;
  // Sends what is queued, for so long at most; then ends the thread.
  void stop(std::chrono::milliseconds grace);

 private:
  void serve();
  bool connect(const GelfSettings& settings);
  bool deliver(const std::string& message, const GelfSettings& settings);
  bool send_stream(std::string_view bytes);
  void send_datagrams(const std::string& message, const GelfSettings& settings);
  bool wait_for(short what, std::chrono::milliseconds at_most);
  bool peer_has_gone();
  void close_socket();
  bool pause();
  bool urgent() const;
  void give_up(uint64_t messages, std::string_view why);

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  GelfSettings settings_;
  uint64_t version_ = 0;  // of the settings
  handlers::EventQueue queue_;
  uint64_t drops_told_ = 0;
  handlers::LossReport losses_;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::time_point::max();
  brokers::WakeFd stop_fd_;
  // Own thread only.
  int socket_ = -1;
  uint64_t connected_version_ = 0;
  bool told_ = false;  // of this outage
  brokers::Backoff backoff_;
  std::thread thread_;
};

}  // namespace limen::gelf_handler
