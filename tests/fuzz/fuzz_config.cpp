// rooms: config
// Configuration files in both syntaxes: the first byte chooses. Whatever parses can be walked.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/config_node.hpp"

namespace {

size_t count(const limen::config::Node& node) {
  size_t sum = 1;
  for (const limen::config::Node& child : node.children) sum += count(child);
  return sum;
}

}  // namespace

// libconfig leaks a few bytes per broken file, which is read at start only.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libconfig++.so\n";
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  // Includes read files: not what is tried here.
  if (text.find("@include") != std::string_view::npos) return 0;
  auto root =
      data[0] % 2 == 0 ? limen::config::parse_libconfig(text, "x.jcfg") : limen::config::parse_ini(text, "x.cfg");
  if (root && count(*root) == 0) std::abort();
  if (!root && root.error().text.empty()) std::abort();
  return 0;
}
