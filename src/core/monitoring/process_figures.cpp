#include "core/monitoring/process_figures.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace limen::core {
namespace {

// /proc/self/stat from the field after the program's name on, which may hold anything. proc(5) counts from 1,
// so field n is at [n - 3].
std::vector<std::string> stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  size_t end_of_name = line.rfind(')');
  if (end_of_name == std::string::npos) return {};
  std::istringstream rest(line.substr(end_of_name + 1));
  return {std::istream_iterator<std::string>(rest), std::istream_iterator<std::string>()};
}

uint64_t boot_time() {
  std::ifstream file("/proc/stat");
  std::string word;
  uint64_t value = 0;
  while (file >> word) {
    if (word == "btime" && file >> value) return value;
  }
  return 0;
}

// Linux 6.2 and later say it as the folder's size; before, the entries are counted.
uint64_t open_files() {
  struct stat folder{};
  if (stat("/proc/self/fd", &folder) == 0 && folder.st_size > 0) return static_cast<uint64_t>(folder.st_size);
  std::error_code failure;
  auto entries = std::filesystem::directory_iterator("/proc/self/fd", failure);
  auto count = std::distance(begin(entries), end(entries));
  return count > 0 ? static_cast<uint64_t>(count) - 1 : 0;  // without the one that looks
}

}  // namespace

ProcessFigures read_process_figures() {
  ProcessFigures figures;
  std::vector<std::string> fields = stat_fields();
  auto field = [&](size_t number) { return number - 3 < fields.size() ? std::stoull(fields[number - 3]) : 0; };
  auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  figures.cpu_seconds = static_cast<double>(field(14) + field(15)) / ticks;
  figures.threads = field(20);
  figures.started_at = static_cast<double>(boot_time()) + static_cast<double>(field(22)) / ticks;
  figures.virtual_bytes = field(23);
  figures.resident_bytes = field(24) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  figures.open_files = open_files();
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) figures.most_open_files = files.rlim_cur;
  return figures;
}

}  // namespace limen::core
