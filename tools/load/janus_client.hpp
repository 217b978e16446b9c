// JanusClient: the Janus API over a JanusLink, as coroutines on the control thread.
//
// Answers find their request by transaction; an "ack" is passed over, so request() returns what a
// plugin answers later. Events that answer nothing are counted. Control thread only.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "tools/load/janus_link.hpp"

namespace limen::load {

// A message of a plugin: its `data`, and the description that came with it.
struct PluginAnswer {
  boost::json::object data;
  std::string sdp;
};

class JanusClient {
 public:
  JanusClient(boost::asio::io_context& io, std::string api_secret, Duration timeout);
  ~JanusClient();

  Async<> connect(ServerAddress server);
  void close();

  // Each fails with the server's own words if the server answers with an error.
  Async<boost::json::object> request(boost::json::object message);
  // Sessions are kept alive until they are destroyed.
  Async<uint64_t> create_session();
  Async<> destroy_session(uint64_t session);
  Async<uint64_t> attach(uint64_t session, std::string plugin);
  Async<PluginAnswer> message(uint64_t session, uint64_t handle, boost::json::object body, boost::json::object jsep);

  uint64_t requests() const;
  uint64_t hangups() const;  // "hangup" events

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace limen::load
