// HandlerBench: what an event handler gets from the core, played by a test (see transport_bench.hpp).
#pragma once
#include "api/event_handler.hpp"
#include "tests/support/transport_bench.hpp"

namespace limen::test {

class HandlerBench : public EventHandlerContext {
 public:
  Executor& executor() override { return bench.clock; }
  BackgroundPool& background() override { return bench; }
  void* io_context() override { return &bench.io; }
  std::string configs_folder() const override { return bench.configs_folder(); }

  TransportBench bench;
};

inline Json sample_event(int number) {
  return JsonObject{{"emitter", "test"}, {"type", 2}, {"event", JsonObject{{"number", number}}}};
}

}  // namespace limen::test
