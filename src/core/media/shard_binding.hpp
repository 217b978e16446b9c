// Joins the runtime's shards to a MediaPlane; the simulator does the same with its own executors.
//
// Before the shards' threads start, on the thread that will be control.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "base/random.hpp"
#include "core/media/media_plane.hpp"
#include "runtime/runtime.hpp"

namespace limen::core {

// What peers are told instead of an address (1:1 NAT; see rtc/ice/local_addresses.hpp). Empty
// function: the address itself.
using Advertise = std::function<std::vector<IpAddress>(const IpAddress& local)>;

// `random` must be usable on any thread (crypto::SecureRandom). The runtime outlives the plane.
std::unique_ptr<MediaPlane> make_media_plane(runtime::Runtime& runtime, Random& random, const Advertise& advertise);

}  // namespace limen::core
