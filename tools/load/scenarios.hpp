// The scenarios: who is set up, what is waited for, what is measured. Coroutines on control.
#pragma once
#include "tools/load/call_setup.hpp"
#include "tools/load/report.hpp"

namespace limen::load {

// How many sockets the scenario needs.
uint32_t sockets_needed(const Options& options);
// How many of the first peers only send.
uint32_t sources_of(const Options& options);
// An error: nothing could be measured at all.
Async<Report> run_scenario(LoadContext context);

}  // namespace limen::load
