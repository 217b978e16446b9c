#include "tools/load/process_figures.hpp"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace limen::load {

std::optional<ProcessFigures> process_figures(int pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  // The name in brackets may hold anything; field 3 follows the last bracket.
  size_t bracket = line.rfind(')');
  if (bracket == std::string::npos) return std::nullopt;
  std::istringstream rest(line.substr(bracket + 1));
  std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
  constexpr size_t kUser = 14 - 3, kSystem = 15 - 3, kThreads = 20 - 3, kResident = 24 - 3;
  if (fields.size() <= kResident) return std::nullopt;
  auto number = [&fields](size_t at) { return std::strtoull(fields[at].c_str(), nullptr, 10); };
  ProcessFigures figures;
  auto per_second = static_cast<unsigned long long>(sysconf(_SC_CLK_TCK));
  figures.cpu = Duration((number(kUser) + number(kSystem)) * (1'000'000'000ULL / per_second));
  figures.threads = number(kThreads);
  figures.resident = number(kResident) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return figures;
}

Duration own_cpu() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto part = [](const timeval& t) { return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec); };
  return part(usage.ru_utime) + part(usage.ru_stime);
}

}  // namespace limen::load
