#include "tools/load/process_figures.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace limen::load {

namespace {

Duration read(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return Duration{0};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

std::optional<ProcessFigures> process_figures(int pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  // The name in brackets may hold anything; field 3 follows the last bracket.
  size_t bracket = line.rfind(')');
  if (bracket == std::string::npos) return std::nullopt;
  std::istringstream rest(line.substr(bracket + 1));
  std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
  constexpr size_t kThreads = 20 - 3, kResident = 24 - 3;
  if (fields.size() <= kResident) return std::nullopt;
  auto number = [&fields](size_t at) { return std::strtoull(fields[at].c_str(), nullptr, 10); };
  ProcessFigures figures;
  // The scheduler's own account in nanoseconds; the fields of this file are rounded to 10 ms.
  clockid_t clock = 0;
  if (clock_getcpuclockid(pid, &clock) != 0) return std::nullopt;
  figures.cpu = read(clock);
  figures.threads = number(kThreads);
  figures.resident = number(kResident) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return figures;
}

Duration own_cpu() {
  return read(CLOCK_PROCESS_CPUTIME_ID);
}

}  // namespace limen::load
