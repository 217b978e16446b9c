// How many cores this process may use, which in a container or under taskset are fewer than the machine has. Any
// thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace limen::runtime {

// Numbers of the cores that the affinity mask of the process allows; at least one.
std::vector<int> allowed_cores();

// The allowed ones, or fewer if the CPU quota of its control group is smaller (rounded up). At least 1.
uint32_t usable_cores();

// Of the text of a cpu.max ("150000 100000": 150 ms in every 100 ms is 2 cores); nothing if it sets no limit.
// https://docs.kernel.org/admin-guide/cgroup-v2.html
std::optional<uint32_t> cores_of_quota(std::string_view cpu_max);

}  // namespace limen::runtime
