#include "runtime/usable_cores.hpp"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string>

namespace limen::runtime {
namespace {

constexpr int kMostCores = 4096;

// Takes a number and the space behind it off `text`.
std::optional<uint64_t> take_number(std::string_view& text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return value;
}

std::string first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The folder of the process's control group (version 2, "0::/path"); in a container it is the root.
std::filesystem::path control_group() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::/")) return std::filesystem::path("/sys/fs/cgroup") / line.substr(4);
  }
  return {};
}

// A group has what all groups above it leave.
std::optional<uint32_t> quota() {
  std::optional<uint32_t> least;
  std::filesystem::path group = control_group();
  while (group.native().starts_with("/sys/fs/cgroup")) {
    if (auto cores = cores_of_quota(first_line(group / "cpu.max"))) least = std::min(*cores, least.value_or(*cores));
    group = group.parent_path();
  }
  return least;
}

}  // namespace

std::vector<int> allowed_cores() {
  std::vector<int> cores;
  cpu_set_t* set = CPU_ALLOC(kMostCores);
  if (set == nullptr) return {0};
  size_t size = CPU_ALLOC_SIZE(kMostCores);
  if (sched_getaffinity(0, size, set) == 0) {
    for (int core = 0; core < kMostCores; ++core) {
      if (CPU_ISSET_S(core, size, set)) cores.push_back(core);
    }
  }
  CPU_FREE(set);
  if (cores.empty()) cores.push_back(0);
  return cores;
}

uint32_t usable_cores() {
  auto allowed = static_cast<uint32_t>(allowed_cores().size());
  return std::min(allowed, quota().value_or(allowed));
}

std::optional<uint32_t> cores_of_quota(std::string_view cpu_max) {
  auto time = take_number(cpu_max);
  auto period = take_number(cpu_max);
  if (!time || !period || *period == 0) return std::nullopt;
  uint64_t cores = (*time + *period - 1) / *period;
  return static_cast<uint32_t>(std::clamp<uint64_t>(cores, 1, kMostCores));
}

}  // namespace limen::runtime
