// The examinations of --doctor. Each adds what it finds; none changes anything outside this process.
//
// Main thread, nothing else is running. Those of servers block for some seconds.
#pragma once
#include "app/doctor/findings.hpp"
#include "app/settings_loading.hpp"
#include "core/name_lookup.hpp"

namespace limen::app {

void check_configuration(const LoadedSettings& loaded, FindingList& findings);
// Expiry, names, keys that belong elsewhere: of DTLS, HTTPS and secure WebSockets.
void check_certificates(const LoadedSettings& loaded, FindingList& findings);
// Can each port that the configuration names be opened?
void check_listening_ports(const LoadedSettings& loaded, FindingList& findings);
void check_media_ports(const LoadedSettings& loaded, FindingList& findings);
// What peers are told about where this server is.
void check_addresses(const LoadedSettings& loaded, FindingList& findings);
// The STUN server, and the kind of NAT that it shows.
void check_stun(const LoadedSettings& loaded, FindingList& findings);
// What a STUN server has told of the NAT.
void tell_nat(const core::StunTest& test, FindingList& findings);
// TURN servers: reachable, credentials, the address they give.
void check_turn(const LoadedSettings& loaded, FindingList& findings);
// Open files, socket buffers, segmentation offload.
void check_limits(const LoadedSettings& loaded, FindingList& findings);

}  // namespace limen::app
