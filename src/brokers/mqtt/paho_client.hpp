// PahoClient: one MQTTAsync handle for one connection, used once and thrown away.
//
// Its owner's thread; Paho's threads call the listener, which must not block.
#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.hpp"
#include "brokers/mqtt/mqtt_link.hpp"

namespace limen::brokers {

class PahoClient {
 public:
  // `refused`: it would be refused again; `failed`: on another connection it may succeed.
  enum class Outcome : uint8_t { done, refused, failed };

  class Listener {  // Paho's threads
   public:
    virtual ~Listener() = default;
    virtual void on_connected() = 0;
    virtual void on_connect_failed(int code, std::string text) = 0;
    virtual void on_lost(std::string text) = 0;
    virtual bool on_message(MqttMessage message) = 0;  // false: later, it will be delivered again
    virtual void on_done(uint64_t tag, Outcome outcome) = 0;
  };

  static Result<std::unique_ptr<PahoClient>> make(const MqttSettings& settings, Listener& listener);
  ~PahoClient();  // no call of the listener afterwards
  PahoClient(const PahoClient&) = delete;
  PahoClient& operator=(const PahoClient&) = delete;

  // Results come through the listener; false: it could not even be started.
  bool connect();
  bool subscribe(const MqttSubscription& subscription, uint64_t tag);
  bool publish(const MqttMessage& message, uint64_t tag);
  bool disconnect(uint64_t tag);

 private:
  struct Call {  // what a library's callback needs to know
    PahoClient* client;
    uint64_t tag;
  };
  struct Callbacks;

  PahoClient(const MqttSettings& settings, Listener& listener) : settings_(settings), listener_(listener) {}
  bool v5() const { return settings_.version >= 5; }
  Call* remember(uint64_t tag);
  void finish(Call* call, Outcome outcome);

  const MqttSettings& settings_;
  Listener& listener_;
  void* handle_ = nullptr;
  std::mutex mutex_;
  std::list<Call> calls_;  // addresses must stay
};

}  // namespace limen::brokers
